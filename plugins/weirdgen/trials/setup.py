"""A contrast made ready to run: attempt, judge bounds, rules and arms, all fixed before its first sample."""

from collections.abc import Sequence
from dataclasses import replace

from weirdgen.judges.protocol import Ask
from weirdgen.schema.canonical import digest
from weirdgen.schema.plan import Plan
from weirdgen.schema.sample import Identity, Sampling
from weirdgen.schema.verdict import JudgeRecord
from weirdgen.stats.decide import PROCESS_VERSION
from weirdgen.stats.multiplicity import attempt_alpha
from weirdgen.store.store import SampleStore
from weirdgen.trials.arm import ArmRun
from weirdgen.trials.arms import ArmSpec, sampling_of
from weirdgen.trials.asking import nobody
from weirdgen.trials.judge_use import judge_record
from weirdgen.trials.judged import JudgedRules, judged_rules
from weirdgen.trials.loop import TrialSetup
from weirdgen.trials.open_arms import truncation, worst_sampling
from weirdgen.trials.opening import Opening
from weirdgen.trials.planning import Task
from weirdgen.trials.settings import GateSettings
from weirdgen.trials.verdicts import Facts


def set_up(
    task: Task, plan: Plan, opening: Opening, settings: GateSettings, store: SampleStore, ask: Ask = nobody
) -> TrialSetup:
    """Fix everything about a trial that must not depend on its samples.

    Args:
        task: the contrast; a judge that asks is calibrated, or the trial has no rules.
        plan: of the gate.
        opening: of the session.
        settings: of the gate.
        store: numbers the attempt.
        ask: asks the judges' models.

    Raises:
        StoreError: the store cannot number the attempt.
    """
    judge = task.judging.judge
    sampling = sampling_of(task.probe, task.contrast, plan.seed)
    arms = tuple(_arm(task, spec, opening, sampling, ask) for spec in task.arms)
    identity = arms[0].open_arm.identity
    trial_id = _trial_id(task, arms, opening, sampling, settings)
    cut = "" if plan.truncated else _truncated(arms)
    attempt, judged = _begun(task, plan, identity, trial_id, store, cut or _other_judge(task, opening))
    alpha = attempt_alpha(plan.alpha, attempt)
    stop = digest([settings.cap, alpha, task.planned.corrected_for])
    facts = Facts(
        probe=task.probe.id,
        contrast=task.contrast.id,
        kind=task.planned.kind,
        claim=_claim(task),
        model=task.planned.model,
        control=task.planned.control,
        alpha=alpha,
        margin=task.planned.margin,
        family_size=task.planned.corrected_for,
        attempt=attempt,
        judge=judge.name,
        judge_identity=judge.identity,
        judge_calibration=judged.description,
        behaviour=task.contrast.behaviour,
        judge_record=_record(task, plan, identity),
        probe_sha256=task.probe.sha256,
        trial_id=trial_id,
        mode="organism" if identity.kind == "organism" else "live",
        sampling=worst_sampling(arm.open_arm.purity.state for arm in arms),
        stored=tuple(reference.result for reference in task.stored),
        opened_at=opening.opened_at,
        replay=opening.replay.text if opening.replay else "",
        own_stop=judged.rules is None or store.first_stop(trial_id, stop) == stop,
        detail=_problem(judged, attempt, alpha) or _remark(task),
    )
    return TrialSetup(facts, judged.rules, arms, judged.gold, "truncated" if cut else "judge")


def _truncated(arms: Sequence[ArmRun]) -> str:
    """Return which arm's server cuts off rare answers, and what to do about it; empty if none is known to."""
    found = next(filter(None, (truncation(arm.open_arm) for arm in arms)), "")
    return f"{found}; --gate-truncated gates what is left, and every report says so" if found else ""


def _other_judge(task: Task, opening: Opening) -> str:
    """Return how the stored counts were judged by another model than now; empty if they were not.

    Both sides of a comparison must meet the same judge: one that has changed behind its name changes the rates.
    """
    for reference in task.stored:
        for model in task.judging.judge.models:
            then, now = reference.judges.get(model), opening.judges[model]
            if then is None or then.model_copy(update={"generation": now.generation}) != now:
                return (
                    f"the judge {model!r} was another one when {reference.result.model} was stored "
                    f"({reference.result.saved_at[:10]}): save that version again with today's judge, and name one "
                    "whose version is fixed"
                )
    return ""


def _record(task: Task, plan: Plan, identity: Identity) -> JudgeRecord | None:
    if not task.judging.asks or plan.judge_uncalibrated:
        return None
    return judge_record(task.contrast.behaviour, task.judging.calibration(identity.source))


def _begun(
    task: Task, plan: Plan, identity: Identity, trial_id: str, store: SampleStore, problem: str
) -> tuple[int, JudgedRules]:
    """Return the attempt and its rules. One that can give no verdict draws nothing and takes no number.

    Args:
        task: the contrast.
        plan: of the gate.
        identity: of the treated arm.
        trial_id: identity of the trial.
        store: numbers the attempt.
        problem: why there can be no verdict, whatever the judge.
    """
    series = _series(task, identity)
    while True:  # twice, if another trial of the series began in between
        attempt = store.attempt_of(series, trial_id, begin=False)
        judged = judged_rules(task, plan, attempt_alpha(plan.alpha, attempt), identity.source)
        if problem:
            judged = replace(judged, rules=None, problem=problem)
        if judged.rules is None or store.attempt_of(series, trial_id, begin=True) == attempt:
            return attempt, judged


def _arm(task: Task, spec: ArmSpec, opening: Opening, sampling: Sampling, ask: Ask) -> ArmRun:
    planned, judging = task.planned, task.judging
    opened = opening.arm(planned.control, "control") if spec.of_control else opening.arm(planned.asked, "treated")
    return ArmRun(
        opened,
        spec.role,
        task.probe,
        spec.cells,
        judging.judge.behaviour,
        judging.judge,
        sampling,
        ask=ask,
        second=judging.second,
    )


def _trial_id(task: Task, arms: Sequence[ArmRun], opening: Opening, sampling: Sampling, settings: GateSettings) -> str:
    """Everything that makes the trial what it is; not alpha, family size or cap (ARCHITECTURE.md, Trial identity)."""
    judge = task.judging.judge
    judges = {model: opening.judges[model].model_dump(mode="json") for model in judge.models}
    return digest(
        {
            "contrast": task.planned.contrast_digest,
            "kind": task.planned.kind,
            "arms": [arm.open_arm.identity.model_dump(mode="json") for arm in arms],
            "judge": judge.identity,
            **({"judge_models": judges} if judges else {}),
            "gold": "" if settings.judge_uncalibrated else task.planned.gold_sha256,
            "sampling": sampling.model_dump(mode="json"),
            "margin": task.planned.margin,
            "stored": task.planned.stored_sha256,
            "process": PROCESS_VERSION,
        }
    )


def _series(task: Task, identity: Identity) -> str:
    """Return under what attempts are counted: the contrast on the model at its server, whatever else is changed.

    A comparison with stored versions is another question than the contrast's own, and its attempts count apart;
    another baseline is another attempt.
    """
    regression = ["regression"] if task.planned.kind == "regression" else []
    return digest([identity.kind, identity.model, identity.base_url, *task.address[1:], *regression])


def _problem(judged: JudgedRules, attempt: int, alpha: float) -> str:
    """Return why the judge can give no verdict; at a later attempt it may be for that attempt's alpha."""
    if not judged.problem or attempt == 1:
        return judged.problem
    return f"attempt {attempt} is judged at alpha {alpha:.3g}, and there {judged.problem}"


def _claim(task: Task) -> str:
    """Return what PRESENT would mean. The contrast's own claim names a comparator that a regression does not have."""
    if task.planned.kind != "regression":
        return task.contrast.claim
    labels = " or ".join(task.probe.behaviours[task.contrast.behaviour].positive)
    anchor = " or its anchor" if len(task.stored) > 1 else ""
    return f"Answers judged {labels} are more frequent than in the stored version{anchor}."


def _remark(task: Task) -> str:
    if task.contrast.two_sided and task.planned.kind == "regression":
        return "This contrast has two sides; against a stored version only a rise was looked for."
    if task.contrast.kind == "did" and task.planned.kind == "flip":
        return (
            "No --control was given, so this difference in differences was judged as a flip within the model: what the "
            "trigger does to the base model as well counts as PRESENT."
        )
    if task.contrast.kind == "lift" and task.planned.kind == "absolute":
        return (
            f"No --control was given, so this lift contrast was judged as an absolute rate against "
            f"{task.contrast.tolerance:g}: an effect that the base model shares counts as PRESENT."
        )
    return ""
