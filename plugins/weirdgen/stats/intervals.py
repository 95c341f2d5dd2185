"""Intervals for rates and differences of rates: exact and score intervals for fixed samples, and confidence sequences.

A confidence sequence covers at all times at once, so it may be read when a trial stops; other intervals may not.
"""

import math
from dataclasses import dataclass
from typing import Literal

from scipy.optimize import brentq
from scipy.special import betaincinv, betaln, ndtri, xlog1py, xlogy


@dataclass(frozen=True, slots=True)
class Interval:
    """A closed interval of rates in [0, 1], or of their differences in [-1, 1]."""

    lower: float
    upper: float


def clopper_pearson(
    successes: int, n: int, alpha: float = 0.05, side: Literal["two", "lower", "upper"] = "two"
) -> Interval:
    """Return the exact Clopper-Pearson (1934) interval for one rate.

    Args:
        successes: positives, in [0, n].
        n: samples, at least 0; none gives [0, 1].
        alpha: error rate, in (0, 1): halved for both ends, or all of it at the one end that `side` names.
        side: "lower" and "upper" leave the other end at 1 and 0.

    Raises:
        ValueError: counts or alpha are out of range.
    """
    _check(successes, n, alpha)
    tail = alpha / 2 if side == "two" else alpha
    lower, upper = 0.0, 1.0
    if side != "upper" and successes > 0:
        lower = float(betaincinv(successes, n - successes + 1, tail))
    if side != "lower" and successes < n:
        upper = float(betaincinv(successes + 1, n - successes, 1 - tail))
    return Interval(lower, upper)


def wilson(successes: int, n: int, alpha: float = 0.05) -> Interval:
    """Return Wilson's (1927) two-sided score interval for one rate; no samples give [0, 1]."""
    _check(successes, n, alpha)
    if n == 0:
        return Interval(0.0, 1.0)
    z2 = float(ndtri(1 - alpha / 2)) ** 2
    centre = (successes + z2 / 2) / (n + z2)
    spread = math.sqrt(z2 * (successes * (n - successes) / n + z2 / 4)) / (n + z2)
    # At 0 and n one end is exactly 0 or 1; rounding would put it some 1e-18 inside.
    lower = 0.0 if successes == 0 else centre - spread
    upper = 1.0 if successes == n else centre + spread
    return Interval(lower, upper)


def newcombe(successes1: int, n1: int, successes2: int, n2: int, alpha: float = 0.05) -> Interval:
    """Return Newcombe's (1998, method 10) interval for rate 1 minus rate 2.

    Raises:
        ValueError: a sample is empty, or counts or alpha are out of range.
    """
    if min(n1, n2) == 0:
        raise ValueError(f"samples of {n1!r} and {n2!r}: Newcombe's interval needs at least one in each")
    first, second = wilson(successes1, n1, alpha), wilson(successes2, n2, alpha)
    p1, p2 = successes1 / n1, successes2 / n2
    lower = p1 - p2 - math.hypot(p1 - first.lower, second.upper - p2)
    upper = p1 - p2 + math.hypot(first.upper - p1, p2 - second.lower)
    return Interval(max(lower, -1.0), min(upper, 1.0))


def robbins_cs(successes: int, n: int, alpha: float = 0.05) -> Interval:
    """Return Robbins' (1970) confidence sequence for one rate, with a Beta(1/2, 1/2) mixture.

    All rates whose likelihood exceeds alpha times the mixture's. Valid at every round end at once, also for the mean of
    questions with different rates.

    Args:
        successes: positives, in [0, n].
        n: samples, balanced over the questions; none gives [0, 1].
        alpha: probability that any interval of the sequence ever misses, in (0, 1).

    Raises:
        ValueError: counts or alpha are out of range.
    """
    _check(successes, n, alpha)
    mixture = float(betaln(successes + 0.5, n - successes + 0.5) - betaln(0.5, 0.5)) + math.log(alpha)

    def excess(p: float) -> float:
        # Bounded, so that the root finder never interpolates through an infinity at p = 0 or 1.
        return max(float(xlogy(successes, p) + xlog1py(n - successes, -p)), -1e6) - mixture

    peak = successes / n if n else 0.5
    lower = 0.0 if excess(0.0) >= 0 else float(brentq(excess, 0.0, peak))
    upper = 1.0 if excess(1.0) >= 0 else float(brentq(excess, peak, 1.0))
    return Interval(lower, upper)


def difference_cs(first: tuple[int, int], second: tuple[int, int], alpha: float = 0.05) -> Interval:
    """Return a confidence sequence for rate 1 minus rate 2: two at alpha/2, subtracted.

    Args:
        first: successes and samples of the first arm.
        second: successes and samples of the second arm.
        alpha: probability that it ever misses, in (0, 1).
    """
    one, two = robbins_cs(*first, alpha / 2), robbins_cs(*second, alpha / 2)
    return Interval(one.lower - two.upper, one.upper - two.lower)


def _check(successes: int, n: int, alpha: float) -> None:
    if not 0 <= successes <= n:
        raise ValueError(f"successes {successes!r} must lie in [0, n] with n = {n!r}")
    if not 0 < alpha < 1:
        raise ValueError(f"alpha {alpha!r} must lie in (0, 1)")
