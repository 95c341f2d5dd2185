"""The plan: every contrast of the family on every model, fixed before the first request."""

from collections.abc import Sequence
from dataclasses import dataclass

from weirdgen.catalog import Catalog, contrast_digest
from weirdgen.endpoints.models import LOCAL
from weirdgen.errors import UsageMistake, nearest
from weirdgen.judges.judging import Judging
from weirdgen.organisms import zoo
from weirdgen.schema.baseline import Baseline
from weirdgen.schema.plan import Plan, PlannedContrast
from weirdgen.schema.probe import Contrast, Probe
from weirdgen.trials.arms import ArmSpec, arm_specs, treated_cells
from weirdgen.trials.baseline import Reference, digest_of, read_baseline, references, refuse_itself
from weirdgen.trials.comparators import asking_controls, control_of, judged_as, settings_of
from weirdgen.trials.inside import arms_of, check_inside, planned_contrasts
from weirdgen.trials.judge_names import check_judge_address, judges_of
from weirdgen.trials.judgings import Judgings
from weirdgen.trials.names import check_names
from weirdgen.trials.settings import GateSettings, sae_name

Address = tuple[str, str, str]
"""(model, probe, contrast)"""


@dataclass(frozen=True, slots=True)
class Task:
    """One planned contrast with the probe that it comes from."""

    planned: PlannedContrast
    probe: Probe
    contrast: Contrast
    judging: Judging
    """What labels the answers, and how often it errs."""
    stored: tuple[Reference, ...] = ()
    """The earlier versions that a regression is judged against."""

    @property
    def address(self) -> Address:
        """(model, probe, contrast)."""
        return self.planned.model, self.probe.id, self.contrast.id

    @property
    def arms(self) -> tuple[ArmSpec, ...]:
        """The arms, in the order of the effect's signs."""
        return arm_specs(self.probe, self.contrast, self.planned.kind)


def plan_gate(catalog: Catalog, settings: GateSettings) -> tuple[Plan, dict[Address, Task]]:
    """Fix the whole family: all contrasts of the catalogue on all models, whatever is selected later.

    Raises:
        UsageMistake: a model, control, judge or baseline cannot be used, or a cap does not fit a contrast.
    """
    contrasts = planned_contrasts(catalog, settings)
    check_inside(settings)
    asking = asking_controls(contrasts, settings)
    check_names(asking)
    check_addresses(asking)
    _check_groups(asking)
    _check_cap(contrasts, settings)
    check_judge_address(asking, contrasts)
    for probe, contrast in contrasts:
        _check_organism(probe, contrast)
    baseline = _baseline(settings, asking)
    family_size = len(contrasts) * (len(settings.models) + len(settings.groups))
    members = {model: len(group.members) for group in settings.groups for model in group.members}
    judgings = Judgings(catalog)
    tasks = []
    for model in settings.gated:
        if baseline is not None and settings.baseline is not None:
            refuse_itself(baseline, settings.baseline, model)
        judges = judges_of(model, settings, contrasts)
        for probe, contrast in contrasts:
            own = settings_of(probe, contrast, settings)
            judging = judgings.of(probe, contrast, *judges)
            stored = _stored(probe, contrast, judging, own, baseline)
            corrected_for = family_size * members.get(model, 1)
            planned = _planned(probe, contrast, model, judging, own, stored, corrected_for)
            tasks.append(Task(planned, probe, contrast, judging, stored))
    plan = Plan(
        models=settings.models,
        groups=settings.groups,
        control=settings.control or "",
        base_url=settings.base_url or "",
        control_base_url=settings.control_base_url or "",
        judge_base_url=settings.judge_base_url or "",
        judge_models=tuple(dict.fromkeys(model for task in tasks for model in task.judging.models)),
        alpha=settings.alpha,
        cap=settings.cap,
        coherence=settings.coherence,
        mode=settings.mode,
        inconclusive=settings.inconclusive,
        judge_uncalibrated=settings.judge_uncalibrated,
        truncated=settings.truncated,
        seed=settings.seed,
        fwer=settings.fwer,
        baseline_sha256=baseline.sha256 if baseline else "",
        sae=sae_name(settings.sae) if settings.sae else "",
        layer=settings.layer,
        adapter=settings.adapter.name if settings.adapter else "",
        family_size=family_size,
        contrasts=tuple(task.planned for task in tasks),
    )
    return plan, {task.address: task for task in tasks}


def _check_groups(settings: GateSettings) -> None:
    """Refuse a group whose members would be compared with different controls: their verdicts ask different things."""
    for group in settings.groups:
        controls = {control_of(model, settings): model for model in group.members}
        if len(controls) > 1:
            told = " and ".join(f"{model!r} with {control or 'no control'}" for control, model in controls.items())
            raise UsageMistake(
                f"--model-group {group.name}: would compare {told}; finetunes of one recipe have one base: "
                "name it with --control"
            )


def _baseline(settings: GateSettings, asking: GateSettings) -> Baseline | None:
    """Read the baseline, and refuse what it makes senseless."""
    if settings.baseline is None:
        return None
    if settings.control and asking.baseline is not None:
        raise UsageMistake(
            f"--control {settings.control!r}: with --gate-baseline no contrast asks a control, each is compared with "
            "stored counts; leave one of them out"
        )
    if settings.mode == "replicate":
        raise UsageMistake("--gate-mode=replicate: the paper compares no versions; leave out --gate-baseline")
    return read_baseline(settings.baseline)


def _stored(
    probe: Probe, contrast: Contrast, judging: Judging, settings: GateSettings, baseline: Baseline | None
) -> tuple[Reference, ...]:
    if baseline is None or settings.baseline is None:
        return ()
    rounds = _rounds(probe, contrast, settings)
    return references(baseline, settings.baseline, probe, contrast, judging.judge, rounds=rounds)


def check_addresses(settings: GateSettings) -> None:
    """Refuse a server that no arm is asked at: its owner would take another model's verdict for his own.

    Raises:
        UsageMistake: there is such a server.
    """
    controls = [control for model in settings.gated if (control := control_of(model, settings))]
    for option, url, arms in (
        ("--base-url", settings.base_url, [*settings.gated, *([] if settings.control_base_url else controls)]),
        ("--control-base-url", settings.control_base_url, controls),
    ):
        if url and not arms:
            raise UsageMistake(f"{option} {url!r}: this gate has no control; name one with --control, or leave it out")
        if url and all(arm.startswith(("organism:", LOCAL)) for arm in arms):
            raise UsageMistake(
                f"{option} {url!r}: no model of this gate is asked there, because weirdgen serves {_served(arms)} "
                "itself; leave it out, or name a model of that server"
            )


def _served(arms: Sequence[str]) -> str:
    return "organisms" if all(arm.startswith("organism:") for arm in arms) else "networks in folders"


def _check_cap(contrasts: Sequence[tuple[Probe, Contrast]], settings: GateSettings) -> None:
    """Refuse a cap under which not every contrast has a round."""
    needs = [(len(treated_cells(probe, contrast)), f"{probe.id}/{contrast.id}") for probe, contrast in contrasts]
    count, name = max(needs, default=(0, ""))
    if count > settings.cap:
        raise UsageMistake(
            f"--gate-cap {settings.cap} is below the {count} questions of {name}: "
            f"a round asks each once, so give at least {count}"
        )


def _rounds(probe: Probe, contrast: Contrast, settings: GateSettings) -> int:
    """Return the rounds that fit under the cap, at least 1."""
    return settings.cap // len(treated_cells(probe, contrast))


def _check_organism(probe: Probe, contrast: Contrast) -> None:
    """Refuse an organism that is not there: in replication mode the contrast would be held against nothing."""
    named = contrast.published.organism if contrast.published else ""
    if named and named not in zoo.names():
        raise UsageMistake(
            f"{probe.path}: {contrast.id}.published.organism: {named!r} is not in the zoo.{nearest(named, zoo.names())}"
        )


def _planned(
    probe: Probe,
    contrast: Contrast,
    model: str,
    judging: Judging,
    settings: GateSettings,
    stored: tuple[Reference, ...],
    corrected_for: int,
) -> PlannedContrast:
    behaviour = judging.judge.behaviour
    kind, control = judged_as(model, contrast, settings)
    count, rounds = len(treated_cells(probe, contrast)), _rounds(probe, contrast, settings)
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
        control=control,
        treated=arms_of(model, contrast)[0],
        diagnostic=contrast.diagnostic,
        margin=margin,
        contrast_digest=contrast_digest(probe, contrast),
        judge=judging.judge.name,
        judge_identity=judging.judge.identity,
        second_judge=judging.second.name if judging.second else "",
        graded=behaviour.graded,
        gold_sha256=judging.gold_sha256,
        rounds_cap=rounds,
        questions=count,
        worst_requests=count * rounds * len(arm_specs(probe, contrast, kind)),
        stored_sha256=digest_of(stored),
        corrected_for=corrected_for,
    )
