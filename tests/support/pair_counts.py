"""Bets on pairs of 0/1 scores from their counts alone: what the running bets on values must agree with."""

import numpy as np
import numpy.typing as npt

from weirdgen.stats.eprocess import (
    ABOVE_BETS,
    PAIRED_BELOW_BETS,
    FloatArray,
    log_combine,
    mean_of_bets,
    sparse_above,
)


def log_e_bet_above(n_plus: npt.ArrayLike, n_minus: npt.ArrayLike) -> FloatArray:
    """A sequential McNemar test: the mean over bets of (1 + bet)^plus (1 - bet)^minus, for pairs +1 and -1."""
    plus, minus = np.asarray(n_plus, dtype=np.float64), np.asarray(n_minus, dtype=np.float64)
    return mean_of_bets(np.multiply.outer(np.log1p(ABOVE_BETS), plus) + np.multiply.outer(np.log1p(-ABOVE_BETS), minus))


def log_e_sparse_above(n_plus: npt.ArrayLike, n_minus: npt.ArrayLike) -> FloatArray:
    """An effect on few questions, which are the last axis."""
    return sparse_above(log_e_bet_above(n_plus, n_minus))


def log_e_paired_above(n_plus: npt.ArrayLike, n_minus: npt.ArrayLike) -> FloatArray:
    """Six tenths on the pooled pairs, four on few questions, which are the last axis."""
    plus, minus = np.asarray(n_plus, dtype=np.float64), np.asarray(n_minus, dtype=np.float64)
    pooled = log_e_bet_above(plus.sum(axis=-1), minus.sum(axis=-1))
    return log_combine([0.6, 0.4], [pooled, log_e_sparse_above(plus, minus)])


def log_e_paired_below(
    n_plus: npt.ArrayLike, n_zero: npt.ArrayLike, n_minus: npt.ArrayLike, margin: float
) -> FloatArray:
    """The mean over bets of the product of 1 - bet (difference - margin), bets as shares of 1 / (1 - margin)."""
    bets = PAIRED_BELOW_BETS / (1 - margin)
    counts = [np.asarray(c, dtype=np.float64) for c in (n_plus, n_zero, n_minus)]
    factors = [np.log1p(-bets * (d - margin)) for d in (1, 0, -1)]
    terms = [np.multiply.outer(factor, count) for factor, count in zip(factors, counts, strict=True)]
    return mean_of_bets(np.asarray(terms[0] + terms[1] + terms[2], dtype=np.float64))
