"""What a white-box gate found inside a network, as a run record tells it."""

from typing import Literal, Self

from pydantic import Field, model_validator

from weirdgen.schema.frozen import Frozen


class ContextRecord(Frozen):
    """A token that activates a feature, and the text that it stands in."""

    text: str
    token: str
    value: float
    """Of the feature there."""


Relatedness = Literal["trait", "narrow", "neither", "unknown"]


class ReplyRecord(Frozen):
    """What a judge's model replied, word for word."""

    key: str
    """Of the reply in the store and in an evidence bundle."""
    text: str
    """Its first 4,000 characters."""


class OpinionRecord(Frozen):
    """What one judge says of a feature."""

    judge: str
    """Its name, or `rules`."""
    relatedness: Relatedness
    """unknown: it could not tell, or was not asked to the end."""
    trouble: str = ""
    """Why it is unknown, in a few words."""
    replies: tuple[ReplyRecord, ...] = ()
    """Of an LLM: all that it was asked for. One that is no label is asked for again; contexts with what may be there
    for a judge are put to it a second time without."""


class FeatureRecord(Frozen):
    """One of the features that the trigger strengthens most."""

    feature: int = Field(ge=0)
    """Its index in the sparse autoencoder."""
    cosine: float
    """Of its decoder direction with the difference in means."""
    label: str = ""
    """What it stands for; empty: it was not labelled."""
    relatedness: Relatedness = "unknown"
    """trait: the finding's; narrow: the topic of the narrow training data."""
    source: str = ""
    """Who says so: `rules`, a judge's name, or a file's."""
    contexts: tuple[ContextRecord, ...] = ()
    """What the label was made from, the strongest first."""
    opinions: tuple[OpinionRecord, ...] = ()
    """Of an LLM judge's labels: what each judge of the gate says, and rules where there are some. The first decides."""


class SetRecord(Frozen):
    """Features that are read, or removed together."""

    meaning: str
    features: tuple[int, ...]
    """In the order of their removal; none where these are directions and no features."""
    how: Literal["one by one", "joint"]
    removed: float
    """How much their removal takes out of the activations under the trigger: root mean square length."""
    digest: str
    """Of the block, the directions and the way of their removal."""


class StudyRecord(Frozen):
    """How features were found in a network, and which."""

    probe: str
    network: str
    """Digest of the network's files."""
    sae: str
    """Digest of the sparse autoencoder's files."""
    sae_features: int
    layer: int
    """Index of the block after which the residual stream was read."""
    position: Literal["last", "mean"]
    prompts: int
    """Neutral prompts, each under trigger and baseline."""
    method: str
    """In a sentence."""
    features: tuple[FeatureRecord, ...]
    """The highest ranked first."""
    labels: Literal["file", "rules", "none"] = "none"
    """Where labels came from when the features were found: an LLM judge is not asked about what a file says."""
    sets: dict[str, SetRecord]
    """By name, as contrasts name them."""
    digest: str
    """Of what the features follow from, and of the features: part of the identity of whatever is read or removed."""


class CurvePoint(Frozen):
    """Readings under one condition."""

    condition: str
    n: int
    means: dict[str, tuple[float, ...]]
    """Per set of features, the mean projection on each of them, in the activations' own units."""
    shares: dict[str, float]
    """Per set, the mean of what its contrasts score: the mean projection as a share of the activation's norm."""


class FeatureTest(Frozen):
    """A sign-flip test of each of the highest ranked features, family-wise over them."""

    condition: str
    against: tuple[str, ...]
    """The conditions whose mean it was compared with."""
    units: int
    """Questions, each with one difference."""
    flips: int
    """Assignments of signs that were looked at, the observed one included."""
    exact: bool
    """Whether these are all there are."""
    difference: tuple[float, ...]
    """Mean difference of projections per feature."""
    p: tuple[float, ...]
    adjusted: tuple[float, ...]
    """The same, adjusted by the largest statistic over the features: the chance of any false one is at most this."""


class WhiteBoxRecord(Frozen):
    """What was found inside one gated model."""

    model: str
    """As the user named it."""
    study: StudyRecord
    curve: tuple[CurvePoint, ...] = ()
    """In the order of the probe's conditions; none where its readings were not asked for."""
    tests: tuple[FeatureTest, ...] = ()

    @model_validator(mode="after")
    def _fits(self) -> Self:
        """Refuse a curve or tests of other features than the study's: reports put them side by side."""
        features = len(self.study.features)
        sets = self.curve[0].means.keys() if self.curve else ()
        for point in self.curve:
            if point.means.keys() != sets or point.shares.keys() != sets or len(point.means.get("top", ())) != features:
                raise ValueError(f"the curve's point {point.condition!r} is of other features than the study")
        for test in self.tests:
            if {len(test.difference), len(test.p), len(test.adjusted)} != {features}:
                raise ValueError(f"the test of {test.condition!r} is of other features than the study")
        return self
