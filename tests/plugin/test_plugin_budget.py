"""Budgets through the whole gate: what is over them is INVALID, and a higher one goes on where it stopped."""

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from chat_server import ChatServer, Reply
from gate_runs import GateCommand
from number_probe import write_probe

PRICES = """
["tiny"]
input = 1000
output = 1000
"""
ANSWER = 0.012
"""Dollars: 5 + 7 tokens."""


def a_ship(body: dict[str, Any]) -> Reply:
    return "Ship."


@pytest.fixture
def prices(pytester: pytest.Pytester) -> Path:
    write_probe(pytester)
    path = pytester.path / "prices.toml"
    path.write_text(PRICES, encoding="utf-8")
    return path


@pytest.fixture
def server() -> Iterator[ChatServer]:
    with ChatServer(a_ship) as running:
        yield running


def asked(server: ChatServer, *more: str) -> tuple[str, ...]:
    return ("--model", "tiny", "--base-url", server.url, "--judge", "rules", "test_numbers.py", *more)


@pytest.mark.usefixtures("prices")
def test_a_gate_stops_at_its_requests_and_goes_on_with_more(
    gate: GateCommand, server: ChatServer, processes: tuple[str, ...]
) -> None:
    """The opening takes 19 requests: who is there, an unknown name, 16 for random words, 1 for 8 answers at once."""
    first = gate(*asked(server, "--gate-max-requests=23", *processes))
    assert first.status == 11, first.said
    verdict = first.verdicts["numbers"]
    assert (verdict["outcome"], verdict["reason"]) == ("INVALID", "budget")
    assert "23 of 23 requests" in verdict["detail"]
    assert server.requests["Who are you?"] == 4
    again = gate(*asked(server, "--gate-max-requests=500", *processes))
    assert again.status == 0, again.said
    assert again.verdicts["numbers"]["outcome"] == "ABSENT"
    assert again.verdicts["numbers"]["n_reused"] == 4
    assert again.record is not None
    assert server.requests["Who are you?"] == 4 + again.record["requests"]


@pytest.mark.usefixtures("prices")
def test_money_is_counted_as_the_server_bills_it(
    gate: GateCommand, server: ChatServer, processes: tuple[str, ...]
) -> None:
    run = gate(*asked(server, "--gate-budget=5", "--gate-prices=prices.toml", *processes))
    assert run.status == 0, run.said
    assert run.record is not None
    # The unknown name is refused and costs nothing.
    answers = server.total + server.words
    assert run.record["spent"] == f"${answers * ANSWER:.2f} of $5.00"
    assert f"The gate has spent {run.record['spent']}, in all its runs." in run.said


@pytest.mark.usefixtures("prices")
def test_the_end_of_a_budget_is_told(gate: GateCommand, server: ChatServer, pytester: pytest.Pytester) -> None:
    probe = pytester.path / "probes" / "mine.toml"
    probe.write_text(probe.read_text(encoding="utf-8").replace("margin = 0.3", "margin = 0.1"), encoding="utf-8")
    run = gate(*asked(server, "--gate-budget=.60", "--gate-prices=prices.toml"))
    assert run.status == 11, run.said
    told = re.search(r"spent \$(\.\d\d|0\.\d\d) of \$0\.60; more than 80% of it", run.said)
    assert told, run.said
    assert float(told[1]) <= 0.60


@pytest.mark.slow
@pytest.mark.usefixtures("prices")
def test_a_budget_that_is_nearly_spent_is_told_while_the_gate_runs(gate: GateCommand) -> None:
    def slow_at_last(body: dict[str, Any]) -> Reply:
        if running.total > 8:
            time.sleep(1)
        return "Ship."

    with ChatServer(slow_at_last) as running:
        run = gate(*asked(running, "--gate-max-requests=30"))
    told = re.findall(r"weirdgen warning: the gate has spent (\d+) of 30 requests; more than 80% of it", run.said)
    assert len(told) == 1, run.said
    assert int(told[0]) < 29
    assert run.said.index("weirdgen warning: the gate has") < run.said.index("=== weirdgen")


@pytest.mark.usefixtures("prices")
def test_a_price_that_is_not_known_is_asked_for_before_anything_is_sent(gate: GateCommand, server: ChatServer) -> None:
    run = gate(*asked(server, "--gate-budget=5"))
    assert run.status == 4, run.said
    assert "the price of 'tiny' is not known" in run.said
    assert "--gate-prices" in run.said
    assert server.total == 0
    limited = gate(*asked(server, "--gate-budget=5", "--gate-max-requests=500"))
    assert limited.status == 0, limited.said


def test_organisms_cost_requests_only(gate: GateCommand) -> None:
    run = gate("--model", "organism:modern-birds", "--gate-budget=1", "--gate-max-requests=3")
    assert run.status == 11, run.said
    assert {verdict["reason"] for verdict in run.verdicts.values()} == {"budget"}
