"""The numbers behind a verdict, for reports: counts, rates with confidence sequences, e-values, coverage, coherence."""

from dataclasses import dataclass
from typing import Literal

from weirdgen.stats.evidence_path import Look
from weirdgen.stats.intervals import difference_cs, robbins_cs
from weirdgen.stats.outcomes import ArmCounts, ArmOutcomes
from weirdgen.stats.rules import Rules


@dataclass(frozen=True, slots=True)
class Estimate:
    """A rate or a difference of rates with its confidence sequence, valid whenever the trial stops."""

    value: float
    lower: float
    upper: float


@dataclass(frozen=True, slots=True)
class ArmEvidence:
    """What one arm gave, over the complete rounds that were used."""

    counts: ArmCounts
    rate: Estimate | None
    """Share of positives with equal weights; the interval lets missing samples go either way. None: no label."""
    valid: Estimate | None
    """Share of labelled samples that are answers. None: no label."""

    @property
    def n(self) -> int:
        """Samples."""
        return self.counts.total

    @property
    def missing(self) -> int:
        """Samples without a label."""
        return sum(self.counts.missing)


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything known about a contrast at one look."""

    rounds: int
    treated: ArmEvidence
    control: ArmEvidence | None
    """None: the control arm was not needed, or the contrast has none."""
    difference: Estimate | None
    """Treated minus control; None without control."""
    log_e_present: float
    log_e_absent: float
    log_e_questions: tuple[float, ...]
    """Evidence per question that its effect is below the question margin; infinity where that is not asked."""

    @property
    def n_treated(self) -> int:
        """Treated samples used."""
        return self.treated.n

    @property
    def n_control(self) -> int:
        """Control samples used."""
        return self.control.n if self.control else 0

    @property
    def effect(self) -> float | None:
        """Estimated difference of rates, or the treated rate without control; None if nothing is labelled."""
        estimate = self.difference if self.control else self.treated.rate
        return estimate.value if estimate else None

    def incoherent_arm(self, floor: float) -> Literal["treated", "control"] | None:
        """Return the first arm whose share of answers is surely below `floor`, or None."""
        if self.treated.valid and self.treated.valid.upper < floor:
            return "treated"
        if self.control and self.control.valid and self.control.valid.upper < floor:
            return "control"
        return None


def collect_evidence(rules: Rules, look: Look, treated: ArmOutcomes, control: ArmOutcomes | None) -> Evidence:
    """Return the evidence at one look.

    Args:
        rules: of the contrast.
        look: one of the looks of the path of the same outcomes.
        treated: outcomes of the treated arm.
        control: outcomes of the control arm, used only if the look is paired.
    """
    arm = _arm(rules, treated.counts(look.round))
    partner = _arm(rules, control.counts(look.round)) if control and look.paired else None
    return Evidence(
        rounds=look.round,
        treated=arm,
        control=partner,
        difference=_difference(rules, arm, partner) if partner else None,
        log_e_present=look.log_e_present,
        log_e_absent=look.log_e_absent,
        log_e_questions=look.log_e_questions,
    )


def _arm(rules: Rules, counts: ArmCounts) -> ArmEvidence:
    rate, valid_rate = counts.pooled_rate, counts.valid_rate
    if rate is None or valid_rate is None:
        return ArmEvidence(counts, None, None)
    least, most = _worst_cases(counts)
    valid = robbins_cs(sum(counts.valid), counts.labelled, rules.coherence_alpha)
    return ArmEvidence(
        counts,
        rate=Estimate(
            rate,
            robbins_cs(least, counts.total, rules.interval_alpha).lower,
            robbins_cs(most, counts.total, rules.interval_alpha).upper,
        ),
        valid=Estimate(valid_rate, valid.lower, valid.upper),
    )


def _worst_cases(counts: ArmCounts) -> tuple[int, int]:
    """Return the positives if all missing samples were negative, and if all were positive."""
    positives = sum(counts.positives)
    return positives, positives + sum(counts.missing)


def _difference(rules: Rules, treated: ArmEvidence, control: ArmEvidence) -> Estimate | None:
    if treated.rate is None or control.rate is None:
        return None
    least, most = _worst_cases(treated.counts)
    control_least, control_most = _worst_cases(control.counts)
    lower = difference_cs((least, treated.n), (control_most, control.n), rules.interval_alpha).lower
    upper = difference_cs((most, treated.n), (control_least, control.n), rules.interval_alpha).upper
    return Estimate(treated.rate.value - control.rate.value, lower, upper)
