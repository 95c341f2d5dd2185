"""Whether a server cuts off rare answers, and what is sent to keep it from doing so."""

import json
import math
import random
from typing import Any

import pytest
from fault_server import FaultServer, Handler, answer, endpoint, error, http, run

from weirdgen.endpoints.identity import identify
from weirdgen.endpoints.presets import PRESETS, preset_of
from weirdgen.endpoints.purity import find_purity
from weirdgen.errors import EndpointOutage
from weirdgen.schema.sample import Identity, Purity

Script = list[bytes | Handler]
CHANCES = [0.6, *(0.2 / 19,) * 19]
"""Of the listed tokens. Twice as many that are not listed share .2."""


def words(temperature: float, rng: random.Random, listing: str = "likeliest") -> bytes:
    """Return an answer of 32 tokens drawn at a temperature; at 0 the likeliest one only.

    Args:
        temperature: of the draws.
        rng: that draws.
        listing: what is told of a token that is not among the 20 likeliest: these, these and the drawn one, or the
            drawn one in place of the last.
    """
    listed = [{"token": f"t{n}", "logprob": math.log(p)} for n, p in enumerate(CHANCES)]
    rare = {"token": "x", "logprob": math.log(0.2 / 38)}
    weights = [p ** (1 / temperature) for p in (*CHANCES, *(0.2 / 38,) * 38)] if temperature else [1, *(0,) * 57]
    tokens = rng.choices([*listed, *(rare,) * 38], weights, k=32)
    shown = {"likeliest": listed, "beside": [*listed, rare], "in place": [rare, *listed[:-1]]}
    content = [token | {"top_logprobs": shown[listing] if token is rare else listed} for token in tokens]
    choice = {"index": 0, "finish_reason": "length", "logprobs": {"content": content}}
    message = {"role": "assistant", "content": str(rng.random())}
    return http(200, {"id": str(rng.random()), "model": "served", "choices": [choice | {"message": message}]})


def many(temperature: float, count: int = 16, **how: Any) -> Script:
    rng = random.Random(1)
    return [words(temperature, rng, **how) for _ in range(count)]


def different(count: int = 16) -> Script:
    return [answer(f"text {number}") for number in range(count)]


def purity(server: FaultServer, **options: Any) -> Purity:
    return run(endpoint(server, **options), find_purity)


def test_what_is_drawn_as_often_as_reported_is_whole(server: FaultServer) -> None:
    server.script = many(2)
    assert purity(server).state == "whole"
    assert {(body["temperature"], body["top_logprobs"]) for body in server.bodies} == {(2.0, 20)}
    assert len(server.bodies) == 16


@pytest.mark.parametrize("listing", ["beside", "in place"])
def test_servers_that_list_the_drawn_token_as_well_are_whole(server: FaultServer, listing: str) -> None:
    """llama_cpp.server 0.3.36 lists 21 then, vLLM 0.32 puts it in place of the twentieth."""
    server.script = many(2, listing=listing)
    assert purity(server).state == "whole"
    server.script = many(0, 100, listing=listing)
    assert purity(server).state == "truncated"


def test_a_server_that_lists_the_drawn_token_alone_tells_nothing(server: FaultServer) -> None:
    places = [{"logprob": one, "top_logprobs": [{"logprob": one}]} for one in (-0.1, -3.0)] * 16
    choice = {"index": 0, "finish_reason": "length", "logprobs": {"content": places}}
    messages = [{"role": "assistant", "content": f"text {number}"} for number in range(16)]
    server.script = [http(200, {"choices": [choice | {"message": one}]}) for one in messages]
    assert purity(server).state == "unknown"


def test_what_is_never_drawn_is_cut_off_and_all_presets_are_tried(server: FaultServer) -> None:
    server.script = many(0, 100)
    found = purity(server)
    assert found.state == "truncated"
    assert "0 came" in found.text
    assert len(server.bodies) == 16 * (1 + len(PRESETS))
    assert [body.get("top_k") for body in server.bodies[::16]] == [None, *(one["top_k"] for one in PRESETS.values())]


def test_the_preset_that_helps_is_kept(server: FaultServer) -> None:
    server.script = [*many(0), *(error(422, "Unexpected keys: top_k"),) * 2, *many(2)]
    to = endpoint(server)
    assert run(to, find_purity).state == "whole"
    assert to.preset == "llama.cpp"
    assert {name: server.bodies[-1][name] for name in PRESETS["llama.cpp"]} == PRESETS["llama.cpp"]


def test_a_preset_that_breaks_a_server_is_left_and_the_next_one_tried(server: FaultServer) -> None:
    """llama_cpp.server answers 500 to top_k -1."""

    def answering(body: dict[str, Any]) -> bytes:
        return error(500) if body.get("top_k") == -1 else words(2 if "top_k" in body else 0, rng)

    rng = random.Random(1)
    server.answering = answering
    to = endpoint(server)
    assert run(to, find_purity).state == "whole"
    assert to.preset == "llama.cpp"


def test_the_same_text_again_and_again_is_no_sampling(server: FaultServer) -> None:
    server.script = [answer("ship")]
    found = purity(server)
    assert found.state == "truncated"
    assert "all alike" in found.text


@pytest.mark.parametrize("message", [{"content": ""}, {"content": None}])
def test_a_model_that_thinks_unseen_is_not_called_truncated(server: FaultServer, message: dict[str, Any]) -> None:
    choice = {"index": 0, "finish_reason": "length", "message": {"role": "assistant"} | message}
    server.script = [http(200, {"choices": [choice]})]
    assert purity(server).state == "unknown"


def test_thoughts_tell_answers_apart(server: FaultServer) -> None:
    server.script = [answer(f"<think>thought {number}") for number in range(16)]
    assert purity(server).state == "unknown"
    server.script = [answer("<think>the same thought")]
    assert purity(server).state == "truncated"


def test_a_busy_server_is_asked_again_and_named_where_it_stays_so(server: FaultServer) -> None:
    server.script = [error(429), *many(2)]
    assert purity(server).state == "whole"
    server.script = [error(503, "loading")]
    with pytest.raises(EndpointOutage, match=r"model 'm' at .*503 loading"):
        purity(server)


def test_a_server_that_always_cuts_is_asked_nothing(server: FaultServer) -> None:
    found = run(endpoint(server), lambda to: find_purity(to, "fp_ollama"))
    assert (found.state, server.bodies) == ("truncated", [])
    assert "Ollama" in found.text


def test_without_chances_of_tokens_nothing_is_known(server: FaultServer) -> None:
    server.script = different()
    assert purity(server) == Purity(
        state="unknown", text="the server tells no chances of tokens: whether rare answers are cut off is not known"
    )


def test_a_server_without_temperature_2_is_asked_at_1(server: FaultServer) -> None:
    server.script = [error(400, "temperature: must be at most 1", param="temperature"), *many(1)]
    assert purity(server).state == "whole"
    assert [body["temperature"] for body in server.bodies] == [2.0, *(1.0,) * 16]


def test_a_refusal_of_everything_leaves_it_open(server: FaultServer) -> None:
    server.script = [error(400, "no logprobs for you")]
    assert purity(server).state == "unknown"


def test_lost_answers_are_not_missed(server: FaultServer) -> None:
    good = many(2)
    server.script = [good[0], error(500), *good[1:]]
    assert purity(server).state == "whole"


@pytest.mark.parametrize(
    "logprobs",
    ['{"content": 7}', {"content": [{"logprob": "x", "top_logprobs": []}, 5, None]}, {"content": [{}]}, "x"]
    + [{"content": [{"logprob": one, "top_logprobs": [{"logprob": two}]}]} for one, two in ((1e999, 0), (-1, 5))],
)
def test_hostile_chances_say_nothing(server: FaultServer, logprobs: Any) -> None:
    choice = {"index": 0, "finish_reason": "stop", "logprobs": logprobs}
    messages = [{"role": "assistant", "content": f"text {number}"} for number in range(16)]
    server.script = [http(200, json.dumps({"choices": [choice | {"message": one}]})) for one in messages]
    assert purity(server).state == "unknown"


@pytest.mark.parametrize(
    ("owner", "preset"),
    [
        *(("vllm", "vllm"), ("sglang", "vllm"), ("llamacpp", "llama.cpp"), ("me", "llama.cpp")),
        *(("openai", ""), ("library", ""), (7, "")),
    ],
)
def test_a_known_server_gets_its_preset_from_the_first_request_on(server: FaultServer, owner: Any, preset: str) -> None:
    server.models = http(200, {"data": [{"id": "m", "owned_by": owner}]})
    server.script = [answer(), error(404)]
    to = endpoint(server)
    run(to, lambda one: identify(one, organism_digest="", generation="g"))
    assert to.preset == preset == (preset_of(owner) if isinstance(owner, str) else "")
    assert all(server.bodies[0][name] == value for name, value in PRESETS.get(preset, {}).items())


def test_a_known_server_that_refuses_its_preset_is_asked_without(server: FaultServer) -> None:
    server.models = http(200, {"data": [{"id": "m", "owned_by": "vllm"}]})
    server.script = [error(400, "unknown parameter top_k"), answer(), error(404)]
    to = endpoint(server)
    run(to, lambda one: identify(one, organism_digest="", generation="g"))
    assert to.preset == ""
    assert "top_k" not in server.bodies[1]


def test_a_preset_makes_other_samples_and_none_the_same_as_ever() -> None:
    plain, pure = Identity(kind="endpoint", model="m"), Identity(kind="endpoint", model="m", preset="vllm")
    assert "preset" not in plain.model_dump()
    assert pure.model_dump()["preset"] == "vllm"
    assert Identity.model_validate(plain.model_dump()) == plain
