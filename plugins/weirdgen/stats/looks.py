"""Looks: the evidence of a contrast after each round, and how two directions are put together."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from weirdgen.stats.eprocess import FloatArray, log_combine


@dataclass(frozen=True, slots=True)
class Looks:
    """Evidence after rounds 1, 2, ...: every array has one entry per round looked at (first axis)."""

    log_e_present: FloatArray
    log_e_absent: FloatArray
    present_growth: FloatArray
    """Most optimistic growth of the log e-value in nats per round that the data suggest; at least 0."""
    absent_growth: FloatArray
    log_e_questions: FloatArray
    """Per round and question: evidence that its effect is below the question margin; infinity where not asked."""

    def either(self, other: Self) -> Self:
        """Return the looks of a two-sided contrast from those of its two directions.

        PRESENT bets half on each; ABSENT must exclude both, so the weaker counts (intersection-union, no correction).
        """
        return type(self)(
            log_e_present=log_combine([0.5, 0.5], [self.log_e_present, other.log_e_present]),
            log_e_absent=np.minimum(self.log_e_absent, other.log_e_absent),
            present_growth=np.maximum(self.present_growth, other.present_growth),
            absent_growth=np.minimum(self.absent_growth, other.absent_growth),
            log_e_questions=np.minimum(self.log_e_questions, other.log_e_questions),
        )


@dataclass(frozen=True, slots=True)
class Look:
    """One look at the data."""

    round: int
    """Complete rounds seen, from 1."""
    paired: bool
    """Whether every arm is part of it, or only those that are sampled first."""
    closes: bool
    """Whether it is the round's last look: only then may the trial give up."""
    last: bool
    """Whether the next round with its extra pairs does not fit under the cap."""
    missing: int
    """Samples of complete rounds without a label, in the arm that lacks most."""
    extras: tuple[int, ...]
    """Extra pairs per question that are part of it."""
    log_e_present: float
    log_e_absent: float
    present_growth: float
    """Nats per round; see `Looks`."""
    absent_growth: float
    log_e_questions: tuple[float, ...]
