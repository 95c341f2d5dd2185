"""Many hypotheses in one gate, and several attempts at one hypothesis."""

import math
from collections.abc import Sequence

import numpy as np


def e_bonferroni_log_threshold(alpha: float, family_size: int) -> float:
    """Return log(family_size / alpha): the log e-value at which one hypothesis of the family may be rejected.

    Rejecting there keeps the chance of any false rejection below alpha, whatever the dependence.

    Raises:
        ValueError: alpha is outside (0, 1) or the family is empty.
    """
    _check_alpha(alpha)
    if family_size < 1:
        raise ValueError(f"family size {family_size!r} must be at least 1")
    return math.log(family_size) - math.log(alpha)


def e_bh(log_e: Sequence[float], alpha: float, weights: Sequence[float] | None = None) -> tuple[bool, ...]:
    """Return which hypotheses the e-BH procedure rejects (Wang and Ramdas 2022, JRSSB 84:822).

    Sorted from the largest, the first k are rejected for the largest k with ``E_(k) >= K / (alpha * k)``. Controls the
    false discovery rate at alpha under any dependence, if each value is an e-value at its own stopping time.

    Args:
        log_e: natural logarithms; 0 for a hypothesis that was not run, minus infinity for an invalid one. The whole
            family must be there.
        alpha: false discovery rate, in (0, 1).
        weights: prior weights of the hypotheses, nonnegative, summing to 1; None: equal.

    Raises:
        ValueError: alpha or the weights are out of range, their number differs, or a value is nan.
    """
    _check_alpha(alpha)
    size = len(log_e)
    values = np.asarray(log_e, dtype=np.float64)
    if bool(np.isnan(values).any()):
        raise ValueError("an e-value is nan: minus infinity stands for no evidence")
    if weights is not None:
        values = values + _log_relative_weights(weights, size)
    order = np.argsort(-values, kind="stable")
    passed = np.flatnonzero(values[order] >= math.log(max(size, 1) / alpha) - np.log(np.arange(1, size + 1)))
    rejected = set(order[: passed[-1] + 1].tolist()) if passed.size else set()
    return tuple(i in rejected for i in range(size))


def attempt_alpha(alpha: float, attempt: int) -> float:
    """Return the error rate of one attempt, alpha / (attempt * (attempt + 1)): all attempts together spend alpha.

    Raises:
        ValueError: alpha is outside (0, 1) or the attempt is below 1.
    """
    _check_alpha(alpha)
    if attempt < 1:
        raise ValueError(f"attempt {attempt!r} must be at least 1")
    return alpha / (attempt * (attempt + 1))


def _log_relative_weights(weights: Sequence[float], size: int) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    if len(weights) != size:
        raise ValueError(f"{len(weights)} weights for {size} e-values")
    if min(weights, default=0.0) < 0 or not math.isclose(sum(weights), 1.0, abs_tol=1e-9):
        raise ValueError(f"weights {list(weights)!r} must be nonnegative and sum to 1")
    with np.errstate(divide="ignore"):  # weight 0 means never rejected
        return np.log(size * np.asarray(weights, dtype=np.float64))


def _check_alpha(alpha: float) -> None:
    if not 0 < alpha < 1:
        raise ValueError(f"alpha {alpha!r} must lie in (0, 1)")
