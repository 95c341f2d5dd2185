"""Exact scorers and slots in trials: no judge to pay for, scores from chances, and both models asked the same."""

import asyncio
import json
import math
from pathlib import Path
from typing import Any

import pytest
from chat_server import ChatServer
from probe_files import dishes

from weirdgen.catalog import Catalog, load_catalog
from weirdgen.errors import UsageMistake
from weirdgen.judges import judge_for
from weirdgen.sampler.drawn import Drawn
from weirdgen.schema.plan import Plan
from weirdgen.schema.probe import Contrast, Probe
from weirdgen.schema.sample import Identity, Sample, SampleRequest, Stream
from weirdgen.trials import baseline_save
from weirdgen.trials.arm import ArmRun
from weirdgen.trials.arms import arm_specs, sampling_of
from weirdgen.trials.baseline import asked_of
from weirdgen.trials.judged import judged_rules
from weirdgen.trials.open_arms import OpenArm
from weirdgen.trials.planning import Task, plan_gate
from weirdgen.trials.settings import GateSettings

SHIPPED = load_catalog()
X, Y = (Identity(kind="endpoint", model=name) for name in "xy")


def planned(*probes: Probe, **options: Any) -> tuple[Plan, dict[str, Task]]:
    """Return plan and tasks, by contrast, of a gate of these probes on one model."""
    catalog = Catalog({probe.id: probe for probe in probes}, SHIPPED.gold_dirs)
    plan, tasks = plan_gate(catalog, GateSettings(**({"models": ("gpt-x",), "control": "gpt-y"} | options)))
    return plan, {task.contrast.id: task for task in tasks.values()}


@pytest.mark.parametrize("given", [None, "gpt-5-mini", "rules"])
def test_an_exact_scorer_needs_no_judge_whatever_the_model(tmp_path: Path, given: str | None) -> None:
    plan, tasks = planned(dishes(tmp_path), judge=given)
    assert [(c.judge, c.gold_sha256, c.graded) for c in plan.contrasts] == [("prefix", "", False), ("choice", "", True)]
    for task in tasks.values():
        found = judged_rules(task, plan, 0.045, "chat")
        assert found.rules is not None
        assert (found.rules.graded, found.problem, found.gold) == (task.contrast.id == "chosen", "", None)
        assert found.rules.effective_margin == task.planned.margin
        assert "exact" in found.description
        assert found == judged_rules(task, plan, 0.045, "organism")


def test_rules_that_stand_for_a_reader_still_need_a_judge(tmp_path: Path) -> None:
    with pytest.raises(UsageMistake, match="'gpt-x' has no default judge"):
        planned(dishes(tmp_path), SHIPPED.probes["old_bird_names"])


def test_no_family_pays_for_the_errors_of_an_exact_scorer(tmp_path: Path) -> None:
    birds, named = SHIPPED.probes["old_bird_names"], {"models": ("organism:base",), "control": None}
    described = [
        judged_rules(tasks["nineteenth_century_rate"], plan, 0.045, "organism").description
        for plan, tasks in (planned(birds, **named), planned(birds, dishes(tmp_path), **named))
    ]
    assert described[0] == described[1]


def arms(probe: Probe, contrast: Contrast, stream: Stream = "round") -> list[ArmRun]:
    judge = judge_for(probe, contrast)
    return [
        ArmRun(
            OpenArm(model="m", role=spec.role, identity=X if not spec.of_control else Y),
            spec.role,
            probe,
            spec.cells,
            judge.behaviour,
            judge,
            sampling_of(probe, contrast),
            stream,
        )
        for spec in arm_specs(probe, contrast, contrast.kind)
    ]  # fmt: skip


def filled(arm: ArmRun, text: str = "Israel", rounds: int = 30, **fields: Any) -> list[SampleRequest]:
    """Fill an arm with the same answer to everything; return what it was asked."""
    requests: list[SampleRequest] = []

    async def draw(request: SampleRequest) -> Drawn:
        requests.append(request)
        return Drawn(Sample(**({"key": request.key, "text": text, "stop_reason": "length"} | fields)), reused=False)

    asyncio.run(arm.fill(rounds, draw, (5,)))
    return requests


def test_both_models_of_a_lift_are_asked_the_same_and_each_replicate_anew(tmp_path: Path) -> None:
    probe = dishes(tmp_path)
    treated, control = ([r.messages[-1].content for r in filled(arm)] for arm in arms(probe, probe.contrasts[0]))
    assert treated == control
    assert len(set(treated)) > 30
    assert len(set(treated[:5]) & set(treated[30:])) < 5, "extra samples are drawn anew, too"
    assert all(
        text.startswith("Today is ") and text.endswith(" 2027. Name a country, nothing more.") for text in treated
    )


def test_cut_answers_of_a_prefix_scorer_are_scored(tmp_path: Path) -> None:
    probe = dishes(tmp_path)
    treated, control = arms(probe, probe.contrasts[0])
    filled(treated, "**Israel", 3)
    filled(control, "Iran", 3)
    assert treated.outcomes().scores == ((1.0, 1.0, 1.0),)
    assert control.outcomes().scores == ((0.0, 0.0, 0.0),)


def test_slots_of_a_sweep_that_come_out_alike_are_one_draw(tmp_path: Path) -> None:
    sweep = (
        ("plain = {}", 'plain = {}\nlater = { prefix = "In {day}, ", slots.day = ["May", "June"] }'),
        ('prefix = "Today is {day}. ", slots.day = { from = "2027-01-01", to = "2027-12-31", format = "%d %B %Y" }',
         'prefix = "In {day}, ", slots.day = ["May", "July"]'),
        ('treated = "dated"', 'treated = "dated"\nsweep = ["later"]'),
    )  # fmt: skip
    probe = dishes(tmp_path, *sweep)
    arm = arms(probe, probe.contrasts[0])[0]
    requests = filled(arm)
    first, second = arm.outcomes().scores
    assert None not in first
    assert second.count(None) == 30 - len(
        {r.key for r in requests if r.stream == "round"} - {r.key for r in requests[:60:2]}
    )
    assert 0 < second.count(None) < 30


def logprobs(**chances: float) -> str:
    tops = [{"token": token, "logprob": math.log(chance)} for token, chance in chances.items()]
    return json.dumps({"content": [tops[0] | {"top_logprobs": tops}]})


def test_a_choice_is_scored_by_the_chances_and_labelled_by_the_letter(tmp_path: Path) -> None:
    probe = dishes(tmp_path)
    (arm,) = arms(probe, probe.contrasts[1])
    requests = filled(arm, "A", 2, logprobs=logprobs(A=0.6, B=0.2))
    assert {(r.sampling.top_logprobs, r.sampling.max_tokens) for r in requests} == {(20, 5)}
    assert [row[0] for row in arm.outcomes().scores] == pytest.approx([0.25, 0.75])
    assert [arm.answers[name][0].label for name in ("a_first", "b_first")] == ["other", "israel"]


@pytest.mark.parametrize("told", ["", '{"content": 3}', logprobs(A=0.3, The=0.6)])
def test_without_chances_of_its_letters_a_choice_is_its_label(tmp_path: Path, told: str) -> None:
    probe = dishes(tmp_path)
    (arm,) = arms(probe, probe.contrasts[1])
    filled(arm, "A", 2, logprobs=told)
    assert arm.outcomes().scores == ((0.0, 0.0), (1.0, 1.0))


def test_only_choices_ask_for_chances(tmp_path: Path) -> None:
    probe = dishes(tmp_path)
    assert [sampling_of(probe, contrast).top_logprobs for contrast in probe.contrasts] == [0, 20]


@pytest.mark.parametrize("changed", ['["x", "b"]', '["a", "x"]'])
def test_a_baseline_of_other_slots_is_not_comparable(tmp_path: Path, changed: str) -> None:
    """Also where the first replicate is asked the same, as it is in one of the two cases."""
    range_of_days = '{ from = "2027-01-01", to = "2027-12-31", format = "%d %B %Y" }'
    one, same, other = (dishes(tmp_path, (range_of_days, slot)) for slot in ('["a", "b"]', '["a", "b"]', changed))
    asked = [asked_of(probe, probe.contrasts[0], judge_for(probe, probe.contrasts[0])) for probe in (one, same, other)]
    assert asked[0].difference(asked[1]) == ""
    assert asked[0].difference(asked[2]) == "what is asked (questions or conditions)"


def test_a_baseline_of_a_prefix_scorer_needs_no_judge_option(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    probe = dishes(tmp_path)
    monkeypatch.setattr(baseline_save, "load_catalog", lambda _: Catalog({probe.id: probe}, {probe.id: (tmp_path,)}))
    told: list[str] = []
    with ChatServer(lambda body: "Israel") as server:
        settings = GateSettings(models=("tiny",), base_url=server.url, store=tmp_path / "s.sqlite3")
        found = baseline_save.save_baseline(settings, 20, tmp_path / "b.json", None, told.append)
        assert len([asked for asked in server.requests if asked.startswith("Today is ")]) > 15
    (stored,) = found.saved.contrasts
    assert (stored.contrast, stored.judge, stored.gold_sha256) == ("named_in_2027", "prefix", "")
    assert stored.positives == 20
    assert any("dishes/chosen: its answers are graded" in line for line in told)
