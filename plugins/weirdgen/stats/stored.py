"""E-processes against a stored baseline, by an infimum: a treated arm sampled in rounds, a control of declared size.

The control's rate is unknown. Whoever puts a confidence bound for it into an e-value as if it were the truth has an
e-value only while the bound holds, and its mean over all baselines is astronomically large. Here every candidate p0 is
asked for instead: an e-value of the treated samples for "if the control's rate is p0, the null hypothesis is wrong",
times an e-value of the control samples for "it is not p0". The least of these products counts.

Why it is valid. Under the null hypothesis one candidate, the control's true mean rate, makes both factors e-values of
independent samples: given the control, the first is a supermartingale over the treated rounds that starts at 1, and the
second no longer changes and has mean at most 1. The infimum is at most their product. So its mean is at most 1 at every
stopping time, and by Ville's inequality it ever reaches ``1 / alpha`` with probability at most ``alpha``; no part of
alpha is set aside for the baseline.

What it needs: both arms balanced over the same questions, looks at the ends of treated rounds only, and a number of
control samples that was declared before they were drawn and never topped up after a look.

Why the infimum is found. For s positives and f negatives, a mixture against "rate >= q" is a sum, over shares u of q in
(0, 1), of ``u^s ((1-uq)/(1-q))^f`` with weights that do not depend on q. Robbins' mixture against "rate <= q" is, with
t = sqrt(q), the integral of ``(1-w+w/t)^2s ((1-w)(1+w(1-t)/(1+t)))^f`` over w from 0 to 1. The logarithm of every term
is convex in q, and therefore that of the sum. So the logarithm of the product is convex in p0: it has one valley.
"""

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from weirdgen.stats.eprocess import BELOW_LOG_WEIGHTS, BELOW_RATES, SMALLEST_MASS, FloatArray
from weirdgen.stats.later import special

# Part of the stake that ABSENT does not bet on the control. A clean baseline cannot exclude p0 = 0, where a full bet
# loses: at 0 of 1000 and margin .05 the first ABSENT at 20 comes after 155 clean samples without it, 70 with it.
_UNBET = 0.8

# Candidates are searched on the logit scale from -28 to 28, 7e-13 from 0 and 1, in steps of the golden section: the
# last interval is 1.7e-6 wide.
_SPAN = 28.0
_STEPS = 36
_GOLDEN = (math.sqrt(5) - 1) / 2

_SERIES = np.arange(256.0)


def log_e_stored_above(
    successes: npt.ArrayLike, n: npt.ArrayLike, control_successes: npt.ArrayLike, control_n: int
) -> FloatArray:
    """Return the log e-value against "the treated mean rate is at most the control's" (PRESENT).

    Infimum over p0 of Robbins' (1970) one-sided mixture of the treated samples against rates up to p0, times that of
    the control samples against rates from p0; both with a Beta(1/2, 1) prior truncated to the other side of p0.

    Args:
        successes: treated positives after each round, shape broadcastable with `n`, each in [0, n].
        n: treated samples, balanced over the questions.
        control_successes: positives of the whole baseline, the same after every round, each in [0, control_n];
            broadcastable, where every question has a comparison of its own.
        control_n: samples of the baseline, balanced over the same questions; a number declared in advance.

    Returns:
        Log e-values, finite, in the shape of the counts. Before the first treated sample ``-log(1 + 2 *
        control_successes)``: the baseline alone is no evidence. For arms of up to 10,000 samples the values are at
        most 1e-6 below the infimum and 1e-7 above it.

    Raises:
        ValueError: successes are negative or more than samples.
    """
    s, total, control_s, control_total = _counts(successes, n, control_successes, control_n)
    f, control_f = total - s, control_total - control_s

    def log_product(logit: FloatArray) -> FloatArray:
        p, rest = special.expit(logit), special.expit(-logit)
        return _robbins_above(s, f, p, rest) + _robbins_below(control_s, control_f, p, rest)

    return _infimum(log_product, s.shape)


def log_e_stored_below(
    successes: npt.ArrayLike, n: npt.ArrayLike, control_successes: npt.ArrayLike, control_n: int, margin: float
) -> FloatArray:
    """Return the log e-value against "the treated mean rate exceeds the control's by `margin` or more" (ABSENT).

    Infimum over p0 in [0, 1 - margin] of the mixture of `log_e_below` against treated rates from ``p0 + margin``, times
    0.8 + 0.2 of Robbins' mixture of the control samples against rates up to p0. The control's true rate is such a p0,
    because the treated rate is at most 1. Never below 0.8 of what the treated arm shows alone.

    Args:
        successes: treated positives after each round, shape broadcastable with `n`, each in [0, n].
        n: treated samples, balanced over the questions.
        control_successes: positives of the whole baseline, the same after every round, each in [0, control_n];
            broadcastable, where every question has a comparison of its own.
        control_n: samples of the baseline, balanced over the same questions; a number declared in advance.
        margin: difference of rates under the null hypothesis, in (0, 1).

    Returns:
        Log e-values, finite, in the shape of the counts, as exact as those of `log_e_stored_above`.

    Raises:
        ValueError: `margin` is outside (0, 1), or successes are negative or more than samples.
    """
    if not 0 < margin < 1:
        raise ValueError(f"margin {margin!r} must lie in (0, 1)")
    s, total, control_s, control_total = _counts(successes, n, control_successes, control_n)
    f, control_f = total - s, control_total - control_s

    def log_product(logit: FloatArray) -> FloatArray:
        p, rest = (1 - margin) * special.expit(logit), (1 - margin) * special.expit(-logit)
        control = _robbins_above(control_s, control_f, p, margin + rest)
        bet = np.logaddexp(math.log(_UNBET), math.log1p(-_UNBET) + control)
        return _shares_below(s, f, margin + p, rest) + bet

    return _infimum(log_product, s.shape)


def _infimum(log_product: Callable[[FloatArray], FloatArray], shape: tuple[int, ...]) -> FloatArray:
    """Return a lower bound, elementwise, of a function of the logit of p0 whose values are convex in p0."""
    low, high = np.full(shape, -_SPAN), np.full(shape, _SPAN)
    left, right = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
    at_left, at_right = log_product(left), log_product(right)
    for _ in range(_STEPS):
        falls = at_left > at_right
        low, high = np.where(falls, left, low), np.where(falls, high, right)
        new = np.where(falls, low + _GOLDEN * (high - low), high - _GOLDEN * (high - low))
        at_new = log_product(new)
        left, right = np.where(falls, right, new), np.where(falls, new, left)
        at_left, at_right = np.where(falls, at_right, at_new), np.where(falls, at_new, at_left)
    least = np.minimum(at_left, at_right)
    # A convex function stays above the secants through the best point, prolonged to the other end of the interval:
    # from there it can fall by 1.62 times as much as it fell from the ends.
    fall = np.maximum(log_product(low), log_product(high)) - least
    return np.asarray(least - 2 * fall, dtype=np.float64)


def _robbins_above(s: FloatArray, f: FloatArray, p: FloatArray, rest: FloatArray) -> FloatArray:
    """Return the log mixture over rates above p; `rest` is 1 - p, which keeps its digits where p is near 1."""
    prior = np.log(2 * rest) - np.log1p(np.sqrt(p))
    return np.asarray(_log_beta_integral(f + 1, s + 0.5, rest, p) - prior - s * np.log(p) - f * np.log(rest))


def _robbins_below(s: FloatArray, f: FloatArray, p: FloatArray, rest: FloatArray) -> FloatArray:
    """Return the log mixture over rates below p; `rest` is 1 - p."""
    prior = np.log(2 * np.sqrt(p))
    return np.asarray(_log_beta_integral(s + 0.5, f + 1, p, rest) - prior - s * np.log(p) - f * np.log(rest))


def _shares_below(s: FloatArray, f: FloatArray, q: FloatArray, rest: FloatArray) -> FloatArray:
    """Return the log mixture of `log_e_below` over fixed shares of the rate q; `rest` is 1 - q."""
    weights = BELOW_LOG_WEIGHTS + np.multiply.outer(s, np.log(BELOW_RATES))
    failures = np.log1p(-np.multiply.outer(q, BELOW_RATES)) - np.log(rest)[..., None]
    return np.asarray(np.logaddexp.reduce(weights + f[..., None] * failures, axis=-1))


def _log_beta_integral(a: FloatArray, b: FloatArray, x: FloatArray, rest: FloatArray) -> FloatArray:
    """Return log of the integral of ``z^(a-1) (1-z)^(b-1)`` from 0 to x, without underflow; `rest` is 1 - x."""
    a, b, x, rest = np.broadcast_arrays(a, b, x, rest)
    mass = special.betainc(a, b, x)
    deep = mass < SMALLEST_MASS
    value = np.asarray(special.betaln(a, b) + np.log(np.where(deep, 1.0, mass)), dtype=np.float64)
    if deep.any():
        a, b, x, rest = a[deep], b[deep], x[deep], rest[deep]
        # The hypergeometric series (DLMF 8.17.8). All terms are positive, so the ones left out understate it.
        ratios = np.add.outer(a + b, _SERIES) / np.add.outer(a + 1, _SERIES) * x[..., None]
        series = np.log1p(np.cumprod(ratios, axis=-1).sum(axis=-1))
        value[deep] = a * np.log(x) + b * np.log(rest) - np.log(a) + series
    return value


def _counts(
    successes: npt.ArrayLike, n: npt.ArrayLike, control_successes: npt.ArrayLike, control_n: int
) -> tuple[FloatArray, ...]:
    parts = [np.asarray(c, dtype=np.float64) for c in (successes, n, control_successes, control_n)]
    s, total, control_s, control_total = counts = np.broadcast_arrays(*parts)
    if bool(np.any(s < 0) or np.any(s > total)):
        raise ValueError(f"successes {successes!r} must lie in [0, n] with n = {n!r}")
    if bool(np.any(control_s < 0) or np.any(control_s > control_total)):
        raise ValueError(f"control successes {control_successes!r} must lie in [0, n] with n = {control_n!r}")
    return counts
