"""The end of an engine: what was paid for is kept, callers that leave, work that does not end."""

import asyncio
import threading
import time

import pytest
from scripted_endpoint import WAIT, FakeEndpoint, Start, request

from weirdgen.schema.sample import SampleRequest
from weirdgen.store.owner import new_owner
from weirdgen.store.store import Claim, SampleStore


def test_closing_under_load_loses_nothing_paid_for(start: Start, store: SampleStore) -> None:
    finished: list[str] = []

    async def some(asked: SampleRequest, times: int) -> None:
        await asyncio.sleep(0.001 * (asked.replicate % 7))
        finished.append(asked.key)

    engine = start(FakeEndpoint(some))
    futures = [engine.submit(engine.sample(request(n))) for n in range(2000)]
    while len(finished) < 200:
        time.sleep(0.001)
    started = time.monotonic()
    engine.close()
    assert time.monotonic() - started < 3
    assert all(future.done() for future in futures)
    assert any(future.cancelled() for future in futures)
    kept = {request(n).key for n in range(2000) if store.get(request(n).key)}
    assert kept == set(finished)
    assert store.claim(request(1999).key, new_owner()) is Claim.MINE


def test_a_closed_engine_takes_no_work_and_closes_twice(start: Start) -> None:
    endpoint = FakeEndpoint()
    engine = start(endpoint)
    engine.close()
    engine.close()
    assert endpoint.closed == 1
    with pytest.raises(RuntimeError, match="closed"):
        engine.submit(engine.sample(request()))


def test_a_caller_that_leaves_takes_no_sample_from_another(start: Start) -> None:
    gate = threading.Event()

    async def wait(asked: SampleRequest, times: int) -> None:
        while not gate.is_set():
            await asyncio.sleep(0.005)

    engine = start(FakeEndpoint(wait))
    first, second = (engine.submit(engine.sample(request())) for _ in range(2))
    time.sleep(0.05)
    first.cancel()
    gate.set()
    assert second.result(WAIT).sample.text == "0"


def test_work_that_will_not_be_cancelled_does_not_hold_up_the_end(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = start(FakeEndpoint())

    async def stubborn() -> None:
        with pytest.raises(asyncio.CancelledError):
            await asyncio.sleep(60)
        await asyncio.sleep(60)

    engine.submit(stubborn())
    time.sleep(0.05)
    started = time.monotonic()
    engine.close()
    assert time.monotonic() - started < 4
