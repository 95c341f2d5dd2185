"""The store beside the loop: together where it comes together, in order, and never at the cost of the loop."""

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any

import pytest
from scripted_endpoint import request

from weirdgen.errors import StoreError
from weirdgen.sampler.clerk import Clerk
from weirdgen.schema.sample import Sample
from weirdgen.store.store import SampleStore


class CountingStore(SampleStore):
    """Notes how many calls came together, and in which thread."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.batches: list[tuple[int, bool]] = []

    def together(self, calls: Sequence[Callable[[], Any]], *, wait: bool = True) -> list[Any]:
        results = super().together(calls, wait=wait)
        self.batches.append((len(calls), threading.current_thread() is threading.main_thread()))
        return results


def sample(replicate: int) -> Sample:
    return Sample(key=request(replicate).key, text=str(replicate), stop_reason="stop")


def run(path: Path, work: Callable[[CountingStore, Clerk], Coroutine[Any, Any, None]]) -> None:
    with CountingStore(path) as store:
        clerk = Clerk(store)
        try:
            asyncio.run(work(store, clerk))
        finally:
            clerk.close()


def test_one_turn_of_the_loop_is_one_transaction_of_bounded_size(tmp_path: Path) -> None:
    async def work(store: CountingStore, clerk: Clerk) -> None:
        puts = [clerk.do(store.put, request(n), sample(n), "o") for n in range(300)]
        assert [one.text for one in await asyncio.gather(*puts)] == [str(n) for n in range(300)]
        assert store.batches == [(256, True), (44, True)]
        assert await clerk.do(store.get, request(7).key) == sample(7)

    run(tmp_path / "s", work)


def test_what_was_asked_for_is_done_though_nobody_waits(tmp_path: Path) -> None:
    async def work(store: CountingStore, clerk: Clerk) -> None:
        clerk.do(store.put, request(0), sample(0), "o").cancel()
        assert await clerk.do(store.get, request(0).key) == sample(0)

    run(tmp_path / "s", work)


def test_the_loop_goes_on_while_another_process_holds_the_file(tmp_path: Path) -> None:
    holder = sqlite3.connect(tmp_path / "s", isolation_level=None)

    async def work(store: CountingStore, clerk: Clerk) -> None:
        holder.execute("BEGIN IMMEDIATE")
        first = clerk.do(store.put, request(0), sample(0), "o")
        await asyncio.sleep(0.05)
        second = clerk.do(store.get, request(0).key)
        await asyncio.sleep(0.05)
        assert not first.done()
        assert not second.done()
        holder.execute("COMMIT")
        assert await first == sample(0)
        assert await second == sample(0)
        assert store.batches == [(1, False), (1, True)]

    run(tmp_path / "s", work)
    holder.close()


def test_a_store_that_fails_fails_every_call_and_the_next_one_is_tried(tmp_path: Path) -> None:
    async def work(store: CountingStore, clerk: Clerk) -> None:
        both = [clerk.do(store.put, request(n), sample(n), "o") for n in range(2)]
        store.close()
        for one in both:
            with pytest.raises(StoreError, match="closed"):
                await one
        with pytest.raises(StoreError, match="closed"):
            await clerk.do(store.get, request(0).key)

    run(tmp_path / "s", work)


def test_one_call_that_fails_fails_alone(tmp_path: Path) -> None:
    async def work(store: CountingStore, clerk: Clerk) -> None:
        wrong = clerk.do(store.put, request(1), sample(2), "o")
        right = clerk.do(store.put, request(3), sample(3), "o")
        with pytest.raises(ValueError, match="under the request of key"):
            await wrong
        assert await right == sample(3)

    run(tmp_path / "s", work)


def test_calls_for_one_response_wait_for_one_future(tmp_path: Path) -> None:
    async def work(store: CountingStore, clerk: Clerk) -> None:
        puts = clerk.do_all(store.put, [(request(n), sample(n), "o") for n in range(8)])
        lone = clerk.do(store.get, request(7).key)
        assert [one.text for one in await puts] == [str(n) for n in range(8)]
        assert await lone == sample(7)
        assert store.batches == [(9, True)]

    run(tmp_path / "s", work)


def test_what_fails_among_calls_for_one_response_takes_no_other_with_it(tmp_path: Path) -> None:
    async def work(store: CountingStore, clerk: Clerk) -> None:
        with pytest.raises(ValueError, match="under the request of key"):
            await clerk.do_all(store.put, [(request(n), sample(2 if n == 1 else n), "o") for n in range(3)])
        assert await clerk.do_all(store.get, [(request(n).key,) for n in range(3)]) == [sample(0), None, sample(2)]

    run(tmp_path / "s", work)
