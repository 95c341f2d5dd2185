"""The evidence of one contrast after every complete round, computed at once from the outcomes.

All of it is a function of the outcomes in replicate order, so a resumed or replayed trial sees the same path.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from weirdgen.stats.eprocess import (
    FloatArray,
    log_e_above,
    log_e_below,
    log_e_paired_above,
    log_e_paired_below,
    log_e_question_below,
)
from weirdgen.stats.futility import above_growth, below_growth, paired_above_growth, paired_below_growth
from weirdgen.stats.outcomes import ArmOutcomes, Grid, IntArray, PairCounts, running_missing, running_positives
from weirdgen.stats.rules import Rules

BoolArray = npt.NDArray[np.bool_]

# Weights of ABSENT from the treated arm alone and from pairs, pooled and per question, fixed before the data.
# Without the pairs' share, a question whose base rate is near the question margin could never be cleared.
_ALONE_WEIGHT, _PAIRED_WEIGHT = 0.8, 0.2
_ESCALATE_POSITIVES = 3
_ESCALATE_LOG_E = np.log(0.3)
_ESCALATE_ON_ONE_QUESTION = 2


@dataclass(frozen=True, slots=True)
class Looks:
    """Evidence after rounds 1, 2, ...: every array has one entry per round looked at (first axis)."""

    log_e_present: FloatArray
    log_e_absent: FloatArray
    present_growth: FloatArray
    """Most optimistic growth per treated sample of the log e-value, in nats, that the data suggest."""
    absent_growth: FloatArray
    log_e_questions: FloatArray
    """Per round and question: evidence that its effect is below the question margin; infinity where not asked."""


@dataclass(frozen=True, slots=True)
class Look:
    """One look at the data."""

    round: int
    """Complete rounds seen, from 1."""
    paired: bool
    """Whether the control arm is part of it."""
    closes: bool
    """Whether it is the round's last look: only then may the trial give up."""
    log_e_present: float
    log_e_absent: float
    present_growth: float
    """Nats per treated sample; see `Looks`."""
    absent_growth: float
    log_e_questions: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class EvidencePath:
    """Everything that `decide` reads."""

    alone: Looks
    """Without the control arm, per round of the treated arm."""
    paired: Looks
    """With it, per round that both arms have completed; empty before the control arm is needed."""
    escalated: BoolArray
    """Whether positives have made the control arm necessary by the end of the round; never back to False."""
    treated_missing: IntArray
    control_missing: IntArray

    @property
    def rounds(self) -> int:
        """Complete rounds of the treated arm, up to the cap."""
        return len(self.escalated)

    @property
    def control_rounds(self) -> int:
        """Complete rounds of the control arm that have a treated partner; 0 before it is needed."""
        return len(self.control_missing)

    def looks(self) -> Iterator[Look]:
        """Yield all looks in order, up to the first that lacks control samples.

        The treated arm is looked at alone until positives make the control arm necessary; in that round, and in all
        later ones, complete pairs are looked at.
        """
        for index, needs_control in enumerate(self.escalated.tolist()):
            if index == 0 or not self.escalated[index - 1]:
                yield self._look(self.alone, index, paired=False, closes=not needs_control)
            if needs_control:
                if index >= self.control_rounds:
                    return
                yield self._look(self.paired, index, paired=True, closes=True)

    @staticmethod
    def _look(looks: "Looks", index: int, *, paired: bool, closes: bool) -> Look:
        return Look(
            round=index + 1,
            paired=paired,
            closes=closes,
            log_e_present=float(looks.log_e_present[index]),
            log_e_absent=float(looks.log_e_absent[index]),
            present_growth=float(looks.present_growth[index]),
            absent_growth=float(looks.absent_growth[index]),
            log_e_questions=tuple(looks.log_e_questions[index].tolist()),
        )


def evidence_path(rules: Rules, treated: ArmOutcomes, control: ArmOutcomes | None) -> EvidencePath:
    """Return the evidence after each complete round, up to the cap.

    Raises:
        ValueError: an arm has another number of questions than the rules.
    """
    for arm in (treated, control):
        if arm is not None and arm.questions != rules.questions:
            raise ValueError(f"an arm has {arm.questions!r} questions, its rules have {rules.questions!r}")
    grid = treated.grid(min(treated.rounds, rules.max_rounds))
    seen = running_positives(grid, missing_as_positive=False)
    worst = running_positives(grid, missing_as_positive=True)
    alone = _alone(rules, seen, worst)
    escalated = _escalated(rules, seen, worst)
    partner = np.empty((0, rules.questions), dtype=np.int8)
    if control is not None and escalated.any():
        partner = control.grid(min(control.rounds, len(grid)))
    return EvidencePath(
        alone=alone,
        paired=_paired(rules, alone, grid[: len(partner)], partner),
        escalated=escalated,
        treated_missing=running_missing(grid),
        control_missing=running_missing(partner),
    )


def _samples(rules: Rules, rounds: int) -> IntArray:
    return rules.questions * np.arange(1, rounds + 1)


def _escalated(rules: Rules, seen: IntArray, worst: IntArray) -> BoolArray:
    """Return where the control arm has become necessary: section 3 of the specification, made sticky."""
    if not rules.paired or not len(seen):
        return np.zeros(len(seen), dtype=np.bool_)
    log_e = log_e_below(worst.sum(axis=1), _samples(rules, len(worst)), rules.effective_margin)
    doubtful = (seen.sum(axis=1) >= _ESCALATE_POSITIVES) & (log_e < _ESCALATE_LOG_E)
    return np.asarray(np.logical_or.accumulate(doubtful | (seen.max(axis=1) >= _ESCALATE_ON_ONE_QUESTION)))


def _alone(rules: Rules, seen: IntArray, worst: IntArray) -> Looks:
    n, positives, most = _samples(rules, len(seen)), seen.sum(axis=1), worst.sum(axis=1)
    log_e_absent = log_e_below(most, n, rules.effective_margin)
    growth = below_growth(most, n, rules.effective_margin)
    questions = _questions_alone(rules, worst)
    if rules.paired:
        silent = np.full(len(n), -np.inf)
        return Looks(silent, np.log(_ALONE_WEIGHT) + log_e_absent, np.zeros(len(n)), growth, questions)
    log_e_present, present_growth = log_e_above(positives, n, rules.p0), above_growth(positives, n, rules.p0)
    return Looks(log_e_present, log_e_absent, present_growth, growth, questions)


def _paired(rules: Rules, alone: Looks, treated: Grid, control: Grid) -> Looks:
    """Return the looks at complete pairs: what the treated arm says alone, plus what the pairs say."""
    rounds = len(control)
    against_present = PairCounts.against_present(treated, control)
    log_e_absent, growth = alone.log_e_absent[:rounds], alone.absent_growth[:rounds]
    questions = alone.log_e_questions[:rounds]
    pairs = PairCounts.against_absent(treated, control)
    if rules.paired_margin is not None:
        log_e_pairs = log_e_paired_below(*pairs.pooled, rules.paired_margin)
        log_e_absent = np.logaddexp(log_e_absent, np.log(_PAIRED_WEIGHT) + log_e_pairs)
        growth = np.maximum(growth, paired_below_growth(pairs, rules.paired_margin))
    if rules.paired_question_margin is not None:
        log_e_pairs = log_e_paired_below(pairs.plus, pairs.zero, pairs.minus, rules.paired_question_margin)
        questions = np.logaddexp(questions, np.log(_PAIRED_WEIGHT) + log_e_pairs)
    return Looks(
        log_e_present=log_e_paired_above(against_present.plus, against_present.minus),
        log_e_absent=log_e_absent,
        present_growth=paired_above_growth(against_present),
        absent_growth=growth,
        log_e_questions=questions,
    )


def _questions_alone(rules: Rules, worst: IntArray) -> FloatArray:
    if rules.question_margin is None:
        return np.full(worst.shape, np.inf)
    rounds = np.arange(1, len(worst) + 1).reshape(-1, 1)
    log_e = log_e_question_below(worst, rounds, rules.question_margin)
    return np.log(_ALONE_WEIGHT) + log_e if rules.paired else log_e
