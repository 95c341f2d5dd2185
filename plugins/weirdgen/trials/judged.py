"""The rules of a contrast with its judge's mistakes paid for, from the plan alone: known before anything is opened."""

from dataclasses import dataclass

from weirdgen.judges.calibration import Calibration
from weirdgen.schema.plan import Plan
from weirdgen.schema.sample import Source
from weirdgen.stats.judge_error import EXACT_JUDGE, GoldCounts, JudgeBounds, ratings_needed, refusal
from weirdgen.stats.rules import Rules, trial_rules
from weirdgen.trials.planning import Task


@dataclass(frozen=True, slots=True)
class JudgedRules:
    """What decides a contrast, or why nothing can."""

    rules: Rules | None
    """None: the judge cannot give a verdict; `problem` says why."""
    problem: str
    description: str
    """One sentence on the judge's error rates."""
    gold: GoldCounts | None
    """The judge's record; None where it is not used."""


def judged_rules(task: Task, plan: Plan, alpha: float, source: Source) -> JudgedRules:
    """Return the rules of a contrast at one error rate.

    Args:
        task: the contrast.
        plan: of the gate.
        alpha: error rate of this attempt.
        source: kind of model whose answers are judged.
    """
    paired = task.planned.kind != "absolute"
    judge = task.judging.judge
    if judge.behaviour.exact:
        described = f"{judge.name}: exact, the answer's beginning is the behaviour by definition; it has no error rates"
        return JudgedRules(_rules(task, plan, alpha, EXACT_JUDGE), "", described, None)
    calibration = task.judging.calibration(source)
    if plan.judge_uncalibrated:
        described = f"{calibration.judge}: error rates not used (--judge-uncalibrated)"
        return JudgedRules(_rules(task, plan, alpha, EXACT_JUDGE), "", described, None)
    judges = _judges_of_rates(plan)
    described = calibration.describe(alpha, paired=paired, judges=judges)
    if not calibration.valid:
        problem = f"{described}. Pass --judge-uncalibrated to go on without; every report says so."
        return JudgedRules(None, problem, described, None)
    bounds = calibration.bounds(alpha, paired=paired, judges=judges)
    raising = sum(spec.role == "treated" for spec in task.arms)
    smallest = min(task.planned.margin, task.contrast.question_margin)
    refused = refusal(calibration.counts, bounds, smallest, alpha, plan.cap, raising)
    if refused is not None:
        problem = refused.reason + _more_ratings(calibration, judges, smallest, alpha, plan.cap, raising)
        return JudgedRules(None, problem, described, calibration.counts)
    return JudgedRules(_rules(task, plan, alpha, bounds), "", described, calibration.counts)


def _more_ratings(calibration: Calibration, judges: int, margin: float, alpha: float, cap: int, raising: int) -> str:
    """Return which label to label more of, and how many would do; empty where more answers do not help."""
    if not calibration.graded:
        return ""
    label, answers = calibration.rarest
    needed = ratings_needed(len(calibration.errors) * judges, margin, alpha, cap, raising)
    if needed is None or answers >= needed:
        return ""
    return (
        f". The label with the fewest gold answers is {label!r} with {answers}; {needed} of each label would do if the "
        "judge rated all of them right"
    )


def _judges_of_rates(plan: Plan) -> int:
    """Return how many judges' bounds the family's PRESENT verdicts rest on, at least 1.

    A bound that fails does so for all contrasts of its judge at once, so the family pays once per judge. Of labels
    without scores only an absolute contrast needs one: in pairs and against stored counts both sides met that judge. An
    exact scorer has no bounds.
    """
    needed = (c for c in plan.contrasts if c.gold_sha256 and (c.kind == "absolute" or c.graded))
    return max(len({(c.judge_identity, c.gold_sha256) for c in needed}), 1)


def _rules(task: Task, plan: Plan, alpha: float, bounds: JudgeBounds) -> Rules:
    kind = task.planned.kind
    return trial_rules(
        "absolute" if kind == "regression" else kind,
        questions=task.planned.questions,
        margin=task.planned.margin,
        alpha=alpha,
        family_size=task.planned.corrected_for,
        judge=bounds,
        cap=plan.cap,
        tolerance=task.contrast.tolerance,
        question_margin=task.contrast.question_margin,
        coherence_floor=plan.coherence,
        two_sided=task.contrast.two_sided and kind not in ("absolute", "regression"),
        graded=task.probe.behaviours[task.contrast.behaviour].graded,
        stored=tuple(reference.arm for reference in task.stored),
    )
