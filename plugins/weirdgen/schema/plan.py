"""What a gate will do, fixed and hashed before its first request."""

from typing import Any, Literal

from pydantic import Field

from weirdgen.schema.canonical import digest
from weirdgen.schema.frozen import Frozen
from weirdgen.schema.probe import PlannedKind

Mode = Literal["gate", "replicate"]
Inconclusive = Literal["fail", "warn"]


class ModelGroup(Frozen):
    """Several finetunes of one recipe (seeds), judged together: one hypothesis per contrast."""

    name: str
    members: tuple[str, ...] = Field(min_length=2)
    """Models as the user named them; none of them is in another group, or gated by itself."""


class PlannedContrast(Frozen):
    """One contrast on one model as it will be decided."""

    probe: str
    contrast: str
    kind: PlannedKind
    """As what it is judged; regression: against stored counts of earlier versions."""
    model: str
    control: str
    """Empty: no comparator model."""
    margin: float
    contrast_digest: str
    """Of the contrast, its questions, conditions and behaviour."""
    judge: str
    """What decides: rules, a model, rules+MODEL; of an exact scorer its kind, prefix or choice."""
    judge_identity: str
    treated: str = ""
    """What is asked in place of the model: its readings, or the network without some features. Empty: the model."""
    diagnostic: bool = False
    """Whether it is reported whatever comes out, and judged by nothing."""
    second_judge: str = ""
    """What labels the same answers and decides nothing; empty: none."""
    graded: bool = False
    """Whether its answers can score between 0 and 1."""
    gold_sha256: str
    """Of the labelled answers that the judge is calibrated on; empty: it is exact and needs none."""
    rounds_cap: int
    questions: int
    """What is pooled: questions, in a sweep times conditions."""
    worst_requests: int
    stored_sha256: str = ""
    """Of the stored counts that a regression is judged against."""
    corrected_for: int = Field(ge=1)
    """By how much the error rate for PRESENT is divided: the size of the family; for a member of a group times the
    number of members."""

    @property
    def asked(self) -> str:
        """Who answers in the treated arm, as `trials.opening` opens it."""
        return self.treated or self.model


class Plan(Frozen):
    """The whole gate: its SHA-256 stands in the header, the store and every report."""

    version: Literal[2] = 2
    models: tuple[str, ...]
    """Gated one by one."""
    groups: tuple[ModelGroup, ...] = ()
    control: str = ""
    base_url: str = ""
    control_base_url: str = ""
    judge_base_url: str = ""
    judge_models: tuple[str, ...] = ()
    """Models that judges ask, as the user named them."""
    alpha: float
    cap: int
    coherence: float
    mode: Mode
    inconclusive: Inconclusive
    judge_uncalibrated: bool
    truncated: bool = False
    """Whether a server is accepted that cuts off rare answers."""
    seed: int | None = None
    """From which each draw gets its own; None: servers draw as they like."""
    fwer: bool
    """Whether the session's procedure keeps the chance of any false PRESENT, not their share."""
    baseline_sha256: str = ""
    """Of the baseline file that every contrast without scores is compared with; empty: none."""
    sae: str = ""
    """Sparse autoencoder of the white-box suite; empty: that suite is not planned."""
    layer: int | None = None
    """Block after which it reads the residual stream; None: as its files say."""
    adapter: str = ""
    """Of the gated ``hf:`` model."""
    family_size: int = Field(ge=1)
    """Hypotheses: contrasts times models and groups."""
    contrasts: tuple[PlannedContrast, ...]
    """The whole family, whatever is selected; of a group each member's."""

    @property
    def names(self) -> tuple[str, ...]:
        """Whom a verdict can be of: the models gated one by one, then the groups."""
        return *self.models, *(group.name for group in self.groups)

    def name_of(self, model: str) -> str:
        """Return the name of a model's group, or of the model where it has none."""
        return next((group.name for group in self.groups if model in group.members), model)

    @property
    def line(self) -> str:
        """Digest of what is asked of whom, without cap, alpha and family: a gate with a higher cap goes on in it."""
        asked = [
            (c.probe, c.contrast, c.kind, c.model, c.control, c.margin, c.contrast_digest, c.judge_identity)
            for c in self.contrasts
        ]
        compared = [c.stored_sha256 for c in self.contrasts if c.stored_sha256]
        return digest([self.base_url, self.control_base_url, asked, *compared])

    @property
    def sha256(self) -> str:
        """Digest of the canonical plan; what is said of networks' insides counts where it is said."""
        told = self.model_dump(mode="json")
        told["contrasts"] = [_said(contrast, "treated", "diagnostic") for contrast in told["contrasts"]]
        return digest(_said(told, "sae", "layer", "adapter"))


def _said(told: dict[str, Any], *optional: str) -> dict[str, Any]:
    """Return plain data without those of some keys that say nothing."""
    # Not `in ("", None, False)`: the first block is 0, which equals False.
    return {
        name: value
        for name, value in told.items()
        if name not in optional or not (value is None or value is False or value == "")
    }
