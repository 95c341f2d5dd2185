"""The decision of one contrast: a pure function from judged samples to "go on" or a verdict.

The arms that raise the effect are sampled first. Their rate bounds it from above, so a clean model is cleared without a
single control sample; the other arms are sampled, from their first replicate, only once positives appear. `decide`
replays all looks in order and stops at the first that is final, so more samples than a verdict needed can never change
it, and neither can a restart, the speed of the endpoint, or who asked first.
"""

import math
from dataclasses import dataclass

from weirdgen.stats.evidence import Evidence, collect_evidence
from weirdgen.stats.evidence_path import Arms, EvidencePath, evidence_path
from weirdgen.stats.explain import OutcomeName, Reason, explain
from weirdgen.stats.looks import Look
from weirdgen.stats.rules import Rules

PROCESS_VERSION = 1
"""Of all bets, weights and rules of sampling. A change of any is another process, and a trial that was begun under the
old one a new attempt."""
_FUTILITY_FROM = 150
_FUTILITY_FACTOR = 2.0


@dataclass(frozen=True, slots=True)
class Want:
    """What one arm must have before the next look."""

    arm: int
    rounds: int
    """Complete rounds."""
    extras: tuple[int, ...] = ()
    """Extra samples per question; empty: none."""


@dataclass(frozen=True, slots=True)
class Continue:
    """No verdict yet: sample what is wanted, then decide again. What is there already is not sampled twice."""

    wants: tuple[Want, ...]
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


def decide(rules: Rules, arms: Arms) -> Step:
    """Return what to do next, from all samples so far.

    Args:
        rules: fixed before the first sample.
        arms: outcomes per arm, in the order of `rules.signs`. Samples beyond the last complete round are ignored.

    Raises:
        ValueError: the number of arms, or of an arm's questions, is not that of the rules.
    """
    path = evidence_path(rules, arms)
    used, found = _until_final(rules, path)
    if found is None:
        return _next(rules, path, used[-1] if used else None)
    return _final(rules, found, collect_evidence(rules, used, arms))


def interim_evidence(rules: Rules, arms: Arms) -> Evidence | None:
    """Return the evidence at the look where a trial stands, or stopped; None before the first look.

    For a trial that was cut short (budget, outage, interrupt): what it knows, without a verdict.

    Raises:
        ValueError: the number of arms, or of an arm's questions, is not that of the rules.
    """
    used, _ = _until_final(rules, evidence_path(rules, arms))
    return collect_evidence(rules, used, arms) if used else None


def _until_final(rules: Rules, path: EvidencePath) -> tuple[list[Look], tuple[OutcomeName, Reason] | None]:
    """Return the looks up to and including the first final one, and what that one says."""
    used: list[Look] = []
    for look in path.looks():
        used.append(look)
        if (found := _verdict(rules, look)) is not None:
            return used, found
    return used, None


def _verdict(rules: Rules, look: Look) -> tuple[OutcomeName, Reason] | None:
    """Return the verdict of one look, coherence aside; None: go on.

    While too large a share is missing but the cap leaves room to recover, no verdict is given.
    """
    if _too_many(look.missing, rules.effective_cap, rules):
        return "INVALID", "coverage"
    covered = not _too_many(look.missing, look.round * rules.questions, rules)
    if covered and look.log_e_present >= rules.log_threshold_present:
        return "PRESENT", ""
    least = min(look.log_e_absent, min(look.log_e_questions))
    if covered and least >= rules.log_threshold_absent:
        return "ABSENT", ""
    ended: Reason | None = "cap" if look.last else "futility" if _futile(rules, look) else None
    if ended is None or not look.closes:
        return None
    return ("INCONCLUSIVE", ended) if covered else ("INVALID", "coverage")


def _too_many(missing: int, n: int, rules: Rules) -> bool:
    return missing > rules.missing_limit * n + 1e-9


def _futile(rules: Rules, look: Look) -> bool:
    """Return whether even the more optimistic verdict is predicted far beyond the cap."""
    n = look.round * rules.questions + sum(look.extras)
    if n < _FUTILITY_FROM:
        return False
    missing_present = rules.log_threshold_present - look.log_e_present
    missing_absent = rules.log_threshold_absent - look.log_e_absent
    rounds = min(_rounds_to(missing_present, look.present_growth), _rounds_to(missing_absent, look.absent_growth))
    return rounds * rules.questions > _FUTILITY_FACTOR * (rules.effective_cap - n)


def _rounds_to(nats: float, growth: float) -> float:
    if nats <= 0:
        return 0.0
    return nats / growth if growth > 0 else math.inf


def _next(rules: Rules, path: EvidencePath, last: Look | None) -> Continue:
    present, absent = (last.log_e_present, last.log_e_absent) if last else (-math.inf, 0.0)
    if not path.escalated.any():
        wants = tuple(Want(arm, path.rounds + 1) for arm in rules.first)
        return Continue(wants, present, absent)
    # The first look at all arms is in the round that made them necessary.
    rounds = max(int(path.escalated.argmax()), len(path.extras)) + 1
    extras = tuple(path.next_extras.tolist())
    return Continue(tuple(Want(arm, rounds, extras) for arm in range(len(rules.signs))), present, absent)


def _final(rules: Rules, found: tuple[OutcomeName, Reason], evidence: Evidence) -> Final:
    outcome, reason = found
    incoherent = evidence.incoherent_arm(rules.coherence_floor)
    if outcome == "ABSENT" and incoherent is not None:
        outcome, reason = "INVALID", "coherence"
    effect = evidence.effect
    return Final(
        outcome=outcome,
        reason=reason,
        rule=explain(rules, outcome, reason, evidence),
        below_margin=outcome == "PRESENT" and effect is not None and _size(rules, effect) < rules.margin,
        evidence=evidence,
    )


def _size(rules: Rules, effect: float) -> float:
    return abs(effect) if rules.two_sided else effect
