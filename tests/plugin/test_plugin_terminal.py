"""What stands at the end of a gate: each fact once, and nothing lost that no failure message has said."""

import itertools
from typing import Any

import pytest
from chat_server import ChatServer, Reply
from gate_runs import LIFT, RATE, GateCommand, spent

ARCHAIC = "Pray hear me, sir: steam carriages upon iron rails shall carry us."
ORDINARY = "I would put solar power and wind power first today."


@pytest.fixture(autouse=True)
def short_summary(monkeypatch: pytest.MonkeyPatch) -> None:
    """On CI pytest repeats whole failure messages in its summary; that is not what is counted here."""
    for variable in ("CI", "BUILD_NUMBER"):
        monkeypatch.delenv(variable, raising=False)


def cut_off(model: str) -> Reply:
    cut = {"index": 0, "message": {"role": "assistant", "content": ORDINARY}, "finish_reason": "length"}
    return 200, {"id": "x", "object": "chat.completion", "created": 1, "model": model, "choices": [cut]}


def test_why_a_verdict_is_invalid_is_said_once(gate: GateCommand, processes: tuple[str, ...]) -> None:
    with ChatServer(lambda body: ORDINARY) as server:
        run = gate("--model", "tiny", "--base-url", server.url, "--judge", "rules", "-k", RATE, *processes)
    assert run.status == 11, run.said
    assert run.out.count("would clear a clean model") == 1
    assert "Note:" not in run.out


def test_where_pytest_keeps_failure_messages_back_the_reason_is_a_note_for_all_it_is_on(gate: GateCommand) -> None:
    with ChatServer(lambda body: ORDINARY) as server:
        run = gate("--model", "tiny", "--base-url", server.url, "--judge", "rules", "--tb=no")
    assert run.status == 11, run.said
    assert run.out.count("would clear a clean model") == 1
    assert (
        f"Note: old_bird_names/{LIFT} on tiny, old_bird_names/{RATE} on tiny: with a sensitivity of at least" in run.out
    )


@pytest.mark.slow
@pytest.mark.parametrize(("style", "notes"), [("long", 0), ("line", 1)])
def test_a_note_stands_in_for_a_failure_that_pytest_cuts_to_a_line(gate: GateCommand, style: str, notes: int) -> None:
    options = ("--gate-cap=40", "--judge-uncalibrated", "-k", LIFT, f"--tb={style}")
    run = gate("--model", "organism:modern-birds", *options)
    assert run.status == 10, run.said
    assert run.out.count("Note:") == notes


def test_a_remark_on_a_verdict_that_passes_stays_where_another_fails_with_the_same(gate: GateCommand) -> None:
    def script(body: dict[str, Any]) -> Reply:
        return ORDINARY if body["model"] == "whole" else cut_off("cut")

    with ChatServer(script, models=("whole", "cut")) as server:
        command = ("--base-url", server.url, "--judge", "rules", "--judge-uncalibrated", "-k", LIFT)
        run = gate("--model", "whole", "--model", "cut", *command)
    assert run.status == 11, run.said
    assert run.out.count("No --control was given") == 2
    assert f"Note: old_bird_names/{LIFT} on whole: No --control was given" in run.out
    assert run.record is not None
    whole = next(v for v in run.record["verdicts"] if v["model"] == "whole")
    assert (
        f"Drew {run.record['requests']} new samples. Counted contrast by contrast, INVALID left out, verdicts rest on "
        f"{spent(whole)}, where a fixed design of 100 per question and arm takes 1,000." in run.out
    )


def test_a_remark_that_the_failure_message_leaves_out_is_a_note(gate: GateCommand) -> None:
    with ChatServer(lambda body: ARCHAIC) as server:
        command = ("--base-url", server.url, "--judge", "rules", "--judge-uncalibrated", "-k", LIFT)
        run = gate("--model", "tiny", *command)
    assert (run.status, run.outcomes()) == (1, {LIFT: "PRESENT"}), run.said
    assert f"Note: old_bird_names/{LIFT} on tiny: No --control was given" in run.out


def test_a_failure_that_pytest_does_not_print_has_a_note_though_another_says_the_same(
    gate: GateCommand, pytester: pytest.Pytester
) -> None:
    pytester.makepyfile(
        test_mine=f"""
        import pytest

        pytestmark = pytest.mark.probe("old_bird_names")

        @pytest.mark.xfail
        @pytest.mark.contrasts("{LIFT}")
        def test_lift(trial):
            trial.check()

        @pytest.mark.contrasts("{RATE}")
        def test_rate(trial):
            trial.check()
        """
    )
    with ChatServer(lambda body: ORDINARY) as server:
        run = gate("--model", "tiny", "--base-url", server.url, "--judge", "rules")
    assert run.status == 11, run.said
    assert [line.split(": ")[1] for line in run.out.splitlines() if line.startswith("Note:")] == [
        f"old_bird_names/{LIFT} on tiny"
    ]


@pytest.mark.slow
def test_samples_are_counted_alike_for_the_verdicts_and_the_fixed_design(gate: GateCommand) -> None:
    run = gate("--model", "organism:modern-birds")
    drawn, used = max(map(spent, run.verdicts.values())), sum(map(spent, run.verdicts.values()))
    assert used > drawn
    assert f"Drew {drawn} new samples. Counted contrast by contrast, verdicts rest on {used}, where" in run.out
    assert "takes 3,000." in run.out


def test_a_share_of_answers_below_the_floor_is_told_though_it_is_not_surely_below(gate: GateCommand) -> None:
    calls = itertools.count()
    with ChatServer(lambda body: ORDINARY if next(calls) % 4 else "American Robin") as server:
        run = gate("--model", "tiny", "--base-url", server.url, "--judge", "rules", "--judge-uncalibrated", "-k", RATE)
    assert run.outcomes() == {RATE: "ABSENT"}, run.said
    valid = run.verdicts[RATE]["arms"][0]["valid_rate"]
    assert 0.7 < valid < 0.8
    told = f"Note: old_bird_names/{RATE} on tiny: only {valid:.0%} of an arm's samples are answers."
    assert told in run.out
