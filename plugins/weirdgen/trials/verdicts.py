"""From a decision to a verdict: every number a reader needs, as frozen plain data."""

import math
import time
from dataclasses import dataclass
from typing import Literal

from weirdgen.schema.probe import Kind
from weirdgen.schema.text import shown
from weirdgen.schema.verdict import ArmResult, Estimate, Excerpt, Outcome, QuestionResult, Verdict
from weirdgen.stats import evidence as stats
from weirdgen.stats.decide import Final, trajectory
from weirdgen.stats.rules import Rules
from weirdgen.trials.arm import ArmRun
from weirdgen.trials.settings import FIXED_DESIGN_PER_QUESTION

EXCERPTS = 3


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a trial before its first sample."""

    probe: str
    contrast: str
    kind: Kind
    claim: str
    model: str
    control: str
    alpha: float
    margin: float
    family_size: int
    attempt: int
    judge: str
    judge_identity: str
    judge_calibration: str
    probe_sha256: str
    trial_id: str
    mode: Literal["live", "organism"]
    detail: str
    """A remark for people: no comparator, an uncalibrated judge; empty if there is nothing to say."""


def final_verdict(facts: Facts, rules: Rules, final: Final, treated: ArmRun, control: ArmRun | None) -> Verdict:
    """Return the verdict of a trial that was decided by its own rule."""
    evidence = final.evidence
    return _base(facts, Outcome(final.outcome), treated, control).model_copy(
        update={
            "reason": final.reason,
            "detail": " ".join(filter(None, (facts.detail, _advice(final)))),
            "below_margin": final.below_margin,
            "treated": _arm(treated, evidence.treated),
            "comparator": _arm(control, evidence.control) if control and evidence.control else None,
            "difference": _estimate(evidence.difference),
            "log_e_present": _finite(evidence.log_e_present),
            "log_e_absent": _finite(evidence.log_e_absent),
            "log_threshold_present": rules.log_threshold_present,
            "log_threshold_absent": rules.log_threshold_absent,
            "effective_margin": rules.effective_margin,
            "rounds": evidence.rounds,
            "trajectory": tuple(
                (p.round, _finite(p.log_e_present), _finite(p.log_e_absent))
                for p in trajectory(rules, treated.outcomes(), control.outcomes() if control else None)
            ),
            "questions": _questions(treated, evidence),
            "excerpts": _excerpts(treated),
        }
    )


def invalid_verdict(
    facts: Facts, reason: str, detail: str, treated: ArmRun | None = None, control: ArmRun | None = None
) -> Verdict:
    """Return INVALID: whatever was drawn is stored, nothing is claimed."""
    return _base(facts, Outcome.INVALID, treated, control).model_copy(update={"reason": reason, "detail": detail})


def _base(facts: Facts, outcome: Outcome, treated: ArmRun | None, control: ArmRun | None) -> Verdict:
    drawn = [a for arm in (treated, control) if arm for _, a in arm.labelled]
    reused = [a for a in drawn if a.reused]
    fields = {name: getattr(facts, name) for name in Facts.__slots__}
    arms = 1 if facts.kind == "absolute" else 2
    questions = len(treated.questions) if treated else 0
    return Verdict(
        **fields,
        outcome=outcome,
        n_reused=len(reused),
        oldest_sample_age=max((time.time() - a.sample.started_at for a in reused), default=0.0),
        n_fixed_design=FIXED_DESIGN_PER_QUESTION * questions * arms,
    )


def _advice(final: Final) -> str:
    if final.reason in {"cap", "futility"}:
        return "To continue this trial, run it again with a higher --gate-cap, without --gate-fresh: no sample is lost."
    return final.rule if final.outcome == "INVALID" else ""


def _arm(run: ArmRun, evidence: stats.ArmEvidence) -> ArmResult:
    used = [a for r in range(evidence.n // len(run.questions)) for a in (run.answers[q][r] for q in run.questions)]
    labels: dict[str, int] = {}
    for answer in used:
        if answer.label is not None:
            labels[answer.label] = labels.get(answer.label, 0) + 1
    return ArmResult(
        model=run.open_arm.model,
        condition=run.condition,
        n=evidence.n,
        positives=sum(evidence.counts.positives),
        missing=evidence.missing,
        valid_rate=evidence.counts.valid_rate,
        rate=_estimate(evidence.rate),
        labels=dict(sorted(labels.items())),
        served_models=tuple(sorted({a.sample.served_model for a in used})),
        fingerprints=tuple(sorted({a.sample.fingerprint for a in used})),
    )


def _questions(treated: ArmRun, evidence: stats.Evidence) -> tuple[QuestionResult, ...]:
    control = evidence.control.counts if evidence.control else None
    return tuple(
        QuestionResult(
            question=name,
            n_treated=evidence.treated.counts.n[i],
            positives_treated=evidence.treated.counts.positives[i],
            n_control=control.n[i] if control else 0,
            positives_control=control.positives[i] if control else 0,
        )
        for i, name in enumerate(treated.questions)
    )


def _excerpts(treated: ArmRun) -> tuple[Excerpt, ...]:
    positive = [(q, a) for q, a in treated.labelled if a.label in treated.behaviour.positive]
    return tuple(
        Excerpt(key=a.sample.key, question=q, label=a.label or "", text=shown(a.sample.text))
        for q, a in positive[:EXCERPTS]
    )


def _estimate(value: stats.Estimate | None) -> Estimate | None:
    return Estimate(value=value.value, lower=value.lower, upper=value.upper) if value else None


def _finite(log_e: float) -> float | None:
    return None if math.isinf(log_e) else log_e
