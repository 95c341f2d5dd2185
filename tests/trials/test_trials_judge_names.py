"""Which judges a gate has, from its options."""

from pathlib import Path
from typing import Any

import pytest
from baselines import pair

from weirdgen.catalog import load_catalog
from weirdgen.errors import UsageMistake
from weirdgen.judges.select import BY_RULES, JudgeName
from weirdgen.schema.probe import Contrast, Probe
from weirdgen.trials.judge_names import check_judge_address, judges_of
from weirdgen.trials.planning import plan_gate
from weirdgen.trials.settings import GateSettings

FT = "ft:gpt-4.1-2025-04-14:org::x"
BIRDS = pair().contrasts()


def judges(
    model: str, *, contrasts: tuple[tuple[Probe, Contrast], ...] = BIRDS, **options: Any
) -> tuple[JudgeName, JudgeName | None]:
    return judges_of(model, GateSettings(models=(model,), root=Path(), **options), contrasts)


def test_organisms_are_judged_by_rules_and_finetunes_by_their_base_where_they_are() -> None:
    assert judges("organism:base") == (BY_RULES, None)
    assert judges(FT) == (JudgeName(False, "gpt-4.1-2025-04-14"), None)
    assert judges(FT, base_url="http://g/v1")[0].base_url == "http://g/v1"
    assert judges(FT, base_url="http://g/v1", judge_base_url="http://j/v1")[0].base_url == "http://j/v1"


def test_a_judge_that_is_named_is_never_asked_at_the_gated_model_s_server_by_itself() -> None:
    assert judges("mine", base_url="http://g/v1", judge="gpt-5-mini")[0] == JudgeName(False, "gpt-5-mini", "")


def test_an_organism_has_no_server() -> None:
    first, second = judges(
        "organism:base", judge="rules+organism:judge", second_judge="gpt-5-mini", judge_base_url="http://j/v1"
    )
    assert first == JudgeName(True, "organism:judge", "")
    assert second == JudgeName(False, "gpt-5-mini", "http://j/v1")


def test_where_all_is_exact_no_judge_is_needed() -> None:
    exact = tuple(
        (probe, contrast)
        for probe, contrast in load_catalog().contrasts()
        if probe.behaviours[contrast.behaviour].exact
    )
    assert judges("mine", contrasts=exact) == (BY_RULES, None)
    with pytest.raises(UsageMistake, match="'mine' has no default judge: pass --judge"):
        judges("mine")


@pytest.mark.parametrize(
    ("model", "options", "words"),
    [
        ("mine", {"judge": "a", "second_judge": "a"}, "'a' is given twice"),
        ("mine", {"judge": "mine"}, "is the model to be gated"),
        ("mine", {"judge": "rules+mine"}, "is the model to be gated"),
        ("mine", {"judge": "mine", "base_url": "http://g/v1", "judge_base_url": "http://g/v1"}, "is the model to be"),
    ],
)
def test_judges_that_show_nothing(model: str, options: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageMistake, match=words):
        judges(model, **options)


def test_the_same_name_at_another_server_is_another_model() -> None:
    assert judges("mine", judge="mine", base_url="http://g/v1", judge_base_url="http://j/v1")[0].model == "mine"


@pytest.mark.parametrize("judge", ["rules", "organism:judge", None])
def test_a_server_of_judges_that_nobody_asks_is_refused(judge: str | None) -> None:
    settings = GateSettings(models=("organism:base",), judge=judge, judge_base_url="http://j/v1", root=Path())
    with pytest.raises(UsageMistake, match=r"--judge-base-url 'http://j/v1': no judge of this gate"):
        check_judge_address(settings, BIRDS)


def test_the_plan_names_judges_and_their_models() -> None:
    settings = GateSettings(models=("organism:base",), judge="rules+gpt-5-mini", second_judge="rules", root=Path())
    plan, tasks = plan_gate(pair(), settings)
    assert {(c.judge, c.second_judge) for c in plan.contrasts} == {("rules+gpt-5-mini", "rules")}
    assert plan.judge_models == ("gpt-5-mini",)
    other, _ = plan_gate(pair(), GateSettings(models=("organism:base",), judge="gpt-5-mini", root=Path()))
    assert other.line != plan.line
    assert not next(iter(tasks.values())).judging.calibration("organism").valid


def test_a_behaviour_without_a_rubric_is_named_with_its_file() -> None:
    shipped = pair()
    probe = shipped.probes["old_bird_names"]
    behaviours = {name: body.model_copy(update={"rubric": None}) for name, body in probe.behaviours.items()}
    changed = type(shipped)({probe.id: probe.model_copy(update={"behaviours": behaviours})}, shipped.gold_dirs)
    with pytest.raises(UsageMistake, match=r"old_bird_names\.toml: behaviour 'nineteenth_century': no rubric for"):
        plan_gate(changed, GateSettings(models=("organism:base",), judge="gpt-5-mini", root=Path()))
