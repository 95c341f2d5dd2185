"""Exact expectations over everything that can come back: the tree of outcomes along what `decide` asks for."""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from weirdgen.stats.decide import Continue, Final, decide
from weirdgen.stats.outcomes import ArmOutcomes, Rows
from weirdgen.stats.rules import Rules

Score = float | None
Scores = tuple[Score, ...]


@dataclass(frozen=True, slots=True)
class Expected:
    """Expectations over the ends of a trial."""

    e_present: float
    """Mean e-value at the stop."""
    e_absent: float
    present: float
    """Chance of the verdict."""
    absent: float
    extras: float
    """Extra pairs."""


@dataclass(frozen=True, slots=True)
class OutcomeTree:
    """Every course that a trial can take. Its size grows exponentially with the cap, which must be tiny."""

    seen: npt.NDArray[np.int64]
    """How often each score came, shape (courses, arms, questions, scores)."""
    ends: npt.NDArray[np.float64]
    """The fields of `Expected` at each end, shape (courses, 5)."""

    @classmethod
    def of(cls, rules: Rules, scores: Scores = (1.0, 0.0)) -> Self:
        """Follow `decide` through all outcomes with these scores."""
        empty: Rows = ((),) * rules.questions
        ends: list[tuple[npt.NDArray[np.int64], list[float]]] = []
        _follow(rules, scores, [ArmOutcomes(empty, extra=empty) for _ in rules.signs], ends)
        return cls(np.array([seen for seen, _ in ends]), np.array([values for _, values in ends]))

    def expected(self, chances: npt.ArrayLike) -> Expected:
        """Return expectations for independent samples.

        Args:
            chances: of each score, shape (arms, questions, scores).
        """
        weights = np.prod(np.asarray(chances, dtype=np.float64) ** self.seen, axis=(1, 2, 3))
        assert math.isclose(weights.sum(), 1.0, rel_tol=1e-9)
        return Expected(*(weights @ self.ends).tolist())

    def expected_of_rates(self, rates: Sequence[Sequence[float]]) -> Expected:
        """Return expectations for 0/1 scores with these rates, shape (arms, questions)."""
        p = np.asarray(rates)
        return self.expected(np.stack([p, 1 - p], axis=-1))


def _follow(
    rules: Rules, scores: Scores, arms: list[ArmOutcomes], ends: list[tuple[npt.NDArray[np.int64], list[float]]]
) -> None:
    step = decide(rules, arms)
    if isinstance(step, Final):
        ends.append((_count(arms, scores), _values(step)))
        return
    wanted = _wanted(step, arms)
    for branch in itertools.product(scores, repeat=len(wanted)):
        _follow(rules, scores, _grown(arms, wanted, branch), ends)


def _values(final: Final) -> list[float]:
    evidence = final.evidence
    e_values = math.exp(evidence.log_e_present), math.exp(evidence.log_e_absent)
    return [*e_values, final.outcome == "PRESENT", final.outcome == "ABSENT", sum(evidence.extras)]


def _count(arms: list[ArmOutcomes], scores: Scores) -> npt.NDArray[np.int64]:
    rows = [[one + more for one, more in zip(arm.scores, arm.extra, strict=True)] for arm in arms]
    return np.array([[[row.count(score) for score in scores] for row in arm] for arm in rows])


def _wanted(step: Continue, arms: list[ArmOutcomes]) -> list[tuple[int, int, bool]]:
    """Return (arm, question, whether it is an extra sample) of every sample that is asked for."""
    wanted = []
    for want in step.wants:
        arm = arms[want.arm]
        wanted += [(want.arm, q, False) for q, row in enumerate(arm.scores) for _ in range(want.rounds - len(row))]
        wanted += [(want.arm, q, True) for q, n in enumerate(want.extras) for _ in range(n - len(arm.extra[q]))]
    return wanted


def _grown(arms: list[ArmOutcomes], wanted: list[tuple[int, int, bool]], scores: Scores) -> list[ArmOutcomes]:
    rows = [([list(row) for row in arm.scores], [list(row) for row in arm.extra]) for arm in arms]
    for (arm, question, extra), score in zip(wanted, scores, strict=True):
        rows[arm][extra][question].append(score)
    return [ArmOutcomes(tuple(map(tuple, rounds)), extra=tuple(map(tuple, extras))) for rounds, extras in rows]
