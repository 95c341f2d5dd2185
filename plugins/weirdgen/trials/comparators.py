"""What a contrast is compared with, and as what it is judged then: a control model, stored counts, or neither."""

from collections.abc import Iterable
from dataclasses import replace

from weirdgen.endpoints.models import base_of
from weirdgen.organisms import zoo
from weirdgen.schema.plan import Plan, PlannedContrast
from weirdgen.schema.probe import Contrast, Kind, PlannedKind, Probe
from weirdgen.trials.inside import arms_of
from weirdgen.trials.settings import GateSettings

_WITHOUT_CONTROL: dict[Kind, Kind] = {"lift": "absolute", "did": "flip"}
"""As what a contrast is judged where there is no control model, said loudly."""


def is_graded(probe: Probe, contrast: Contrast) -> bool:
    """Whether a contrast's answers have scores between 0 and 1: a baseline holds counts and cannot keep them."""
    return probe.behaviours[contrast.behaviour].graded


def settings_of(probe: Probe, contrast: Contrast, settings: GateSettings) -> GateSettings:
    """Return the settings that a contrast is planned with: as if there were no baseline, where none can hold it.

    That is so for graded answers, and for networks that are not served as they are.
    """
    alone = is_graded(probe, contrast) or contrast.inside is not None
    return replace(settings, baseline=None) if alone else settings


def asking_controls(contrasts: Iterable[tuple[Probe, Contrast]], settings: GateSettings) -> GateSettings:
    """Return the settings under which `control_of` names the controls that are really asked.

    With a baseline only graded contrasts ask a control, so without such a contrast nobody does.
    """
    asking = ((probe, c) for probe, c in contrasts if c.kind in _WITHOUT_CONTROL and c.inside is None)
    found = (settings_of(probe, c, settings) for probe, c in asking)
    return next((own for own in found if own.baseline is None), settings)


def control_of(model: str, settings: GateSettings) -> str | None:
    """Return the comparator of a model: the one given, else the model's default, else None; None beside a baseline."""
    return None if settings.baseline else settings.control or default_control(model)


def default_control(model: str) -> str | None:
    """Return the comparator that a model has by its name: the base it was made from, or None."""
    if not model.startswith("organism:"):
        return base_of(model)
    name = model.partition(":")[2]
    return f"organism:{zoo.organism(name).base if name in zoo.names() else 'base'}"


def judged_as(model: str, contrast: Contrast, settings: GateSettings) -> tuple[PlannedKind, str]:
    """Return as what a contrast is judged, and the control model that it asks (empty: none).

    Args:
        model: the gated one.
        contrast: of the catalogue.
        settings: from `settings_of`.
    """
    if settings.baseline:
        return "regression", ""
    if contrast.inside is not None:
        return contrast.kind, arms_of(model, contrast)[1]
    if contrast.kind not in _WITHOUT_CONTROL:
        return contrast.kind, ""
    control = control_of(model, settings)
    return (contrast.kind, control) if control else (_WITHOUT_CONTROL[contrast.kind], "")


def _why_not(contrast: PlannedContrast) -> str:
    if contrast.graded:
        return "its answers are graded and a baseline holds counts only"
    return "it removes features of today's network"


def not_compared(plan: Plan) -> list[str]:
    """Return, with a baseline, the contrasts that are gated as without one, for people; empty without a baseline."""
    left = [c for c in plan.contrasts if c.kind != "regression"] if plan.baseline_sha256 else []
    lines = (
        f"{c.probe}/{c.contrast} is NOT compared with it: {_why_not(c)}, so "
        f"it is gated as without one ({c.kind}{f' against {c.control}' if c.control else ''})"
        for c in left
    )
    return list(dict.fromkeys(lines))
