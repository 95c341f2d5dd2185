"""The numbers behind a verdict, for reports: counts, rates with confidence sequences, e-values, coverage, coherence."""

from collections.abc import Sequence
from dataclasses import dataclass

from weirdgen.stats.counts import ArmCounts
from weirdgen.stats.evidence_path import Arms, question_effects
from weirdgen.stats.intervals import contrast_cs, robbins_cs
from weirdgen.stats.looks import Look
from weirdgen.stats.outcomes import ArmOutcomes
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
    """Mean score with equal weights; the interval lets missing samples go either way. None: no label."""
    valid: Estimate | None
    """Share of labelled samples that are answers. None: no label."""
    extras: tuple[int, ...]
    """Extra samples per question. They are in the evidence for PRESENT only, never in a rate."""

    @property
    def n(self) -> int:
        """Samples of complete rounds."""
        return self.counts.total

    @property
    def spent(self) -> int:
        """All samples that the verdict rests on."""
        return self.n + sum(self.extras)

    @property
    def missing(self) -> int:
        """Samples without a label."""
        return sum(self.counts.missing)


@dataclass(frozen=True, slots=True)
class TrajectoryPoint:
    """The evidence at the end of one round, as far as it was looked at."""

    round: int
    log_e_present: float
    log_e_absent: float


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything known about a contrast at one look."""

    rounds: int
    arms: tuple[ArmEvidence | None, ...]
    """In the order of `rules.signs`; None: the arm was not needed."""
    effect_estimate: Estimate | None
    """Of the contrast; against stored versions the largest rise. None where an arm is lacking, or nothing in it is
    labelled."""
    log_e_present: float
    log_e_absent: float
    log_e_questions: tuple[float, ...]
    """Evidence per question that its effect is below the question margin; infinity where that is not asked."""
    log_e_effects: tuple[float, ...]
    """Evidence per question that it alone has the effect: which questions carry it. Empty: not evaluated."""
    log_e_max: float
    """Largest evidence for PRESENT at any look so far."""
    trajectory: tuple[TrajectoryPoint, ...]
    """One point per round so far."""

    @property
    def complete(self) -> bool:
        """Whether every arm was used."""
        return None not in self.arms

    @property
    def spent(self) -> int:
        """Samples of all arms, extra ones included."""
        return sum(arm.spent for arm in self.arms if arm)

    @property
    def effect(self) -> float | None:
        """Estimated effect, or the first arm's rate where the others were not needed; None if nothing is labelled."""
        first = self.arms[0]
        if self.complete:
            return self.effect_estimate.value if self.effect_estimate else None
        return first.rate.value if first and first.rate else None

    @property
    def extras(self) -> tuple[int, ...]:
        """Extra samples of each arm per question."""
        return self.arms[0].extras if self.arms[0] else ()

    def incoherent_arm(self, floor: float) -> int | None:
        """Return the first arm whose share of answers is surely below `floor`, or None."""
        for index, arm in enumerate(self.arms):
            if arm and arm.valid and arm.valid.upper < floor:
                return index
        return None


def collect_evidence(rules: Rules, looks: Sequence[Look], arms: Arms) -> Evidence:
    """Return the evidence at the last of some looks.

    Args:
        rules: of the contrast.
        looks: the first looks of the path of the same outcomes, at least one.
        arms: outcomes per arm; those that the last look does not use are left out.
    """
    look = looks[-1]
    used = [arm if look.paired or index in rules.first else None for index, arm in enumerate(arms)]
    found = tuple(_arm(rules, look, arm) if arm else None for arm in used)
    return Evidence(
        rounds=look.round,
        arms=found,
        effect_estimate=_effect(rules, found),
        log_e_present=look.log_e_present,
        log_e_absent=look.log_e_absent,
        log_e_questions=look.log_e_questions,
        log_e_effects=question_effects(rules, look, arms),
        log_e_max=max(one.log_e_present for one in looks),
        trajectory=_trajectory(looks),
    )


def _trajectory(looks: Sequence[Look]) -> tuple[TrajectoryPoint, ...]:
    last = {look.round: look for look in looks}
    return tuple(TrajectoryPoint(r, look.log_e_present, look.log_e_absent) for r, look in last.items())


def _arm(rules: Rules, look: Look, arm: ArmOutcomes) -> ArmEvidence:
    counts, extras = arm.counts(look.round), look.extras
    rate, valid_rate = counts.pooled_rate, counts.valid_rate
    if rate is None or valid_rate is None:
        return ArmEvidence(counts, None, None, extras)
    least, most = counts.worst_sums
    valid = robbins_cs(sum(counts.valid), counts.labelled, rules.coherence_alpha)
    return ArmEvidence(
        counts,
        rate=Estimate(
            rate,
            robbins_cs(least, counts.total, rules.interval_alpha).lower,
            robbins_cs(most, counts.total, rules.interval_alpha).upper,
        ),
        valid=Estimate(valid_rate, valid.lower, valid.upper),
        extras=extras,
    )


def _effect(rules: Rules, arms: tuple[ArmEvidence | None, ...]) -> Estimate | None:
    """Return the signed sum of the arms' rates; each arm's missing samples go where they widen the interval."""
    if rules.stored:
        return _largest_rise(rules, arms[0])
    if len(arms) == 1:
        return arms[0].rate if arms[0] else None
    value, lowest, highest = 0.0, [], []
    for sign, arm in zip(rules.signs, arms, strict=True):
        if arm is None or arm.rate is None:
            return None
        least, most = arm.counts.worst_sums
        value += sign * arm.rate.value
        lowest.append((least if sign > 0 else most, arm.n, sign))
        highest.append((most if sign > 0 else least, arm.n, sign))
    lower = contrast_cs(lowest, rules.interval_alpha).lower
    upper = contrast_cs(highest, rules.interval_alpha).upper
    return Estimate(value, lower, upper)


def _largest_rise(rules: Rules, arm: ArmEvidence | None) -> Estimate | None:
    """Return the rise over the stored version that had the lowest rate; alpha is shared by all arms."""
    stored = [one.counts for one in rules.stored]
    rates = [one.pooled_rate for one in stored if one.pooled_rate is not None]
    if arm is None or arm.rate is None or not rates:
        return None
    share = rules.interval_alpha / (1 + len(stored))
    intervals = [
        (robbins_cs(least, total, share).lower, robbins_cs(most, total, share).upper)
        for (least, most), total in ((one.worst_sums, one.total) for one in (arm.counts, *stored))
    ]
    (lower, upper), *others = intervals
    return Estimate(
        value=arm.rate.value - min(rates),
        lower=lower - min(one[1] for one in others),
        upper=upper - min(one[0] for one in others),
    )
