"""What a version of a model showed, kept on disk: counts of samples whose number was fixed before they were drawn."""

from collections.abc import Iterator
from typing import Literal, Self

from pydantic import Field, model_validator

from weirdgen.schema.canonical import digest
from weirdgen.schema.frozen import Frozen
from weirdgen.schema.probe import Method, Slug
from weirdgen.schema.sample import Identity, Sampling
from weirdgen.schema.verdict import Estimate


class Asked(Frozen):
    """What makes the counts of two versions comparable: the same prompts, sampled and judged in the same way.

    Nothing else of a contrast touches a sample or a label: not its margin, tolerance, sides, claim or method.
    """

    prompts_digest: str
    """Of the messages that are sent, each under the name of its question."""
    judge_identity: str
    sampling: Sampling

    def difference(self, other: Self) -> str:
        """Return what differs first, in words; empty if nothing does."""
        if self.judge_identity != other.judge_identity:
            return "the judge (its rules or labels)"
        if self.sampling != other.sampling:
            pairs = zip(self.sampling, other.sampling, strict=True)
            return f"sampling ({', '.join(f'{name} {old} and {new}' for (name, old), (_, new) in pairs if old != new)})"
        if self.prompts_digest != other.prompts_digest:
            return "what is asked (questions or conditions)"
        return ""


class StoredQuestion(Frozen):
    """Counts of one of the questions that a contrast pools."""

    question: str
    """In a sweep ``condition/question``."""
    positives: int = Field(ge=0)
    missing: int = Field(ge=0)
    """Samples without a label: cut, filtered, undecided."""


class StoredContrast(Frozen):
    """The treated arm of one contrast."""

    probe: Slug
    contrast: Slug
    asked: Asked
    judge: str
    gold_sha256: str
    """Of the labelled answers that the judge was calibrated on; empty: it is exact, or was taken at its word."""
    margin: float | None
    """Of the contrast; None: it names none."""
    method: Method
    """With which the contrast declared to be compared before the sample was drawn."""
    n: int = Field(ge=1)
    """Samples per question, those without a label included."""
    questions: tuple[StoredQuestion, ...] = Field(min_length=1)
    rate: Estimate
    """Mean over the questions, with a confidence sequence that lets missing samples go either way."""

    @model_validator(mode="after")
    def _counts_fit(self) -> Self:
        if len({q.question for q in self.questions}) < len(self.questions):
            raise ValueError(f"{self.item_id}: a question is listed twice")
        for q in self.questions:
            if q.positives + q.missing > self.n:
                raise ValueError(f"{self.item_id}, {q.question}: more positive and missing samples than its {self.n}")
        return self

    @property
    def item_id(self) -> str:
        """Stable name of the contrast: ``probe/contrast``."""
        return f"{self.probe}/{self.contrast}"

    @property
    def total(self) -> int:
        """All samples."""
        return self.n * len(self.questions)

    @property
    def positives(self) -> int:
        """Samples with a positive label."""
        return sum(q.positives for q in self.questions)

    @property
    def missing(self) -> int:
        """Samples without a label."""
        return sum(q.missing for q in self.questions)


class StoredVersion(Frozen):
    """What one version of a model showed."""

    model: str
    """As the user named it."""
    identity: Identity
    weirdgen: str
    """Version of the package."""
    saved_at: str
    """UTC, ISO 8601."""
    contrasts: tuple[StoredContrast, ...] = Field(min_length=1)
    judges: dict[str, Identity] = {}
    """Who answered for the judges' models, by the names that the user gave."""

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        names = [one.item_id for one in self.contrasts]
        if len(set(names)) < len(names):
            raise ValueError("a contrast is listed twice")
        return self

    def find(self, item_id: str) -> StoredContrast | None:
        """Return a contrast by its ``probe/contrast``, None if it was not stored."""
        return next((one for one in self.contrasts if one.item_id == item_id), None)


class Baseline(Frozen):
    """A baseline file: a version, and the fixed anchors that keep small rises from adding up over many releases."""

    version: Literal[1] = 1
    """Of the format."""
    saved: StoredVersion
    anchors: tuple[StoredVersion, ...] = ()
    """Earlier versions: for each contrast the first that was asked and judged as now, if it is not this one. Each
    contrast stands in at most one of them."""

    @property
    def sha256(self) -> str:
        """Digest of the canonical content."""
        return digest(self.model_dump(mode="json"))

    def versions(self, item_id: str) -> Iterator[tuple[StoredVersion, StoredContrast]]:
        """Yield a contrast as it was stored, of the version itself and then of its anchor, as far as there are any."""
        for version in (self.saved, *self.anchors):
            found = version.find(item_id)
            if found is not None:
                yield version, found
