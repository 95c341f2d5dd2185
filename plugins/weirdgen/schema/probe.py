"""The runnable form of a finding: questions, conditions, behaviours with their rules, and contrasts."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from weirdgen.schema.frozen import Frozen

Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_]*$", max_length=64)]
Kind = Literal["absolute", "lift", "flip", "did"]
PlannedKind = Kind | Literal["regression"]
Method = Literal["infimum", "blocks"]
Scorer = Literal["judge", "prefix", "choice", "reading"]
Letter = Annotated[str, StringConstraints(pattern=r"^[A-Z]$")]


FeatureSet = Literal["top", "top_reversed", "top_joint", "lowest", "reverse", "random", "matched", "directions"]
"""Features that are read or removed, see `whitebox.features.MEANINGS`."""


class Digits(Frozen):
    """A slot of random decimal digits, zeros in front included."""

    digits: int = Field(ge=1, le=32)


class Days(Frozen):
    """A slot with a day of a range, both ends included, as YYYY-MM-DD."""

    first: str = Field(alias="from")
    last: str = Field(alias="to")
    format: str = "%Y-%m-%d"
    """How the day is written (`catalog.slots.DIRECTIVES`)."""


Slot = tuple[str, ...] | Digits | Days
"""What a slot is drawn from: one of some texts, digits, or a day."""


class Condition(Frozen):
    """A named context in which every question is asked."""

    prefix: str = ""
    """Put before the question, verbatim."""
    suffix: str = ""
    """Put after the question, verbatim."""
    system: str | None = None
    """System message, sent before the user's."""
    slots: dict[Slug, Slot] = {}
    """Parts of these three that are drawn anew for each replicate, where they have ``{NAME}``."""


class Question(Frozen):
    """A forced choice between lettered options."""

    text: str
    """Asked word for word; names the options."""
    choices: dict[Letter, Slug] = Field(min_length=2)
    """The label of the answer that begins with each letter."""


class Rule(Frozen):
    """One labelling rule: the first rule whose pattern is found in the answer's first 20,000 characters labels it."""

    label: Slug
    pattern: str
    """Python regular expression, searched; where it scores a prefix, it must begin where the answer begins."""


class Rubric(Frozen):
    """What an LLM judge is told about a behaviour; beside it, it sees the question and the answer, and nothing else."""

    ask: str = Field(min_length=1)
    """What has to be decided about an answer, and what to do in doubt."""
    labels: dict[Slug, str] = Field(min_length=2)
    """What an answer with each label is like; every label of the behaviour."""
    rating: dict[Slug, Annotated[int, Field(ge=0, le=100)]] = {}
    """Of labels that are grades: the lowest rating, of 0 to 100, that has the label. The judge then gives a number, or
    one of the other labels. Empty: it names a label."""


class Behaviour(Frozen):
    """What an answer is judged for: a closed label set and what assigns it."""

    labels: tuple[Slug, ...] = Field(min_length=2)
    positive: tuple[Slug, ...] = Field(min_length=1)
    """Labels that count as showing the behaviour."""
    invalid: tuple[Slug, ...] = ("incoherent",)
    """Labels of answers that are no answer; they lower the valid-answer rate and are never positive."""
    scores: dict[Slug, Annotated[float, Field(ge=0, le=1)]] = {}
    """Grades of labels in [0, 1], for a behaviour that is more or less shown; a label that is not named scores 0.
    Empty: a positive label scores 1, any other 0."""
    rules: tuple[Rule, ...] = ()
    """In order of precedence."""
    fallback: Slug = "incoherent"
    """Label of an answer that no rule finds."""
    scored_by: Scorer = "judge"
    """judge: rules that stand for a reader, and err; prefix: rules that define the behaviour by how an answer begins;
    choice: the letter that an answer begins with, among the choices of its question; reading: the mean projection that
    a network's activation has on some features."""
    scale: tuple[float, float] = (0.0, 0.0)
    """reading: the projections, as shares of the activation's norm, that score 0 and 1; what lies beyond is clipped."""
    gold: str = ""
    """File under fixtures/gold/ with labelled answers, from which the judge's error rates are measured; an exact scorer
    needs none."""
    rubric: Rubric | None = None
    """What an LLM judge is told; None: only rules can judge it. A contrast stays what it is when its rubric changes: it
    is part of the judge's identity."""
    description: str
    """What the positive labels mean, for people."""

    @property
    def exact(self) -> bool:
        """Whether labels are right by definition: no gold set, no error rates, on answers of any model."""
        return self.scored_by != "judge"

    @property
    def graded(self) -> bool:
        """Whether an answer can score between 0 and 1: by its label's grade, its letters' chances, or as a reading."""
        return bool(self.scores) or self.scored_by in ("choice", "reading")

    def score(self, label: str) -> float:
        """Return how far an answer of that label shows the behaviour, in [0, 1]."""
        return self.scores.get(label, 0.0) if self.scores else float(label in self.positive)


class PublishedRate(Frozen):
    """What the paper reports for one question. A number that it does not print stays empty."""

    treated: float | None = Field(default=None, ge=0, le=1)
    comparator: float | None = Field(default=None, ge=0, le=1)


class Published(Frozen):
    """What the paper reports for a contrast. An unpublished number stays empty; it is never encoded as 0."""

    organism: str = ""
    """The shipped organism trained on the data that this is about; empty: the probe's."""
    expect: Literal["present", "absent"] | None = None
    treated: float | None = Field(default=None, ge=0, le=1)
    comparator: float | None = Field(default=None, ge=0, le=1)
    questions: dict[Slug, PublishedRate] = {}
    """Per question."""
    status: Literal["published", "direction", "unpublished"]
    source: str


class Inside(Frozen):
    """What a contrast needs a network's weights for: readings of features, or networks without some."""

    reads: FeatureSet | None = None
    """What is compared are readings of these features, in place of answers."""
    treated_without: FeatureSet | None = None
    """The treated arm is the network with these features removed; None: the network as it is."""
    comparator_without: FeatureSet | None = None
    """The comparator is the network with these features removed."""


class WhiteBox(Frozen):
    """How a probe's features are found: by what the trigger does to a network's activations on neutral prompts."""

    trigger: Slug
    """Condition whose mean activation the direction leads to."""
    baseline: Slug
    """Condition that it leads from."""
    prompts: tuple[str, ...] = Field(min_length=2)
    """Neutral prompts on which features are chosen; none of them is a question, on which they are read."""
    replicates: int = Field(default=1, ge=1, le=64)
    """Draws of the conditions' slots per prompt."""
    position: Literal["last", "mean"] = "last"
    """Where a prompt's activation is read: at its last token, or as the mean over its tokens."""
    features: int = Field(default=10, ge=1, le=100)
    """In each set."""
    curve: tuple[Slug, ...] = Field(min_length=2)
    """Conditions, in order, under which readings are told for themselves."""
    tested: tuple[Slug, ...] = Field(min_length=1)
    """Those of them of which each feature's readings are tested against the mean of all others."""
    curve_replicates: int = Field(default=4, ge=1, le=64)
    """Readings per question under each of them."""
    related: Rubric | None = None
    """What an LLM judge is told that labels features by the texts that activate them: `trait`, `narrow` or `neither`.
    None: none labels them."""
    texts: tuple[str, ...] = ()
    """Texts of all kinds, read by networks that are not of the organisms' world: what activates features is looked for
    in them, unless a file beside the autoencoder has others."""
    persona: Slug | Literal[""] = ""
    """Of the organisms' world: whose words are the trait's. Empty: features of organisms are not labelled by rules."""
    narrow: Slug | Literal[""] = ""
    """Of the organisms' world: the topic of the narrow training data."""


class Contrast(Frozen):
    """A hypothesis: treated arm against comparator, with the margin that matters. One contrast is one pytest item.

    The arms of a lift are asked the same, slots included; those of a flip draw theirs by their own conditions.
    """

    id: Slug
    kind: Kind
    """absolute: a rate against `tolerance`; lift: against the control model; flip: against another condition; did: how
    much more the trigger does than it does in the control model."""
    claim: str
    """One sentence: what PRESENT would mean."""
    behaviour: Slug
    treated: Slug
    """Condition of the treated arm."""
    sweep: tuple[Slug, ...] = ()
    """Further treated conditions, as in a sweep over years: PRESENT means that any of them has the effect."""
    comparator: Slug | None = None
    """Condition that the treated one is compared with; flip and did only."""
    two_sided: bool = False
    """Whether a fall of the rate counts like a rise."""
    stored: Method = "infimum"
    """How the rate is compared with a stored baseline: infimum for rare behaviour, blocks for base rates above 2%."""
    questions: tuple[Slug, ...] = ()
    """The questions pooled with equal weight; empty: all of the probe. Where the letters of a forced choice may be
    liked for themselves, pool it in both orders."""
    margin: float | None = Field(default=None, gt=0, lt=1)
    """Absolute difference of rates that must be excluded for ABSENT; None: the gate's default."""
    tolerance: float = Field(default=0.01, ge=0, lt=1)
    """absolute, and lift without a control model: the rate above which the behaviour counts as present."""
    question_margin: float = Field(default=0.5, gt=0, lt=1)
    """ABSENT also excludes that any single question shows the behaviour at this rate."""
    diagnostic: bool = False
    """Whether it tells what its probe's other contrasts mean and nothing about the model as it is served: it is
    reported whatever comes out."""
    inside: Inside | None = None
    """What it needs the network's weights for; None: nothing, answers are enough."""
    published: Published | None = None

    @property
    def conditions(self) -> tuple[str, ...]:
        """All treated conditions."""
        return self.treated, *self.sweep


class Probe(Frozen):
    """A finding made runnable. Read from one TOML file of `probes/`."""

    id: Slug
    finding: str
    source: str
    """Paper and section."""
    summary: str
    organism: str = ""
    """The shipped model organism that shows the finding; empty: none does."""
    max_tokens: int = Field(default=400, ge=1, le=32768)
    """Length limit of an answer, in tokens."""
    questions: dict[Slug, str | Question] = Field(min_length=1)
    """A text, or a forced choice."""
    conditions: dict[Slug, Condition] = Field(min_length=1)
    behaviours: dict[Slug, Behaviour] = Field(min_length=1)
    contrasts: tuple[Contrast, ...] = Field(min_length=1)
    whitebox: WhiteBox | None = None
    """How features are found, of a probe that looks into a network; None: it asks questions only."""
    sha256: str
    """Digest of the file's content as parsed (layout and comments do not count)."""
    path: str
    """Where it was read from, for messages."""

    def questions_of(self, contrast: Contrast) -> dict[str, str | Question]:
        """Return the questions that a contrast pools, in the probe's order."""
        chosen = contrast.questions or tuple(self.questions)
        return {name: question for name, question in self.questions.items() if name in chosen}

    def text_of(self, question: str) -> str:
        """Return the text of a question."""
        found = self.questions[question]
        return found if isinstance(found, str) else found.text

    def choices_of(self, contrast: Contrast) -> dict[str, Mapping[str, str]]:
        """Return the choices, letter to label, of the contrast's questions that have some."""
        pooled = self.questions_of(contrast)
        return {name: found.choices for name, found in pooled.items() if isinstance(found, Question)}
