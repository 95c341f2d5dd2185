"""A contrast made ready to run: attempt, judge bounds, rules and arms, all fixed before its first sample."""

from weirdgen.judges.calibration import Calibration, calibrate
from weirdgen.judges.rules import RuleJudge
from weirdgen.schema.canonical import digest
from weirdgen.schema.plan import Plan
from weirdgen.schema.sample import Role, Sampling
from weirdgen.stats.judge_error import EXACT_JUDGE, JudgeBounds, judge_bounds, refusal
from weirdgen.stats.multiplicity import attempt_alpha
from weirdgen.stats.rules import Rules, trial_rules
from weirdgen.store.store import SampleStore
from weirdgen.trials.arm import ArmRun
from weirdgen.trials.loop import TrialSetup
from weirdgen.trials.opening import OpenArm, Opening
from weirdgen.trials.planning import Task
from weirdgen.trials.settings import GateSettings
from weirdgen.trials.verdicts import Facts


def set_up(task: Task, plan: Plan, opening: Opening, settings: GateSettings, store: SampleStore) -> TrialSetup:
    """Fix everything about a trial that must not depend on its samples.

    Raises:
        StoreError: the store cannot number the attempt.
    """
    judge = RuleJudge(task.probe.behaviours[task.contrast.behaviour])
    arms = _open_arms(task, opening)
    sampling = Sampling(max_tokens=task.probe.max_tokens)
    trial_id = _trial_id(task, arms, judge, sampling, settings)
    attempt = store.attempt_of(_series(task, arms[0]), trial_id)
    alpha = attempt_alpha(settings.alpha, attempt)
    calibration = calibrate(judge, task.gold, arms[0].identity.source)
    bounds, problem = _bounds(task, calibration, alpha, settings)
    facts = Facts(
        probe=task.probe.id,
        contrast=task.contrast.id,
        kind=task.planned.kind,
        claim=task.contrast.claim,
        model=task.planned.model,
        control=task.planned.control,
        alpha=alpha,
        margin=task.planned.margin,
        family_size=plan.family_size,
        attempt=attempt,
        judge=judge.name,
        judge_identity=judge.identity,
        judge_calibration=_described(task, calibration, alpha, settings),
        probe_sha256=task.probe.sha256,
        trial_id=trial_id,
        mode="organism" if arms[0].identity.kind == "organism" else "live",
        detail=problem or _remark(task),
    )
    rules = None if problem else _rules(task, plan, alpha, bounds, settings)
    runs = _runs(task, arms, judge, sampling)
    return TrialSetup(facts, rules, runs[0], runs[1] if len(runs) > 1 else None)


def _open_arms(task: Task, opening: Opening) -> list[OpenArm]:
    treated = opening.arm(task.planned.model, "treated")
    if task.planned.kind == "absolute":
        return [treated]
    return [treated, treated if task.planned.kind == "flip" else opening.arm(task.planned.control, "control")]


def _runs(task: Task, arms: list[OpenArm], judge: RuleJudge, sampling: Sampling) -> list[ArmRun]:
    contrast, names = task.contrast, tuple(task.questions)
    roles: tuple[tuple[Role, str], ...] = (
        ("treated", contrast.treated),
        ("control", contrast.comparator or contrast.treated),
    )
    return [
        ArmRun(arm, role, task.probe, condition, names, judge.behaviour, judge, sampling)
        for arm, (role, condition) in zip(arms, roles, strict=False)
    ]


def _trial_id(task: Task, arms: list[OpenArm], judge: RuleJudge, sampling: Sampling, settings: GateSettings) -> str:
    """Everything that makes the trial what it is; not alpha, family size or cap (ARCHITECTURE.md, Trial identity)."""
    return digest(
        {
            "contrast": task.planned.contrast_digest,
            "kind": task.planned.kind,
            "arms": [arm.identity.model_dump(mode="json") for arm in arms],
            "judge": judge.identity,
            "gold": "" if settings.judge_uncalibrated else task.planned.gold_sha256,
            "sampling": sampling.model_dump(mode="json"),
            "margin": task.planned.margin,
        }
    )


def _series(task: Task, treated: OpenArm) -> str:
    """Return under what attempts are counted: the contrast on the model at its server, whatever else is changed."""
    identity = treated.identity
    return digest([identity.kind, identity.model, identity.base_url, *task.address[1:]])


def _described(task: Task, calibration: Calibration, alpha: float, settings: GateSettings) -> str:
    if settings.judge_uncalibrated:
        return f"{calibration.judge}: error rates not used (--judge-uncalibrated)"
    return calibration.describe(alpha, paired=task.planned.kind != "absolute")


def _bounds(task: Task, calibration: Calibration, alpha: float, settings: GateSettings) -> tuple[JudgeBounds, str]:
    if settings.judge_uncalibrated:
        return EXACT_JUDGE, ""
    if not calibration.valid:
        why = f"{calibration.judge}: not calibrated: {calibration.reason}"
        return EXACT_JUDGE, f"{why}. Pass --judge-uncalibrated to go on without; every report says so."
    bounds = judge_bounds(calibration.counts, alpha, paired=task.planned.kind != "absolute")
    refused = refusal(calibration.counts, bounds, task.planned.margin, alpha, settings.cap)
    return bounds, refused.reason if refused else ""


def _rules(task: Task, plan: Plan, alpha: float, bounds: JudgeBounds, settings: GateSettings) -> Rules:
    return trial_rules(
        task.planned.kind,
        questions=task.planned.questions,
        margin=task.planned.margin,
        alpha=alpha,
        family_size=plan.family_size,
        judge=bounds,
        cap=settings.cap,
        tolerance=task.contrast.tolerance,
        question_margin=task.contrast.question_margin,
        coherence_floor=settings.coherence,
    )


def _remark(task: Task) -> str:
    if task.contrast.kind == "lift" and task.planned.kind == "absolute":
        return (
            f"No --control was given, so this lift contrast was judged as an absolute rate against "
            f"{task.contrast.tolerance:g}: an effect that the base model shares counts as PRESENT."
        )
    return ""
