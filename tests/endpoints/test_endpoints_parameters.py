"""Logprobs: asked for where the sampling says so, less of them or none where a server refuses, the first token kept."""

import json
from typing import Any

import pytest
from fault_server import FaultServer, answer, endpoint, error, one, request, run

from weirdgen.endpoints.client import ChatEndpoint
from weirdgen.endpoints.faults import SwapLogprobs
from weirdgen.endpoints.parameters import Spelling
from weirdgen.errors import EndpointRefused
from weirdgen.schema.sample import SampleRequest, Sampling

TOO_MANY = error(400, "top_logprobs must be at most 5", code="invalid_value", param="top_logprobs")
NONE = error(400, "This model does not support logprobs.", code="unsupported_parameter", param="logprobs")
LIMIT = error(400, "Unsupported: 'max_tokens'. Use 'max_completion_tokens' instead.", param="max_tokens")


def asking(number: int = 20, text: str = "q") -> SampleRequest:
    return request(text=text).model_copy(update={"sampling": Sampling(max_tokens=1, top_logprobs=number)})


def sent(server: FaultServer) -> list[Any]:
    """Return logprobs and top_logprobs of each request."""
    return [(body.get("logprobs"), body.get("top_logprobs")) for body in server.bodies]


def test_they_are_asked_for_only_where_the_sampling_says_so(server: FaultServer) -> None:
    async def both(to: ChatEndpoint) -> list[Any]:
        return [(await one(to, each)).parameters for each in (asking(), asking(3), request())]

    parameters = run(endpoint(server), both)
    assert sent(server) == [(True, 20), (True, 3), (None, None)]
    assert [one.get("top_logprobs") for one in parameters] == [20, 3, None]


@pytest.mark.parametrize(
    ("script", "asked"),
    [
        ([TOO_MANY, answer()], [20, 5, 5]),
        ([NONE, NONE, answer()], [20, 5, None, None]),
        ([error(422, "extra fields: top_logprobs"), NONE, answer()], [20, 5, None, None]),
        ([LIMIT, TOO_MANY, answer()], [20, 20, 5, 5]),
    ],
    ids=["five", "none", "422", "the limit, too"],
)
def test_a_server_that_refuses_them_is_asked_for_fewer_and_that_is_remembered(
    server: FaultServer, script: list[Any], asked: list[int | None]
) -> None:
    server.script = list(script)

    async def twice(to: ChatEndpoint) -> list[Any]:
        return [await one(to, asking()) for _ in range(2)]

    samples = run(endpoint(server), twice)
    assert [top for _, top in sent(server)] == asked
    assert {sample.parameters.get("top_logprobs") for sample in samples} == {asked[-1]}
    assert {sample.key for sample in samples} == {asking().key}, "what was asked for, not what could be had"


def test_requests_in_flight_learn_the_same_once() -> None:
    spelling, sampling = Spelling(), Sampling(top_logprobs=20)
    first = spelling.of("m", sampling, None)
    assert all(spelling.learn(SwapLogprobs("at most 5"), first) for _ in range(3))
    second = spelling.of("m", sampling, None)
    assert second["top_logprobs"] == 5
    assert spelling.learn(SwapLogprobs("none"), second)
    assert spelling.learn(SwapLogprobs("at most 5"), first), "an answer that came late"
    assert "logprobs" not in spelling.of("m", sampling, None)


def test_a_refusal_of_what_was_not_asked_for_is_final(server: FaultServer) -> None:
    server.script = [NONE]
    with pytest.raises(EndpointRefused, match="does not support logprobs"):
        run(endpoint(server), lambda to: one(to, request()))
    assert len(server.bodies) == 1


def test_only_the_first_token_is_kept(server: FaultServer) -> None:
    content = [{"token": token, "logprob": -0.1, "top_logprobs": []} for token in "AB"]
    choice = {"index": 0, "finish_reason": "length", "message": {"role": "assistant", "content": "AB"}}
    server.script = [answer(choices=[choice | {"logprobs": {"content": content}}])]
    sample = run(endpoint(server), lambda to: one(to, asking()))
    assert json.loads(sample.logprobs) == {"content": content[:1]}
    assert sample.cut


@pytest.mark.parametrize("odd", [None, [], "A", 3, {"content": None}, {"content": []}, {"tokens": ["A"]}])
def test_anything_else_is_no_logprobs(server: FaultServer, odd: object) -> None:
    choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "A"}, "logprobs": odd}
    server.script = [answer(choices=[choice])]
    assert run(endpoint(server), lambda to: one(to, asking())).logprobs == ""
