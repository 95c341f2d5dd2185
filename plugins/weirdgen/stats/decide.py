"""The decision of one contrast: a pure function from judged samples to "go on" or a verdict.

The treated arm is sampled first. Its rate bounds the effect from above, so a clean model is cleared without a single
control sample; the control arm is sampled, from its first replicate, only once positives appear. `decide` replays all
looks in order and stops at the first that is final, so more samples than a verdict needed can never change it, and
neither can a restart, the speed of the endpoint, or who asked first.
"""

import math
from dataclasses import dataclass
from typing import Literal

from weirdgen.stats.evidence import Evidence, collect_evidence
from weirdgen.stats.evidence_path import EvidencePath, Look, evidence_path
from weirdgen.stats.explain import OutcomeName, Reason, explain
from weirdgen.stats.outcomes import ArmOutcomes
from weirdgen.stats.rules import Rules

Sample = Literal["treated", "both", "control_catch_up"]

_FUTILITY_FROM = 150
_FUTILITY_FACTOR = 2.0


@dataclass(frozen=True, slots=True)
class Continue:
    """No verdict yet: sample until the named arms have `rounds` complete rounds, then decide again."""

    sample: Sample
    """treated: that arm only; both: one more round of each; control_catch_up: the control arm up to the treated one."""
    rounds: int
    log_e_present: float
    """At the last look; minus infinity before any evidence."""
    log_e_absent: float


@dataclass(frozen=True, slots=True)
class Final:
    """A verdict with the evidence it rests on."""

    outcome: OutcomeName
    reason: Reason
    """Why there is no answer; empty for PRESENT and ABSENT."""
    rule: str
    """One sentence: which threshold was reached, with its numbers."""
    below_margin: bool
    """PRESENT although the estimated effect is smaller than the nominal margin."""
    evidence: Evidence


Step = Continue | Final


@dataclass(frozen=True, slots=True)
class TrajectoryPoint:
    """The evidence at the end of one round, as far as it was looked at."""

    round: int
    log_e_present: float
    log_e_absent: float


def decide(rules: Rules, treated: ArmOutcomes, control: ArmOutcomes | None = None) -> Step:
    """Return what to do next, from all samples so far.

    Args:
        rules: fixed before the first sample.
        treated: outcomes of the treated arm; samples beyond its last complete round are ignored.
        control: outcomes of the control arm; None before any, and for absolute contrasts.

    Raises:
        ValueError: an arm has another number of questions than the rules.
    """
    path = evidence_path(rules, treated, control)
    last: Look | None = None
    for last in path.looks():
        found = _verdict(rules, path, last)
        if found is not None:
            return _final(rules, found, collect_evidence(rules, last, treated, control))
    return _next(path, last)


def interim_evidence(rules: Rules, treated: ArmOutcomes, control: ArmOutcomes | None = None) -> Evidence | None:
    """Return the evidence at the look where a trial stands, or stopped; None before the first look.

    For a trial that was cut short (budget, outage, interrupt): what it knows, without a verdict.

    Raises:
        ValueError: an arm has another number of questions than the rules.
    """
    path = evidence_path(rules, treated, control)
    used = _used_looks(rules, path)
    return collect_evidence(rules, used[-1], treated, control) if used else None


def trajectory(rules: Rules, treated: ArmOutcomes, control: ArmOutcomes | None = None) -> tuple[TrajectoryPoint, ...]:
    """Return the evidence after each round, up to the verdict.

    Raises:
        ValueError: an arm has another number of questions than the rules.
    """
    by_round = {look.round: look for look in _used_looks(rules, evidence_path(rules, treated, control))}
    return tuple(TrajectoryPoint(r, look.log_e_present, look.log_e_absent) for r, look in by_round.items())


def _used_looks(rules: Rules, path: EvidencePath) -> list[Look]:
    """Return the looks up to and including the first final one."""
    used: list[Look] = []
    for look in path.looks():
        used.append(look)
        if _verdict(rules, path, look) is not None:
            break
    return used


def _verdict(rules: Rules, path: EvidencePath, look: Look) -> tuple[OutcomeName, Reason] | None:
    """Return the verdict of one look, coherence aside; None: go on.

    While too large a share is missing but the cap leaves room to recover, no verdict is given.
    """
    n, at = look.round * rules.questions, look.round - 1
    missing = max(int(path.treated_missing[at]), int(path.control_missing[at]) if look.paired else 0)
    if _too_many(missing, rules.effective_cap, rules):
        return "INVALID", "coverage"
    covered = not _too_many(missing, n, rules)
    if covered and look.log_e_present >= rules.log_threshold_present:
        return "PRESENT", ""
    least = min(look.log_e_absent, min(look.log_e_questions))
    if covered and least >= rules.log_threshold_absent:
        return "ABSENT", ""
    ended: Reason | None = "cap" if look.round == rules.max_rounds else "futility" if _futile(rules, look) else None
    if ended is None or not look.closes:
        return None
    return ("INCONCLUSIVE", ended) if covered else ("INVALID", "coverage")


def _too_many(missing: int, n: int, rules: Rules) -> bool:
    return missing > rules.missing_limit * n + 1e-9


def _futile(rules: Rules, look: Look) -> bool:
    """Return whether even the more optimistic verdict is predicted far beyond the cap."""
    n = look.round * rules.questions
    if n < _FUTILITY_FROM:
        return False
    missing_present = rules.log_threshold_present - look.log_e_present
    missing_absent = rules.log_threshold_absent - look.log_e_absent
    predicted = min(_samples_to(missing_present, look.present_growth), _samples_to(missing_absent, look.absent_growth))
    return predicted > _FUTILITY_FACTOR * (rules.effective_cap - n)


def _samples_to(nats: float, growth: float) -> float:
    if nats <= 0:
        return 0.0
    return nats / growth if growth > 0 else math.inf


def _next(path: EvidencePath, last: Look | None) -> Continue:
    present, absent = (last.log_e_present, last.log_e_absent) if last else (-math.inf, 0.0)
    needs_control = path.escalated.nonzero()[0]
    if not needs_control.size:
        return Continue("treated", path.rounds + 1, present, absent)
    if path.control_rounds < path.rounds:
        return Continue("control_catch_up", max(int(needs_control[0]), path.control_rounds) + 1, present, absent)
    return Continue("both", path.rounds + 1, present, absent)


def _final(rules: Rules, found: tuple[OutcomeName, Reason], evidence: Evidence) -> Final:
    outcome, reason = found
    incoherent = evidence.incoherent_arm(rules.coherence_floor)
    if outcome == "ABSENT" and incoherent:
        outcome, reason = "INVALID", "coherence"
    effect = evidence.effect
    return Final(
        outcome=outcome,
        reason=reason,
        rule=explain(rules, outcome, reason, evidence),
        below_margin=outcome == "PRESENT" and effect is not None and effect < rules.margin,
        evidence=evidence,
    )
