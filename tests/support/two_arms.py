"""One treated arm and its control, or none: decisions about them in few words."""

import dataclasses

from arm_outcomes import nothing

from weirdgen.stats import decide as core
from weirdgen.stats.decide import Continue, Final, Step, Want
from weirdgen.stats.evidence import ArmEvidence, Evidence, TrajectoryPoint
from weirdgen.stats.outcomes import ArmOutcomes
from weirdgen.stats.rules import Kind, Rules, trial_rules


def rules_for(kind: Kind = "lift", questions: int = 10, cap: int = 400, margin: float = 0.05, family: int = 1) -> Rules:
    """Rules without extra pairs, which have tests of their own."""
    rules = trial_rules(
        kind, questions=questions, margin=margin, alpha=0.05, family_size=family, cap=cap, tolerance=0.01
    )
    return dataclasses.replace(rules, extra_pairs=0)


def arms_of(rules: Rules, treated: ArmOutcomes, control: ArmOutcomes | None) -> list[ArmOutcomes]:
    return [treated] if rules.kind == "absolute" else [treated, control or nothing(rules.questions)]


def decide(rules: Rules, treated: ArmOutcomes, control: ArmOutcomes | None = None) -> Step:
    return core.decide(rules, arms_of(rules, treated, control))


def interim_evidence(rules: Rules, treated: ArmOutcomes, control: ArmOutcomes | None = None) -> Evidence | None:
    return core.interim_evidence(rules, arms_of(rules, treated, control))


def trajectory(rules: Rules, treated: ArmOutcomes, control: ArmOutcomes | None = None) -> tuple[TrajectoryPoint, ...]:
    found = interim_evidence(rules, treated, control)
    return found.trajectory if found else ()


def treated_only(rounds: int) -> tuple[Want, ...]:
    return (Want(0, rounds),)


def both(rounds: int, questions: int = 10) -> tuple[Want, ...]:
    return tuple(Want(arm, rounds, (0,) * questions) for arm in (0, 1))


def arm(evidence: Evidence, index: int) -> ArmEvidence:
    found = evidence.arms[index]
    assert found is not None
    return found


def spent(verdict: Final) -> tuple[int, ...]:
    return tuple(found.spent if found else 0 for found in verdict.evidence.arms)


def final(step: Step) -> Final:
    assert isinstance(step, Final)
    return step


def go_on(step: Step) -> Continue:
    assert isinstance(step, Continue)
    return step
