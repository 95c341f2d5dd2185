"""E-processes against a stored baseline, by blocks: every treated sample meets a few stored control samples.

For behaviour whose base rate is above some 2%. A block is one treated sample and `ratio` control samples of the same
question; a round is one block per question. A bet on the rates (t, b) has the factor ``(t/a)^y ((1-t)/(1-a))^(1-y)``
for a treated outcome y and ``(b/c)^y ((1-b)/(1-c))^(1-y)`` for a control outcome, where (a, c) is the reverse
information projection of (t, b): the rates in the null hypothesis with the least ``KL(t||a) + ratio * KL(b||c)``. Equal
stakes on a grid of bets. Source: Turner, Ly and Grünwald (2024, JSPI 230:106116) for i.i.d. blocks.

Why questions may differ. A factor is ``1 + u (y - a)`` or ``1 + v (y - c)``. Over a round of Q questions the
arithmetic-geometric mean inequality bounds the expected product by ``(1 + x / (1 + ratio))^(Q (1 + ratio))`` with
``x = u (mean p_T - a) + ratio * v (mean p_C - c)``, and x is at most 0 on the null hypothesis: that is the projection's
optimality condition on a convex set. So pooled counts test the difference of mean rates, at round ends only.

The control samples must be spent in an order that is independent of their outcomes, `ratio` per question and round, and
a trial stops by these values, never by a glance at the rest of the baseline.
"""

import random
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from weirdgen.stats.eprocess import FloatArray
from weirdgen.stats.later import optimize
from weirdgen.stats.outcomes import IntArray

_BASE_RATES = (0.002, 0.01, 0.03, 0.08, 0.2, 0.35, 0.5, 0.65, 0.8)
_LIFTS = (0.04, 0.1, 0.2, 0.4, 0.6)


def log_e_blocks_above(
    successes: npt.ArrayLike, n: npt.ArrayLike, control_successes: npt.ArrayLike, ratio: int
) -> FloatArray:
    """Return the log e-value against "the treated mean rate is at most the control's" (PRESENT).

    Bets on nine control rates from .002 to .8 and treated rates .04 to .6 above them.

    Args:
        successes: treated positives after each round, shape broadcastable with `n`, each in [0, n].
        n: treated samples, balanced over the questions.
        control_successes: positives among the ``ratio * n`` control samples of the same rounds, same shape.
        ratio: control samples per treated sample, at least 1; fixed before the data.

    Raises:
        ValueError: successes are negative or more than samples, or `ratio` is below 1.
    """
    bets = tuple((b + lift, b) for b in _BASE_RATES for lift in _LIFTS if b + lift < 1)
    return _mixture(successes, n, control_successes, _log_factors(bets, ratio, 0.0), ratio)


def log_e_blocks_below(
    successes: npt.ArrayLike, n: npt.ArrayLike, control_successes: npt.ArrayLike, ratio: int, margin: float
) -> FloatArray:
    """Return the log e-value against "the treated mean rate exceeds the control's by `margin` or more" (ABSENT).

    Bets that both rates are equal, on nine rates from .002 to .8.

    Args:
        successes: treated positives after each round, shape broadcastable with `n`, each in [0, n].
        n: treated samples, balanced over the questions.
        control_successes: positives among the ``ratio * n`` control samples of the same rounds, same shape.
        ratio: control samples per treated sample, at least 1; fixed before the data.
        margin: difference of rates under the null hypothesis, in (0, 1).

    Raises:
        ValueError: `margin` is outside (0, 1), successes are negative or more than samples, or `ratio` is below 1.
    """
    if not 0 < margin < 1:
        raise ValueError(f"margin {margin!r} must lie in (0, 1)")
    bets = tuple((b, b) for b in _BASE_RATES)
    return _mixture(successes, n, control_successes, _log_factors(bets, ratio, margin), ratio)


def null_projection(treated: float, control: float, ratio: int, margin: float) -> tuple[float, float]:
    """Return the rates (a, c) with ``a - c = margin`` that minimise ``KL(treated||a) + ratio * KL(control||c)``.

    Args:
        treated: rate of the treated arm that is bet on, in (0, 1).
        control: rate of the control arm, in (0, 1).
        ratio: control samples per treated sample.
        margin: difference of rates at the boundary of the null hypothesis, in [0, 1).
    """

    def slope(c: float) -> float:
        # The derivative times a (1-a) c (1-c): the same root, and finite where a rate reaches 0 or 1.
        a = c + margin
        return (a - treated) * c * (1 - c) + ratio * (c - control) * a * (1 - a)

    # One of the two summands vanishes at either end, and the other has the sign that brackets the root.
    ends = sorted(min(max(c, 0.0), 1 - margin) for c in (control, treated - margin))
    c = float(optimize.brentq(slope, ends[0], ends[1], xtol=1e-16))
    return c + margin, c


def shuffled_blocks(positives: Sequence[int], n: int, rounds: int, ratio: int, seed: int) -> IntArray:
    """Return running control positives per question after each round, for a baseline of which only counts are stored.

    Blocks need the order in which the control samples came, and the counts have lost it. Samples of a fixed number are
    exchangeable: given its count, every order of a question's outcomes was equally likely. An order drawn from that
    uniform distribution, by a seed that does not depend on the data, therefore gives back the joint distribution of the
    original samples, and all that holds for them holds for the drawn order. The same seed gives the same order on every
    machine, so a resumed trial goes on with the same process.

    Args:
        positives: per question, positives of the baseline, each in [0, n].
        n: control samples per question; a number declared before they were drawn.
        rounds: most rounds of the treated arm.
        ratio: control samples per question and round, at least 1.
        seed: fixed in the plan.

    Returns:
        Shape (rounds, questions).

    Raises:
        ValueError: the baseline is too small for the rounds, or positives are negative or more than `n`.
    """
    if not 1 <= ratio * rounds <= n:
        raise ValueError(f"{rounds!r} rounds of {ratio!r} control samples per question do not fit {n!r} stored ones")
    if min(positives) < 0 or max(positives) > n:
        raise ValueError(f"positives {list(positives)!r} must lie in [0, n] with n = {n!r}")
    # Python promises that random() repeats for a seed in all its versions; it does not for shuffle, nor does NumPy.
    draw = random.Random(seed).random
    order = np.argsort([[draw() for _ in range(n)] for _ in positives], axis=1, kind="stable")
    outcomes = order < np.asarray(positives).reshape(-1, 1)
    running = np.cumsum(outcomes, axis=1, dtype=np.int64)
    return np.asarray(running[:, ratio - 1 : ratio * rounds : ratio].T)


@lru_cache(maxsize=64)
def _log_factors(bets: tuple[tuple[float, float], ...], ratio: int, margin: float) -> FloatArray:
    """Return, per bet, the logs of its four factors: treated positive and negative, control positive and negative."""
    if ratio < 1:
        raise ValueError(f"ratio {ratio!r} must be at least 1")
    rows = []
    for treated, control in bets:
        a, c = null_projection(treated, control, ratio, margin)
        rows.append([treated / a, (1 - treated) / (1 - a), control / c, (1 - control) / (1 - c)])
    return np.asarray(np.log(rows), dtype=np.float64)


def _mixture(
    successes: npt.ArrayLike, n: npt.ArrayLike, control_successes: npt.ArrayLike, log_factors: FloatArray, ratio: int
) -> FloatArray:
    parts = [np.asarray(c, dtype=np.float64) for c in (successes, n, control_successes)]
    s, total, c = np.broadcast_arrays(*parts)
    if bool(np.any(s < 0) or np.any(s > total) or np.any(c < 0) or np.any(c > ratio * total)):
        raise ValueError(
            f"successes {successes!r} must lie in [0, n] and {control_successes!r} in [0, {ratio!r} * n] with n = {n!r}"
        )
    counts = np.stack([s, total - s, c, ratio * total - c], axis=-1)
    log_wealth = counts @ log_factors.T
    return np.asarray(np.logaddexp.reduce(log_wealth - np.log(len(log_factors)), axis=-1), dtype=np.float64)
