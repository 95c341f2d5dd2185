"""The engine in front of an endpoint made of Python: single flight, order, adaptation and retries."""

import asyncio
import concurrent.futures
import itertools
import time

import pytest
from scripted_endpoint import FAST, WAIT, FakeEndpoint, Start, draw, request

from weirdgen.endpoints.faults import Retryable
from weirdgen.errors import EndpointOutage, EndpointRefused, StoreError
from weirdgen.sampler import lane
from weirdgen.sampler.concurrency import ORGANISM_MOST
from weirdgen.sampler.drawn import Drawn
from weirdgen.sampler.engine import Engine
from weirdgen.sampler.retry import RetryPolicy
from weirdgen.schema.sample import SampleRequest
from weirdgen.store.owner import new_owner
from weirdgen.store.store import Claim, SampleStore


def test_a_sample_is_drawn_stored_and_reused_by_the_next_run(start: Start, store: SampleStore) -> None:
    endpoint = FakeEndpoint()
    engine = start(endpoint)
    drawn = draw(engine, request())[0]
    assert (drawn.sample.text, drawn.reused, drawn.sample.attempts) == ("0", False, 1)
    assert store.get(request().key) == drawn.sample
    assert draw(engine, request())[0] == drawn
    engine.close()
    again = start(endpoint, run_started_at=time.time() + 1)
    assert draw(again, request())[0] == Drawn(drawn.sample, reused=True)
    assert draw(again, request())[0].reused, "asked for twice, counted once"
    assert (endpoint.requests, again.stats.reused, again.stats.samples) == (1, 1, 0)


def test_the_same_request_at_once_is_one_call(start: Start) -> None:
    async def slowly(asked: SampleRequest, times: int) -> None:
        await asyncio.sleep(0.02)

    endpoint = FakeEndpoint(slowly)
    engine = start(endpoint)
    drawn = draw(engine, *[request(n % 3) for n in range(60)])
    assert endpoint.requests == 3
    assert [each.sample.text for each in drawn] == [str(n % 3) for n in range(60)]
    stats = engine.stats
    assert (stats.requests, stats.samples, stats.reused, stats.prompt_tokens, stats.completion_tokens) == (
        3,
        3,
        0,
        9,
        6,
    )


def test_two_engines_on_one_store_draw_each_key_once(start: Start) -> None:
    async def slowly(asked: SampleRequest, times: int) -> None:
        await asyncio.sleep(0.005)

    one, two = FakeEndpoint(slowly), FakeEndpoint(slowly)
    engines = start(one), start(two)
    requests = [request(n) for n in range(60)]

    async def everything(engine: Engine) -> list[Drawn]:
        return list(await asyncio.gather(*map(engine.sample, requests)))

    futures = [engine.submit(everything(engine)) for engine in engines]
    first, second = (future.result(WAIT) for future in futures)
    assert one.requests + two.requests == 60
    assert [each.sample for each in first] == [each.sample for each in second]
    assert not any(each.reused for each in first + second)


def test_requests_go_out_in_the_order_asked(start: Start) -> None:
    async def slowly(asked: SampleRequest, times: int) -> None:
        await asyncio.sleep(0.001)

    endpoint = FakeEndpoint(slowly)
    draw(start(endpoint, concurrency_max=1), *[request(n) for n in range(50)])
    assert endpoint.order == list(range(50))


def test_a_retry_keeps_its_place_in_the_queue(start: Start) -> None:
    async def once_busy(asked: SampleRequest, times: int) -> None:
        await asyncio.sleep(0.001)
        if asked.replicate == 0 and times == 1:
            raise Retryable("429", throttled=True, retry_after=0.03)

    endpoint = FakeEndpoint(once_busy)
    draw(start(endpoint, concurrency_max=1), *[request(n) for n in range(6)])
    assert endpoint.order == [0, 0, 1, 2, 3, 4, 5]


def test_concurrency_finds_what_the_server_takes(start: Start) -> None:
    endpoint: FakeEndpoint

    async def at_most_twelve(asked: SampleRequest, times: int) -> None:
        if endpoint.now > 12:
            raise Retryable("429", throttled=True)
        await asyncio.sleep(0.005)

    endpoint = FakeEndpoint(at_most_twelve)
    engine = start(endpoint)
    assert len(draw(engine, *[request(n) for n in range(300)])) == 300
    assert 12 < endpoint.most <= 32
    assert engine.stats.retries == endpoint.requests - 300
    # 300 samples at 12 at once are 25 rounds; each overload costs few requests.
    assert engine.stats.retries < 100


def test_it_opens_up_to_the_limit_without_overload(start: Start) -> None:
    async def slowly(asked: SampleRequest, times: int) -> None:
        await asyncio.sleep(0.03)

    endpoint = FakeEndpoint(slowly)
    draw(start(endpoint, concurrency_max=20), *[request(n) for n in range(150)])
    assert endpoint.most == 20


@pytest.mark.parametrize(("one_at_a_time", "most"), [(True, 40), (False, 64)])
def test_a_queue_at_the_server_is_not_made_longer(
    start: Start, monkeypatch: pytest.MonkeyPatch, one_at_a_time: bool, most: int
) -> None:
    """As at transformers serve: 64 at once took each some 90 of its 120 s, and on a busier machine more."""
    monkeypatch.setattr(lane, "_LONG_WAIT", 0.05)
    turn = asyncio.Semaphore(1 if one_at_a_time else 1000)

    async def in_turn(asked: SampleRequest, times: int) -> None:
        async with turn:
            await asyncio.sleep(0.005 if one_at_a_time else 0.06)  # one that thinks long is no queue

    endpoint = FakeEndpoint(in_turn)
    draw(start(endpoint), *[request(n) for n in range(300)])
    assert (endpoint.most < most) is one_at_a_time
    assert endpoint.most >= 8


def test_a_server_that_has_become_slow_gets_fewer_at_once(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another user may have come to it: what waits there longer than an attempt may take is lost, and paid for."""
    monkeypatch.setattr(lane, "_TOO_LONG", 0.05)
    in_flight: list[int] = []

    async def slower(asked: SampleRequest, times: int) -> None:
        in_flight.append(endpoint.now)
        await asyncio.sleep(0.01 if len(in_flight) < 150 else 0.1)

    endpoint = FakeEndpoint(slower)
    draw(start(endpoint), *[request(n) for n in range(500)])
    assert endpoint.most > 30
    assert max(in_flight[-50:]) <= endpoint.most // 2


def test_a_model_that_always_thinks_long_gets_many_at_once(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lane, "_TOO_LONG", 0.02)
    answered = itertools.count()

    async def thinks(asked: SampleRequest, times: int) -> None:
        await asyncio.sleep((0.005, 0.06, 0.06, 0.06)[next(answered) % 4])

    endpoint = FakeEndpoint(thinks)
    draw(start(endpoint), *[request(n) for n in range(300)])
    assert endpoint.most > 30


def test_an_organism_gets_no_more_than_its_server_can_use(start: Start) -> None:
    async def slowly(asked: SampleRequest, times: int) -> None:
        await asyncio.sleep(0.03)

    endpoint = FakeEndpoint(slowly, label="organism:m")
    draw(start(endpoint), *[request(n, kind="organism") for n in range(100)])
    assert endpoint.most == ORGANISM_MOST


def test_two_models_under_one_name_are_not_mixed_up(start: Start) -> None:
    endpoint = FakeEndpoint(label="organism:m")
    with pytest.raises(EndpointRefused, match="differ in the name"):
        draw(start(endpoint), request(kind="endpoint"))
    assert endpoint.requests == 0


def test_retry_after_pauses_the_whole_endpoint(start: Start) -> None:
    times_of: list[float] = []

    async def busy_at_first(asked: SampleRequest, times: int) -> None:
        times_of.append(time.monotonic())
        if len(times_of) == 1:
            raise Retryable("429", throttled=True, retry_after=0.3)

    draw(start(FakeEndpoint(busy_at_first), concurrency_max=1), *[request(n) for n in range(5)])
    assert times_of[1] - times_of[0] >= 0.3
    assert times_of[-1] - times_of[1] < 0.3


def test_weather_is_retried_and_counted_in_the_sample(start: Start) -> None:
    async def twice(asked: SampleRequest, times: int) -> None:
        if times < 3:
            raise Retryable("500")

    engine = start(FakeEndpoint(twice))
    assert draw(engine, request())[0].sample.attempts == 3
    assert engine.stats.retries == 2


def test_a_storm_of_429_is_outlasted(start: Start) -> None:
    async def storm(asked: SampleRequest, times: int) -> None:
        if times < 15:
            raise Retryable("429", throttled=True)

    assert draw(start(FakeEndpoint(storm)), request())[0].sample.attempts == 15


def test_a_time_out_gets_one_more_try_only(start: Start) -> None:
    async def never(asked: SampleRequest, times: int) -> None:
        raise Retryable("time-out", timed_out=True)

    endpoint = FakeEndpoint(never)
    with pytest.raises(EndpointOutage, match="timed out"):
        draw(start(endpoint), request())
    assert endpoint.requests == 2


def test_the_deadline_ends_a_hanging_attempt(start: Start) -> None:
    async def hang(asked: SampleRequest, times: int) -> None:
        await asyncio.sleep(60)

    started = time.monotonic()
    with pytest.raises(EndpointOutage, match="'m' at http://gpu/v1"):
        draw(start(FakeEndpoint(hang), policy=RetryPolicy(deadline=0.2)), request())
    assert time.monotonic() - started < 3


def test_a_dead_endpoint_fails_the_queue_at_once_and_keeps_no_lease(start: Start, store: SampleStore) -> None:
    async def dead(asked: SampleRequest, times: int) -> None:
        raise Retryable("503 down")

    endpoint = FakeEndpoint(dead)
    engine = start(endpoint, concurrency_max=4)
    futures = [engine.submit(engine.sample(request(n))) for n in range(200)]
    for future in futures:
        with pytest.raises(EndpointOutage, match=r"503 down.*run the same command again"):
            future.result(WAIT)
    assert endpoint.requests <= 4 * FAST.attempts
    assert store.claim(request(0).key, new_owner()) is Claim.MINE


def test_one_bad_sample_does_not_condemn_a_living_endpoint(start: Start) -> None:
    async def one_fails(asked: SampleRequest, times: int) -> None:
        await asyncio.sleep(0.002)
        if asked.replicate == 0:
            raise Retryable("500")

    engine = start(FakeEndpoint(one_fails))
    futures = [engine.submit(engine.sample(request(n))) for n in range(100)]
    done = concurrent.futures.wait(futures, WAIT).done
    assert sum(future.exception() is not None for future in done) == 1


def test_a_long_retry_after_is_not_waited_for(start: Start) -> None:
    async def tomorrow(asked: SampleRequest, times: int) -> None:
        raise Retryable("429", throttled=True, retry_after=86400.0)

    with pytest.raises(EndpointOutage, match="86400 s more"):
        draw(start(FakeEndpoint(tomorrow)), *[request(n) for n in range(30)])


def test_a_refusal_is_final_for_its_endpoint_and_no_other(start: Start) -> None:
    async def refuse(asked: SampleRequest, times: int) -> None:
        raise EndpointRefused("model 'm': wrong key")

    bad, good = FakeEndpoint(refuse), FakeEndpoint(role="control")
    engine = start(bad, good, concurrency_max=1)
    futures = [engine.submit(engine.sample(request(n))) for n in range(50)]
    for future in [*futures, engine.submit(engine.sample(request(99)))]:
        with pytest.raises(EndpointRefused, match="wrong key"):
            future.result(WAIT)
    assert bad.requests == 1
    assert draw(engine, request(role="control"))[0].sample.text == "0"


def test_an_arm_that_was_not_opened_is_named(start: Start) -> None:
    engine = start(FakeEndpoint())
    for wrong in (request(role="judge"), request(model="x")):
        with pytest.raises(EndpointRefused, match="no endpoint was opened"):
            draw(engine, wrong)


def test_a_broken_store_is_an_error_of_the_sample(start: Start, store: SampleStore) -> None:
    engine = start(FakeEndpoint())
    store.close()
    with pytest.raises(StoreError, match="closed"):
        draw(engine, request())
