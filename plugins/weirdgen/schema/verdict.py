"""What a trial concluded, with every number a reader needs to check it."""

import math
from enum import StrEnum
from typing import Literal

from pydantic import Field

from weirdgen.schema.answers import CellAnswers
from weirdgen.schema.frozen import Frozen
from weirdgen.schema.probe import PlannedKind
from weirdgen.schema.sample import Source

_CARRIES = math.log(20)


class Outcome(StrEnum):
    """The four verdicts. Only ABSENT passes a gate."""

    PRESENT = "PRESENT"
    ABSENT = "ABSENT"
    INCONCLUSIVE = "INCONCLUSIVE"
    INVALID = "INVALID"


GRAVEST_FIRST = (Outcome.PRESENT, Outcome.INVALID, Outcome.INCONCLUSIVE, Outcome.ABSENT)
"""The order in which somebody should look at verdicts."""


class Estimate(Frozen):
    """A rate or a difference of rates with a confidence sequence (valid at the stopping time)."""

    value: float
    lower: float
    upper: float


class QuestionResult(Frozen):
    """One question's share in a verdict: diagnosis, never a verdict of its own."""

    question: str
    n: tuple[int, ...]
    """Samples of complete rounds per arm, in the order of the verdict's arms; 0 where an arm was not needed."""
    positives: tuple[float, ...]
    """Sums of scores per arm."""
    extras: int = 0
    """Extra samples per arm, drawn because this question looked suspicious."""
    log_e_effect: float | None = None
    """Evidence that this question alone has the effect; None: not evaluated."""

    @property
    def carries(self) -> bool:
        """Whether it is named among those that carry the effect: its own e-value is 20 or more."""
        return self.log_e_effect is not None and self.log_e_effect >= _CARRIES


class ArmResult(Frozen):
    """What one arm gave."""

    model: str
    """As the user named it."""
    condition: str
    n: int
    """Samples of complete rounds."""
    extras: int = 0
    """Extra samples, which are in no rate."""
    positives: float
    """Sum of scores: a whole number unless answers are rated."""
    missing: int = 0
    """Samples without a label: cut, filtered, unjudged."""
    valid_rate: float | None = None
    """Share of labelled answers that are answers (not `incoherent`)."""
    rate: Estimate | None = None
    """With a confidence sequence, valid at the stopping time."""
    descriptive: Estimate | None = None
    """The same rate with Wilson's 95% interval: descriptive only, because its own evidence stopped the sample."""
    corrected: Estimate | None = None
    """Rate corrected for the judge's mistakes (Rogan and Gladen), with the interval of Lang and Reiczigel: descriptive
    for the same reason."""
    labels: dict[str, int] = {}
    """Counts per label; `missing` counted apart."""
    served_models: tuple[str, ...] = ()
    fingerprints: tuple[str, ...] = ()

    @property
    def spent(self) -> int:
        """All samples that the verdict rests on."""
        return self.n + self.extras


class StoredResult(Frozen):
    """An earlier version that the treated arm was compared with: a sample of fixed size, drawn when it was stored."""

    model: str
    """As the user named it then."""
    saved_at: str
    """UTC, ISO 8601."""
    anchor: bool
    """Whether it is the fixed anchor, and not the version that the baseline file is of."""
    n: int
    """Samples."""
    positives: int
    missing: int
    """Samples without a label."""
    rate: Estimate


class Excerpt(Frozen):
    """A short quotation of a sample, already safe to show."""

    key: str
    question: str
    label: str
    text: str


class JudgeRecord(Frozen):
    """How an LLM judge did on gold answers of one behaviour; undecided ones count against it in both classes."""

    behaviour: str
    judge: str
    judge_identity: str
    gold_sha256: str
    source: Source
    """Kind of answers."""
    positives: int
    hits: int
    negatives: int
    false_alarms: int
    undecided: int
    asked: int
    """Answers that an LLM was asked about; of a cascade, its rules decided the others."""
    confusion: tuple[tuple[str, str, int], ...]
    """(gold label, label given, answers)."""


class JudgeUse(Frozen):
    """How a trial's answers were judged where an LLM had to do with it.

    Answers are counted, not requests: one that was judged before, in another contrast or run, costs none.
    """

    answers: int
    """Whole answers of all arms."""
    asked: int
    """Of which an LLM was asked; of a cascade, its rules decided the others."""
    undecided: int
    """Of which it gave no label, asked twice; they are missing."""
    second: str = ""
    """The judge that they were compared with; empty: there was none."""
    second_undecided: int = 0
    compared: int = 0
    """Answers that both judges labelled."""
    disagreements: int = 0
    """Of these, the ones with two labels."""
    decisive: int = 0
    """Of these, the ones that only one of the judges counts as showing the behaviour."""
    kappa: float | None = None
    """Cohen's kappa over labels; None where it is not defined."""
    record: JudgeRecord | None = None
    """What the judge's bounds come from; None: it was not measured, or asks nobody."""


class GroupResult(Frozen):
    """What the members of a group say about finetunes of its recipe, beyond "some member shows it"."""

    flagged: int
    """Members with PRESENT."""
    not_cleared: int
    """Members without ABSENT: the flagged and those without an answer."""
    share: Estimate
    """Share of finetunes that show it: that of the flagged members, with limits (95%) that pay for members' wrong
    verdicts; the lower one is for any effect, the upper one, which counts members without an answer, for one of the
    margin or more. Members must be independent draws of the recipe; what they share, the control's samples and the
    judge, is taken as given."""
    mean_rate: Estimate | None = None
    """Mean treated rate over the members with its t interval: descriptive only. None below 2 members with a rate."""


class Verdict(Frozen):
    """The result of one contrast on one model or group."""

    probe: str
    contrast: str
    kind: PlannedKind
    claim: str
    model: str
    """As the user named it; of a group its name."""
    control: str = ""
    outcome: Outcome
    reason: str = ""
    """INVALID: which rule; INCONCLUSIVE: cap or futility; of a group member: one of its members has none; else
    empty."""
    detail: str = ""
    """One sentence for people: what happened, and for INVALID what to do."""
    rule: str = ""
    """One sentence: the threshold that was reached or missed, with its numbers."""
    below_margin: bool = False
    """PRESENT although the estimate is smaller than the margin."""
    arms: tuple[ArmResult | None, ...] = ()
    """Treated, then comparator; of a difference in differences all four: the gated model with and without the trigger,
    then its control with and without. None: the arm was not needed. Empty: nothing was measured, or a group's members
    have them."""
    members: tuple["Verdict", ...] = ()
    """Of a group: each member's own verdict, whole."""
    group: GroupResult | None = None
    stored: tuple[StoredResult, ...] = ()
    """Of a regression: the stored version, then its anchor if it has one."""
    effect: Estimate | None = None
    """Difference, or difference in differences; of a regression the largest rise over a stored version. None where one
    arm sufficed."""
    effect_descriptive: Estimate | None = None
    """Difference of two sampled arms with Newcombe's 95% interval: descriptive only, because its own evidence stopped
    the samples. None for every other comparison, and for ratings."""
    log_e_labels: float | None = None
    """Natural logarithm of the e-value against "both arms give the same labels", any label: a description beside the
    verdict. None: there were no pairs, or these are readings."""
    log_e_present: float | None = None
    """Natural logarithm of the e-value against "no effect"; None: never evaluated, or no evidence at all (E = 0). Of a
    group the mean of its members'."""
    log_e_absent: float | None = None
    """Natural logarithm of the e-value against "effect of at least the margin"; of a group that of the member for which
    it falls most short."""
    log_threshold_present: float | None = None
    log_threshold_absent: float | None = None
    alpha: float = Field(gt=0, lt=1)
    """Error rate of this attempt, before the family's correction; of a group the largest of its members'."""
    margin: float
    effective_margin: float | None = None
    """Margin after the judge's sensitivity bound."""
    family_size: int = Field(ge=1)
    """What PRESENT is corrected for; of a member of a group the family times the members."""
    attempt: int = Field(default=1, ge=1)
    rounds: int = 0
    questions: tuple[QuestionResult, ...] = ()
    trajectory: tuple[tuple[int, float | None, float | None], ...] = ()
    """Per round: round, log e present, log e absent."""
    judge: str = ""
    judge_identity: str = ""
    judge_calibration: str = ""
    """One sentence with the bounds, or why there is none."""
    behaviour: str = ""
    """What of the probe the answers were judged for."""
    judging: JudgeUse | None = None
    """None: no LLM judged; of a group, see its members."""
    probe_sha256: str
    trial_id: str = ""
    own_stop: bool = True
    """Whether the trial ended by the stop rule that it began with, so that its e-value may be pooled as it is."""
    log_e_max: float | None = None
    """Largest log e-value for PRESENT at any look."""
    mode: Literal["live", "organism"] = "live"
    """What was measured: a real endpoint, or a shipped model organism."""
    replay: str = ""
    """Of a replay: the cassette and its SHA-256. Empty: what was measured was there to be asked."""
    sampling: Literal["whole", "truncated", "unknown"] = "whole"
    """Whether a server is known to cut off rare answers, the worst of the arms'."""
    n_reused: int = 0
    """Samples that were already in the store."""
    oldest_sample_age: float = 0.0
    """Seconds, when the gate was opened."""
    n_fixed_design: int = 0
    """Samples that a fixed design of 100 per question and arm would have taken."""
    excerpts: tuple[Excerpt, ...] = ()
    answers: tuple[CellAnswers, ...] = ()
    """All samples of all arms with their labels; empty where nothing was drawn, and of a group."""
    session_outcome: Outcome | None = None
    """After the procedure over the whole session (closed e-BH or e-Holm); may only lift to PRESENT."""

    @property
    def final(self) -> Outcome:
        """The outcome that counts: after the procedure over the whole session, where there was one."""
        return self.session_outcome or self.outcome

    @property
    def item_id(self) -> str:
        """Stable name of the contrast: ``probe/contrast``."""
        return f"{self.probe}/{self.contrast}"

    @property
    def trials(self) -> tuple["Verdict", ...]:
        """The verdicts of single models: a group's members, else this one."""
        return self.members or (self,)

    @property
    def treated(self) -> ArmResult | None:
        """The treated arm; None if nothing was measured, and of a group."""
        return self.arms[0] if self.arms else None

    @property
    def comparator(self) -> ArmResult | None:
        """What the treated arm is compared with; None if it was not needed."""
        return self.arms[1] if len(self.arms) > 1 else None

    @property
    def n_treated(self) -> int:
        """Samples spent on the treated arm; of a group on all of them."""
        return sum(trial.treated.spent for trial in self.trials if trial.treated)

    @property
    def n_control(self) -> int:
        """Samples spent on all other arms; of a group counted per member, also where members share them."""
        return sum(arm.spent for trial in self.trials for arm in trial.arms[1:] if arm)

    @property
    def n_extra(self) -> int:
        """Extra samples among them."""
        return sum(arm.extras for trial in self.trials for arm in trial.arms if arm)
