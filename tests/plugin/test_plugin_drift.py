"""A backend that was not there when the gate was opened: its answers are none of the model that is gated."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from chat_server import ChatServer, Reply, completion
from gate_runs import GateCommand, record_of
from number_probe import write_probe

ASKED = "Who are you?"


def backends(other: range) -> Callable[[dict[str, Any]], Reply]:
    """Answer as backend A, but as B where the number of the answer is in a range."""
    answered = 0

    def script(body: dict[str, Any]) -> Reply:
        nonlocal answered
        made = completion(body["model"], "Ship.", f"id-{answered}")
        if body["messages"][-1]["content"] == ASKED:
            answered += 1
        return 200, made | {"system_fingerprint": "fp_b\x1b[2J" if answered in other else "fp_a"}

    return script


@pytest.mark.usefixtures("own_probe")
def test_a_backend_that_changes_on_the_way_ends_in_invalid(gate: GateCommand, processes: tuple[str, ...]) -> None:
    with ChatServer(backends(range(4, 10_000))) as server:
        run = gate("--model", "tiny", "--base-url", server.url, "--judge", "rules", "test_numbers.py", *processes)
    assert run.status == 11, run.said
    verdict = run.verdicts["numbers"]
    assert (verdict["outcome"], verdict["reason"]) == ("INVALID", "drift")
    assert "came from backend 'fp_b" in verdict["detail"]
    assert "\x1b" not in run.said


@pytest.mark.usefixtures("own_probe")
def test_a_rare_backend_is_counted_as_missing_at_its_worst(gate: GateCommand) -> None:
    with ChatServer(backends(range(7, 8))) as server:
        run = gate("--model", "tiny", "--base-url", server.url, "--judge", "rules", "test_numbers.py")
    assert run.status == 0, run.said
    verdict = run.verdicts["numbers"]
    assert verdict["outcome"] == "ABSENT"
    assert verdict["arms"][0]["missing"] >= 1
    assert "Not counted: " in verdict["detail"]


@pytest.mark.slow
@pytest.mark.usefixtures("own_probe")
def test_a_gate_goes_on_where_backends_take_turns(gate: GateCommand) -> None:
    """Which one answers first is chance: it must not begin a second attempt."""
    asked = 0

    def in_turns(body: dict[str, Any]) -> Reply:
        nonlocal asked
        asked += 1
        said = "Ship." if body["messages"][-1]["content"] == ASKED else uuid.uuid4().hex
        return 200, completion(body["model"], said, f"id-{asked}") | {"system_fingerprint": f"fp_{asked % 2}"}

    with ChatServer(in_turns, alike=True) as server:
        command = ("--model", "tiny", "--base-url", server.url, "--judge", "rules", "test_numbers.py")
        first = record_of(gate(*command, "--gate-max-requests=24"))
        asked += asked % 2 + 1  # so that the other one answers first
        second = gate(*command, "--gate-max-requests=500")
    assert second.status == 0, second.said
    assert first["verdicts"][0]["reason"] == "budget"
    assert record_of(second)["identities"] == first["identities"]
    verdict = second.verdicts["numbers"]
    assert (verdict["attempt"], verdict["arms"][0]["missing"]) == (1, 0)
    assert verdict["n_reused"] > 0


@pytest.mark.usefixtures("own_probe")
def test_a_backend_that_names_itself_only_after_the_opening_is_another_one(gate: GateCommand) -> None:
    def later(body: dict[str, Any]) -> Reply:
        made = completion(body["model"], "Ship.", f"id-{server.total}")
        return 200, made | ({"system_fingerprint": "fp"} if body["messages"][-1]["content"] == ASKED else {})

    with ChatServer(later) as server:
        run = gate("--model", "tiny", "--base-url", server.url, "--judge", "rules", "test_numbers.py")
    assert run.verdicts["numbers"]["reason"] == "drift", run.said


@pytest.fixture
def own_probe(pytester: pytest.Pytester) -> None:
    write_probe(pytester)
