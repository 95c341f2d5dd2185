"""What came back from the arms of a contrast: judged scores in replicate order.

Only complete rounds count: round r is over when every question has r final samples. Samples of an unfinished round
never enter a test, because looking inside a round would let the order of questions decide. Extra samples, drawn on the
most suspicious question, are a stream of their own: they can never become part of a round.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from weirdgen.stats.counts import ArmCounts, Toward

IntArray = npt.NDArray[np.int64]
Grid = npt.NDArray[np.float64]
"""Shape (rounds, questions): scores in [0, 1]; nan is missing."""
Rows = tuple[tuple[float | None, ...], ...]
"""Per question, in replicate order. None: missing, no final label."""


@dataclass(frozen=True, slots=True)
class ArmOutcomes:
    """The judged samples of one arm: one tuple per question, in replicate order.

    Raises:
        ValueError: no question, a score outside [0, 1], or rows of unequal shape.
    """

    scores: Rows
    """1: the label is one of the behaviour's positive ones; 0: another label; between: a rating; None: missing."""
    invalid: tuple[tuple[bool, ...], ...] = ()
    """True: the label says that this is no answer (`incoherent`). Empty: never."""
    extra: Rows = ()
    """Scores of the extra samples, in their own order. Empty: none."""

    def __post_init__(self) -> None:
        if not self.scores:
            raise ValueError("an arm needs at least one question")
        for question, row in enumerate((*self.scores, *self.extra)):
            strange = {score for score in row if score is not None and not 0 <= score <= 1}
            if strange:
                raise ValueError(f"question {question % len(self.scores)}: scores {strange!r}, expected [0, 1] or None")
        if self.invalid and [len(q) for q in self.invalid] != [len(q) for q in self.scores]:
            raise ValueError("`invalid` must have the shape of `scores`")
        if self.extra and len(self.extra) != len(self.scores):
            raise ValueError(f"`extra` has {len(self.extra)} questions, `scores` {len(self.scores)}")

    @property
    def questions(self) -> int:
        """Number of questions."""
        return len(self.scores)

    @property
    def rounds(self) -> int:
        """Number of complete rounds."""
        return min(len(row) for row in self.scores)

    def grid(self, rounds: int) -> Grid:
        """Return the first `rounds` complete rounds, shape (rounds, questions)."""
        rows = [[np.nan if score is None else score for score in row[:rounds]] for row in self.scores]
        return np.array(rows, dtype=np.float64).reshape(self.questions, rounds).T

    def extras(self, question: int) -> npt.NDArray[np.float64]:
        """Return the extra scores of one question, in order; nan is missing."""
        row = self.extra[question] if self.extra else ()
        return np.array([np.nan if score is None else score for score in row], dtype=np.float64)

    def counts(self, rounds: int) -> ArmCounts:
        """Return the counts of the first `rounds` complete rounds."""
        grid = self.grid(rounds)
        missing = np.isnan(grid).sum(axis=0)
        invalid = np.zeros(self.questions, dtype=np.int64)
        if self.invalid:
            flags = np.array([q[:rounds] for q in self.invalid], dtype=np.bool_).reshape(self.questions, rounds)
            invalid = (flags & ~np.isnan(grid.T)).sum(axis=1)
        return ArmCounts(
            n=(rounds,) * self.questions,
            positives=tuple(np.nansum(grid, axis=0).tolist()),
            missing=tuple(missing.tolist()),
            valid=tuple((rounds - missing - invalid).tolist()),
        )


def filled(grid: Grid, sign: int, toward: Toward) -> Grid:
    """Return a grid with what is missing put on the side that makes the verdict harder.

    Args:
        grid: scores, nan where missing.
        sign: +1 for an arm whose scores raise the effect, -1 for one whose scores lower it.
        toward: the verdict in question. Missing raises the effect for ABSENT and lowers it for PRESENT.
    """
    raised = toward == "absent"
    return np.where(np.isnan(grid), float(raised if sign > 0 else not raised), grid)


def running_missing(grid: Grid) -> IntArray:
    """Return samples without a label after each round, shape (rounds,)."""
    return np.cumsum(np.isnan(grid).sum(axis=1))
