"""How often the behaviour really occurs: the share of positives, corrected for the judge's mistakes on gold answers.

For reports only: the corrected share moves with the gold draw, so gates use the bounds of `judge_error`. Assumes that
the judge errs on these answers as often as on the gold answers.
"""

import math

from weirdgen.stats.intervals import Interval
from weirdgen.stats.judge_error import GoldCounts
from weirdgen.stats.later import special


def rogan_gladen(positives: int, n: int, gold: GoldCounts) -> float:
    """Return Rogan and Gladen's (1978, American Journal of Epidemiology 107:71) estimate of the true rate, in [0, 1].

    The observed rate less the judge's false-positive rate, divided by Youden's index.

    Args:
        positives: answers that the judge called positive, in [0, n].
        n: judged answers, at least 1.
        gold: the judge's record, with at least one positive and one negative.

    Raises:
        ValueError: counts are out of range, or the judge is no better than chance (Youden's index not above 0).
    """
    _check(positives, n, gold)
    false_positive = gold.false_positive_rate
    return _clip((positives / n - false_positive) / _youden(gold.hits / gold.positives, false_positive))


def lang_reiczigel(positives: int, n: int, gold: GoldCounts, alpha: float = 0.05) -> Interval:
    """Return Lang and Reiczigel's (2014, Preventive Veterinary Medicine 113:13) interval for the true rate.

    Adjusted counts as in Agresti and Coull (1998), then a normal interval that is moved by their equation 17 and allows
    for the gold draw. Their equation 4 has a misprint: the factor of the last term is ``(1 - P)**2``.

    Args:
        positives: answers that the judge called positive, in [0, n].
        n: judged answers, at least 1.
        gold: the judge's record, with at least one positive and one negative.
        alpha: error rate for both ends together, in (0, 1); studied at .05.

    Returns:
        Ends in [0, 1]. No width at 0 or 1 says that the judge's record on gold answers does not fit these answers.

    Raises:
        ValueError: counts or alpha are out of range, or the judge is no better than chance after the adjustment.
    """
    _check(positives, n, gold)
    if not 0 < alpha < 1:
        raise ValueError(f"alpha {alpha!r} must lie in (0, 1)")
    z2 = float(special.ndtri(alpha / 2)) ** 2
    observed = (positives + z2 / 2) / (n + z2)
    sensitivity, sensitivity_variance = _plus_one_each(gold.hits, gold.positives)
    false_positive, false_positive_variance = _plus_one_each(gold.false_alarms, gold.negatives)
    youden = _youden(sensitivity, false_positive)
    rate = (observed - false_positive) / youden
    shift = 2 * z2 * (rate * sensitivity_variance - (1 - rate) * false_positive_variance)
    gold_variance = rate**2 * sensitivity_variance + (1 - rate) ** 2 * false_positive_variance
    spread = math.sqrt(z2 * (observed * (1 - observed) / (n + z2) + gold_variance)) / youden
    return Interval(_clip(rate + shift - spread), _clip(rate + shift + spread))


def _plus_one_each(count: int, total: int) -> tuple[float, float]:
    """Return a rate and its variance, with one success and one failure added."""
    rate = (count + 1) / (total + 2)
    return rate, rate * (1 - rate) / (total + 2)


def _youden(sensitivity: float, false_positive: float) -> float:
    if sensitivity <= false_positive:
        raise ValueError(
            f"sensitivity {sensitivity:.3f} does not exceed the false-positive rate {false_positive:.3f}:"
            " nothing can be learnt from this judge"
        )
    return sensitivity - false_positive


def _clip(rate: float) -> float:
    return min(max(rate, 0.0), 1.0)


def _check(positives: int, n: int, gold: GoldCounts) -> None:
    if not 0 <= positives <= n or n == 0:
        raise ValueError(f"positives {positives!r} must lie in [0, n] with n = {n!r} at least 1")
    if min(gold.positives, gold.negatives) == 0:
        raise ValueError(f"{gold!r}: both sensitivity and specificity need gold answers")
