"""The adaptive limit and the retry policy, on their own."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weirdgen.endpoints.faults import Retryable
from weirdgen.sampler.concurrency import AdaptiveLimit
from weirdgen.sampler.retry import RetryPolicy

T = TypeVar("T")


def run(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(asyncio.wait_for(work, 10))


def test_it_doubles_until_overload_then_halves_and_grows_by_one() -> None:
    async def main() -> list[int]:
        limit, seen = AdaptiveLimit(1000, start=8), []
        queue = [asyncio.create_task(limit.acquire(n)) for n in range(400)]
        await asyncio.sleep(0)

        async def window() -> None:
            for _ in range(limit.limit):
                limit.release()
                limit.succeeded()
            seen.append(limit.limit)

        await window()
        await window()
        limit.overloaded(0)
        seen.append(limit.limit)
        await window()
        await window()
        for task in queue:
            task.cancel()
        await asyncio.gather(*queue, return_exceptions=True)
        return seen

    assert run(main()) == [16, 32, 16, 17, 18]


def test_a_burst_of_refusals_halves_once() -> None:
    async def main() -> tuple[int, int, int]:
        limit = AdaptiveLimit(64, start=16)
        windows = [await limit.acquire(n) for n in range(16)]
        for window in windows:
            limit.overloaded(window)
        once = limit.limit
        for _ in windows:
            limit.release()
        limit.overloaded(await limit.acquire(99))
        twice = limit.limit
        for _ in range(9):
            limit.release()
            limit.overloaded(await limit.acquire(99))
        return once, twice, limit.limit

    assert run(main()) == (8, 4, 1)


def test_it_does_not_grow_while_nothing_waits_nor_beyond_its_most() -> None:
    async def main() -> tuple[int, int]:
        idle, full = AdaptiveLimit(64, start=4), AdaptiveLimit(4, start=8)
        for _ in range(50):
            await idle.acquire(0)
            idle.release()
            idle.succeeded()
        tasks = [asyncio.create_task(full.acquire(n)) for n in range(50)]
        await asyncio.sleep(0)
        for _ in range(40):
            full.release()
            full.succeeded()
        most = full.limit
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return idle.limit, most

    assert run(main()) == (4, 4)
    with pytest.raises(ValueError, match="at least 1"):
        AdaptiveLimit(0)


def test_the_lowest_ticket_goes_first_and_the_cancelled_are_passed_over() -> None:
    async def main() -> list[int]:
        limit, order = AdaptiveLimit(1), []
        await limit.acquire(0)

        async def one(ticket: int) -> None:
            await limit.acquire(ticket)
            order.append(ticket)
            limit.release()

        tasks = {ticket: asyncio.create_task(one(ticket)) for ticket in (5, 3, 9, 1, 7)}
        await asyncio.sleep(0)
        tasks[3].cancel()
        await asyncio.sleep(0)
        limit.release()
        await asyncio.gather(*tasks.values(), return_exceptions=True)
        assert limit.in_flight == 0
        return order

    assert run(main()) == [1, 5, 7, 9]


def test_a_slot_granted_to_a_cancelled_waiter_is_not_lost() -> None:
    async def main() -> int:
        limit = AdaptiveLimit(1)
        await limit.acquire(0)
        waiter = asyncio.create_task(limit.acquire(1))
        await asyncio.sleep(0)
        limit.release()
        waiter.cancel()
        await asyncio.gather(waiter, return_exceptions=True)
        return limit.in_flight

    assert run(main()) == 0


def test_a_pause_holds_everything_back_and_the_longest_wins() -> None:
    async def main() -> float:
        loop, limit = asyncio.get_running_loop(), AdaptiveLimit(8)
        started = loop.time()
        limit.pause(0.15)
        limit.pause(0.05)
        await asyncio.gather(*(limit.acquire(n) for n in range(3)))
        limit.close()
        return loop.time() - started

    assert 0.14 <= run(main()) < 2


def fault(**options: Any) -> Retryable:
    return Retryable("x", **options)


def test_the_policy_gives_up_for_a_reason() -> None:
    policy = RetryPolicy(attempts=3, timeouts=2, deadline=100)
    assert policy.verdict([fault()] * 2, 1, 1) == ""
    assert "3 attempts failed" in policy.verdict([fault()] * 3, 1, 1)
    assert policy.verdict([fault(throttled=True)] * 30, 1, 1) == ""
    assert policy.verdict([fault(timed_out=True)], 1, 1) == ""
    assert "timed out" in policy.verdict([fault(timed_out=True), fault(), fault(timed_out=True)][::2], 1, 1)
    assert "3600 s more" in policy.verdict([fault(retry_after=3600.0)], 1, 3600)


@given(st.integers(1, 50), st.floats(0, 1, exclude_max=True))
def test_delays_double_within_bounds(failures: int, chance: float) -> None:
    policy = RetryPolicy()
    delay = policy.delay([fault()] * failures, chance)
    full = min(policy.longest_delay, policy.first_delay * 2.0 ** (failures - 1))
    assert full / 2 <= delay <= full
