"""Several answers in one response: asked for together, counted, and asked for again where the server gives fewer."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable

import pytest
from scripted_endpoint import WAIT, FakeEndpoint, draw, request

from weirdgen.endpoints.faults import Retryable
from weirdgen.endpoints.prices import Price
from weirdgen.sampler.budget import Budget
from weirdgen.sampler.drawn import Drawn
from weirdgen.sampler.engine import Engine
from weirdgen.schema.sample import Message, SampleRequest, Sampling
from weirdgen.store.accounts import Account, Amount
from weirdgen.store.owner import new_owner
from weirdgen.store.store import Claim, SampleStore

Start = Callable[..., Engine]
PRICES = {"m": Price(input=1_000_000, output=10_000_000)}
"""A dollar a token, and ten."""


def other(text: str, replicate: int) -> SampleRequest:
    return request(replicate).model_copy(update={"messages": (Message(role="user", content=text),)})


def texts(drawn: list[Drawn]) -> list[str]:
    return [one.sample.text for one in drawn]


def test_answers_to_the_same_messages_come_in_one_response(start: Start, store: SampleStore) -> None:
    endpoint = FakeEndpoint(choices=8)
    engine = start(endpoint)
    asked = [request(n) for n in range(20)]
    assert texts(draw(engine, *asked)) == [str(n) for n in range(20)]
    assert sorted(endpoint.responses) == [4, 8, 8]
    assert engine.stats.samples == 20
    assert engine.stats.requests == 3
    assert (engine.stats.prompt_tokens, engine.stats.completion_tokens) == (3 * 3, 20 * 2), "the prompt is billed once"
    assert all(store.get(one.key) is not None for one in asked)


def test_other_messages_and_other_sampling_are_asked_apart(start: Start) -> None:
    endpoint = FakeEndpoint(choices=8)
    longer = request(0).model_copy(update={"sampling": Sampling(max_tokens=7)})
    draw(start(endpoint), request(0), other("another", 1), request(2), longer, other("another", 3))
    assert sorted(endpoint.responses) == [1, 2, 2]


def test_a_seeded_draw_is_asked_for_alone(start: Start) -> None:
    endpoint = FakeEndpoint(choices=8)
    seeded = Sampling(seed=1)
    draw(start(endpoint), *(request(n).model_copy(update={"sampling": seeded}) for n in range(3)))
    assert endpoint.responses == [1, 1, 1]


@pytest.mark.parametrize("gives", [1, 3])
def test_a_server_that_gives_fewer_is_asked_for_the_rest(start: Start, gives: int) -> None:
    endpoint = FakeEndpoint(choices=8, gives=gives)
    engine = start(endpoint)
    assert texts(draw(engine, *[request(n) for n in range(11)])) == [str(n) for n in range(11)]
    assert engine.stats.samples == 11


def test_a_server_found_to_give_one_is_asked_for_one(start: Start) -> None:
    async def refuses(asked: SampleRequest, times: int) -> None:
        if endpoint.choices > 1:
            endpoint.choices = endpoint.gives = 1

    endpoint = FakeEndpoint(refuses, choices=8)
    draw(start(endpoint), *[request(n) for n in range(10)])
    assert Counter(endpoint.responses[1:])[1] >= 8, endpoint.responses


def test_what_waits_for_a_slot_is_asked_as_the_server_was_found_to_give(start: Start) -> None:
    async def refuses(asked: SampleRequest, times: int) -> None:
        endpoint.choices = endpoint.gives = 4

    endpoint = FakeEndpoint(refuses, choices=8)
    draw(start(endpoint, concurrency_max=1), *[request(n) for n in range(40)])
    assert endpoint.responses == [8] + [4] * 9


def test_a_failed_response_is_tried_again_as_a_whole(start: Start) -> None:
    async def once(asked: SampleRequest, times: int) -> None:
        if times == 1:
            raise Retryable("500")

    endpoint = FakeEndpoint(once, choices=4)
    drawn = draw(start(endpoint), *[request(n) for n in range(4)])
    assert endpoint.responses == [4, 4]
    assert texts(drawn) == ["0", "1", "2", "3"]


def test_what_is_stored_or_drawn_elsewhere_is_not_asked_again(start: Start, store: SampleStore) -> None:
    endpoint, elsewhere = FakeEndpoint(choices=8), new_owner()
    engine = start(endpoint)
    draw(engine, request(1))
    assert store.claim(request(2).key, elsewhere) is Claim.MINE

    async def all_of_them() -> list[Drawn]:
        return list(await asyncio.gather(*(engine.sample(request(n)) for n in range(4))))

    future = engine.submit(all_of_them())
    while engine.stats.samples < 3:
        time.sleep(0.001)
    store.release(request(2).key, elsewhere)
    assert texts(future.result(WAIT)) == ["0", "1", "2", "3"]
    assert endpoint.responses == [1, 2, 1]


def test_a_response_costs_one_request_and_one_prompt(start: Start, store: SampleStore) -> None:
    engine = start(FakeEndpoint(choices=8), budget=Budget(Account("gate", 10_000_000.0, 100), PRICES))
    draw(engine, *[request(n) for n in range(8)])
    assert store.spent("gate") == Amount(3 + 8 * 2 * 10.0, 1)


def test_a_lost_response_costs_all_its_answers(start: Start, store: SampleStore) -> None:
    async def once(asked: SampleRequest, times: int) -> None:
        if times == 1:
            raise Retryable("slow", timed_out=True)

    budget = Budget(Account("gate", 10_000_000.0, 100), PRICES)
    asked = [request(n) for n in range(3)]
    draw(start(FakeEndpoint(once, choices=4), budget=budget), *asked)
    lost = 3 * asked[0].sampling.max_tokens * 10.0 + len("q") + 20
    assert store.spent("gate").dollars == lost + 3 + 3 * 2 * 10.0


def test_another_attempt_at_a_response_is_held_as_a_whole(start: Start, store: SampleStore) -> None:
    """Held in parts, two responses could each have some and wait for the other's for ever."""
    held: list[Amount] = []

    async def once(asked: SampleRequest, times: int) -> None:
        held.append(store.spent("gate"))
        if times == 1:
            raise Retryable("500", billed=False)

    asked = [request(n) for n in range(3)]
    draw(start(FakeEndpoint(once, choices=4), budget=Budget(Account("gate", 10_000_000.0, 100), PRICES)), *asked)
    prompt, answer = len("q") + 20.0, asked[0].sampling.max_tokens * 10.0
    failed = Amount(0.0, 1)
    assert held == [Amount(3 * (prompt + answer), 3), failed.plus(Amount(prompt + 3 * answer, 1))]
