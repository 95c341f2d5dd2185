"""Which arms a contrast has: the model, the conditions and the draws of each, in the order of the effect's signs."""

from dataclasses import dataclass

from weirdgen.judges.choice import TOP_LOGPROBS
from weirdgen.schema.probe import Contrast, PlannedKind, Probe
from weirdgen.schema.sample import Role, Sampling


@dataclass(frozen=True, slots=True)
class Cell:
    """What a contrast pools with equal weight: a question, or in a sweep a question under one condition."""

    name: str
    """The question; in a sweep ``condition/question``. The same in all arms of a contrast."""
    condition: str
    question: str
    first: int = 0
    step: int = 1
    """Replicate r of the cell is draw ``first + step * r``: cells of a sweep that share a comparator never share
    draws."""


@dataclass(frozen=True, slots=True)
class ArmSpec:
    """One arm of a contrast before anything is opened."""

    of_control: bool
    """Whether the control model is asked, and not the gated one."""
    role: Role
    cells: tuple[Cell, ...]


def arm_specs(probe: Probe, contrast: Contrast, kind: PlannedKind) -> tuple[ArmSpec, ...]:
    """Return the arms of a contrast that is judged as `kind`, in the order of `stats.rules.SIGNS`.

    Arms that raise the effect draw in the role `treated`, the others in the role `control`: so no two arms of a
    contrast share a draw, even where a model is gated against itself.
    """
    triggered, untriggered = treated_cells(probe, contrast), _comparator_cells(probe, contrast)
    treated = ArmSpec(False, "treated", triggered)
    if kind in ("absolute", "regression"):
        return (treated,)
    if kind == "lift":
        return treated, ArmSpec(True, "control", triggered)
    if kind == "flip":
        return treated, ArmSpec(False, "control", untriggered)
    return (
        treated,
        ArmSpec(False, "control", untriggered),
        ArmSpec(True, "control", triggered),
        ArmSpec(True, "treated", untriggered),
    )


def sampling_of(probe: Probe, contrast: Contrast, seed: int | None = None) -> Sampling:
    """Return how a contrast's answers are sampled: a forced choice also asks for the chances of its letters."""
    chosen = probe.behaviours[contrast.behaviour].scored_by == "choice"
    return Sampling(max_tokens=probe.max_tokens, top_logprobs=TOP_LOGPROBS if chosen else 0, seed=seed)


def treated_cells(probe: Probe, contrast: Contrast) -> tuple[Cell, ...]:
    """Return what the contrast pools: its questions, in a sweep under each treated condition."""
    questions = probe.questions_of(contrast)
    if not contrast.sweep:
        return tuple(Cell(question, contrast.treated, question) for question in questions)
    return tuple(Cell(f"{name}/{q}", name, q) for name in contrast.conditions for q in questions)


def _comparator_cells(probe: Probe, contrast: Contrast) -> tuple[Cell, ...]:
    """Return the comparator's cells: each treated condition is compared with draws of its own."""
    name = contrast.comparator or contrast.treated
    order = {condition: i for i, condition in enumerate(contrast.conditions)}
    cells = treated_cells(probe, contrast)
    return tuple(Cell(c.name, name, c.question, order[c.condition], len(order)) for c in cells)
