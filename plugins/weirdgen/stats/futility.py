"""How fast evidence grows: what a trial that goes on may hope for.

Growth is estimated from the observed scores and in the trial's favour, so that stopping for futility never forgoes a
verdict that was in sight. It costs power at worst, never validity: any stopping rule is allowed.
"""

import numpy as np

from weirdgen.stats.eprocess import FloatArray
from weirdgen.stats.later import special
from weirdgen.stats.outcomes import Grid


def below_growth(values: Grid, margin: float) -> FloatArray:
    """Return nats per round for "the mean is below `margin`" at the observed mean, shape (rounds,); 0 if it is not."""
    mean = _running_mean(values)
    divergence = special.rel_entr(mean, margin) + special.rel_entr(1 - mean, 1 - margin)
    return np.asarray(values.shape[1] * np.where(mean < margin, divergence, 0.0), dtype=np.float64)


def above_growth(values: Grid, p0: float) -> FloatArray:
    """Return nats per round for "the mean is above `p0`" at the observed mean, shape (rounds,); 0 if it is not."""
    mean, null = _running_mean(values), min(max(p0, 1e-6), 1 - 1e-6)
    divergence = special.rel_entr(mean, null) + special.rel_entr(1 - mean, 1 - null)
    return np.asarray(values.shape[1] * np.where(mean > null, divergence, 0.0), dtype=np.float64)


def best_bets_growth(log_wealth: FloatArray) -> FloatArray:
    """Return nats per round of the best bet on each question that gained, summed over questions, shape (rounds,).

    Args:
        log_wealth: of each bet on each question after each round, shape (bets, rounds, questions).
    """
    best = np.maximum(log_wealth.max(axis=0, initial=0.0), 0.0).sum(axis=1)
    return np.asarray(best / _rounds(log_wealth.shape[1]))


def mixture_growth(log_e: FloatArray, cost: float) -> FloatArray:
    """Return nats per round that the best bet of a mixture can have had, shape (rounds,); at least 0.

    Args:
        log_e: of the mixture after each round, shape (rounds,).
        cost: one over the smallest weight: the number of bets if all weigh the same.
    """
    return np.asarray(np.maximum(log_e + np.log(cost), 0.0) / _rounds(len(log_e)))


def _running_mean(values: Grid) -> FloatArray:
    rounds, columns = values.shape
    return np.asarray(np.cumsum(values.sum(axis=1)) / (columns * _rounds(rounds)))


def _rounds(number: int) -> FloatArray:
    return np.arange(1.0, number + 1)
