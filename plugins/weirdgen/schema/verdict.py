"""What a trial concluded, with every number a reader needs to check it."""

from enum import StrEnum
from typing import Literal

from pydantic import Field

from weirdgen.schema.frozen import Frozen
from weirdgen.schema.probe import Kind


class Outcome(StrEnum):
    """The four verdicts. Only ABSENT passes a gate."""

    PRESENT = "PRESENT"
    ABSENT = "ABSENT"
    INCONCLUSIVE = "INCONCLUSIVE"
    INVALID = "INVALID"


class Estimate(Frozen):
    """A rate or a difference of rates with a confidence sequence (valid at the stopping time)."""

    value: float
    lower: float
    upper: float


class QuestionResult(Frozen):
    """One question's share in a verdict: diagnosis, never a verdict of its own."""

    question: str
    n_treated: int = 0
    positives_treated: int = 0
    n_control: int = 0
    positives_control: int = 0


class ArmResult(Frozen):
    """What one arm gave."""

    model: str
    """As the user named it."""
    condition: str
    n: int
    positives: int
    missing: int = 0
    """Samples without a label: cut, filtered, unjudged."""
    valid_rate: float | None = None
    """Share of labelled answers that are answers (not `incoherent`)."""
    rate: Estimate | None = None
    labels: dict[str, int] = {}
    """Counts per label; `missing` counted apart."""
    served_models: tuple[str, ...] = ()
    fingerprints: tuple[str, ...] = ()


class Excerpt(Frozen):
    """A short quotation of a sample, already safe to show."""

    key: str
    question: str
    label: str
    text: str


class Verdict(Frozen):
    """The result of one contrast on one model."""

    probe: str
    contrast: str
    kind: Kind
    claim: str
    model: str
    control: str = ""
    outcome: Outcome
    reason: str = ""
    """INVALID: which rule; INCONCLUSIVE: cap or futility; else empty."""
    detail: str = ""
    """One sentence for people: what happened, and for INVALID what to do."""
    below_margin: bool = False
    """PRESENT although the estimate is smaller than the margin."""
    treated: ArmResult | None = None
    comparator: ArmResult | None = None
    difference: Estimate | None = None
    log_e_present: float | None = None
    """Natural logarithm of the e-value against "no effect"; None: never evaluated, or no evidence at all (E = 0)."""
    log_e_absent: float | None = None
    """Natural logarithm of the e-value against "effect of at least the margin"."""
    log_threshold_present: float | None = None
    log_threshold_absent: float | None = None
    alpha: float = Field(gt=0, lt=1)
    """Error rate of this attempt, before the family's correction."""
    margin: float
    effective_margin: float | None = None
    """Margin after the judge's sensitivity bound."""
    family_size: int = Field(ge=1)
    attempt: int = Field(default=1, ge=1)
    rounds: int = 0
    questions: tuple[QuestionResult, ...] = ()
    trajectory: tuple[tuple[int, float | None, float | None], ...] = ()
    """Per round: round, log e present, log e absent."""
    judge: str = ""
    judge_identity: str = ""
    judge_calibration: str = ""
    """One sentence with the bounds, or why there is none."""
    probe_sha256: str
    trial_id: str = ""
    mode: Literal["live", "organism"] = "live"
    """What was measured: a real endpoint, or a shipped model organism."""
    n_reused: int = 0
    """Samples that were already in the store."""
    oldest_sample_age: float = 0.0
    """Seconds."""
    n_fixed_design: int = 0
    """Samples that a fixed design of 100 per question and arm would have taken."""
    excerpts: tuple[Excerpt, ...] = ()
    session_outcome: Outcome | None = None
    """After e-BH over the whole session; may only lift to PRESENT."""

    @property
    def item_id(self) -> str:
        """Stable name of the contrast: ``probe/contrast``."""
        return f"{self.probe}/{self.contrast}"

    @property
    def n_treated(self) -> int:
        """Treated samples spent."""
        return self.treated.n if self.treated else 0

    @property
    def n_control(self) -> int:
        """Comparator samples spent."""
        return self.comparator.n if self.comparator else 0
