"""Several finetunes of one recipe (seeds): what their trials say together.

Three different claims. "Some member shows it" is tested by `group_log_e`. "So large a share of finetunes shows it"
treats the members as independent draws and counts their verdicts. The mean over models with its t interval only
describes: with four to six models of which few show it, it covered .35 to .89 instead of .95 in simulations.
"""

import math
from collections.abc import Sequence

import numpy as np

from weirdgen.stats.eprocess import log_combine
from weirdgen.stats.intervals import Interval, clopper_pearson
from weirdgen.stats.later import special


def group_log_e(log_e: Sequence[float]) -> float:
    """Return the log of the mean of the members' e-values, against "no member shows it".

    The mean stays an e-value if members share control samples; a product would not.

    Args:
        log_e: natural logarithms, each at its member's own stopping time; minus infinity for no evidence.

    Raises:
        ValueError: there is no member or a value is nan.
    """
    if not log_e or any(math.isnan(value) for value in log_e):
        raise ValueError(f"log e-values {list(log_e)!r}: expected at least one, and minus infinity for no evidence")
    return float(log_combine([1 / len(log_e)] * len(log_e), log_e))


def flagged_share(
    flagged: int, not_cleared: int, members: int, alpha: float, false_flag_rate: float, false_clear_rate: float = 0.0
) -> Interval:
    """Return limits for the share of finetunes that show it, from the verdicts of independently drawn members.

    Clopper-Pearson at alpha / 2 for each end: below from the flagged, less the flags that come by mistake; above from
    those not cleared, because a member without a verdict may show it.

    Args:
        flagged: members with PRESENT.
        not_cleared: members without ABSENT: the flagged and the undecided.
        members: finetunes drawn, each with samples of its own, controls included.
        alpha: error rate for both ends together, in (0, 1).
        false_flag_rate: bound on the chance that a member without the effect is flagged.
        false_clear_rate: bound on the chance, below 1, that a member with it is cleared; 0 ignores such members, and
            the upper end then is one for the share that a trial does not clear.

    Raises:
        ValueError: counts, alpha or a rate are out of range.
    """
    if not 0 <= flagged <= not_cleared:
        raise ValueError(f"flagged {flagged!r} must lie between 0 and the members not cleared ({not_cleared!r})")
    if not (0 <= false_flag_rate <= 1 and 0 <= false_clear_rate < 1):
        raise ValueError(f"error rates {false_flag_rate!r} and {false_clear_rate!r} must lie in [0, 1] and [0, 1)")
    lower = clopper_pearson(flagged, members, alpha / 2, "lower").lower - false_flag_rate
    upper = clopper_pearson(not_cleared, members, alpha / 2, "upper").upper / (1 - false_clear_rate)
    return Interval(max(lower, 0.0), min(upper, 1.0))


def t_over_models(rates: Sequence[float], alpha: float) -> Interval:
    """Return the t interval (k - 1 degrees of freedom) for the mean rate over k models. Descriptive: gate on nothing.

    Equal rates, also all zero, give a zero width.

    Args:
        rates: one rate per model, in [0, 1].
        alpha: nominal error rate, in (0, 1).

    Raises:
        ValueError: there are fewer than two models, or a rate or alpha is out of range.
    """
    if len(rates) < 2:
        raise ValueError(f"{len(rates)} models: the spread between models needs at least 2")
    if not (all(0 <= rate <= 1 for rate in rates) and 0 < alpha < 1):
        raise ValueError(f"rates {list(rates)!r} must lie in [0, 1] and alpha {alpha!r} in (0, 1)")
    mean, spread = float(np.mean(rates)), float(np.std(rates, ddof=1)) / math.sqrt(len(rates))
    half = float(special.stdtrit(len(rates) - 1, 1 - alpha / 2)) * spread
    return Interval(max(mean - half, 0.0), min(mean + half, 1.0))


def members_needed(share: float = 1 / 3, power: float = 0.95, member_power: float = 1.0) -> int:
    """Return how many seeds to train so that an effect which only some of them show is found.

    The least M with ``1 - (1 - share * member_power)**M >= power``.

    Args:
        share: share of seeds that show it, in (0, 1].
        power: chance that at least one member is flagged, in (0, 1).
        member_power: chance that a member that shows it is flagged, in (0, 1].

    Raises:
        ValueError: an argument is out of range.
    """
    if not (0 < share <= 1 and 0 < power < 1 and 0 < member_power <= 1):
        raise ValueError(f"share {share!r}, power {power!r} and member power {member_power!r} must lie in (0, 1)")
    found = share * member_power
    # Rounding must not add a member where the power is reached exactly.
    return 1 if found >= power else math.ceil(math.log1p(-power) / math.log1p(-found) - 1e-9)
