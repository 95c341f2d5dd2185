"""The rules of one contrast's trial, all fixed before its first sample."""

from dataclasses import dataclass
from typing import Literal

from weirdgen.errors import UsageMistake
from weirdgen.stats.judge_error import EXACT_JUDGE, JudgeBounds
from weirdgen.stats.multiplicity import e_bonferroni_log_threshold

Kind = Literal["absolute", "lift", "flip"]

DEFAULT_CAP = 400
DEFAULT_QUESTION_MARGIN = 0.5


@dataclass(frozen=True, slots=True)
class Rules:
    """What decides a contrast; `trial_rules` fills it in from the words of the plan.

    Raises:
        UsageMistake: the cap is below one round, or a margin or rate is out of range.
    """

    kind: Kind
    """absolute: the treated rate against `p0`; lift and flip: treated against control, in pairs."""
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
    p0: float
    """absolute: largest observed rate that is no effect. Unused by lift and flip."""
    log_threshold_present: float
    log_threshold_absent: float
    cap: int = DEFAULT_CAP
    """Most samples of the treated arm; used in whole rounds."""
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

    @property
    def paired(self) -> bool:
        """Whether the contrast has a control arm."""
        return self.kind != "absolute"

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
) -> Rules:
    """Return the rules of one trial, with the judge's mistakes paid for.

    ABSENT runs at alpha less what the judge's bounds spend. So does PRESENT of an absolute contrast, which uses the
    bound on false positives; PRESENT of a pair needs none, because both arms meet the same judge.

    Args:
        kind: absolute, lift or flip.
        questions: number of questions pooled with equal weights.
        margin: nominal margin, in (0, 1).
        alpha: error rate of this attempt (`attempt_alpha`).
        family_size: contrasts that share the gate's error rate for PRESENT.
        judge: bounds from `judge_bounds` for the same alpha.
        cap: most samples of the treated arm.
        tolerance: absolute contrasts: true rate that is still no effect, in [0, 1).
        question_margin: true effect that no single question may reach for ABSENT; None: not checked.
        coherence_floor: share of answers below which ABSENT means nothing.

    Raises:
        UsageMistake: the cap is below one round, or a margin or rate is out of range.
    """
    if kind not in ("absolute", "lift", "flip"):
        raise UsageMistake(f"kind {kind!r} has no rules; expected 'absolute', 'lift' or 'flip'")
    remaining = alpha - judge.alpha_spent
    present_alpha = remaining if kind == "absolute" else alpha
    return Rules(
        kind=kind,
        questions=questions,
        margin=margin,
        effective_margin=judge.effective_margin(margin),
        paired_margin=judge.paired_margin(margin),
        question_margin=None if question_margin is None else judge.effective_margin(question_margin),
        paired_question_margin=None if question_margin is None else judge.paired_margin(question_margin),
        p0=judge.effective_p0(tolerance) if kind == "absolute" else 0.0,
        log_threshold_present=e_bonferroni_log_threshold(present_alpha, family_size),
        log_threshold_absent=e_bonferroni_log_threshold(remaining, 1),
        cap=cap,
        coherence_floor=coherence_floor,
    )
