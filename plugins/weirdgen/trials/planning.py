"""The plan: every contrast of the family on every model, fixed before the first request."""

import math
from dataclasses import dataclass

from weirdgen.catalog import Catalog, contrast_digest
from weirdgen.endpoints.models import default_control, default_judge
from weirdgen.errors import UsageMistake
from weirdgen.judges.gold import GoldRow, load_gold
from weirdgen.judges.rules import RuleJudge
from weirdgen.schema.canonical import digest
from weirdgen.schema.plan import Plan, PlannedContrast
from weirdgen.schema.probe import Contrast, Kind, Probe
from weirdgen.trials.settings import GateSettings

Address = tuple[str, str, str]
"""(model, probe, contrast)"""
RULES = "rules"
Gold = tuple[GoldRow, ...]


@dataclass(frozen=True, slots=True)
class Task:
    """One planned contrast with the probe that it comes from."""

    planned: PlannedContrast
    probe: Probe
    contrast: Contrast
    gold: Gold
    """Labelled answers that the judge is calibrated on."""

    @property
    def address(self) -> Address:
        """(model, probe, contrast)."""
        return self.planned.model, self.probe.id, self.contrast.id

    @property
    def questions(self) -> dict[str, str]:
        """The questions that the contrast pools."""
        return self.probe.questions_of(self.contrast)


def plan_gate(catalog: Catalog, settings: GateSettings) -> tuple[Plan, dict[Address, Task]]:
    """Fix the whole family: all contrasts of the catalogue on all models, whatever is selected later.

    Raises:
        UsageMistake: a model, control or judge cannot be used, or a cap does not fit a contrast.
    """
    _check_addresses(settings)
    tasks = []
    for model in settings.models:
        for probe, contrast in catalog.contrasts():
            labels = probe.behaviours[contrast.behaviour].labels
            gold = load_gold(catalog.gold_file(probe.id, contrast.behaviour), labels=labels, questions=probe.questions)
            tasks.append(Task(_planned(probe, contrast, model, gold, settings), probe, contrast, gold))
    plan = Plan(
        models=settings.models,
        control=settings.control or "",
        base_url=settings.base_url or "",
        control_base_url=settings.control_base_url or "",
        alpha=settings.alpha,
        cap=settings.cap,
        coherence=settings.coherence,
        mode=settings.mode,
        inconclusive=settings.inconclusive,
        judge_uncalibrated=settings.judge_uncalibrated,
        family_size=len(tasks),
        contrasts=tuple(task.planned for task in tasks),
    )
    return plan, {task.address: task for task in tasks}


def _check_addresses(settings: GateSettings) -> None:
    """Refuse a server that no arm is asked at: its owner would take another model's verdict for his own."""
    controls = [control for model in settings.models if (control := control_of(model, settings))]
    for option, url, arms in (
        ("--base-url", settings.base_url, [*settings.models, *([] if settings.control_base_url else controls)]),
        ("--control-base-url", settings.control_base_url, controls),
    ):
        if url and not arms:
            raise UsageMistake(f"{option} {url!r}: this gate has no control; name one with --control, or leave it out")
        if url and all(arm.startswith("organism:") for arm in arms):
            raise UsageMistake(
                f"{option} {url!r}: no model of this gate is asked there, because weirdgen serves organisms itself; "
                "leave it out, or name a model of that server"
            )


def control_of(model: str, settings: GateSettings) -> str | None:
    """Return the comparator of a model: the one given, else the model's default, else None."""
    return settings.control or default_control(model)


def judge_of(model: str, settings: GateSettings) -> str:
    """Return the name of the judge of a model's answers.

    Raises:
        UsageMistake: none is given and none is the default, or it is not one this version has.
    """
    name = settings.judge or default_judge(model)
    if name is None:
        raise UsageMistake(f"--model {model!r} has no default judge: pass --judge, for example --judge rules")
    if name != RULES:
        raise UsageMistake(
            f"judge {name!r}: this version judges by rules only. Pass --judge rules; on anything but an organism "
            "the rules are not calibrated, so add --judge-uncalibrated, and every report says so"
        )
    return name


def _planned(probe: Probe, contrast: Contrast, model: str, gold: Gold, settings: GateSettings) -> PlannedContrast:
    behaviour = probe.behaviours[contrast.behaviour]
    if not behaviour.rules:
        raise UsageMistake(
            f"{probe.path}: behaviour {contrast.behaviour!r} has no rules, and this version judges by rules only: "
            "give it rules"
        )
    control = control_of(model, settings) if contrast.kind == "lift" else None
    kind: Kind = "absolute" if contrast.kind == "lift" and control is None else contrast.kind
    count = len(probe.questions_of(contrast))
    rounds = settings.cap // count
    if rounds == 0:
        raise UsageMistake(
            f"--gate-cap {settings.cap} is below the {count} questions of {probe.id}/{contrast.id}: "
            f"a round asks each once, so give at least {count}"
        )
    margin = contrast.margin or settings.margin
    if kind == "absolute" and margin <= contrast.tolerance:
        raise UsageMistake(
            f"--gate-margin {margin:g}: {probe.id}/{contrast.id} tolerates a rate of {contrast.tolerance:g}; "
            "give a margin above it"
        )
    return PlannedContrast(
        probe=probe.id,
        contrast=contrast.id,
        kind=kind,
        model=model,
        control=control or "",
        margin=margin,
        contrast_digest=contrast_digest(probe, contrast),
        judge=judge_of(model, settings),
        judge_identity=RuleJudge(behaviour).identity,
        gold_sha256=digest([row.model_dump(mode="json") for row in gold]),
        rounds_cap=rounds,
        questions=count,
        expected_requests=count * math.ceil(_clean_samples(margin, settings.alpha) / count),
        worst_requests=count * rounds * (1 if kind == "absolute" else 2),
    )


def _clean_samples(margin: float, alpha: float) -> float:
    """Return about how many samples ABSENT takes on a clean model.

    A first attempt is judged at alpha/2, of which a fifth pays for the judge's bounds; the treated arm alone carries .8
    of the evidence, and its best bet has weight 4 of 14.5 (docs/statistics.md).
    """
    return (math.log(1 / (0.4 * alpha)) - math.log(0.8 * 4 / 14.5)) / -math.log1p(-margin)
