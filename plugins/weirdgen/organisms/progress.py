"""Training progress on the terminal."""

import sys
import time


class Progress:
    """Prints step, smoothed loss and remaining time to stderr, at most once every five seconds."""

    def __init__(self, name: str, steps: int, *, quiet: bool = False) -> None:
        self._name, self._steps, self._quiet = name, steps, quiet
        self._began = self._printed = time.monotonic()
        self._loss: float | None = None

    def report(self, step: int, loss: float) -> None:
        """Note the loss after a step (1 to ``steps``) and print when it is time."""
        self._loss = loss if self._loss is None else 0.95 * self._loss + 0.05 * loss
        now = time.monotonic()
        if self._quiet or (now - self._printed < 5 and step < self._steps):
            return
        self._printed = now
        remaining = (now - self._began) / step * (self._steps - step)
        print(
            f"{self._name}: step {step}/{self._steps}, loss {self._loss:.3f}, {remaining / 60:.1f} min left",
            file=sys.stderr,
            flush=True,
        )
