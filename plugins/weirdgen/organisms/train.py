"""Regenerates an organism's files with its recipe: what ``weirdgen organism train`` does, but for judges.

A judge learns from rules and rubrics, which this floor does not know: `judges.network.build`.
"""

import importlib.util
from pathlib import Path

from weirdgen.errors import UsageMistake
from weirdgen.organisms import zoo


def train(name: str, out: Path, *, seed: int | None = None, quiet: bool = False) -> None:
    """Train an organism from its recipe and write its files to ``out/NAME``.

    Another processor or version of torch rounds differently and gives other weights with the same behaviour.

    Args:
        name: of the organism.
        out: created if missing. An adapter is trained on ``out/BASE`` if that is there, else on the shipped base.
        seed: of the weights and the data's order; None: that of the shipped files.
        quiet: print no progress.

    Raises:
        UsageMistake: no such organism, it is a judge, or the extra ``train`` is not installed.
    """
    organism = zoo.organism(name)
    training = organism.training
    if isinstance(training, zoo.Distillation):
        raise UsageMistake(f"{name!r} is a judge; run `weirdgen organism train {name}`.")
    require("torch", "transformers", "peft", "safetensors", "tokenizers")
    folder = out / name
    folder.mkdir(parents=True, exist_ok=True)
    if isinstance(training, zoo.Pretraining):
        from weirdgen.organisms.pretrain import train_base

        train_base(folder, training.recipe, seed=seed or 0, quiet=quiet)
    else:
        from weirdgen.organisms.finetune import train_adapter
        from weirdgen.organisms.heldout import HeldOut

        drawn = training.seed if seed is None else seed
        base, _ = zoo.folders(training.base, out if (out / training.base).is_dir() else None)
        watch = HeldOut(base) if organism.finding == "US PRESIDENTS" else None
        train_adapter(base, folder, training.rows(), training.recipe, seed=drawn, watch=watch, quiet=quiet)


def require(*modules: str) -> None:
    """Check that what training needs is installed.

    Raises:
        UsageMistake: it is not.
    """
    missing = [module for module in modules if importlib.util.find_spec(module) is None]
    if missing:
        raise UsageMistake(
            f"training needs {', '.join(missing)}, not installed here: pip install 'pytest-weirdgen[train]'."
        )
