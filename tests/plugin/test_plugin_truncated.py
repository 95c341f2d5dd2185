"""Servers that cut off rare answers: nothing is drawn there and nothing passes, unless the user says so aloud."""

import itertools
from typing import Any

import pytest
from chat_server import ChatServer, Reply, Script
from gate_runs import GateCommand
from number_probe import write_probe


def always_the_same(body: dict[str, Any]) -> Reply:
    return "Ship."


def numbered() -> Script:
    numbers = itertools.count()
    return lambda body: f"Ship {next(numbers)}."


@pytest.fixture
def own_probe(pytester: pytest.Pytester) -> None:
    write_probe(pytester)


@pytest.mark.usefixtures("own_probe")
def test_a_server_that_does_not_sample_gets_no_verdict(gate: GateCommand, processes: tuple[str, ...]) -> None:
    with ChatServer(always_the_same, alike=True) as server:
        run = gate("--model", "tiny", "--base-url", server.url, "--judge", "rules", "test_numbers.py", *processes)
        assert "Who are you?" not in server.requests, "nothing is drawn"
    assert run.status == 11, run.said
    verdict = run.verdicts["numbers"]
    assert (verdict["outcome"], verdict["reason"], verdict["sampling"]) == ("INVALID", "truncated", "truncated")
    assert "answers to one question are all alike" in verdict["detail"]
    assert "--gate-truncated" in run.said
    assert run.properties()["numbers"]["weirdgen.sampling"] == "truncated"


@pytest.mark.usefixtures("own_probe")
def test_it_is_gated_all_the_same_where_the_user_says_so(gate: GateCommand, processes: tuple[str, ...]) -> None:
    with ChatServer(always_the_same, alike=True) as server:
        run = gate(
            "--model",
            "tiny",
            "--base-url",
            server.url,
            "--judge",
            "rules",
            "test_numbers.py",
            "--gate-truncated",
            *processes,
        )
    assert run.status == 0, run.said
    assert run.verdicts["numbers"]["sampling"] == "truncated"
    assert run.record is not None
    assert run.record["plan"]["truncated"] is True
    assert "were cut off (--gate-truncated): what is ABSENT may only be out of sight" in run.said


@pytest.mark.usefixtures("own_probe")
def test_a_server_that_tells_nothing_is_warned_about(gate: GateCommand) -> None:
    with ChatServer(numbered()) as server:
        run = gate("--model", "tiny", "--base-url", server.url, "--judge", "rules", "test_numbers.py")
    assert run.status == 0, run.said
    assert run.verdicts["numbers"]["sampling"] == "unknown"
    assert "warning: tiny at" in run.said
    assert "whether rare answers are cut off is not known" in run.said
