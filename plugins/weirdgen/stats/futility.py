"""How fast evidence grows: what a trial that goes on may hope for.

Growth is estimated from the observed frequencies and in the trial's favour, so that stopping for futility never
forgoes a verdict that was in sight. It costs power at worst, never validity: any stopping rule is allowed.
"""

import numpy as np
from scipy.special import rel_entr, xlogy

from weirdgen.stats.eprocess import FloatArray, log_wealth_paired_below
from weirdgen.stats.outcomes import IntArray, PairCounts


def below_growth(successes: IntArray, n: IntArray, margin: float) -> FloatArray:
    """Return nats per sample for "the rate is below `margin`" at the observed rate; 0 if it is not."""
    rate = successes / n
    return np.where(rate < margin, rel_entr(rate, margin) + rel_entr(1 - rate, 1 - margin), 0.0)


def above_growth(successes: IntArray, n: IntArray, p0: float) -> FloatArray:
    """Return nats per sample for "the rate is above `p0`" at the observed rate; 0 if it is not."""
    rate, null = successes / n, min(max(p0, 1e-6), 1 - 1e-6)
    return np.where(rate > null, rel_entr(rate, null) + rel_entr(1 - rate, 1 - null), 0.0)


def paired_below_growth(pairs: PairCounts, margin: float) -> FloatArray:
    """Return nats per pair of the best single bet on "the difference is below `margin`"; at least 0."""
    plus, zero, minus = pairs.pooled
    wealth = log_wealth_paired_below(plus, zero, minus, margin)
    return np.asarray(np.maximum(wealth.max(axis=0), 0.0) / (plus + zero + minus), dtype=np.float64)


def paired_above_growth(pairs: PairCounts) -> FloatArray:
    """Return nats per pair of the best bet on each question that leans towards an effect, summed over questions.

    No mixture, pooled or sparse, can grow faster on the same data.
    """
    plus, minus = pairs.plus.astype(np.float64), pairs.minus.astype(np.float64)
    discordant = plus + minus
    best = discordant * np.log(2) + xlogy(plus, plus) + xlogy(minus, minus) - xlogy(discordant, discordant)
    total = np.where(plus > minus, best, 0.0).sum(axis=1)
    return np.asarray(total / (pairs.plus + pairs.zero + pairs.minus).sum(axis=1), dtype=np.float64)
