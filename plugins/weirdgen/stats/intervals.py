"""Intervals for rates and differences of rates: exact and score intervals for fixed samples, and confidence sequences.

A confidence sequence covers at all times at once, so it may be read when a trial stops; other intervals may not.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from weirdgen.stats.later import optimize, special

_HAIR = 1e-12
_NEAR_ZERO = 1e-200


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
        lower = float(special.betaincinv(successes, n - successes + 1, tail))
    if side != "lower" and successes < n:
        upper = float(special.betaincinv(successes + 1, n - successes, 1 - tail))
    return Interval(lower, upper)


def wilson(successes: int, n: int, alpha: float = 0.05) -> Interval:
    """Return Wilson's (1927) two-sided score interval for one rate; no samples give [0, 1]."""
    _check(successes, n, alpha)
    if n == 0:
        return Interval(0.0, 1.0)
    z2 = float(special.ndtri(1 - alpha / 2)) ** 2
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


def miettinen_nurminen(successes1: int, n1: int, successes2: int, n2: int, alpha: float = 0.05) -> Interval:
    """Return Miettinen and Nurminen's (1985, Statistics in Medicine 4:213) score interval for rate 1 minus rate 2.

    All differences that lie within the normal quantile times their own standard error of the observed one. The error
    is that of the two rates which have this difference and fit the data best, with the variance times N / (N - 1).

    Raises:
        ValueError: a sample is empty, or counts or alpha are out of range.
    """
    if min(n1, n2) == 0:
        raise ValueError(f"samples of {n1!r} and {n2!r}: Miettinen and Nurminen's interval needs at least one in each")
    _check(successes1, n1, alpha)
    _check(successes2, n2, alpha)
    observed = successes1 / n1 - successes2 / n2
    factor = -float(special.ndtri(alpha / 2)) * math.sqrt((n1 + n2) / (n1 + n2 - 1))

    def excess(difference: float) -> float:
        rate2 = _restricted_rate2(successes1, n1, successes2, n2, difference)
        rate1 = rate2 + difference
        variance = max(rate1 * (1 - rate1), 0.0) / n1 + rate2 * (1 - rate2) / n2
        return abs(observed - difference) - factor * math.sqrt(variance)

    def end(outermost: float) -> float:
        # Not from the observed difference itself: with no or only positives in both samples its error is 0.
        start = observed + math.copysign(_HAIR, outermost)
        if abs(outermost - observed) <= _HAIR or excess(start) >= 0:
            return observed
        return float(optimize.brentq(excess, start, outermost))

    return Interval(end(-1.0), end(1.0))


def _restricted_rate2(successes1: int, n1: int, successes2: int, n2: int, difference: float) -> float:
    """Return the most likely rate 2 if rate 1 is larger by `difference`, in [-1, 1]."""

    def slope(rate2: float) -> float:
        # Derivative of the log-likelihood: decreasing, and a large number of the right sign where it is infinite.
        rate1 = rate2 + difference
        up = successes1 / max(rate1, _NEAR_ZERO) + successes2 / max(rate2, _NEAR_ZERO)
        down = (n1 - successes1) / max(1 - rate1, _NEAR_ZERO) + (n2 - successes2) / max(1 - rate2, _NEAR_ZERO)
        return up - down

    lowest, highest = max(0.0, -difference), min(1.0, 1 - difference)
    if slope(lowest) <= 0:
        return lowest
    if slope(highest) >= 0:
        return highest
    return float(optimize.bisect(slope, lowest, highest, xtol=1e-15))


def robbins_cs(successes: float, n: int, alpha: float = 0.05) -> Interval:
    """Return Robbins' (1970) confidence sequence for one rate, with a Beta(1/2, 1/2) mixture.

    All rates whose likelihood exceeds alpha times the mixture's. Valid at every round end at once, also for the mean of
    questions with different rates.

    Args:
        successes: positives, or the sum of scores in [0, 1], in [0, n].
        n: samples, balanced over the questions; none gives [0, 1].
        alpha: probability that any interval of the sequence ever misses, in (0, 1).

    Raises:
        ValueError: counts or alpha are out of range.
    """
    _check(successes, n, alpha)
    mixture = float(special.betaln(successes + 0.5, n - successes + 0.5) - special.betaln(0.5, 0.5)) + math.log(alpha)

    def excess(p: float) -> float:
        # Bounded, so that the root finder never interpolates through an infinity at p = 0 or 1.
        return max(float(special.xlogy(successes, p) + special.xlog1py(n - successes, -p)), -1e6) - mixture

    peak = successes / n if n else 0.5
    lower = 0.0 if excess(0.0) >= 0 else float(optimize.brentq(excess, 0.0, peak))
    upper = 1.0 if excess(1.0) >= 0 else float(optimize.brentq(excess, peak, 1.0))
    return Interval(lower, upper)


def contrast_cs(arms: Sequence[tuple[float, int, int]], alpha: float = 0.05) -> Interval:
    """Return a confidence sequence for a signed sum of rates: one per arm at an equal share of alpha, put together.

    Args:
        arms: successes (or sums of scores), samples and sign, +1 or -1, of each arm.
        alpha: probability that it ever misses, in (0, 1).
    """
    found = [(robbins_cs(successes, n, alpha / len(arms)), sign) for successes, n, sign in arms]
    return Interval(
        sum(one.lower if sign > 0 else -one.upper for one, sign in found),
        sum(one.upper if sign > 0 else -one.lower for one, sign in found),
    )


def _check(successes: float, n: int, alpha: float) -> None:
    if not 0 <= successes <= n:
        raise ValueError(f"successes {successes!r} must lie in [0, n] with n = {n!r}")
    if not 0 < alpha < 1:
        raise ValueError(f"alpha {alpha!r} must lie in (0, 1)")
