"""What the server of networks' insides has to do for a gate, and whom it answers for."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from weirdgen.catalog.prompts import neutral_prompts
from weirdgen.endpoints.models import LOCAL, Target
from weirdgen.errors import UsageMistake
from weirdgen.organisms import zoo
from weirdgen.schema.plan import Plan
from weirdgen.schema.probe import Probe
from weirdgen.schema.sample import Role
from weirdgen.trials.inside import READINGS, removed, split
from weirdgen.trials.settings import GateSettings
from weirdgen.whitebox.job import Inspected, Job, Question


@dataclass(frozen=True, slots=True)
class Served:
    """Where organisms and networks are answered for, and what their files are.

    Attributes:
        organisms: URL of the organisms' server; empty: there is none.
        inside: URL of the server of networks' insides; empty: there is none.
        digests: identity of what that one serves, by name.
    """

    organisms: str = ""
    inside: str = ""
    digests: Mapping[str, str] = field(default_factory=dict)

    def url_of(self, target: Target) -> str:
        """Return where a target is asked; empty: not here."""
        if is_inside(target):
            return self.inside
        return self.organisms if target.kind == "organism" else ""

    def digest_of(self, target: Target) -> str:
        """Return the identity of an organism or a network; empty for anything else."""
        if target.model in self.digests and target.kind in ("organism", "network"):
            return self.digests[target.model]
        return zoo.digest(target.model) if target.kind == "organism" else ""


def is_inside(target: Target) -> bool:
    """Whether the server of networks' insides answers for a target."""
    return target.kind == "network" or (target.kind == "organism" and bool(split(target.model)[1]))


def job_of(plan: Plan, arms: Iterable[tuple[str, Role]], settings: GateSettings, probes: Iterable[Probe]) -> Job | None:
    """Return what has to be served beside the organisms; None where there is nothing.

    Args:
        plan: of the gate.
        arms: whom it asks.
        settings: where folders are.
        probes: of the catalogue.

    Raises:
        UsageMistake: a folder is not there, two networks have one name, or two probes look into networks.
    """
    parts: dict[str, list[str]] = {}
    for label, _ in arms:
        model, part = split(label)
        if part or model.startswith(LOCAL):
            parts.setdefault(model, []).append(part)
    if not parts:
        return None
    networks = tuple(_inspected(model, found, settings) for model, found in parts.items())
    _check_names(networks)
    question = _question([probe for probe in probes if probe.whitebox is not None]) if settings.sae else None
    return Job(networks=networks, sae=settings.sae or "", layer=plan.layer, question=question)


def _inspected(model: str, parts: Iterable[str], settings: GateSettings) -> Inspected:
    kind, _, folder = model.partition(":")
    known = set(parts)
    gated = model in settings.gated
    if kind == "hf" and not Path(folder).is_dir():
        raise UsageMistake(f"--model {model!r}: there is no such folder")
    if kind == "hf" and not Path(folder).name:
        raise UsageMistake(
            f"--model {model!r}: the folder has no name here, which reports would call it by; write it out"
        )
    adapter = settings.adapter if kind == "hf" and gated else None
    if adapter is not None and not adapter.is_dir():
        raise UsageMistake(f"--gate-adapter {adapter}: there is no such folder")
    return Inspected(
        label=model,
        name=folder if kind == "organism" else Path(folder).name,
        kind="organism" if kind == "organism" else "network",
        folder=folder,
        adapter=str(adapter) if adapter else "",
        whole="" in known,
        removed={part: removed(part) for part in sorted(known) if removed(part)},
        readings=READINGS if READINGS in known else "",
    )


def _check_names(networks: Iterable[Inspected]) -> None:
    first: dict[str, str] = {}
    for one in networks:
        if one.name in first:
            raise UsageMistake(f"{one.label!r} and {first[one.name]!r} end in one name; rename one of the folders")
        first[one.name] = one.label


def _question(probes: list[Probe]) -> Question:
    if len(probes) != 1 or probes[0].whitebox is None:
        raise UsageMistake(
            f"--gate-sae: {' and '.join(probe.path for probe in probes) or 'no probe'}: expected one probe that looks "
            "into a network; leave out the others"
        )
    probe, study = probes[0], probes[0].whitebox
    return Question(
        probe=probe.id,
        treated=neutral_prompts(probe, study, study.trigger),
        baseline=neutral_prompts(probe, study, study.baseline),
        prompts=len(study.prompts),
        position=study.position,
        features=study.features,
        texts=study.texts,
        persona=study.persona,
        narrow=study.narrow,
    )
