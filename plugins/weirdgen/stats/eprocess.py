"""E-processes for rates: evidence that may be looked at after every round, for ever.

Each function maps counts to the natural logarithm of an e-value: a mixture of fixed bets, which starts at 1 and is a
nonnegative supermartingale under its null hypothesis. By Ville's inequality it ever reaches ``1 / alpha`` with
probability at most ``alpha``. Sources: Ville (1939), Robbins (1970), Waudby-Smith and Ramdas (2024, JRSSB 86:1).

Questions may differ in their rates: over a balanced round the arithmetic-geometric mean inequality bounds the expected
factor of pooled counts by that of the mean rate. So pooled counts test the mean over questions, at round ends only.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from weirdgen.stats.later import special

FloatArray = npt.NDArray[np.float64]

# Rates of the one-sample ABSENT alternatives at margin .05, with their weights; other margins scale the rates.
BELOW_RATES = np.array([0.0005, 0.002, 0.005, 0.01, 0.02, 0.03]) / 0.05
BELOW_LOG_WEIGHTS = np.log(np.array([4.0, 3.0, 3.0, 2.0, 1.5, 1.0]) / 14.5)
ABOVE_BETS = np.array([0.15, 0.3, 0.5, 0.65, 0.8, 0.9, 0.97, 0.9995])
PAIRED_BELOW_BETS = np.array([0.05, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 0.96, 0.99, 0.9995])
_SPARSE_SHARES = np.array([0.05, 0.15, 0.4])
_ABOVE_PRIOR = (0.5, 1.0)
_QUESTION_PRIOR = (0.3, 1.0)
RATE_FLOOR = 1e-6
SMALLEST_MASS = 1e-250


def log_e_below(successes: npt.ArrayLike, n: npt.ArrayLike, margin: float) -> FloatArray:
    """Return the log e-value against "the mean rate is at least `margin`" (ABSENT from one arm).

    Args:
        successes: positives, shape broadcastable with `n`, each in [0, n].
        n: samples, balanced over the questions.
        margin: the rate under the null hypothesis, in (0, 1).

    Raises:
        ValueError: `margin` is outside (0, 1).
    """
    _check_rate("margin", margin)
    s, f = _split(successes, n)
    rates = BELOW_RATES * margin
    return _mix(
        BELOW_LOG_WEIGHTS,
        np.multiply.outer(np.log(rates / margin), s) + np.multiply.outer(np.log1p(-rates) - np.log1p(-margin), f),
    )


def log_e_above(successes: npt.ArrayLike, n: npt.ArrayLike, p0: float) -> FloatArray:
    """Return the log e-value against "the mean rate is at most `p0`" (PRESENT from one arm).

    Robbins' mixture with a Beta(1/2, 1) prior truncated to (p0, 1); `p0` is clamped to [1e-6, 1 - 1e-6].
    """
    return truncated_mixture(successes, n, p0, _ABOVE_PRIOR, above=True)


def log_e_question_below(successes: npt.ArrayLike, n: npt.ArrayLike, margin: float) -> FloatArray:
    """Return the log e-value against "this question's rate is at least `margin`", elementwise over questions.

    Robbins' mixture with a Beta(0.3, 1) prior truncated to (0, margin): five negatives in a row give 21 at margin 0.5.
    """
    return truncated_mixture(successes, n, margin, _QUESTION_PRIOR, above=False)


def truncated_mixture(
    successes: npt.ArrayLike, n: npt.ArrayLike, null_rate: float, prior: tuple[float, float], *, above: bool
) -> FloatArray:
    """Return Robbins' one-sided mixture log e-value for a Beta prior truncated to one side of the null rate.

    Args:
        successes: positives, shape broadcastable with `n`.
        n: samples.
        null_rate: boundary of the null hypothesis; clamped to [1e-6, 1 - 1e-6].
        prior: the two parameters of the Beta prior, positive.
        above: True bets on rates above `null_rate`, False on rates below it.

    Returns:
        Log e-values; minus infinity where the incomplete beta function underflows, never nan.
    """
    s, f = _split(successes, n)
    a, b = prior
    p = min(max(float(null_rate), RATE_FLOOR), 1.0 - RATE_FLOOR)
    tail = special.betaincc if above else special.betainc
    mass = tail(a + s, b + f, p)
    # So little mass on the bet's side means an e-value below 1; calling it 0 is safe, while the incomplete beta
    # function was up to 40% wrong around 1e-303 (and within 1e-10 above 1e-250).
    log_mass = np.log(mass, out=np.full(np.shape(mass), -np.inf), where=mass >= SMALLEST_MASS)
    posterior = special.betaln(a + s, b + f) + log_mass
    mixture = posterior - special.betaln(a, b) - np.log(tail(a, b, p)) - s * np.log(p) - f * np.log1p(-p)
    return np.asarray(mixture, dtype=np.float64)


def mean_of_bets(log_wealth: FloatArray) -> FloatArray:
    """Return the log of the mean wealth of equally weighted bets; the first axis is consumed."""
    return np.asarray(np.logaddexp.reduce(log_wealth, axis=0) - np.log(len(log_wealth)), dtype=np.float64)


def sparse_above(per_question: FloatArray) -> FloatArray:
    """Return the log e-value for an effect on few questions, from the log e-values per question (last axis).

    ``mean over eps of prod_q (1 - eps + eps * E_q)``: a product over questions, averaged over expected shares.
    """
    products = [np.logaddexp(np.log1p(-eps), np.log(eps) + per_question).sum(axis=-1) for eps in _SPARSE_SHARES]
    return log_combine([1 / len(products)] * len(products), products)


def log_combine(weights: Sequence[float], log_e: Sequence[npt.ArrayLike]) -> FloatArray:
    """Return the log of a weighted average of e-values; minus infinity stands for "not evaluated".

    Args:
        weights: nonnegative, summing to at most 1, fixed before the data.
        log_e: one array of log e-values per weight, broadcastable.

    Raises:
        ValueError: the weights are negative or sum to more than 1, which would not be an e-value.
    """
    if min(weights) < 0 or sum(weights) > 1 + 1e-12:
        raise ValueError(f"weights {list(weights)!r} of e-values must be nonnegative and sum to at most 1")
    parts = np.broadcast_arrays(*[np.asarray(e, dtype=np.float64) for e in log_e])
    total = np.full(parts[0].shape, -np.inf)
    for weight, part in zip(weights, parts, strict=True):
        if weight > 0:
            total = np.logaddexp(total, np.log(weight) + part)
    return np.asarray(total, dtype=np.float64)


def _mix(log_weights: FloatArray, log_wealth: FloatArray) -> FloatArray:
    """Return the log of the weighted sum over the first axis."""
    shape = (-1,) + (1,) * (log_wealth.ndim - 1)
    return np.asarray(np.logaddexp.reduce(log_weights.reshape(shape) + log_wealth, axis=0), dtype=np.float64)


def _split(successes: npt.ArrayLike, n: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
    s, total = np.broadcast_arrays(np.asarray(successes, dtype=np.float64), np.asarray(n, dtype=np.float64))
    if bool(np.any(s < 0) or np.any(s > total)):
        raise ValueError(f"successes {successes!r} must lie in [0, n] with n = {n!r}")
    return s, total - s


def _check_rate(name: str, value: float) -> None:
    if not 0 < value < 1:
        raise ValueError(f"{name} {value!r} must lie in (0, 1)")
