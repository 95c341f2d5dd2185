"""Many hypotheses in one gate, and several attempts at one hypothesis."""

import math

_LATER_SHARE = 0.1
"""Of the error rate, for all attempts after the first."""


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


def attempt_alpha(alpha: float, attempt: int) -> float:
    """Return the error rate of one attempt: all attempts together spend alpha, so that restarting buys nothing.

    Nine tenths for the first, because nearly every trial is a first attempt and its bound is what users pay for; the
    later ones get ``alpha / 10 / (attempt * (attempt - 1))``, which sums to the rest.

    Raises:
        ValueError: alpha is outside (0, 1) or the attempt is below 1.
    """
    _check_alpha(alpha)
    if attempt < 1:
        raise ValueError(f"attempt {attempt!r} must be at least 1")
    later = alpha * _LATER_SHARE
    return alpha - later if attempt == 1 else later / (attempt * (attempt - 1))


def _check_alpha(alpha: float) -> None:
    if not 0 < alpha < 1:
        raise ValueError(f"alpha {alpha!r} must lie in (0, 1)")
