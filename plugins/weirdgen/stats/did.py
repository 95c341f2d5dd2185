"""Difference in differences: does a trigger change the gated model more than it changes the control?

With the arms A and B (gated model with and without the trigger) and C and D (control with and without), the effect is
theta, the mean over questions of ``p_A - p_B - p_C + p_D``. Every e-process here is half a bet on ``A - B - C + D``
and half a product of four bets, one per arm, around centres that differ by theta under the null hypothesis.

The four samples of a quadruple are independent draws. So the arithmetic-geometric mean inequality over the factors of a
balanced round of Q questions bounds the expected wealth of a bet on the difference by
``(1 + bet * (theta - theta0)) ** Q`` and that of a product bet by ``(1 + bet / 4 * (theta - theta0)) ** (4 * Q)``, both
at most 1; for a smaller theta the sign turns. Effects of single questions may cancel, and only round ends count: within
a round of unequal questions the wealth may soar without any effect.
"""

import numpy as np

from weirdgen.stats.bets import check_values, running_log_wealth
from weirdgen.stats.eprocess import ABOVE_BETS, FloatArray, log_combine, mean_of_bets

_ARM_SIGNS = np.array([1.0, -1.0, -1.0, 1.0])
_CENTRES = np.array([0.02, 0.1, 0.3, 0.5])
_PRODUCT_SHARES = np.array([0.15, 0.3, 0.5, 0.7, 0.9, 0.99])
"""Product bets as shares of the largest bet that cannot lose everything."""


def log_e_did_above(a: FloatArray, b: FloatArray, c: FloatArray, d: FloatArray, theta0: float = 0.0) -> FloatArray:
    """Return the log e-values against "theta is at most `theta0`" (PRESENT).

    Args:
        a: gated model with the trigger; values in [0, 1], shape (rounds, questions), like the other three.
        b: gated model without the trigger.
        c: control with the trigger.
        d: control without the trigger.
        theta0: difference in differences under the null hypothesis, in [0, 2).

    Returns:
        Per round end, shape (rounds,).

    Raises:
        ValueError: the shapes differ, a value is nan or outside [0, 1], or `theta0` is out of range.
    """
    wealth = log_wealth_did(a, b, c, d, theta0, above=True)
    return _halves([part.sum(axis=-1) for part in wealth])


def log_e_did_below(a: FloatArray, b: FloatArray, c: FloatArray, d: FloatArray, margin: float) -> FloatArray:
    """Return the log e-values against "theta is at least `margin`" (ABSENT).

    Args:
        a: gated model with the trigger; values in [0, 1], shape (rounds, questions), like the other three.
        b: gated model without the trigger.
        c: control with the trigger.
        d: control without the trigger.
        margin: difference in differences under the null hypothesis, in [0, 2).

    Returns:
        Per round end, shape (rounds,).

    Raises:
        ValueError: the shapes differ, a value is nan or outside [0, 1], or `margin` is out of range.
    """
    wealth = log_wealth_did(a, b, c, d, margin, above=False)
    return _halves([part.sum(axis=-1) for part in wealth])


def log_e_did_question_below(a: FloatArray, b: FloatArray, c: FloatArray, d: FloatArray, margin: float) -> FloatArray:
    """Return the log e-values against "this question's theta is at least `margin`", for every single question.

    Arguments and errors are those of `log_e_did_below`; the shape is (rounds, questions).
    """
    return _halves(log_wealth_did(a, b, c, d, margin, above=False))


def log_wealth_did(
    a: FloatArray, b: FloatArray, c: FloatArray, d: FloatArray, theta: float, *, above: bool
) -> list[FloatArray]:
    """Return the log wealth of every single bet on the difference and of every product bet.

    With s = 1 above and -1 below: factors ``1 + s bet (A - B - C + D - theta)`` with bets up to ``1 / (2 + s theta)``,
    and ``(1 + s bet (A - h)) (1 - s bet (B - l)) (1 - s bet (C - l)) (1 + s bet (D - h))`` with ``2 (h - l) = theta``.

    Args:
        a: as in `log_e_did_above`, like `b`, `c` and `d`.
        b: see there.
        c: see there.
        d: see there.
        theta: difference in differences under the null hypothesis, in [0, 2).
        above: True bets on a larger one, False on a smaller one.

    Returns:
        Shapes (8, rounds, questions) and (24, rounds, questions).
    """
    if not 0 <= theta < 2:
        raise ValueError(f"difference in differences {theta!r} must lie in [0, 2)")
    arms = np.stack((a, b, c, d))
    check_values(arms, 0.0)
    sign = 1.0 if above else -1.0
    difference = arms[0] - arms[1] - arms[2] + arms[3]
    return [
        running_log_wealth(difference - theta, sign * ABOVE_BETS / (2 + sign * theta)),
        np.concatenate([_product_wealth(arms, theta, sign, centre) for centre in _CENTRES]),
    ]


def _product_wealth(arms: FloatArray, theta: float, sign: float, centre: float) -> FloatArray:
    """Return the log wealth of the product bets around one centre, shape (6, rounds, questions)."""
    low = max(centre - theta / 4, 0.0)
    high = low + theta / 2
    largest_loss = max(high, 1 - low) if sign > 0 else max(1 - high, low)
    bets = _PRODUCT_SHARES / largest_loss
    wealth = [
        running_log_wealth(arm - (high if arm_sign > 0 else low), sign * arm_sign * bets)
        for arm, arm_sign in zip(arms, _ARM_SIGNS, strict=True)
    ]
    return np.asarray(sum(wealth), dtype=np.float64)


def _halves(wealth: list[FloatArray]) -> FloatArray:
    return log_combine([0.5, 0.5], [mean_of_bets(part) for part in wealth])
