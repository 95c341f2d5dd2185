"""Bets on bounded values: e-processes for ratings in [0, 1] and their differences, whose sums alone do not decide.

A bet on counts needs only the counts. A rating does not: each bet keeps its own sum of logarithms, one term per sample.
Putting sums of ratings where the functions of `eprocess` expect counts would be valid, since log(1 + bet * value) is
concave in the value, but slower: it treats every rating as a coin. Source: Waudby-Smith and Ramdas (2024, JRSSB 86:1).

Pooled values test the mean over questions, at round ends only (see `eprocess`). No value may be missing: the caller
puts in the worst one.
"""

import numpy as np

from weirdgen.stats.eprocess import (
    BELOW_LOG_WEIGHTS,
    BELOW_RATES,
    PAIRED_BELOW_BETS,
    RATE_FLOOR,
    FloatArray,
    mean_of_bets,
)

# Sixteen equal slices of the Beta(1/2, 1) prior of `log_e_above`, whose quantiles are squares. On 0/1 data the log
# e-value stays within .05 of that function's (from 0 to 12, up to 400 samples, p0 of .01 to .5).
_ABOVE_QUANTILES = (np.arange(16) + 0.5) / 16


def running_log_wealth(values: FloatArray, bets: FloatArray) -> FloatArray:
    """Return the log wealth of every single bet after every round: the running sum of ``log(1 + bet * value)``.

    Args:
        values: ratings or differences minus their mean under the null hypothesis, shape (rounds, questions).
        bets: shape (bets,); negative ones bet on small values. ``bet * value`` must stay above -1.

    Returns:
        Shape (bets, rounds, questions).
    """
    return np.asarray(np.cumsum(np.log1p(np.multiply.outer(bets, values)), axis=1), dtype=np.float64)


def log_e_mean_below(values: FloatArray, margin: float) -> FloatArray:
    """Return the log e-values against "the mean rating is at least `margin`" (ABSENT from one arm).

    The bets of `log_e_below`: on 0/1 values both functions agree.

    Args:
        values: ratings in [0, 1], shape (rounds, questions).
        margin: mean rating under the null hypothesis, in (0, 1).

    Returns:
        Per round end, shape (rounds,).

    Raises:
        ValueError: a rating is nan or outside [0, 1], or `margin` is outside (0, 1).
    """
    check_values(values, 0.0)
    _check_margin(margin)
    bets = (1 - BELOW_RATES) / (1 - margin)  # (margin - rate) / (margin (1 - margin)) with rate = share * margin
    wealth = running_log_wealth(values - margin, -bets).sum(axis=-1)
    return np.asarray(np.logaddexp.reduce(BELOW_LOG_WEIGHTS[:, None] + wealth, axis=0), dtype=np.float64)


def log_e_mean_above(values: FloatArray, p0: float) -> FloatArray:
    """Return the log e-values against "the mean rating is at most `p0`" (PRESENT from one arm).

    Sixteen bets ``(p - p0) / (p0 (1 - p0))``, for rates p at equal steps of the square root from p0 to 1: the prior of
    `log_e_above`, cut into slices.

    Args:
        values: ratings in [0, 1], shape (rounds, questions).
        p0: mean rating under the null hypothesis; clamped to [1e-6, 1 - 1e-6].

    Returns:
        Per round end, shape (rounds,).

    Raises:
        ValueError: a rating is nan or outside [0, 1].
    """
    check_values(values, 0.0)
    null = min(max(float(p0), RATE_FLOOR), 1.0 - RATE_FLOOR)
    rates = (np.sqrt(null) + (1 - np.sqrt(null)) * _ABOVE_QUANTILES) ** 2
    bets = (rates - null) / (null * (1 - null))
    return mean_of_bets(running_log_wealth(values - null, bets).sum(axis=-1))


def log_e_difference_below(differences: FloatArray, margin: float) -> tuple[FloatArray, FloatArray]:
    """Return the log e-values against "the mean difference is at least `margin`" (ABSENT from pairs).

    Factor ``1 - bet * (difference - margin)`` per pair with bets below ``1 / (1 - margin)``, averaged.

    Args:
        differences: treated minus control rating, in [-1, 1], shape (rounds, questions).
        margin: mean difference under the null hypothesis, in (0, 1).

    Returns:
        Pooled per round end, shape (rounds,), and for every single question, shape (rounds, questions).

    Raises:
        ValueError: a difference is nan or outside [-1, 1], or `margin` is outside (0, 1).
    """
    check_values(differences, -1.0)
    _check_margin(margin)
    wealth = running_log_wealth(differences - margin, -PAIRED_BELOW_BETS / (1 - margin))
    return mean_of_bets(wealth.sum(axis=-1)), mean_of_bets(wealth)


def check_values(values: FloatArray, lowest: float) -> None:
    """Raise ValueError if a value is nan or outside [`lowest`, 1]: a bet on it could lose more than everything."""
    if not bool(((values >= lowest) & (values <= 1)).all()):
        raise ValueError(f"values must lie in [{lowest:g}, 1] and none may be missing")


def _check_margin(margin: float) -> None:
    if not 0 < margin < 1:
        raise ValueError(f"margin {margin!r} must lie in (0, 1)")
