"""Closed procedures for a family of e-values: they find more than e-BH and Bonferroni at the same error rate.

Both judge sets of hypotheses by the average of their e-values, which is an e-value whatever the dependence. A value of
K / alpha decides every set that it belongs to, so values are cut there and divided by it: nothing overflows.
"""

from collections.abc import Sequence

import numpy as np

from weirdgen.stats.eprocess import FloatArray
from weirdgen.stats.multiplicity import e_bonferroni_log_threshold

# Sums that equal their threshold exactly count as reaching it; alpha grows by as little.
_ROUNDING = 1e-12


def closed_e_bh(log_e: Sequence[float], alpha: float) -> tuple[bool, ...]:
    """Return which hypotheses the closed e-BH procedure rejects (Xu et al. 2025, arXiv 2504.11759 and 2509.02517).

    The r largest, for the largest r such that every set of j of them and t others has an average of at least
    ``j / (r * alpha)``. Controls the false discovery rate at alpha under any dependence, if each value is an e-value at
    its own stopping time, and rejects whatever e-BH or e-Holm rejects. Of equal values at the edge it takes the first.

    Args:
        log_e: natural logarithms, of the whole family; minus infinity for a hypothesis without a verdict.
        alpha: false discovery rate, in (0, 1).

    Raises:
        ValueError: alpha is out of range or a value is nan.
    """
    shares = _shares(log_e, alpha)
    order = np.argsort(-np.asarray(log_e, dtype=np.float64), kind="stable")
    rejected = set(order[: _rejections(shares[order])].tolist())
    return tuple(i in rejected for i in range(len(log_e)))


def e_holm(log_e: Sequence[float], alpha: float) -> tuple[bool, ...]:
    """Return which hypotheses the e-Holm procedure rejects (Vovk and Wang 2021, Annals of Statistics 49:1736).

    Those for which every set that holds them has an average of at least ``1 / alpha``; the worst set adds the smallest
    others. Keeps the chance of any false rejection below alpha, whatever the dependence, and rejects whatever
    e-Bonferroni rejects.

    Args:
        log_e: as for `closed_e_bh`.
        alpha: chance of any false rejection, in (0, 1).

    Raises:
        ValueError: alpha is out of range or a value is nan.
    """
    shares, size = _shares(log_e, alpha), max(len(log_e), 1)
    # The worst set adds whatever lies below the average that is asked for, 1 / size, and nothing else.
    smallest = shares[shares * (1 + _ROUNDING) < 1 / size]
    enough = (shares + smallest.sum()) * (1 + _ROUNDING) >= (len(smallest) + 1) / size
    rejected = enough & (shares * (1 + _ROUNDING) >= 1 / size)
    return tuple(bool(one) for one in rejected)


def _shares(log_e: Sequence[float], alpha: float) -> FloatArray:
    """Return the e-values in units of K / alpha, cut at 1."""
    values = np.asarray(log_e, dtype=np.float64)
    if bool(np.isnan(values).any()):
        raise ValueError("an e-value is nan: minus infinity stands for no evidence")
    return np.exp(np.minimum(values - e_bonferroni_log_threshold(alpha, max(len(log_e), 1)), 0.0))


def _rejections(descending: FloatArray) -> int:
    """Return the largest r for which the sums of the j smallest inside and the t smallest outside suffice.

    For given r and j what is lacking is convex in t: worst is the set of all outside that lie below ``j / (r size)``.
    So each r takes r steps, not r times size, with which the family of a fleet (10,000 and more) would take hours.
    """
    size = len(descending)
    ascending = descending[::-1]
    outside = np.concatenate([[0.0], np.cumsum(ascending)])
    places = np.arange(1, size + 1)
    # Alone, the smallest inside must reach 1 / (r size).
    candidates = np.flatnonzero(descending * (1 + _ROUNDING) >= 1 / (places * max(size, 1))) + 1
    for r in candidates[::-1].tolist():
        j = places[:r]
        inside = np.cumsum(descending[:r][::-1])
        t = np.searchsorted(ascending[: size - r] * (1 + _ROUNDING), j / (r * size))
        if bool(((inside + outside[t]) * (1 + _ROUNDING) >= j * (j + t) / (r * size)).all()):
            return int(r)
    return 0
