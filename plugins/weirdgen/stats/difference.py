"""Evidence for a difference in differences: the gated model with and without the trigger, then its control."""

from collections.abc import Sequence

import numpy as np

from weirdgen.stats.alone import PAIRED_WEIGHT, QUESTION_PAIRED_WEIGHT
from weirdgen.stats.counts import Toward
from weirdgen.stats.did import log_e_did_above, log_e_did_below, log_e_did_question_below
from weirdgen.stats.futility import mixture_growth
from weirdgen.stats.looks import Looks
from weirdgen.stats.outcomes import Grid, filled
from weirdgen.stats.rules import SIGNS, Rules

_COST = 48.0
"""Of the did mixtures: one over the smallest weight, which is that of the product bets."""


def did_looks(rules: Rules, alone: Looks, grids: Sequence[Grid]) -> Looks:
    """Return the looks at complete quadruples of one direction: what the first arms say alone, plus all four.

    Args:
        rules: of the contrast.
        alone: looks of the first arms in the same direction, at least as many.
        grids: four of equal shape, in the order of `SIGNS["did"]`.
    """
    rounds = len(grids[0])
    a, b, c, d = _filled(grids, "absent")
    present = log_e_did_above(*_filled(grids, "present"), theta0=rules.paired_null)
    absent, growth = alone.log_e_absent[:rounds], alone.absent_growth[:rounds]
    questions = alone.log_e_questions[:rounds]
    if rules.paired_margin is not None:
        below = log_e_did_below(a, b, c, d, rules.paired_margin)
        absent = np.logaddexp(absent, np.log(PAIRED_WEIGHT) + below)
        growth = np.maximum(growth, mixture_growth(below, _COST))
    if rules.paired_question_margin is not None:
        below = log_e_did_question_below(a, b, c, d, rules.paired_question_margin)
        questions = np.logaddexp(questions, np.log(QUESTION_PAIRED_WEIGHT) + below)
    return Looks(present, absent, mixture_growth(present, _COST), growth, questions)


def _filled(grids: Sequence[Grid], toward: Toward) -> tuple[Grid, Grid, Grid, Grid]:
    a, b, c, d = (filled(grid, sign, toward) for grid, sign in zip(grids, SIGNS["did"], strict=True))
    return a, b, c, d
