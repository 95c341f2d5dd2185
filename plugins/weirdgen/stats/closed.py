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
    shares, size = _shares(log_e, alpha), len(log_e)
    order = np.argsort(shares, kind="stable")
    own, others = shares[order].reshape(-1, 1), np.arange(size)
    sums = np.concatenate([[0.0], np.cumsum(shares[order])])
    # The set of one value and the smallest others: once they reach past its own place, the first so many of all.
    totals = np.where(others <= others.reshape(-1, 1), sums[:-1] + own, sums[1:])
    reached = (totals * (1 + _ROUNDING) >= (others + 1) / max(size, 1)).all(axis=1)
    rejected = set(order[reached].tolist())
    return tuple(i in rejected for i in range(size))


def _shares(log_e: Sequence[float], alpha: float) -> FloatArray:
    """Return the e-values in units of K / alpha, cut at 1."""
    values = np.asarray(log_e, dtype=np.float64)
    if bool(np.isnan(values).any()):
        raise ValueError("an e-value is nan: minus infinity stands for no evidence")
    return np.exp(np.minimum(values - e_bonferroni_log_threshold(alpha, max(len(log_e), 1)), 0.0))


def _rejections(descending: FloatArray) -> int:
    """Return the largest r for which the sums of the j smallest inside and the t smallest outside suffice."""
    size = len(descending)
    for r in range(size, 0, -1):
        inside = np.cumsum(descending[:r][::-1]).reshape(-1, 1)
        outside = np.concatenate([[0.0], np.cumsum(descending[r:][::-1])])
        j, t = np.arange(1, r + 1).reshape(-1, 1), np.arange(size - r + 1)
        if bool(((inside + outside) * (1 + _ROUNDING) >= j * (j + t) / (r * size)).all()):
            return r
    return 0
