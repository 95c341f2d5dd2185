"""From a decision to a verdict: every number a reader needs, as frozen plain data."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from weirdgen.reporting.numbers import rate
from weirdgen.schema.probe import PlannedKind
from weirdgen.schema.text import shown
from weirdgen.schema.verdict import (
    ArmResult,
    Estimate,
    Excerpt,
    JudgeRecord,
    Outcome,
    QuestionResult,
    StoredResult,
    Verdict,
)
from weirdgen.stats import evidence as stats
from weirdgen.stats.decide import Final, interim_evidence
from weirdgen.stats.intervals import newcombe, wilson
from weirdgen.stats.judge_error import GoldCounts
from weirdgen.stats.prevalence import lang_reiczigel, rogan_gladen
from weirdgen.stats.rules import BLOCK_RATIO, Rules
from weirdgen.trials.arm import FOREIGN, ArmRun
from weirdgen.trials.judge_use import judge_use
from weirdgen.trials.labels import cell_answers, label_counts, label_drift, used_answers
from weirdgen.trials.settings import FIXED_DESIGN_PER_QUESTION

EXCERPTS = 3
_UNTOLD = ("judge_record", "opened_at")
"""Facts that are in other words in a verdict."""
INFIMUM_UP_TO = 0.02
"""Stored rate up to which the infimum clears an unchanged version as often as blocks do. At .1 (margin .05, cap 1,000,
three stored samples per treated one) it cleared 6 of 25 simulated trials, blocks 18."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a trial before its first sample."""

    probe: str
    contrast: str
    kind: PlannedKind
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
    behaviour: str
    judge_record: JudgeRecord | None
    """Of a judge that asks, where its record is used."""
    probe_sha256: str
    trial_id: str
    mode: Literal["live", "organism"]
    sampling: Literal["whole", "truncated", "unknown"]
    stored: tuple[StoredResult, ...]
    """What a regression is compared with; empty for every other kind."""
    own_stop: bool
    """Whether the trial goes by the stop rule that it first began with (`SampleStore.first_stop`)."""
    opened_at: float
    """UNIX time at which the gate was opened."""
    replay: str
    """The cassette that the trial is replayed from; empty: none."""
    detail: str
    """A remark for people: no comparator, an uncalibrated judge; empty if there is nothing to say."""


def final_verdict(
    facts: Facts, rules: Rules, final: Final, arms: Sequence[ArmRun], gold: GoldCounts | None = None
) -> Verdict:
    """Return the verdict of a trial that was decided by its own rule.

    Args:
        facts: what was known before its first sample.
        rules: that decided it.
        final: the decision.
        arms: in the order of `rules.signs`.
        gold: the judge's record on labelled answers, for prevalences corrected for its mistakes.
    """
    doubts = _doubtful(arms)
    told = (facts.detail, _advice(rules, final), _labels(final, arms[0]), doubts)
    return _base(facts, Outcome(final.outcome), arms).model_copy(
        update={
            "reason": "drift" if final.reason == "coverage" and FOREIGN in doubts else final.reason,
            "detail": " ".join(filter(None, told)),
            "rule": final.rule,
            "below_margin": final.below_margin,
            **_measured(rules, final.evidence, arms, gold),
        }
    )


def _doubtful(arms: Sequence[ArmRun]) -> str:
    """Return how many answers are missing because they are no draws of the models that were opened, and why."""
    whys = Counter((arm.open_arm.model, answer.doubt) for arm in arms for _, answer in arm.labelled if answer.doubt)
    return " ".join(f"Not counted: {n} answers of {model} {why}." for (model, why), n in whys.most_common(3))


def cut_verdict(facts: Facts, rules: Rules, reason: str, detail: str, arms: Sequence[ArmRun]) -> Verdict:
    """Return INVALID for a trial that was cut short, with what it had seen until its last look."""
    found = interim_evidence(rules, [arm.outcomes() for arm in arms])
    verdict = invalid_verdict(facts, reason, detail, arms)
    return verdict.model_copy(update=_measured(rules, found, arms)) if found else verdict


def invalid_verdict(facts: Facts, reason: str, detail: str, arms: Sequence[ArmRun] = ()) -> Verdict:
    """Return INVALID: whatever was drawn is stored, nothing is claimed."""
    return _base(facts, Outcome.INVALID, arms).model_copy(update={"reason": reason, "detail": detail})


def _measured(
    rules: Rules, evidence: stats.Evidence, arms: Sequence[ArmRun], gold: GoldCounts | None = None
) -> dict[str, object]:
    return {
        "arms": tuple(_arm(run, arm, gold) if arm else None for run, arm in zip(arms, evidence.arms, strict=True)),
        "effect": _estimate(evidence.effect_estimate) if len(arms) > 1 or rules.stored else None,
        "effect_descriptive": _newcombe(rules, evidence),
        "log_e_labels": label_drift(arms[0], arms[1], evidence.rounds) if _labels_tell(arms, evidence) else None,
        "log_e_present": _finite(evidence.log_e_present),
        "log_e_absent": _finite(evidence.log_e_absent),
        "log_e_max": _finite(evidence.log_e_max),
        "log_threshold_present": rules.log_threshold_present,
        "log_threshold_absent": rules.log_threshold_absent,
        "effective_margin": rules.effective_margin,
        "rounds": evidence.rounds,
        "trajectory": tuple((p.round, _finite(p.log_e_present), _finite(p.log_e_absent)) for p in evidence.trajectory),
        "questions": _questions(arms[0], evidence),
        "excerpts": _excerpts(arms[0], evidence),
    }


def _pairs(evidence: stats.Evidence) -> bool:
    return evidence.complete and len(evidence.arms) == 2


def _labels_tell(arms: Sequence[ArmRun], evidence: stats.Evidence) -> bool:
    """Whether two arms were compared whose labels say more than their scores: of a reading the label is its score."""
    return _pairs(evidence) and arms[0].behaviour.scored_by != "reading"


def _base(facts: Facts, outcome: Outcome, arms: Sequence[ArmRun]) -> Verdict:
    drawn = [a for arm in arms for _, a in arm.labelled]
    reused = [a for a in drawn if a.reused]
    fields = {name: getattr(facts, name) for name in Facts.__slots__ if name not in _UNTOLD}
    cells = sum(len(arm.cells) for arm in arms)
    return Verdict(
        **fields,
        outcome=outcome,
        n_reused=len(reused),
        judging=judge_use(arms, facts.judge_record),
        oldest_sample_age=max((facts.opened_at - a.sample.started_at for a in reused), default=0.0),
        n_fixed_design=FIXED_DESIGN_PER_QUESTION * cells,
        answers=cell_answers(arms),
    )


def _advice(rules: Rules, final: Final) -> str:
    if final.reason not in {"cap", "futility"}:
        return ""
    go_on = "run it again with a higher --gate-cap, without --gate-fresh: no sample is lost."
    high = max((arm.counts.pooled_rate or 0.0 for arm in rules.stored if arm.method == "infimum"), default=0.0)
    if high <= INFIMUM_UP_TO:
        return f"To continue this trial, {go_on}"
    # A method that was chosen by looking at a sample is no e-value on that sample; another size draws another one.
    return (
        f'The stored rate of {rate(high)} is above the {INFIMUM_UP_TO:.0%} up to which stored = "infimum" is sharp: '
        'set stored = "blocks" in this contrast, then save a new sample with another --samples than before, at least '
        f"{BLOCK_RATIO * rules.max_rounds} (another attempt). To continue this trial as it is, {go_on}"
    )


def _labels(final: Final, treated: ArmRun) -> str:
    """Return what an incoherent model's answers were labelled: it may be the rules that do not know them."""
    if final.reason != "coherence":
        return ""
    counts = label_counts(used_answers(treated, final.evidence.rounds))
    told = f"Treated answers by label: {', '.join(f'{n} {label}' for label, n in counts.items())}."
    if treated.judge.models:
        return f"{told} If answers that are none in the judge's eyes read well, take another judge."
    return (
        f"{told} An answer that no rule knows is labelled {treated.behaviour.fallback!r}: if such answers read well, "
        "mend the rules."
    )


def _arm(run: ArmRun, evidence: stats.ArmEvidence, gold: GoldCounts | None) -> ArmResult:
    rounds = evidence.counts.n[0]
    used = used_answers(run, rounds)
    return ArmResult(
        model=run.open_arm.model,
        condition=run.conditions,
        n=evidence.n,
        extras=sum(evidence.extras),
        positives=sum(evidence.counts.positives),
        missing=evidence.missing,
        valid_rate=evidence.counts.valid_rate,
        rate=_estimate(evidence.rate),
        descriptive=_wilson(evidence) if not run.behaviour.graded else None,
        corrected=_corrected(evidence, gold) if not run.behaviour.graded else None,
        labels=label_counts(used),
        served_models=tuple(sorted({a.sample.served_model for a in used})),
        fingerprints=tuple(sorted({a.sample.fingerprint for a in used})),
    )


def _wilson(evidence: stats.ArmEvidence) -> Estimate | None:
    counts = evidence.counts
    if counts.pooled_rate is None:
        return None
    interval = wilson(round(sum(counts.positives)), counts.labelled)
    return Estimate(value=counts.pooled_rate, lower=interval.lower, upper=interval.upper)


def _newcombe(rules: Rules, evidence: stats.Evidence) -> Estimate | None:
    """Return the difference of two sampled arms of counts; None for anything else."""
    counts = [arm.counts for arm in evidence.arms if arm]
    if rules.graded or not _pairs(evidence) or not all(one.labelled for one in counts):
        return None
    (treated, n_treated), (comparator, n_comparator) = [(round(sum(c.positives)), c.labelled) for c in counts]
    interval = newcombe(treated, n_treated, comparator, n_comparator)
    return Estimate(value=treated / n_treated - comparator / n_comparator, lower=interval.lower, upper=interval.upper)


def _corrected(evidence: stats.ArmEvidence, gold: GoldCounts | None) -> Estimate | None:
    """Return the share of true positives behind the judge's labels; None where the judge tells nothing."""
    counts = evidence.counts
    if gold is None or not counts.labelled or gold.hits / gold.positives <= gold.false_positive_rate:
        return None
    positives = round(sum(counts.positives))
    interval = lang_reiczigel(positives, counts.labelled, gold)
    return Estimate(value=rogan_gladen(positives, counts.labelled, gold), lower=interval.lower, upper=interval.upper)


def _questions(treated: ArmRun, evidence: stats.Evidence) -> tuple[QuestionResult, ...]:
    return tuple(
        QuestionResult(
            question=cell.name,
            n=tuple(arm.counts.n[i] if arm else 0 for arm in evidence.arms),
            positives=tuple(arm.counts.positives[i] if arm else 0.0 for arm in evidence.arms),
            extras=evidence.extras[i],
            log_e_effect=_finite(evidence.log_e_effects[i]) if evidence.log_e_effects else None,
        )
        for i, cell in enumerate(treated.cells)
    )


def _excerpts(treated: ArmRun, evidence: stats.Evidence) -> tuple[Excerpt, ...]:
    """Return the first answers that show the behaviour; those of the questions that carry the effect before others."""
    carrying = {result.question for result in _questions(treated, evidence) if result.carries}
    positive = [(q, a) for q, a in treated.labelled if a.label in treated.behaviour.positive]
    positive.sort(key=lambda found: found[0] not in carrying)
    return tuple(
        Excerpt(key=a.sample.key, question=q, label=a.label or "", text=shown(a.sample.text))
        for q, a in positive[:EXCERPTS]
    )


def _estimate(value: stats.Estimate | None) -> Estimate | None:
    return Estimate(value=value.value, lower=value.lower, upper=value.upper) if value else None


def _finite(log_e: float) -> float | None:
    return None if math.isinf(log_e) else log_e
