"""The opening of a gate pays as its samples do: before a request is sent, whatever becomes of it."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from fault_server import KEY, FaultServer, answer, error, http
from scripted_endpoint import request

from weirdgen.endpoints.faults import Retryable
from weirdgen.endpoints.identity import PREFLIGHT, PREFLIGHT_SAMPLING
from weirdgen.endpoints.models import parse_target
from weirdgen.endpoints.prices import Price
from weirdgen.errors import BudgetSpent
from weirdgen.sampler.budget import Budget
from weirdgen.store.accounts import Account, Amount, Charge
from weirdgen.store.batches import BatchBook, KeptBatch, KeptLine
from weirdgen.store.owner import new_owner
from weirdgen.store.store import Claim, SampleStore
from weirdgen.trials.paid import Till, opening_endpoint

ANSWER = 5 + 2.0
"""Dollars: what an answer of the server costs."""
WORST = len("Say OK.") + 20 + 16.0


@pytest.fixture
def server() -> Iterator[FaultServer]:
    with FaultServer() as running:
        yield running


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SampleStore]:
    with SampleStore(tmp_path / "store.sqlite3") as opened:
        yield opened


def ask(server: FaultServer, store: SampleStore, monkeypatch: pytest.MonkeyPatch, *, most: int, wait: float = 5) -> str:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    budget = Budget(Account("gate", None, most), {"m": Price(input=1e6, output=1e6)})
    target = parse_target("m", base_url=server.url, role="treated")

    async def once() -> str:
        endpoint = opening_endpoint(target, "", Till(store, budget))
        try:
            async with asyncio.timeout(wait):
                return (await endpoint.ask(PREFLIGHT, PREFLIGHT_SAMPLING)).text
        finally:
            await endpoint.aclose()

    return asyncio.run(once())


def test_it_is_held_before_it_is_sent_and_settled_after(
    server: FaultServer, store: SampleStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Amount] = []

    async def looks(writer: asyncio.StreamWriter) -> None:
        seen.append(store.spent("gate"))
        writer.write(answer())

    server.script = [looks]
    assert ask(server, store, monkeypatch, most=1) == "hi"
    assert seen == [(WORST, 1)]
    assert store.spent("gate") == (ANSWER, 1)
    with pytest.raises(BudgetSpent, match="1 of 1 requests"):
        ask(server, store, monkeypatch, most=1)
    assert len(server.bodies) == 1


@pytest.mark.parametrize(("reply", "cost"), [(error(500), 0.0), (http(200, '{"a'), WORST)])
def test_what_failed_is_counted(
    server: FaultServer, store: SampleStore, monkeypatch: pytest.MonkeyPatch, reply: bytes, cost: float
) -> None:
    server.script = [reply]
    with pytest.raises(Retryable):
        ask(server, store, monkeypatch, most=9)
    assert store.spent("gate") == (cost, 1)


def test_what_is_not_waited_for_may_have_been_billed(
    server: FaultServer, store: SampleStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def silent(writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(30)

    server.script = [silent]
    with pytest.raises(TimeoutError):
        ask(server, store, monkeypatch, most=9, wait=0.3)
    assert store.spent("gate") == (WORST, 1)


def test_it_does_not_wait_for_what_batches_hold(
    server: FaultServer, store: SampleStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    charge = Charge(Account("gate", None, 1), Amount(3.0, 1))
    owner, line = new_owner(), request()
    assert store.claim(line.key, owner, charge=charge) is Claim.MINE
    BatchBook(store.database).begin(KeptBatch("t", "", "u", "m", owner, 1.0), [KeptLine(line, {})])
    assert ask(server, store, monkeypatch, most=1) == "hi"
    assert store.spent("gate") == (3 + ANSWER, 2)
    with pytest.raises(BudgetSpent):  # what it spent itself counts
        ask(server, store, monkeypatch, most=1)
