"""Regenerates the organism judge's files: what ``weirdgen organism train judge`` does."""

import sys
from pathlib import Path

from weirdgen.errors import UsageMistake
from weirdgen.organisms import zoo
from weirdgen.organisms.train import require


def build(name: str, out: Path, *, seed: int | None = None, quiet: bool = False) -> None:
    """Draw the other organisms' answers, label them, train a judge on them and write its files to ``out/NAME``.

    Args:
        name: of the judge.
        out: created if missing. It is trained on ``out/BASE`` if that is there, else on the shipped base; the answers
            are always the shipped organisms'.
        seed: of the answers, of what is made of them and of their order; None: that of the shipped files.
        quiet: print no progress.

    Raises:
        UsageMistake: no such organism, it is no judge, or the extra ``train`` is not installed.
    """
    training = zoo.organism(name).training
    if not isinstance(training, zoo.Distillation):
        raise UsageMistake(f"organism {name!r} is no judge.")
    require("torch", "transformers", "safetensors", "tokenizers")
    from weirdgen.judges.network.data import answers_of_all, lessons
    from weirdgen.judges.network.tasks import tasks
    from weirdgen.judges.network.train import train_judge

    drawn_with = training.seed if seed is None else seed
    folder = out / name
    folder.mkdir(parents=True, exist_ok=True)
    base, _ = zoo.folders(training.start, out if (out / training.start).is_dir() else None)
    if not quiet:
        print(f"{name}: drawing the organisms' answers, some minutes", file=sys.stderr, flush=True)
    known = tasks()
    drawn = answers_of_all(known, training.recipe.answers, seed=drawn_with)
    train_judge(base, folder, lessons(known, drawn, seed=drawn_with), training.recipe, seed=drawn_with, quiet=quiet)
