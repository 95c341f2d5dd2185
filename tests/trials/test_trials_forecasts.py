"""Forecasts play what the judge will label, its mistakes included."""

from dataclasses import replace

import pytest
from baselines import pair

from weirdgen.judges.gold import GoldSet, gold_digest
from weirdgen.judges.judging import Judging
from weirdgen.judges.protocol import PureJudge
from weirdgen.schema.plan import Plan
from weirdgen.stats.judge_error import GoldCounts
from weirdgen.stats.power import forecast
from weirdgen.trials.forecasts import Forecasts, labelled_rate
from weirdgen.trials.judged import judged_rules
from weirdgen.trials.planning import Address, Task, plan_gate
from weirdgen.trials.settings import GateSettings

ADDRESS = ("organism:base", "old_bird_names", "nineteenth_century_over_control")


def planned(*, judge_uncalibrated: bool = False, cap: int = 400) -> tuple[Plan, dict[Address, Task]]:
    settings = GateSettings(models=("organism:base",), judge_uncalibrated=judge_uncalibrated, cap=cap)
    return plan_gate(pair(), settings)


def without_false_alarms(task: Task) -> Task:
    """Return a task of whose gold set only the rows are left that its judge labels right."""
    judge = task.judging.judge
    assert isinstance(judge, PureJudge)
    right = tuple(row for row in task.judging.gold if judge.judge(row.text) == row.label)
    return replace(task, judging=Judging(judge, GoldSet(gold_digest(right), lambda: right), task.judging.questions))


def test_the_rate_of_labels() -> None:
    gold = GoldCounts(positives=50, hits=40, negatives=100, false_alarms=2)
    assert labelled_rate(0.0, gold) == pytest.approx(0.02)
    assert labelled_rate(1.0, gold) == pytest.approx(0.8)
    assert labelled_rate(0.1, gold) == pytest.approx(0.1 * 0.8 + 0.9 * 0.02)
    assert labelled_rate(0.1, None) == 0.1


def test_a_clean_contrast_costs_what_its_false_positives_make_it_cost() -> None:
    plan, tasks = planned()
    contrast = next(task.planned for task in tasks.values() if task.address == ADDRESS)
    known = judged_rules(tasks[ADDRESS], plan, 0.045, "organism")
    assert known.rules is not None
    assert known.gold is not None
    false = known.gold.false_positive_rate
    assert false > 0
    played = forecast(known.rules, [false, false], 24, 1984).mean_samples
    least = forecast(known.rules, [0.0, 0.0], 24, 1984).mean_samples
    assert least < played / 2
    told = f"{least:,.0f} if nothing is there, {played:,.0f} at the judge's {false:.1%} false positives, "
    assert Forecasts(plan, tasks).text(contrast).startswith(told)
    assert Forecasts(plan, tasks).clean_total([contrast]) == (round(least), round(played))
    exact = Forecasts(plan, tasks | {ADDRESS: without_false_alarms(tasks[ADDRESS])})
    assert " at .5% in every arm" in exact.text(contrast)


def test_a_judge_taken_at_its_word_makes_no_mistakes() -> None:
    plan, tasks = planned(judge_uncalibrated=True)
    forecasts = Forecasts(plan, tasks)
    assert " at .5% in every arm" in forecasts.text(tasks[ADDRESS].planned)
    assert forecasts.clean_total([tasks[ADDRESS].planned])[1] < 150


def test_a_contrast_without_a_verdict_says_why_and_has_no_forecast() -> None:
    plan, tasks = planned(cap=40)
    forecasts = Forecasts(plan, tasks)
    contrast = tasks[ADDRESS].planned
    assert "raise the margin or the cap" in forecasts.problem(contrast)
    with pytest.raises(ValueError, match="cannot be forecast"):
        forecasts.text(contrast)
