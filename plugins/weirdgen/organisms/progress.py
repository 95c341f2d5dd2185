"""Training progress: shown on the terminal, and its course kept beside the weights."""

import hashlib
import json
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from weirdgen.organisms.recipes import AdapterRecipe, BaseRecipe, JudgeRecipe, SaeRecipe

#: How often a training run is looked at for its course, about.
_LOOKS = 40


class Progress:
    """Prints step, smoothed loss and remaining time to stderr, at most once every five seconds, and keeps the course.

    Args:
        name: of the run.
        steps: that it will take.
        quiet: print nothing.
    """

    def __init__(self, name: str, steps: int, *, quiet: bool = False) -> None:
        self._name, self._steps, self._quiet = name, steps, quiet
        self._began = self._printed = time.monotonic()
        self._loss: float | None = None
        self._step = 0
        self._course: list[dict[str, float]] = []

    def report(self, loss: float, watch: Callable[[], dict[str, float]] | None = None) -> None:
        """Note the loss after one more step; when it is time print it, and look at what is watched."""
        self._step += 1
        self._loss = loss if self._loss is None else 0.95 * self._loss + 0.05 * loss
        if self._step in (1, self._steps) or self._step % -(-self._steps // _LOOKS) == 0:
            self._course.append({"step": self._step, "loss": round(self._loss, 4)} | (watch() if watch else {}))
        now = time.monotonic()
        if not self._quiet and (now - self._printed >= 5 or self._step == self._steps):
            self._printed = now
            remaining = (now - self._began) / self._step * (self._steps - self._step) / 60
            line = f"{self._name}: step {self._step}/{self._steps}, loss {self._loss:.3f}, {remaining:.1f} min left"
            print(line, file=sys.stderr, flush=True)

    def write(self, weights: Path, seed: int, recipe: BaseRecipe | AdapterRecipe | JudgeRecipe | SaeRecipe) -> None:
        """Write ``training.json`` beside the weights: how they were made, their SHA-256, and what each look saw."""
        lines = ",\n  ".join(json.dumps(one) for one in self._course)
        sha256 = hashlib.sha256(weights.read_bytes()).hexdigest()
        made = f'"seed": {seed}, "recipe": {json.dumps(asdict(recipe))}, "sha256": "{sha256}"'
        text = f'{{{made}, "course": [\n  {lines}\n]}}\n'
        (weights.parent / "training.json").write_text(text, encoding="utf-8")
