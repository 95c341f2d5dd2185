"""Hosted gateways: each with the words in which it was recorded to refuse, and what is asked of it from then on.

Nothing here is asked over the network. Where a shape was recorded stands beside it.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import pytest
from fault_server import FaultServer, answer, endpoint, error, http, one, request, run

from weirdgen.endpoints.choices import find_choices
from weirdgen.endpoints.client import ChatEndpoint
from weirdgen.endpoints.faults import Retryable, read_error
from weirdgen.endpoints.identity import Identified, identify
from weirdgen.endpoints.purity import find_purity
from weirdgen.errors import EndpointRefused
from weirdgen.schema.sample import Message, Purity, Sample, SampleRequest, Sampling

Body = dict[str, Any]


def mistral(name: str) -> bytes:
    """https://github.com/editor-code-assistant/eca/issues/231"""
    detail = [{"type": "extra_forbidden", "loc": ["body", name], "msg": "Extra inputs are not permitted", "input": 1}]
    body = {"object": "error", "message": {"detail": detail}, "type": "invalid_request_error", "param": None}
    return http(422, body | {"code": None})


def gemini(name: str) -> bytes:
    """https://github.com/Vali-98/ChatterUI/issues/227"""
    said = f'Invalid JSON payload received. Unknown name "{name}": Cannot find field.'
    violation = {"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": [{"description": said}]}
    fault = {"code": 400, "message": said, "status": "INVALID_ARGUMENT", "details": [violation]}
    return http(400, json.dumps([{"error": fault}]))


def groq(name: str) -> bytes:
    """https://github.com/AnswerDotAI/shell_sage/issues/9, https://github.com/groq/groq-python/issues/25"""
    if "logprobs" in name:
        return error(400, f"`{name}` is not supported with this model", type="invalid_request_error")
    return error(400, f"property '{name}' is unsupported", type="invalid_request_error")


def fireworks(name: str) -> bytes:
    """https://github.com/FlowiseAI/Flowise/issues/2866"""
    return error(400, f"Extra inputs are not permitted, field: '{name}'", type="invalid_request_error")


def anthropic(name: str) -> bytes:
    """https://docs.anthropic.com/en/api/openai-sdk: all that is not known is read over, but `n` must be 1"""
    return error(400, f"{name}: must be exactly 1", type="invalid_request_error", code="invalid_request_error")


class Gateway(NamedTuple):
    """What a gateway does not take, and how it says so."""

    refuses: tuple[str, ...]
    words: Callable[[str], bytes]
    limit: str = "max_tokens"
    most_logprobs: int = 20


GATEWAYS = {
    "mistral": Gateway(("logprobs", "top_logprobs", "seed", "top_k", "min_p"), mistral),
    "gemini": Gateway(("logprobs", "top_logprobs", "seed", "top_k", "min_p"), gemini),
    "groq": Gateway(("n", "logprobs", "top_logprobs", "top_k", "min_p"), groq),
    "fireworks": Gateway((), fireworks, most_logprobs=5),
    "anthropic": Gateway(("n",), anthropic),
}


def at(gateway: Gateway, server: FaultServer, reply: Mapping[str, Any] | None = None) -> None:
    """Let a server answer as a gateway does."""

    def answering(body: Body) -> bytes:
        for name in gateway.refuses:
            if name in body:
                return gateway.words(name)
        if body.get("top_logprobs", 0) > gateway.most_logprobs:
            return error(400, f"top_logprobs must be at most {gateway.most_logprobs}", type="invalid_request_error")
        if body["model"] != "m":
            return error(404, "The model does not exist", code="model_not_found")
        made = [
            {"index": n, "finish_reason": "stop", "message": {"content": f"answer {len(server.bodies)}.{n}"}}
            for n in range(body.get("n", 1))
        ]
        return answer(choices=made, **(reply or {}))

    server.answering = answering


def opened(server: FaultServer) -> tuple[Identified, Purity, int, Sample]:
    """Open a model as a gate does, and draw a seeded sample with logprobs."""
    asked = SampleRequest(
        identity=request().identity,
        role="treated",
        messages=(Message(role="user", content="q"),),
        sampling=Sampling(max_tokens=30, top_logprobs=20, seed=7),
        replicate=0,
    )

    async def work(to: ChatEndpoint) -> tuple[Identified, Purity, int, Sample]:
        found = await identify(to, organism_digest="", generation="g")
        purity = await find_purity(to, found.identity.fingerprint)
        to.choices = await find_choices(to)
        return found, purity, to.choices, await one(to, asked)

    return run(endpoint(server), work)


@pytest.mark.parametrize("name", GATEWAYS)
def test_a_gateway_is_asked_for_what_it_takes_and_for_nothing_less(server: FaultServer, name: str) -> None:
    gateway = GATEWAYS[name]
    at(gateway, server)
    found, purity, choices, sample = opened(server)
    assert (found.any_name, purity.state) == (False, "unknown"), "it tells no chances"
    assert choices == (1 if "n" in gateway.refuses else 8)
    assert sample.complete
    assert (sample.parameters["temperature"], sample.parameters["top_p"]) == (1.0, 1.0)
    assert not set(gateway.refuses) & sample.parameters.keys()
    assert ("seed" in sample.parameters) == ("seed" not in gateway.refuses)
    if "logprobs" not in gateway.refuses:
        assert sample.parameters["top_logprobs"] == gateway.most_logprobs


@pytest.mark.parametrize("name", GATEWAYS)
def test_a_preset_that_a_gateway_refuses_is_left_out(server: FaultServer, name: str) -> None:
    gateway = GATEWAYS[name]
    at(gateway, server)
    server.models = http(200, {"data": [{"id": "m", "owned_by": "vllm"}]})
    *_, sample = opened(server)
    assert ("top_k" in sample.parameters) == ("top_k" not in gateway.refuses)


@pytest.mark.parametrize("name", ["mistral", "gemini", "fireworks", "anthropic"])
def test_temperature_is_not_given_up_for_words_that_may_mean_this_value_only(server: FaultServer, name: str) -> None:
    """`unsupported`, as Groq says it, means that there is no such parameter, and then it is 1."""
    server.script = [GATEWAYS[name].words("temperature")]
    with pytest.raises(EndpointRefused, match="temperature"):
        run(endpoint(server), lambda e: one(e, request()))
    assert all(body["temperature"] == 1.0 for body in server.bodies)


def test_together_tells_chances_in_a_shape_of_its_own(server: FaultServer) -> None:
    """https://github.com/togethercomputer/openapi/issues/5; they are not read, and nothing is claimed by them."""
    told = {"content": None, "tokens": [" I", " believe"], "token_logprobs": [0.09472656, -1.4804688]}
    choice = {
        "index": 0,
        "finish_reason": "eos",
        "logprobs": told,
        "message": {"content": "I believe", "tool_calls": []},
    }
    server.script = [answer(choices=[choice], prompt=[], system_fingerprint=None)]
    sample = run(endpoint(server), lambda e: one(e, request()))
    assert (sample.text, sample.complete, sample.logprobs, sample.fingerprint) == ("I believe", True, "", "")


def test_openrouter_names_the_provider_that_answered(server: FaultServer) -> None:
    """Providers serve one name in different precisions: another one later on is another backend."""
    server.script = [answer(provider="BaseTen", system_fingerprint=None), answer(provider="Together")]

    async def two(to: ChatEndpoint) -> list[str]:
        return [(await one(to, request())).fingerprint for _ in range(2)]

    assert run(endpoint(server), two) == ["BaseTen", "Together fp"]


def test_openrouter_says_what_the_provider_said(server: FaultServer) -> None:
    """https://github.com/open-webui/computer/issues/293"""
    metadata = {"raw": "z-ai/glm-5.3-flash is temporarily rate-limited upstream.", "provider_name": "BaseTen"}
    for reply in (
        error(429, "Provider returned error", code=429, metadata=metadata),
        http(200, {"error": {"message": "Provider returned error", "code": 429, "metadata": metadata}}),
    ):
        server.script = [reply]
        with pytest.raises(Retryable, match=r"Provider returned error: z-ai/glm-5.3-flash is temp") as caught:
            run(endpoint(server), lambda e: one(e, request()))
        assert caught.value.throttled


def test_openrouter_without_credit_ends_the_gate(server: FaultServer) -> None:
    server.script = [error(402, "Insufficient credits. Add more using the settings page.", code=402)]
    with pytest.raises(EndpointRefused, match="402 Insufficient credits"):
        run(endpoint(server), lambda e: one(e, request()))


def test_gemini_that_has_no_more_quota_is_waited_for(server: FaultServer) -> None:
    fault = {"code": 429, "message": "You exceeded your current quota.", "status": "RESOURCE_EXHAUSTED"}
    server.script = [http(429, json.dumps([{"error": fault}]))]
    with pytest.raises(Retryable, match="429 You exceeded your current quota") as caught:
        run(endpoint(server), lambda e: one(e, request()))
    assert caught.value.throttled


@pytest.mark.parametrize("body", [[], [1], [{"error": {}}, {"error": {}}], [[]], {"error": {"metadata": {"raw": 1}}}])
def test_any_list_is_words(body: Any) -> None:
    assert isinstance(read_error(body).message, str)


def test_deepseek_keeps_a_connection_open_with_blank_lines(server: FaultServer) -> None:
    server.script = [http(200, b"\n\n\n" + answer("late").partition(b"\r\n\r\n")[2])]
    assert run(endpoint(server), lambda e: one(e, request())).text == "late"
