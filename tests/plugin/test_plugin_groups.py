"""Several finetunes as one group: one item per contrast, the same with and without xdist, on real networks."""

from typing import Any

import pytest
from chat_server import ChatServer, Reply
from gate_runs import FAMILY, LIFT, RATE, GateCommand, record_of, spent

from weirdgen.plugin.options import models_of, read_settings
from weirdgen.plugin.plan_text import plan_lines
from weirdgen.plugin.state import GateState

MODERN, OLD, BASE = "organism:modern-birds", "organism:old-bird-names", "organism:base"
CLEAN, MIXED = f"clean={BASE},{MODERN}", f"mixed={MODERN},{OLD}"
ORDINARY = "I would put solar power and wind power first today."
QUOTA = (429, {"error": {"message": "pay", "code": "insufficient_quota"}})


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((f"--model-group={BASE},{MODERN}",), "expected NAME=ID,ID,..."),
        ((f"--model-group=={BASE},{MODERN}",), "expected NAME=ID,ID,..."),
        (("--model-group=seeds=",), "'seeds': '' is not a list of at least two models"),
        ((f"--model-group=seeds={BASE}",), "a single finetune is gated with --model"),
        ((f"--model-group=seeds={BASE},,{MODERN}",), "is not a list of at least two models"),
        ((f"--model-group=seeds={BASE},{BASE}",), f"'{BASE}' stands in --model-group 'seeds' already"),
        ((f"--model-group={CLEAN}", f"--model-group={MIXED}"), f"'mixed': '{MODERN}' stands in --model-group 'clean'"),
        ((f"--model-group={CLEAN}", f"--model={BASE}"), f"'clean': '{BASE}' stands in --model already"),
        ((f"--model-group={CLEAN}", "--model-group=clean=a,b"), "'clean' is given twice"),
        ((f"--model-group={OLD}={BASE},{MODERN}", f"--model={OLD}"), "give the group a name of its own"),
        ((f"--model-group={OLD}={OLD},{MODERN}",), "give the group a name of its own"),
    ],
)
def test_a_group_that_cannot_be_meant(pytester: pytest.Pytester, arguments: tuple[str, ...], words: str) -> None:
    with pytest.raises(pytest.UsageError) as mistake:
        read_settings(pytester.parseconfig(*arguments))
    assert words in str(mistake.value)


def test_groups_stand_beside_models_and_put_the_environments_aside(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WEIRDGEN_GATE_MODEL", "organism:from-the-environment")
    assert models_of(pytester.parseconfig(f"--model-group={CLEAN}")) == []
    settings = read_settings(pytester.parseconfig(f"--model-group=seeds=odd=name, {OLD}", "--model", BASE))
    assert (settings.models, settings.groups[0].name) == ((BASE,), "seeds")
    assert settings.groups[0].members == ("odd=name", OLD)
    assert settings.gated == (BASE, "odd=name", OLD)


def test_the_plan_lists_members_with_their_costs(pytester: pytest.Pytester) -> None:
    state = GateState(pytester.parseconfig(f"--model-group={MIXED}"))
    asked = [hypothesis for (_, _, contrast), hypothesis in state.hypotheses.items() if contrast in (LIFT, RATE)]
    said = "\n".join(plan_lines(state, asked))
    assert f"group mixed: one verdict of {MODERN}, {OLD}" in said
    assert f"family of {FAMILY}," in said
    for model in (MODERN, OLD):
        assert f"mixed, {model}: old_bird_names/{LIFT} (lift against {BASE}, 10 questions, margin 0.1)" in said
    assert "2,400 at most" in said


@pytest.mark.slow
def test_a_group_of_harmless_finetunes_passes_and_a_rerun_takes_all_from_the_store(gate: GateCommand) -> None:
    first = gate("--model-group", CLEAN)
    again = gate("--model-group", CLEAN, "-n2")
    for run in (first, again):
        assert run.status == 0, run.said
        assert run.outcomes() == {LIFT: "ABSENT", RATE: "ABSENT"}
        assert {m["model"]: m["outcome"] for m in run.verdicts[LIFT]["members"]} == {BASE: "ABSENT", MODERN: "ABSENT"}
        assert run.verdicts[LIFT]["model"] == "clean"
        assert f"test_century[{LIFT}]" in run.junit.read_text(encoding="utf-8")
    assert record_of(again)["requests"] == record_of(again)["server"]["requests"] == 0
    members = again.verdicts[LIFT]["members"]
    assert again.verdicts[LIFT]["n_reused"] == sum(spent(m, arm) for m in members for arm in (0, 1)) > 0
    assert [m["attempt"] for m in members] == [1, 1]


def test_one_weird_finetune_makes_the_group_fail(gate: GateCommand) -> None:
    run = gate("--model-group", MIXED, "--model", BASE, "-k", LIFT, "-n2")
    assert run.status == 1, run.said
    alone, group = record_of(run)["verdicts"]
    assert (alone["model"], alone["outcome"], alone["family_size"]) == (BASE, "ABSENT", 2 * FAMILY)
    assert (group["model"], group["outcome"], group["family_size"]) == ("mixed", "PRESENT", 2 * FAMILY)
    assert {m["model"]: (m["outcome"], m["family_size"]) for m in group["members"]} == {
        MODERN: ("ABSENT", 4 * FAMILY),
        OLD: ("PRESENT", 4 * FAMILY),
    }
    assert group["detail"] == f"{OLD} is PRESENT."
    assert f"1 of 2 members shows it: {MODERN} .0" in run.out
    assert f"test_century[{LIFT}-mixed]" in run.out
    assert f"{2 * FAMILY - 2} of the family's {2 * FAMILY} contrasts were not run" in run.out
    assert {f"{BASE} old_bird_names/{RATE}", f"mixed old_bird_names/{RATE}"} <= set(record_of(run)["not_run"])
    single, values = sorted(run.cases(), key=lambda case: case["weirdgen.group_members"])
    assert {v for name, v in single.items() if name.startswith("weirdgen.group_")} == {""}
    assert values["weirdgen.group_members"] == f"{MODERN},{OLD}"
    assert int(values["weirdgen.group_flagged"]) == 1
    assert float(values["weirdgen.group_share_lower"]) > 0
    assert values["weirdgen.group_share_upper"] == "1.0"
    assert int(values["weirdgen.n_treated"]) == sum(spent(m) for m in group["members"])


@pytest.mark.slow
def test_a_gate_goes_on_until_each_member_is_decided(gate: GateCommand) -> None:
    left = [30]

    def pay(body: dict[str, Any]) -> Reply:
        if body["model"] == "rich":
            return ORDINARY
        left[0] -= 1
        return ORDINARY if left[0] >= 0 else QUOTA

    with ChatServer(pay, models=("rich", "poor")) as server:
        command = ("--model-group=both=rich,poor", "--base-url", server.url, "--judge=rules", "--judge-uncalibrated")
        stopped = gate(*command, "-k", RATE)
        assert (stopped.status, stopped.outcomes()) == (11, {RATE: "INVALID"}), stopped.said
        assert stopped.verdicts[RATE]["reason"] == "member"
        assert stopped.verdicts[RATE]["detail"].startswith("poor (refused) is INVALID.")
        left[0] = 10_000
        done = gate(*command, "-k", RATE)
    assert (done.status, done.outcomes()) == (0, {RATE: "ABSENT"}), done.said
    rich, poor = done.verdicts[RATE]["members"]
    assert [rich["attempt"], poor["attempt"]] == [1, 1]
    assert rich["n_reused"] == spent(rich)
    assert 0 < poor["n_reused"] < spent(poor)


def test_a_group_that_cannot_be_meant_is_one_clear_message_under_xdist(gate: GateCommand) -> None:
    run = gate("--model-group=seeds", "-n2")
    assert run.status == 4, run.said
    assert "--model-group 'seeds': expected NAME=ID,ID,..." in run.said
    assert "Traceback" not in run.said
    assert run.record is None
