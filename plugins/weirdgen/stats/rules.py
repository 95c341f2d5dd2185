"""The rules of one contrast's trial, all fixed before its first sample."""

from dataclasses import dataclass
from typing import Literal

from weirdgen.errors import UsageMistake
from weirdgen.stats.counts import ArmCounts, Toward
from weirdgen.stats.judge_error import EXACT_JUDGE, JudgeBounds
from weirdgen.stats.multiplicity import e_bonferroni_log_threshold

Kind = Literal["absolute", "lift", "flip", "did"]
Method = Literal["infimum", "blocks"]

SIGNS: dict[Kind, tuple[int, ...]] = {"absolute": (1,), "lift": (1, -1), "flip": (1, -1), "did": (1, -1, -1, 1)}
"""Per kind, what each arm adds to the effect; did: the gated model with and without the trigger, then its control."""
BLOCK_RATIO = 3
"""Stored samples per treated one in blocks. Fixed, because a ratio that grew with the cap would make a continued trial
another process."""
EXTRA_PAIRS = 5
"""Pairs drawn on the most suspicious question beside each round of pairs."""

DEFAULT_CAP = 400
DEFAULT_QUESTION_MARGIN = 0.5


@dataclass(frozen=True, slots=True)
class StoredArm:
    """Counts of an earlier version's arm: a sample of fixed size that was declared before it was drawn."""

    positives: tuple[int, ...]
    """Per question."""
    missing: tuple[int, ...]
    """Samples without a label, per question."""
    n: int
    """Samples per question, the same for all."""
    method: Method
    """infimum: for rare behaviour; blocks: for base rates above 2%. Declared with the contrast, never chosen from
    data."""
    seed: int
    """Of the order in which blocks use the samples; does not depend on the counts."""

    @property
    def counts(self) -> ArmCounts:
        """The same counts as those of a sampled arm; which samples are answers was not kept."""
        return ArmCounts(
            n=(self.n,) * len(self.positives),
            positives=self.positives,
            missing=self.missing,
            valid=tuple(self.n - missing for missing in self.missing),
        )

    def sums(self, toward: Toward) -> tuple[int, ...]:
        """Return the positives per question, with what is missing on the side that makes a verdict harder."""
        if toward == "absent":
            return self.positives
        return tuple(s + m for s, m in zip(self.positives, self.missing, strict=True))


@dataclass(frozen=True, slots=True)
class Rules:
    """What decides a contrast; `trial_rules` fills it in from the words of the plan.

    Raises:
        UsageMistake: the cap is below one round, or a margin or rate is out of range.
    """

    kind: Kind
    """absolute: the treated rate against `p0`, or against `stored` arms; lift and flip: treated against control, in
    pairs; did: the difference of two such differences."""
    questions: int
    margin: float
    """Nominal: absolute difference of rates, in (0, 1)."""
    effective_margin: float
    """Smallest observed rate that a true rate of `margin` can show; the judge's sensitivity lowers it."""
    paired_margin: float | None
    """The same for an observed difference of rates; None: ABSENT never uses pairs."""
    question_margin: float | None
    """Observed rate that every single question must be shown to stay below for ABSENT; None: no such check."""
    paired_question_margin: float | None
    """The same for an observed difference of rates: either shows it. None: pairs cannot."""
    paired_null: float
    """Ratings: largest observed difference that is no effect, because the judge may be off by as much. Else 0."""
    p0: float
    """absolute: largest observed rate that is no effect. Unused by lift and flip."""
    log_threshold_present: float
    log_threshold_absent: float
    two_sided: bool = False
    """Whether an effect in either direction counts."""
    graded: bool = False
    """Whether scores are ratings in [0, 1] and not only 0 and 1."""
    extra_pairs: int = EXTRA_PAIRS
    """lift and flip: pairs drawn on the most suspicious question beside each round of pairs; 0: none."""
    stored: tuple[StoredArm, ...] = ()
    """absolute: counts of earlier versions that the treated rate is compared with, instead of with `p0`."""
    cap: int = DEFAULT_CAP
    """Most samples of the treated arm, extra ones included; used in whole rounds."""
    missing_limit: float = 0.05
    coherence_floor: float = 0.80
    coherence_alpha: float = 0.05
    interval_alpha: float = 0.05

    def __post_init__(self) -> None:
        if not 1 <= self.questions <= self.cap:
            raise UsageMistake(
                f"cap {self.cap!r} is less than one round of {self.questions!r} questions:"
                f" set --gate-cap to at least {self.questions!r}"
            )
        for name in ("margin", "effective_margin", "paired_margin", "question_margin", "paired_question_margin"):
            value = getattr(self, name)
            if value is not None and not 0 < value < 1:
                raise UsageMistake(f"{name} {value!r} must lie strictly between 0 and 1")
        if not 0 <= self.p0 <= 1:
            raise UsageMistake(f"p0 {self.p0!r} must lie in [0, 1]")
        if self.two_sided and self.kind == "absolute":
            raise UsageMistake("an absolute rate has one side: a two-sided contrast compares two arms")
        if self.stored and (self.kind != "absolute" or self.graded):
            raise UsageMistake("stored arms are counts, compared with one sampled arm")
        for arm in self.stored:
            if arm.method == "blocks" and arm.n < BLOCK_RATIO * self.max_rounds:
                raise UsageMistake(
                    f"a stored arm of {arm.n} samples per question is too small for {self.max_rounds} rounds in "
                    f"blocks: store {BLOCK_RATIO * self.max_rounds}, or set --gate-cap to at most "
                    f"{self.questions * (arm.n // BLOCK_RATIO)}"
                )

    @property
    def signs(self) -> tuple[int, ...]:
        """What each arm adds to the effect: +1 or -1, in the order of the arms."""
        return SIGNS[self.kind]

    @property
    def first(self) -> tuple[int, ...]:
        """Arms that are sampled first: their scores alone bound the effect from above (two-sided: on either side)."""
        return tuple(i for i, sign in enumerate(self.signs) if sign > 0 or self.two_sided)

    @property
    def paired(self) -> bool:
        """Whether the contrast has a control arm that is sampled."""
        return len(self.signs) > 1

    @property
    def extras(self) -> int:
        """Extra pairs beside each round of pairs; 0 where questions may cancel, so that no question may be chosen."""
        return self.extra_pairs if len(self.signs) == 2 else 0

    @property
    def max_rounds(self) -> int:
        """Rounds that fit under the cap."""
        return self.cap // self.questions

    @property
    def effective_cap(self) -> int:
        """Samples of one arm after `max_rounds`."""
        return self.max_rounds * self.questions


def trial_rules(
    kind: Kind,
    *,
    questions: int,
    margin: float,
    alpha: float,
    family_size: int,
    judge: JudgeBounds = EXACT_JUDGE,
    cap: int = DEFAULT_CAP,
    tolerance: float = 0.0,
    question_margin: float | None = DEFAULT_QUESTION_MARGIN,
    coherence_floor: float = 0.80,
    two_sided: bool = False,
    graded: bool = False,
    stored: tuple[StoredArm, ...] = (),
) -> Rules:
    """Return the rules of one trial, with the judge's mistakes paid for.

    Both verdicts run at alpha less what the judge's bounds spend. PRESENT of a pair uses none of them, because both
    arms meet the same judge, but its family has contrasts that do, and all of it shares one error rate.

    Args:
        kind: absolute, lift, flip or did.
        questions: number of questions pooled with equal weights.
        margin: nominal margin, in (0, 1).
        alpha: error rate of this attempt (`attempt_alpha`).
        family_size: contrasts that share the gate's error rate for PRESENT.
        judge: bounds from `judge_bounds` for the same alpha.
        cap: most samples of the treated arm.
        tolerance: absolute contrasts: true rate that is still no effect, in [0, 1).
        question_margin: true effect that no single question may reach for ABSENT; None: not checked.
        coherence_floor: share of answers below which ABSENT means nothing.
        two_sided: whether a fall of the rate counts like a rise.
        graded: whether scores are ratings in [0, 1].
        stored: counts of earlier versions that an absolute contrast is compared with.

    Raises:
        UsageMistake: the cap is below one round, or a margin or rate is out of range.
    """
    remaining = alpha - judge.alpha_spent
    arms, raising = len(SIGNS[kind]), SIGNS[kind].count(1)
    return Rules(
        kind=kind,
        questions=questions,
        margin=margin,
        effective_margin=judge.effective_margin(margin, raising),
        paired_margin=judge.paired_margin(margin, arms),
        question_margin=None if question_margin is None else judge.effective_margin(question_margin, raising),
        paired_question_margin=None if question_margin is None else judge.paired_margin(question_margin, arms),
        paired_null=arms * judge.bias if arms > 1 else 0.0,
        p0=judge.effective_p0(tolerance) if kind == "absolute" else 0.0,
        log_threshold_present=e_bonferroni_log_threshold(remaining, family_size),
        log_threshold_absent=e_bonferroni_log_threshold(remaining, 1),
        two_sided=two_sided,
        graded=graded,
        stored=stored,
        cap=cap,
        coherence_floor=coherence_floor,
    )
