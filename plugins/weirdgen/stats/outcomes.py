"""What came back from the arms of a contrast: judged outcomes in replicate order, and the counts that tests read.

Only complete rounds count: round r is over when every question has r final samples. Samples of an unfinished round
never enter a test, because looking inside a round would let the order of questions decide.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.int64]
Grid = npt.NDArray[np.int8]
"""Shape (rounds, questions): 1 positive, 0 negative, -1 missing."""

_MISSING = -1


@dataclass(frozen=True, slots=True)
class ArmOutcomes:
    """The judged samples of one arm: one tuple per question, in replicate order.

    Raises:
        ValueError: no question, an outcome other than 1, 0 or None, or `invalid` of another shape.
    """

    positive: tuple[tuple[int | None, ...], ...]
    """1: the label is one of the behaviour's positive ones; 0: another label; None: missing, no final label."""
    invalid: tuple[tuple[bool, ...], ...] = ()
    """True: the label says that this is no answer (`incoherent`). Empty: never."""

    def __post_init__(self) -> None:
        if not self.positive:
            raise ValueError("an arm needs at least one question")
        for question, codes in enumerate(self.positive):
            strange = set(codes) - {0, 1, None}
            if strange:
                raise ValueError(f"question {question}: outcomes {strange!r}, expected 1, 0 or None")
        if self.invalid and [len(q) for q in self.invalid] != [len(q) for q in self.positive]:
            raise ValueError("`invalid` must have the shape of `positive`")

    @property
    def questions(self) -> int:
        """Number of questions."""
        return len(self.positive)

    @property
    def rounds(self) -> int:
        """Number of complete rounds."""
        return min(len(codes) for codes in self.positive)

    def grid(self, rounds: int) -> Grid:
        """Return the first `rounds` complete rounds, shape (rounds, questions), missing as -1."""
        rows = [[_MISSING if code is None else int(code) for code in codes[:rounds]] for codes in self.positive]
        return np.array(rows, dtype=np.int8).reshape(self.questions, rounds).T

    def counts(self, rounds: int) -> "ArmCounts":
        """Return the counts of the first `rounds` complete rounds."""
        grid = self.grid(rounds)
        missing = (grid == _MISSING).sum(axis=0)
        invalid = np.zeros(self.questions, dtype=np.int64)
        if self.invalid:
            flags = np.array([q[:rounds] for q in self.invalid], dtype=np.bool_).reshape(self.questions, rounds)
            invalid = (flags & (grid.T != _MISSING)).sum(axis=1)
        return ArmCounts(
            n=(rounds,) * self.questions,
            positives=tuple((grid == 1).sum(axis=0).tolist()),
            missing=tuple(missing.tolist()),
            valid=tuple((rounds - missing - invalid).tolist()),
        )


@dataclass(frozen=True, slots=True)
class ArmCounts:
    """Counts per question of one arm, over complete rounds."""

    n: tuple[int, ...]
    positives: tuple[int, ...]
    missing: tuple[int, ...]
    """Samples without a final label."""
    valid: tuple[int, ...]
    """Samples whose label says that they are answers."""

    @property
    def total(self) -> int:
        """Samples."""
        return sum(self.n)

    @property
    def labelled(self) -> int:
        """Samples with a final label."""
        return self.total - sum(self.missing)

    @property
    def rates(self) -> tuple[float | None, ...]:
        """Share of positives among labelled samples per question; None where nothing is labelled."""
        pairs = zip(self.positives, self.n, self.missing, strict=True)
        return tuple(s / (n - m) if n > m else None for s, n, m in pairs)

    @property
    def pooled_rate(self) -> float | None:
        """Mean of the questions' rates with equal weights; None if no sample is labelled."""
        known = [rate for rate in self.rates if rate is not None]
        return sum(known) / len(known) if known else None

    @property
    def valid_rate(self) -> float | None:
        """Share of labelled samples that are answers; None if no sample is labelled."""
        return sum(self.valid) / self.labelled if self.labelled else None


@dataclass(frozen=True, slots=True)
class PairCounts:
    """Running numbers of pairs with difference +1, 0 and -1, each of shape (rounds, questions).

    Replicate r of the treated arm is paired with replicate r of the control arm for the same question.
    """

    plus: IntArray
    zero: IntArray
    minus: IntArray

    @property
    def pooled(self) -> tuple[IntArray, IntArray, IntArray]:
        """Pairs with difference +1, 0 and -1 over all questions, each of shape (rounds,)."""
        return self.plus.sum(axis=1), self.zero.sum(axis=1), self.minus.sum(axis=1)

    @classmethod
    def against_absent(cls, treated: Grid, control: Grid) -> "PairCounts":
        """Count pairs with what is missing worst for ABSENT: treated positive, control negative."""
        return cls._count(treated != 0, control == 1)

    @classmethod
    def against_present(cls, treated: Grid, control: Grid) -> "PairCounts":
        """Count pairs with what is missing worst for PRESENT: treated negative, control positive."""
        return cls._count(treated == 1, control != 0)

    @classmethod
    def _count(cls, treated: npt.NDArray[np.bool_], control: npt.NDArray[np.bool_]) -> "PairCounts":
        plus = np.cumsum(treated & ~control, axis=0, dtype=np.int64)
        minus = np.cumsum(~treated & control, axis=0, dtype=np.int64)
        pairs = np.arange(1, len(treated) + 1).reshape(-1, 1)
        return cls(plus=plus, zero=pairs - plus - minus, minus=minus)


def running_positives(grid: Grid, *, missing_as_positive: bool) -> IntArray:
    """Return positives per question after each round, shape (rounds, questions)."""
    return np.cumsum((grid != 0) if missing_as_positive else (grid == 1), axis=0)


def running_missing(grid: Grid) -> IntArray:
    """Return samples without a label after each round, shape (rounds,)."""
    return np.cumsum((grid == _MISSING).sum(axis=1))
