"""Evidence for a regression between versions: the treated arm in rounds, against stored arms of fixed size."""

import functools

import numpy as np

from weirdgen.stats.counts import Toward
from weirdgen.stats.eprocess import FloatArray, log_e_question_below
from weirdgen.stats.futility import mixture_growth
from weirdgen.stats.looks import Looks
from weirdgen.stats.outcomes import Grid, IntArray
from weirdgen.stats.ripr import log_e_blocks_above, log_e_blocks_below, shuffled_blocks
from weirdgen.stats.rules import BLOCK_RATIO, Rules, StoredArm
from weirdgen.stats.stored import log_e_stored_above, log_e_stored_below

BLOCKS_ALONE_WEIGHT = 0.8
"""Of ABSENT from the treated arm alone; the rest is on the blocks. The infimum has both in itself."""
_COST = 48.0
"""About one over the smallest weight: blocks have 39 and 45, the infimum is a continuous mixture."""


def stored_looks(rules: Rules, lowest: Grid, highest: Grid, alone: FloatArray) -> Looks:
    """Return the looks at a treated arm compared with stored arms.

    With several (the last version and a fixed anchor), PRESENT means a rise over at least one of them (mean of the
    e-values); ABSENT must exclude the margin against each (the weakest counts).

    Args:
        rules: of the contrast; `stored` names the arms.
        lowest: treated scores with what is missing as 0.
        highest: with what is missing as 1.
        alone: log e-value for ABSENT from the treated arm alone.
    """
    compared = [_looks(rules, arm, lowest, highest, alone) for arm in rules.stored]
    return functools.reduce(Looks.either, compared)


def _looks(rules: Rules, arm: StoredArm, lowest: Grid, highest: Grid, alone: FloatArray) -> Looks:
    low, high = np.cumsum(lowest, axis=0), np.cumsum(highest, axis=0)
    n = np.arange(1, len(low) + 1) * rules.questions
    if arm.method == "blocks":
        present, absent = _blocks(rules, arm, low.sum(axis=1), high.sum(axis=1), n, alone)
    else:
        total = arm.n * rules.questions
        present = log_e_stored_above(low.sum(axis=1), n, sum(arm.sums("present")), total)
        absent = alone
        if rules.paired_margin is not None:
            absent = log_e_stored_below(high.sum(axis=1), n, sum(arm.sums("absent")), total, rules.paired_margin)
    growth = [mixture_growth(log_e, _COST) for log_e in (present, absent)]
    return Looks(present, absent, growth[0], growth[1], _questions(rules, arm, high))


def _blocks(
    rules: Rules, arm: StoredArm, low: FloatArray, high: FloatArray, n: IntArray, alone: FloatArray
) -> tuple[FloatArray, FloatArray]:
    rounds = len(low)
    present = log_e_blocks_above(low, n, _running(arm, "present", rules.max_rounds)[:rounds], BLOCK_RATIO)
    if rules.paired_margin is None:
        return present, alone
    control = _running(arm, "absent", rules.max_rounds)[:rounds]
    blocks = log_e_blocks_below(high, n, control, BLOCK_RATIO, rules.paired_margin)
    return present, np.logaddexp(np.log(BLOCKS_ALONE_WEIGHT) + alone, np.log(1 - BLOCKS_ALONE_WEIGHT) + blocks)


@functools.lru_cache(maxsize=256)
def _running(arm: StoredArm, toward: Toward, rounds: int) -> IntArray:
    running = shuffled_blocks(arm.sums(toward), arm.n, rounds, BLOCK_RATIO, arm.seed)
    return np.asarray(running.sum(axis=1), dtype=np.int64)


def _questions(rules: Rules, arm: StoredArm, high: FloatArray) -> FloatArray:
    """Return the evidence per question that it does not exceed the stored one by the question margin."""
    if rules.question_margin is None:
        return np.full(high.shape, np.inf)
    n = np.broadcast_to(np.arange(1, len(high) + 1).reshape(-1, 1), high.shape)
    # Blocks spend the stored samples step by step: a stop must not depend on those that are still to come.
    if rules.paired_question_margin is None or arm.method == "blocks":
        return log_e_question_below(high, n, rules.question_margin)
    control = np.broadcast_to(np.array(arm.sums("absent")), high.shape)
    return log_e_stored_below(high, n, control, arm.n, rules.paired_question_margin)
