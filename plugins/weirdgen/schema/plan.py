"""What a gate will do, fixed and hashed before its first request."""

from typing import Literal

from pydantic import Field

from weirdgen.schema.canonical import digest
from weirdgen.schema.frozen import Frozen
from weirdgen.schema.probe import Kind

Mode = Literal["gate", "replicate"]
Inconclusive = Literal["fail", "warn"]


class PlannedContrast(Frozen):
    """One contrast on one model as it will be decided."""

    probe: str
    contrast: str
    kind: Kind
    model: str
    control: str
    """Empty: no comparator model."""
    margin: float
    contrast_digest: str
    """Of the contrast, its questions, conditions and behaviour."""
    judge: str
    judge_identity: str
    gold_sha256: str
    """Of the labelled answers that the judge is calibrated on."""
    rounds_cap: int
    questions: int
    expected_requests: int
    worst_requests: int


class Plan(Frozen):
    """The whole gate: its SHA-256 stands in the header, the store and every report."""

    version: Literal[1] = 1
    models: tuple[str, ...] = Field(min_length=1)
    control: str = ""
    base_url: str = ""
    control_base_url: str = ""
    alpha: float
    cap: int
    coherence: float
    mode: Mode
    inconclusive: Inconclusive
    judge_uncalibrated: bool
    family_size: int = Field(ge=1)
    contrasts: tuple[PlannedContrast, ...]
    """The whole family, whatever is selected."""

    @property
    def line(self) -> str:
        """Digest of what is asked of whom, without cap, alpha and family: a gate with a higher cap goes on in it."""
        asked = [
            (c.probe, c.contrast, c.kind, c.model, c.control, c.margin, c.contrast_digest, c.judge_identity)
            for c in self.contrasts
        ]
        return digest([self.base_url, self.control_base_url, asked])

    @property
    def sha256(self) -> str:
        """Digest of the canonical plan."""
        return digest(self.model_dump(mode="json"))
