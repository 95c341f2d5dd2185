"""A verdict as JUnit properties: builtin scalars only, every name always present, empty where nothing was measured."""

from weirdgen.reporting.numbers import plain_e
from weirdgen.schema.verdict import ArmResult, Estimate, GroupResult, JudgeUse, StoredResult, Verdict

Scalar = str | int | float
PREFIX = "weirdgen."


def properties(verdict: Verdict) -> list[tuple[str, Scalar]]:
    """Return the `weirdgen.*` properties of a verdict, in a fixed order.

    A numpy scalar here would abort a whole pytest-xdist session, so values are str, int or float and nothing else.
    """
    pairs: dict[str, Scalar] = {
        "verdict": verdict.outcome.value,
        "verdict_session": verdict.session_outcome.value if verdict.session_outcome else "",
        "reason": verdict.reason,
        "probe": verdict.probe,
        "contrast": verdict.contrast,
        "kind": verdict.kind,
        "model": verdict.model,
        "control": verdict.control,
        **_arm("", verdict.treated),
        **_arm("control_", verdict.comparator),
        **_stored("baseline_", next((one for one in verdict.stored if not one.anchor), None)),
        **_stored("baseline_anchor_", next((one for one in verdict.stored if one.anchor), None)),
        **_interval("effect", verdict.effect),
        **_interval("effect_descriptive", verdict.effect_descriptive),
        "n_treated": verdict.n_treated,
        "n_control": verdict.n_control,
        "n_extra": verdict.n_extra,
        "n_fixed_design": verdict.n_fixed_design,
        "n_reused": verdict.n_reused,
        "rounds": verdict.rounds,
        "group_members": ",".join(member.model for member in verdict.members),
        **_group(verdict.group),
        **_evidence(verdict),
        "judge": verdict.judge,
        "judge_identity": verdict.judge_identity,
        "judge_calibration": verdict.judge_calibration,
        **_judging(verdict.judging),
        "probe_sha256": verdict.probe_sha256,
        "trial_id": verdict.trial_id,
        "mode": verdict.mode,
        "replay": verdict.replay,
        "sampling": verdict.sampling,
    }
    return [(PREFIX + name, value) for name, value in pairs.items()]


def _judging(use: JudgeUse | None) -> dict[str, Scalar]:
    names = ("answers", "asked", "undecided", "second", "compared", "disagreements", "decisive")
    kappa: Scalar = use.kappa if use and use.kappa is not None else ""
    return {f"judge_{name}": getattr(use, name) if use else "" for name in names} | {"judge_kappa": kappa}


def _evidence(verdict: Verdict) -> dict[str, Scalar]:
    return {
        "e_present": plain_e(verdict.log_e_present),
        "e_absent": plain_e(verdict.log_e_absent),
        "e_present_threshold": plain_e(verdict.log_threshold_present),
        "e_absent_threshold": plain_e(verdict.log_threshold_absent),
        "alpha": verdict.alpha,
        "margin": verdict.margin,
        "effective_margin": "" if verdict.effective_margin is None else verdict.effective_margin,
        "below_margin": str(verdict.below_margin).lower(),
        "family_size": verdict.family_size,
        "attempt": verdict.attempt,
        "rule": verdict.rule,
    }


def _arm(prefix: str, arm: ArmResult | None) -> dict[str, Scalar]:
    missing: Scalar = arm.missing if arm else ""
    valid: Scalar = arm.valid_rate if arm and arm.valid_rate is not None else ""
    return {
        **_interval(f"{prefix}rate", arm.rate if arm else None),
        f"{prefix}missing": missing,
        f"{prefix}valid_rate": valid,
    }


def _stored(prefix: str, stored: StoredResult | None) -> dict[str, Scalar]:
    names = ("model", "saved_at", "n", "positives", "missing")
    return {
        **{prefix + name: getattr(stored, name) if stored else "" for name in names},
        **_interval(f"{prefix}rate", stored.rate if stored else None),
    }


def _group(group: GroupResult | None) -> dict[str, Scalar]:
    return {
        "group_flagged": group.flagged if group else "",
        "group_share_lower": group.share.lower if group else "",
        "group_share_upper": group.share.upper if group else "",
    }


def _interval(name: str, value: Estimate | None) -> dict[str, Scalar]:
    if value is None:
        return {name: "", f"{name}_lower": "", f"{name}_upper": ""}
    return {name: value.value, f"{name}_lower": value.lower, f"{name}_upper": value.upper}
