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
