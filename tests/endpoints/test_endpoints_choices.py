"""Several choices in one response: what servers make of `n`, and what is read from what they send."""

import json
from typing import Any

import pytest
from fault_server import FaultServer, Handler, answer, endpoint, error, request, run

from weirdgen.endpoints.choices import MOST, find_choices
from weirdgen.endpoints.client import ChatEndpoint
from weirdgen.endpoints.wire import read_completion
from weirdgen.errors import EndpointRefused
from weirdgen.schema.sample import Sample, SampleRequest

JSON = {"content-type": "application/json"}


def choices(*contents: Any, **more: Any) -> bytes:
    made = [{"index": 0, "finish_reason": "stop", "message": {"content": content}} for content in contents]
    return answer(choices=made, **more)


def requests(number: int) -> list[SampleRequest]:
    return [request().model_copy(update={"replicate": n}) for n in range(number)]


def several(server: FaultServer, number: int) -> tuple[list[Sample], int]:
    """Return the samples of one attempt, and how many choices the endpoint asks for from then on."""

    async def ask(to: ChatEndpoint) -> tuple[list[Sample], int]:
        return await to.complete(*requests(number)), to.choices

    return run(endpoint(server, choices=8), ask)


def test_each_choice_is_a_sample_of_its_own(server: FaultServer) -> None:
    server.script = [choices("a", "b", "a", usage={"prompt_tokens": 9, "completion_tokens": 8})]
    samples, left = several(server, 3)
    assert server.bodies[0]["n"] == 3
    assert [one.key for one in samples] == [one.key for one in requests(3)]
    assert [one.text for one in samples] == ["a", "b", "a"]
    assert len({one.response_id for one in samples}) == 3, "equal answers are no repetition"
    assert [one.usage.prompt_tokens for one in samples] == [9, 0, 0]
    assert sum(one.usage.completion_tokens for one in samples) == 8
    assert left == 8


def test_one_answer_is_asked_for_without_n(server: FaultServer) -> None:
    assert several(server, 1)[0][0].response_id == "c1"
    assert "n" not in server.bodies[0]


def test_a_server_that_ignores_n_is_found_out_by_counting(server: FaultServer) -> None:
    server.script = [choices("a")]
    samples, left = several(server, 4)
    assert [one.text for one in samples] == ["a"]
    assert left == 1


def test_more_than_was_asked_for_is_not_taken(server: FaultServer) -> None:
    server.script = [choices("a", "b", "c")]
    assert [one.text for one in several(server, 2)[0]] == ["a", "b"]


@pytest.mark.parametrize("status", [400, 422])
def test_a_server_that_refuses_n_is_asked_for_fewer(server: FaultServer, status: int) -> None:
    server.script = [error(status, "n_cmpl cannot be greater than the number of slots"), choices("a", "b")]
    samples, left = several(server, 4)
    assert [body.get("n") for body in server.bodies] == [4, 2]
    assert ([one.text for one in samples], left) == (["a", "b"], 2)


def test_what_is_refused_for_one_answer_too_is_refused(server: FaultServer) -> None:
    server.script = [error(400, "no such thing")]
    with pytest.raises(EndpointRefused, match="no such thing"):
        several(server, 8)
    assert [body.get("n") for body in server.bodies] == [8, 4, 2, None]


def test_a_choice_that_broke_off_leaves_the_others(server: FaultServer) -> None:
    broken = {"finish_reason": "error", "message": {"content": "ha"}}
    sound = {"finish_reason": "stop", "message": {"content": "b"}}
    body = {"choices": [broken, sound], "usage": {"prompt_tokens": 3, "completion_tokens": 4}}
    found = read_completion(json.dumps(body).encode(), JSON)
    assert ([one.text for one in found.replies], found.given) == (["b"], 2)
    assert found.replies[0].usage.prompt_tokens == 3


@pytest.mark.parametrize(
    ("script", "found"),
    [
        ([choices(*"abcdefgh")], MOST),
        ([choices(*"aaaaaaab")], MOST),
        ([error(400, "n_cmpl cannot be greater than the number of slots"), choices(*"abcd")], 4),
        ([choices("one thing")], 1),
        ([choices(*"aaaaaaaa")], 1),
        ([choices(*[""] * 8)], 1),
        ([choices(*[f"<think>{number}" for number in range(8)])], MOST),
        ([error(400, "n must be 1")], 1),
        ([error(500)], 1),
    ],
)
def test_the_opening_finds_out_how_many_answers_come_together(
    server: FaultServer, script: list[bytes | Handler], found: int
) -> None:
    server.script = script

    async def ask(to: ChatEndpoint) -> int:
        return await find_choices(to)

    assert run(endpoint(server), ask) == found
    assert server.bodies[0]["n"] == MOST


def test_a_server_without_seeds_is_asked_without(server: FaultServer) -> None:
    seeded = request()
    seeded = seeded.model_copy(update={"sampling": seeded.sampling.model_copy(update={"seed": 5})})
    server.script = [error(400, "Unsupported parameter: 'seed'", param="seed"), answer()]

    async def twice(to: ChatEndpoint) -> list[Sample]:
        return [*await to.complete(seeded), *await to.complete(seeded)]

    samples = run(endpoint(server), twice)
    assert [body.get("seed") for body in server.bodies] == [seeded.seed, None, None]
    assert "seed" not in samples[0].parameters


def test_the_date_of_a_shutdown_is_kept_with_each_sample(server: FaultServer) -> None:
    sample = run(endpoint(server, shutdown_date="2026-12-31"), lambda to: to.complete(request()))[0]
    assert sample.shutdown_date == "2026-12-31"


def test_a_shutdown_is_read_from_the_list_of_models(server: FaultServer) -> None:
    server.models = answer(data=[{"id": "m", "shutdown_date": "2026-12-31\x1b[2J"}, {"id": "o"}])

    async def ask(to: ChatEndpoint) -> str:
        await to.listing()
        return to.shutdown_date

    found = run(endpoint(server), ask)
    assert found.startswith("2026-12-31")
    assert "\x1b" not in found
