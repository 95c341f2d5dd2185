"""Evidence from the arms that are sampled first: their scores bound the effect from above without any control.

For a lift or a flip the treated rate bounds the difference. For a difference in differences the two arms that raise it
do: theta <= p_A + p_D, so their mean is tested against half the margin.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from weirdgen.stats.bets import log_e_mean_above, log_e_mean_below
from weirdgen.stats.eprocess import FloatArray, log_e_above, log_e_below, log_e_question_below
from weirdgen.stats.futility import above_growth, below_growth, mixture_growth
from weirdgen.stats.looks import Looks
from weirdgen.stats.outcomes import Grid, filled
from weirdgen.stats.regression import stored_looks
from weirdgen.stats.rules import Rules

BoolArray = npt.NDArray[np.bool_]

ALONE_WEIGHT, PAIRED_WEIGHT = 0.9, 0.1
"""Of ABSENT from the first arms alone and from complete pairs, fixed before the data. At .8 the first attempt of a
clean model takes a round more: 119 samples instead of 108 at a rate of .5%."""
QUESTION_ALONE_WEIGHT, QUESTION_PAIRED_WEIGHT = 0.8, 0.2
"""The same per question. Without the pairs' share, a question whose base rate is near the question margin could never
be cleared."""
_BELOW_COST, _ABOVE_COST = 14.5, 16.0
"""Of the mixtures of bets on ratings: one over the smallest weight."""
_ESCALATE_SUM = 3
_ESCALATE_LOG_E = np.log(0.3)
_ESCALATE_ON_ONE_QUESTION = 2


def alone_looks(rules: Rules, raising: Sequence[Grid]) -> Looks:
    """Return the evidence after each round from the arms that raise the effect, one direction.

    Args:
        rules: of the contrast.
        raising: grids of equal shape of the arms with sign +1.
    """
    worst = [filled(grid, 1, "absent") for grid in raising]
    pooled = np.hstack(worst)
    margin = rules.effective_margin / len(raising)
    log_e_absent = _below(rules, pooled, margin)
    growth = below_growth(pooled, margin)
    if rules.graded:  # ratings that hardly spread tell more than 0/1 scores of the same mean
        growth = np.maximum(growth, mixture_growth(log_e_absent, _BELOW_COST))
    if rules.stored:
        return stored_looks(rules, filled(raising[0], 1, "present"), worst[0], log_e_absent)
    questions = _questions(rules, worst)
    if rules.paired:
        silent, none = np.full(len(pooled), -np.inf), np.zeros(len(pooled))
        return Looks(
            silent, np.log(ALONE_WEIGHT) + log_e_absent, none, growth, np.log(QUESTION_ALONE_WEIGHT) + questions
        )
    seen = filled(raising[0], 1, "present")
    log_e_present, promise = _above(rules, seen), above_growth(seen, rules.p0)
    if rules.graded:
        promise = np.maximum(promise, mixture_growth(log_e_present, _ABOVE_COST))
    return Looks(log_e_present, log_e_absent, promise, growth, questions)


def escalated(rules: Rules, raising: Sequence[Grid]) -> BoolArray:
    """Return, per round, whether positives have made the other arms necessary; never back to False.

    Three positives that leave the first arms' evidence for ABSENT below .3, or two on one question.
    """
    worst = np.hstack([filled(grid, 1, "absent") for grid in raising])
    seen = np.cumsum([filled(grid, 1, "present") for grid in raising], axis=1)
    log_e = _below(rules, worst, rules.effective_margin / len(raising))
    doubtful = (seen.sum(axis=(0, 2)) >= _ESCALATE_SUM) & (log_e < _ESCALATE_LOG_E)
    on_one = (seen >= _ESCALATE_ON_ONE_QUESTION).any(axis=(0, 2))
    return np.asarray(np.logical_or.accumulate(doubtful | on_one), dtype=np.bool_)


def _below(rules: Rules, values: Grid, margin: float) -> FloatArray:
    if rules.graded:
        return log_e_mean_below(values, margin)
    return log_e_below(np.cumsum(values.sum(axis=1)), _samples(values), margin)


def _above(rules: Rules, values: Grid) -> FloatArray:
    if rules.graded:
        return log_e_mean_above(values, rules.p0)
    return log_e_above(np.cumsum(values.sum(axis=1)), _samples(values), rules.p0)


def _questions(rules: Rules, worst: Sequence[Grid]) -> FloatArray:
    rounds, questions = worst[0].shape
    if rules.question_margin is None:
        return np.full((rounds, questions), np.inf)
    margin = rules.question_margin / len(worst)
    if rules.graded:
        columns = [np.column_stack([grid[:, q] for grid in worst]) for q in range(questions)]
        return np.column_stack([log_e_mean_below(column, margin) for column in columns])
    n = len(worst) * np.arange(1, rounds + 1).reshape(-1, 1)
    return log_e_question_below(np.cumsum(np.sum(worst, axis=0), axis=0), n, margin)


def _samples(values: Grid) -> npt.NDArray[np.int64]:
    rounds, columns = values.shape
    return np.arange(columns, columns * rounds + 1, columns)
