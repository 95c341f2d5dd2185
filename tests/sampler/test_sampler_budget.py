"""What requests may cost, what they did cost, and an engine that sends none that is not paid for."""

import asyncio
import threading
import time
from collections.abc import Callable

import pytest
from scripted_endpoint import WAIT, FakeEndpoint, request

from weirdgen.endpoints.faults import Retryable
from weirdgen.endpoints.prices import Price
from weirdgen.errors import BudgetSpent, EndpointError, EndpointOutage, EndpointRefused
from weirdgen.sampler.budget import Budget
from weirdgen.sampler.engine import Engine
from weirdgen.schema.sample import SampleRequest, Usage
from weirdgen.store.accounts import Account, Amount
from weirdgen.store.store import SampleStore

Start = Callable[..., Engine]
PRICES = {"m": Price(input=1_000_000, output=10_000_000)}
"""A dollar a token, and ten."""
ANSWER = 3 + 2 * 10.0
"""What an answer of the scripted endpoint costs."""


def budget(dollars: float | None = None, requests: int | None = None) -> Budget:
    return Budget(Account("gate", dollars, requests), PRICES)


def test_the_worst_case_has_every_byte_and_the_whole_length() -> None:
    asked = request()
    worst = budget().charge(asked).worst
    assert worst == (len("q") + 20 + asked.sampling.max_tokens * 10, 1)


def test_an_answer_costs_its_usage_or_the_worst_where_there_is_none() -> None:
    asked = request()
    worst = budget().charge(asked).worst.dollars
    assert budget().cost(asked, Usage(prompt_tokens=3, completion_tokens=2)) == (ANSWER, 1)
    assert budget().cost(asked, Usage()) == (worst, 1)


@pytest.mark.parametrize(
    ("fault", "share", "requests"),
    [
        (Retryable("429"), 0, 1),
        (Retryable("slow", timed_out=True), 1, 1),
        (Retryable("broken JSON", billed=True), 1, 1),
        (EndpointRefused("401"), 0, 1),
    ],
)
def test_a_failed_attempt_costs_the_worst_if_its_answer_may_have_been_made(
    fault: EndpointError, share: int, requests: int
) -> None:
    worst = budget().charge(request()).worst.dollars
    assert budget().lost(request(), fault) == (share * worst, requests)


def test_an_attempt_that_reached_no_server_is_no_request() -> None:
    fault = Retryable("refused")
    fault.requests = 0
    assert budget().lost(request(), fault) == (0, 0)


def test_a_model_without_a_price_costs_requests_only() -> None:
    asked = request(model="other")
    assert budget().charge(asked).worst == (0.0, 1)


def test_an_engine_stops_when_the_requests_are_spent(start: Start, store: SampleStore) -> None:
    endpoint = FakeEndpoint()
    engine = start(endpoint, budget=budget(requests=5), concurrency_max=4)
    futures = [engine.submit(engine.sample(request(n))) for n in range(12)]
    failed = [error for future in futures if (error := future.exception(WAIT))]
    assert len(failed) == 7
    assert all(isinstance(error, BudgetSpent) for error in failed)
    assert "5 of 5 requests" in str(failed[0])
    assert "--gate-max-requests" in str(failed[0])
    assert endpoint.requests == 5
    assert store.spent("gate") == (5 * ANSWER, 5)


def test_what_is_held_for_others_is_waited_for_and_all_money_is_used(start: Start, store: SampleStore) -> None:
    """At worst an answer costs 4,021: only one may be in flight, but ten are paid for."""

    async def slowly(asked: SampleRequest, times: int) -> None:
        await asyncio.sleep(0.01)

    endpoint = FakeEndpoint(slowly)
    engine = start(endpoint, budget=budget(4021 + 9 * ANSWER), concurrency_max=8)
    futures = [engine.submit(engine.sample(request(n))) for n in range(14)]
    assert sum(future.exception(WAIT) is None for future in futures) == 10
    assert endpoint.most == 1
    assert store.spent("gate") == Amount(10 * ANSWER, 10)


def test_failed_attempts_are_counted(start: Start, store: SampleStore) -> None:
    async def fails_twice(asked: SampleRequest, times: int) -> None:
        if times < 3:
            raise Retryable("500")

    engine = start(FakeEndpoint(fails_twice), budget=budget())
    engine.submit(engine.sample(request())).result(WAIT)
    assert store.spent("gate") == (ANSWER, 3)

    async def never(asked: SampleRequest, times: int) -> None:
        raise Retryable("time-out", timed_out=True)

    engine = start(FakeEndpoint(never), budget=Budget(Account("other", None, None), PRICES))
    with pytest.raises(EndpointOutage):
        engine.submit(engine.sample(request(1))).result(WAIT)
    assert store.spent("other") == (2 * 4021, 2)


def test_retries_spend_no_more_than_there_is(start: Start, store: SampleStore) -> None:
    async def never(asked: SampleRequest, times: int) -> None:
        raise Retryable("500")

    endpoint = FakeEndpoint(never)
    engine = start(endpoint, budget=budget(requests=3))
    with pytest.raises(BudgetSpent, match="3 of 3 requests"):
        engine.submit(engine.sample(request())).result(WAIT)
    assert endpoint.requests == 3
    assert store.spent("gate") == (0, 3)


def test_a_failed_attempt_is_on_the_account_before_the_next_one_is_sent(start: Start, store: SampleStore) -> None:
    """So that a kill between them loses neither."""
    spent: list[Amount] = []

    async def looks(asked: SampleRequest, times: int) -> None:
        spent.append(store.spent("gate"))
        if times < 3:
            raise Retryable("broken JSON", billed=True)

    engine = start(FakeEndpoint(looks), budget=budget())
    engine.submit(engine.sample(request())).result(WAIT)
    assert spent == [(4021, 1), (2 * 4021, 2), (3 * 4021, 3)]
    assert store.spent("gate") == (2 * 4021 + ANSWER, 3)


def test_a_refused_request_is_counted(start: Start, store: SampleStore) -> None:
    async def refuses(asked: SampleRequest, times: int) -> None:
        raise EndpointRefused("401")

    engine = start(FakeEndpoint(refuses), budget=budget())
    with pytest.raises(EndpointRefused):
        engine.submit(engine.sample(request())).result(WAIT)
    assert store.spent("gate") == (0, 1)


@pytest.mark.parametrize("drain", [True, False])
def test_an_answer_that_is_under_way_at_the_end_is_waited_for_or_counted(
    start: Start, store: SampleStore, drain: bool
) -> None:
    under_way = threading.Event()

    async def slowly(asked: SampleRequest, times: int) -> None:
        under_way.set()
        await asyncio.sleep(0.3)

    endpoint = FakeEndpoint(slowly)
    engine = start(endpoint, budget=budget(), concurrency_max=1)
    first, second = (engine.submit(engine.sample(request(n))) for n in range(2))
    assert under_way.wait(WAIT)
    started = time.monotonic()
    engine.close(drain=drain)
    assert (time.monotonic() - started < 0.25) is not drain
    assert second.cancelled()
    assert first.cancelled() is not drain
    assert endpoint.requests == 1
    assert (store.get(request(0).key) is not None) is drain
    assert store.spent("gate") == ((ANSWER if drain else 4021.0), 1)


def test_what_is_in_the_store_costs_nothing(start: Start, store: SampleStore) -> None:
    first = start(FakeEndpoint(), budget=budget(requests=1))
    first.submit(first.sample(request())).result(WAIT)
    again = start(FakeEndpoint(), budget=budget(requests=1))
    assert again.submit(again.sample(request())).result(WAIT).sample.text == "0"
    assert store.spent("gate").requests == 1
