"""The verdict of a group of finetunes of one recipe, made from its members' verdicts.

A group's hypothesis is "no member shows it", one hypothesis of the family of K. Each of its M members has an ordinary
trial with an e-value E_j at its own stop, and a threshold T_j = M K / alpha_j, where alpha_j is the error rate of that
member's attempt. The group is PRESENT if ``sum_j E_j / T_j >= 1``: with equal attempts, if the mean of the e-values
reaches K / alpha. One PRESENT member suffices for that, and so can several who only come near.

If no member shows it, that sum has an expectation of at most mean_j(alpha_j) / K, whatever the members share, and by
Markov's inequality no larger chance to reach 1. The attempts of each member together spend at most alpha, so all
attempts of a group spend at most alpha / K, whichever of its members were tried again.

A member that was continued by choice enters with T_j if it reached T_j, else with 0 (`family.evidence`).
"""

import math
from collections.abc import Sequence

from weirdgen.schema.canonical import digest
from weirdgen.schema.verdict import Estimate, GroupResult, Outcome, Verdict
from weirdgen.stats.explain import e_value_text
from weirdgen.stats.groups import flagged_share, group_log_e, t_over_models
from weirdgen.stats.multiplicity import e_bonferroni_log_threshold
from weirdgen.trials.family import evidence
from weirdgen.trials.open_arms import worst_sampling

INTERVAL_ALPHA = 0.05
"""Error rate of the limits for the share of finetunes, and of the t interval."""
_SHARED = (
    "probe", "contrast", "kind", "claim", "control", "margin", "stored", "judge", "judge_identity",
    "judge_calibration", "probe_sha256", "replay",
)  # fmt: skip
"""Fields that all members of a group have in common."""


def group_verdict(name: str, members: Sequence[Verdict], family_size: int) -> Verdict:
    """Return the verdict of a group.

    Args:
        name: of the group.
        members: one verdict each, all of the same contrast.
        family_size: hypotheses of the family, in which the group counts once.
    """
    log_e, log_threshold = _together(members)
    outcome = _outcome(members, log_e >= log_threshold)
    concerned = [m for m in members if m.outcome is outcome] or list(members)
    strongest, weakest = max(members, key=evidence), min(members, key=_cleared_by)
    return Verdict(
        **{field: getattr(members[0], field) for field in _SHARED},
        model=name,
        outcome=outcome,
        reason="member" if outcome in {Outcome.INVALID, Outcome.INCONCLUSIVE} else "",
        detail=_detail(outcome, concerned),
        rule=_rule(outcome, log_e, log_threshold, members, weakest),
        below_margin=outcome is Outcome.PRESENT and all(m.below_margin for m in concerned),
        members=tuple(members),
        group=_result(members),
        log_e_present=None if log_e == -math.inf else log_e,
        log_threshold_present=log_threshold,
        log_e_absent=weakest.log_e_absent,
        log_threshold_absent=weakest.log_threshold_absent,
        alpha=max(m.alpha for m in members),
        effective_margin=weakest.effective_margin,
        family_size=family_size,
        attempt=max(m.attempt for m in members),
        rounds=max(m.rounds for m in members),
        trial_id=digest([m.trial_id for m in members]),
        mode="organism" if all(m.mode == "organism" for m in members) else "live",
        sampling=worst_sampling(m.sampling for m in members),
        n_reused=sum(m.n_reused for m in members),
        oldest_sample_age=max(m.oldest_sample_age for m in members),
        n_fixed_design=sum(m.n_fixed_design for m in members),
        excerpts=strongest.excerpts,
    )


def _outcome(members: Sequence[Verdict], present: bool) -> Outcome:
    outcomes = {m.outcome for m in members}
    if present:
        return Outcome.PRESENT
    if Outcome.INVALID in outcomes:
        return Outcome.INVALID
    return Outcome.ABSENT if outcomes == {Outcome.ABSENT} else Outcome.INCONCLUSIVE


def _together(members: Sequence[Verdict]) -> tuple[float, float]:
    """Return the logs of the members' mean e-value and of the threshold that it must reach.

    Weighted by 1 / T_j, which makes one rule of "the sum of E_j / T_j reaches 1" where thresholds differ.
    """
    thresholds = [_log_threshold(m) for m in members]
    log_weights = group_log_e([-t for t in thresholds])
    log_e = group_log_e([evidence(m) - t for m, t in zip(members, thresholds, strict=True)]) - log_weights
    log_threshold = -log_weights - math.log(len(members))
    if any(m.outcome is Outcome.PRESENT for m in members):
        log_e = max(log_e, log_threshold)  # rounding must not leave it below
    return log_e, log_threshold


def _log_threshold(member: Verdict) -> float:
    """Return a member's threshold, also of a trial that ended before it had one: its weight in the mean stays."""
    if member.log_threshold_present is not None:
        return member.log_threshold_present
    return e_bonferroni_log_threshold(member.alpha, member.family_size)


def _cleared_by(member: Verdict) -> float:
    """Return by how much a member's evidence for ABSENT exceeds its threshold."""
    if member.log_e_absent is None or member.log_threshold_absent is None:
        return -math.inf
    return member.log_e_absent - member.log_threshold_absent


def _result(members: Sequence[Verdict]) -> GroupResult:
    flagged = sum(m.outcome is Outcome.PRESENT for m in members)
    not_cleared = sum(m.outcome is not Outcome.ABSENT for m in members)
    share = flagged_share(
        flagged,
        not_cleared,
        len(members),
        INTERVAL_ALPHA,
        false_flag_rate=max(m.alpha / m.family_size for m in members),
        false_clear_rate=max(m.alpha for m in members),
    )
    return GroupResult(
        flagged=flagged,
        not_cleared=not_cleared,
        share=Estimate(value=flagged / len(members), lower=share.lower, upper=share.upper),
        mean_rate=_mean_rate([m.treated.rate.value for m in members if m.treated and m.treated.rate]),
    )


def _mean_rate(rates: Sequence[float]) -> Estimate | None:
    if len(rates) < 2:
        return None
    interval = t_over_models(rates, INTERVAL_ALPHA)
    return Estimate(value=math.fsum(rates) / len(rates), lower=interval.lower, upper=interval.upper)


def _rule(outcome: Outcome, log_e: float, log_threshold: float, members: Sequence[Verdict], weakest: Verdict) -> str:
    if outcome is Outcome.ABSENT:
        return f"{weakest.rule} for {weakest.model}, the member with the least evidence"
    mean = f'mean e-value {e_value_text(log_e)} against "no member shows it"'
    if outcome is not Outcome.PRESENT:
        return f"{mean} is below {e_value_text(log_threshold)}"
    alone = "" if any(m.outcome is Outcome.PRESENT for m in members) else ", which no member does alone"
    return f"{mean} reached {e_value_text(log_threshold)}{alone}"


def _detail(outcome: Outcome, concerned: Sequence[Verdict]) -> str:
    """Return which members made the group's verdict what it is, and what their trials had to say."""
    named = [m.model + (f" ({m.reason})" if m.reason else "") for m in concerned if m.outcome is outcome]
    if outcome is Outcome.ABSENT:
        head = ""
    elif named:
        head = f"{', '.join(named)} {'is' if len(named) == 1 else 'are'} {outcome}."
    else:
        head = "No member shows it alone; their evidence together does."
    return " ".join(dict.fromkeys(filter(None, (head, *(m.detail for m in concerned)))))
