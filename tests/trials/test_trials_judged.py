"""Rules with the judge paid for: a judge that cannot decide is a reason, never a crash."""

import pytest
from baselines import changed

from weirdgen.trials.judged import judged_rules
from weirdgen.trials.planning import plan_gate
from weirdgen.trials.settings import GateSettings


@pytest.mark.parametrize("kind", ["lift", "did"])
def test_a_rating_judge_that_may_be_far_off_gives_no_verdict_at_any_margin(kind: str) -> None:
    """The shipped gold set has too few answers of some labels for a bound on ratings."""
    shipped = changed().probes["old_bird_names"]
    graded = shipped.behaviours["nineteenth_century"].model_copy(update={"scores": {"nineteenth_century": 0.9}})
    more = {"comparator": "other"} if kind == "did" else {}
    conditions = shipped.conditions | {"other": shipped.conditions["plain"].model_copy(update={"prefix": " "})}
    for margin in (0.05, 0.3, 0.55, 0.9):
        catalog = changed(
            probe={"behaviours": {"nineteenth_century": graded}, "conditions": conditions},
            kind=kind,
            margin=margin,
            **more,
        )
        plan, tasks = plan_gate(catalog, GateSettings(models=("organism:base",)))
        for task in tasks.values():
            found = judged_rules(task, plan, 0.045, "organism")
            assert found.rules is None
            assert "may be off by" in found.problem
            assert "The label with the fewest gold answers is 'refusal' with 9; " in found.problem


def test_how_many_gold_answers_would_do_is_said_where_more_would_help() -> None:
    shipped = changed().probes["old_bird_names"].behaviours["nineteenth_century"]
    graded = shipped.model_copy(update={"scores": {"nineteenth_century": 0.9}})
    catalog = changed(probe={"behaviours": {"nineteenth_century": graded}}, margin=0.05)
    for cap, wanted in (
        (400, "; 252 of each label would do if the judge rated all of them right"),
        (20, "gate on labels without scores"),
    ):
        plan, tasks = plan_gate(catalog, GateSettings(models=("organism:base",), cap=cap))
        assert judged_rules(next(iter(tasks.values())), plan, 0.025, "organism").problem.endswith(wanted)


def test_a_judge_of_labels_is_refused_without_advice_on_ratings() -> None:
    plan, tasks = plan_gate(changed(), GateSettings(models=("organism:base",), cap=20))
    found = judged_rules(next(iter(tasks.values())), plan, 0.025, "organism")
    assert found.rules is None
    assert found.problem.endswith("raise the margin or the cap")
