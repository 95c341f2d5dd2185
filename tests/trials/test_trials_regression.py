"""A regression from its plan to its decision: creeping rises are seen, and the rise that is told is the largest."""

import re
from pathlib import Path

import pytest
from baselines import pair, version

from weirdgen.schema.baseline import Baseline
from weirdgen.stats.decide import Final, decide
from weirdgen.stats.outcomes import ArmOutcomes
from weirdgen.trials.baseline import write_baseline
from weirdgen.trials.forecasts import Forecasts
from weirdgen.trials.judged import judged_rules
from weirdgen.trials.planning import plan_gate
from weirdgen.trials.settings import GateSettings

SHIPPED = pair()
ADDRESS = ("organism:base", "old_bird_names", "nineteenth_century_rate")


def decided(path: Path, stored: Baseline, positive_every: int) -> Final:
    """Return how a trial ends in which each question shows the behaviour in every so many-th round, in turn."""
    write_baseline(stored, path)
    plan, tasks = plan_gate(SHIPPED, GateSettings(models=("organism:base",), baseline=path))
    rules = judged_rules(tasks[ADDRESS], plan, 0.04, "organism").rules
    assert rules is not None
    rows = tuple(
        tuple(float((r + q + 1) % positive_every == 0) for r in range(rules.max_rounds)) for q in range(rules.questions)
    )
    final = decide(rules, [ArmOutcomes(rows)])
    assert isinstance(final, Final)
    return final


def test_a_version_like_the_stored_one_is_cleared(tmp_path: Path) -> None:
    final = decided(tmp_path / "b.json", Baseline(saved=version(SHIPPED)), positive_every=1000)
    assert final.outcome == "ABSENT"
    assert final.evidence.spent < 150


def test_a_rise_is_found_and_told_with_its_size(tmp_path: Path) -> None:
    final = decided(tmp_path / "b.json", Baseline(saved=version(SHIPPED, positives=6)), positive_every=2)
    assert final.outcome == "PRESENT"
    effect = final.evidence.effect_estimate
    assert effect is not None
    rate = final.evidence.arms[0]
    assert rate is not None
    assert rate.rate is not None
    assert effect.value == pytest.approx(rate.rate.value - 0.005)
    assert effect.lower < effect.value < effect.upper
    assert not final.below_margin


def test_a_rise_over_the_anchor_counts_where_the_last_version_had_risen_already(tmp_path: Path) -> None:
    risen = version(SHIPPED, positives=120)
    first = version(SHIPPED, model="organism:first")
    alone = decided(tmp_path / "b.json", Baseline(saved=risen), positive_every=10)
    anchored = decided(tmp_path / "c.json", Baseline(saved=risen, anchors=(first,)), positive_every=10)
    assert alone.outcome != "PRESENT"
    assert anchored.outcome == "PRESENT"
    assert anchored.evidence.effect == pytest.approx(0.1, abs=0.05), "over the anchor, not over the last version"
    assert '"the rate is at most that of every stored version"' in anchored.rule


def test_forecasts_start_from_the_stored_rate(tmp_path: Path) -> None:
    write_baseline(Baseline(saved=version(SHIPPED, positives=3)), tmp_path / "b.json")
    plan, tasks = plan_gate(SHIPPED, GateSettings(models=("organism:base",), baseline=tmp_path / "b.json"))
    forecasts = Forecasts(plan, tasks)
    said = forecasts.text(plan.contrasts[0])
    as_stored, sixty = (int(re.findall(rf"(\d+) {word}", said)[0]) for word in ("if it is as stored", "with 60% more"))
    assert sixty < as_stored < 400
