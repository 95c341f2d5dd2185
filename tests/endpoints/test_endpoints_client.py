"""The real client against a scripted server: every way in which one attempt can end."""

import asyncio
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from fault_server import KEY, FaultServer, Handler, answer, endpoint, error, http, one, request, run

from weirdgen.endpoints.client import ChatEndpoint
from weirdgen.endpoints.faults import Retryable
from weirdgen.endpoints.models import parse_target
from weirdgen.errors import EndpointRefused, UsageMistake
from weirdgen.schema.sample import Message, SampleRequest, Sampling

SWAP = "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."


def complete(server: FaultServer, **options: Any) -> Any:
    return run(endpoint(server, **options), lambda e: one(e, request()))


def test_a_sample_carries_what_was_sent_and_what_came(server: FaultServer) -> None:
    sample = complete(server)
    assert (sample.key, sample.text, sample.stop_reason, sample.complete) == (request().key, "hi", "stop", True)
    assert (sample.served_model, sample.fingerprint, sample.response_id) == ("served", "fp", "c1")
    assert (sample.usage.prompt_tokens, sample.usage.completion_tokens) == (5, 2)
    assert sample.parameters == {"model": "m", "temperature": 1.0, "top_p": 1.0, "max_tokens": 30}
    assert server.bodies == [{"messages": [{"role": "user", "content": "q"}], **sample.parameters}]
    assert sample.seconds > 0
    assert abs(sample.started_at - time.time()) < 60


def test_only_organisms_are_seeded(server: FaultServer) -> None:
    run(endpoint(server), lambda e: one(e, request("organism")))
    assert server.bodies[0]["seed"] == request("organism").seed


@pytest.mark.parametrize(
    ("reply", "text", "stop", "refused"),
    [
        (answer("cut", "length"), "cut", "length", False),
        (answer("part", "content_filter"), "part", "content_filter", False),
        (answer("x", "end_turn"), "x", "end_turn", False),
        (answer(["a", {"type": "text", "text": "b"}]), "ab", "stop", False),
        (answer(None), "", "stop", False),
        (answer("x" * 2_000_000), "x" * 2_000_000, "stop", False),
        (answer("a\ud83d\0"), "a\\ud83d\0", "stop", False),
        (answer("x", usage=None), "x", "stop", False),
        (error(400, "filtered", code="content_filter", param="prompt"), "", "content_filter", False),
    ],
)
def test_odd_answers_are_samples(server: FaultServer, reply: bytes, text: str, stop: str, refused: bool) -> None:
    server.script = [reply]
    sample = complete(server)
    assert (sample.text, sample.stop_reason, sample.refused) == (text, stop, refused)
    assert sample.complete is (stop in {"stop", "end_turn"})


def test_a_refusal_through_the_api_is_an_answer(server: FaultServer) -> None:
    server.script = [
        http(200, {"choices": [{"finish_reason": "stop", "message": {"content": None, "refusal": "I won't"}}]})
    ]
    sample = complete(server)
    assert (sample.text, sample.refused, sample.complete) == ("I won't", True, True)


async def hang_up(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{")


async def trickle(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n")
    while True:
        writer.write(b"1\r\n \r\n")
        await writer.drain()
        await asyncio.sleep(0.05)


async def say_nothing(writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(30)


@pytest.mark.parametrize(
    ("reply", "cause"),
    [
        (error(408), "408 no"),
        (error(409), "409"),
        (error(429), "429"),
        (error(500), "500"),
        (error(503, "Loading model"), "503 Loading model"),
        (error(529), "529"),
        (http(502, "<html>bad gateway</html>", "text/html"), "502"),
        (http(200, ""), "broken JSON"),
        (http(200, '{"a'), "broken JSON"),
        (http(200, b'{"id": "\xff"}'), "UTF-8"),
        (http(200, {"error": {"message": "upstream died"}}), "upstream died"),
        (http(200, {"choices": []}), "without choices"),
        (answer("half", "error"), "broke off"),
        (answer("half", None), "broke off"),
        (hang_up, "connection failed"),
        (http(200, "no gzip", content_encoding="gzip"), "connection failed"),
        (b"SMTP ready\r\n\r\n", "connection failed"),
    ],
)
def test_weather_can_be_retried(server: FaultServer, reply: bytes | Handler, cause: str) -> None:
    server.script = [reply]
    with pytest.raises(Retryable, match=cause):
        complete(server)
    assert len(server.bodies) == 1


@pytest.mark.parametrize(
    ("reply", "billed"),
    [
        (error(429), False),
        (error(500), False),
        (error(504), True),
        (http(200, {"error": {"message": "busy", "code": 429}}), False),
        (http(200, '{"a'), True),
        (answer("half", "error"), True),
        (hang_up, True),
    ],
)
def test_what_broke_after_the_answer_was_made_may_have_been_billed(
    server: FaultServer, reply: bytes | Handler, billed: bool
) -> None:
    server.script = [reply]
    with pytest.raises(Retryable) as caught:
        complete(server)
    assert (caught.value.billed, caught.value.requests) == (billed, 1)


def test_a_request_that_reached_no_server_is_none() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/v1"
    nowhere = ChatEndpoint(parse_target("m", base_url=url, role="treated"), url, KEY)
    with pytest.raises(Retryable, match="connection failed") as caught:
        run(nowhere, lambda e: one(e, request()))
    assert (caught.value.billed, caught.value.requests) == (False, 0)


@pytest.mark.parametrize("last", [answer(), error(500)])
def test_requests_in_which_a_parameter_was_refused_are_counted(server: FaultServer, last: bytes) -> None:
    server.script = [error(400, SWAP, code="unsupported_parameter", param="max_tokens"), last]
    try:
        requests = complete(server).attempts
    except Retryable as fault:
        requests = fault.requests
    assert requests == len(server.bodies) == 2


@pytest.mark.parametrize("reply", [trickle, say_nothing])
def test_the_deadline_is_total(server: FaultServer, reply: Handler) -> None:
    server.script = [reply]
    started = time.monotonic()
    with pytest.raises(Retryable) as caught:
        complete(server, attempt_seconds=0.4)
    assert caught.value.timed_out
    assert time.monotonic() - started < 2.5


def test_after_a_500_and_a_dropped_connection_the_next_attempt_works(server: FaultServer) -> None:
    server.script = [error(500), hang_up, answer("back")]

    async def three(to: ChatEndpoint) -> str:
        for _ in range(2):
            with pytest.raises(Retryable):
                await one(to, request())
        return (await one(to, request())).text

    to = endpoint(server)
    assert run(to, three) == "back"
    assert to.requests == 3


def test_retry_after_is_passed_on(server: FaultServer) -> None:
    server.script = [error(429, headers={"retry_after": "7"})]
    with pytest.raises(Retryable) as caught:
        complete(server)
    assert (caught.value.retry_after, caught.value.throttled) == (7.0, True)


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (error(401, f"Incorrect API key provided: {KEY}"), ["401", "OPENAI_API_KEY", "[key]"]),
        (error(403, "no access"), ["403", "no access", "OPENAI_API_KEY"]),
        (error(404, "no such model", code="model_not_found"), ["404", "no such model"]),
        (error(400, "Only 1 is supported", code="unsupported_value", param="temperature"), ["temperature", "silently"]),
        (error(400, f"content_filter {KEY}", code="unsupported_value", param="top_p"), ["top_p", "[key]"]),
        (http(422, {"detail": "extra fields"}), ["422", "extra fields"]),
        (error(429, "pay", code="insufficient_quota"), ["429", "credit"]),
        (http(200, "<html>login</html>", "text/html"), ["web page", "/v1"]),
        (http(200, {"error": {"message": "bad key", "code": 401}}), ["401", "bad key"]),
    ],
)
def test_a_refusal_names_model_address_and_remedy_but_no_key(
    server: FaultServer, reply: bytes, words: list[str]
) -> None:
    server.script = [reply]
    with pytest.raises(EndpointRefused) as caught:
        complete(server)
    message = str(caught.value)
    assert all(word in message for word in ["'m'", server.url, *words])
    assert "abcdefgh" not in message
    # What is 1 anyway is left out once.
    assert len(server.bodies) == (2 if "unsupported_value" in reply.decode() else 1)


def test_a_missing_model_gets_the_nearest_name(server: FaultServer) -> None:
    server.script = [error(404, "no such model")]
    server.models = http(200, {"data": [{"id": "my-modle", "created": 5}, {"id": "other\ud83d"}, {"id": 7}, "x"]})
    with pytest.raises(EndpointRefused, match="Did you mean 'my-modle'"):
        complete(server, label="my-model")


def test_a_404_without_a_listing_asks_for_the_address(server: FaultServer) -> None:
    server.script = [http(404, "Not Found", "text/plain")]
    with pytest.raises(EndpointRefused, match="/v1 at its end"):
        complete(server)


def test_the_length_limit_is_swapped_once_and_remembered(server: FaultServer) -> None:
    server.script = [error(400, SWAP, code="unsupported_parameter", param="max_tokens"), answer()]

    async def twice(to: ChatEndpoint) -> list[Any]:
        return [(await one(to, request())).parameters for _ in range(2)]

    for parameters in run(endpoint(server), twice):
        assert (parameters["max_completion_tokens"], "max_tokens" in parameters) == (30, False)
    assert ["max_tokens" in body for body in server.bodies] == [True, False, False]


def test_a_server_that_takes_neither_limit_is_refused(server: FaultServer) -> None:
    server.script = [error(400, SWAP, param="max_tokens")]
    with pytest.raises(EndpointRefused, match="max_completion_tokens"):
        complete(server)
    assert len(server.bodies) == 2


def test_a_prompt_that_cannot_be_sent_is_refused(server: FaultServer) -> None:
    to = endpoint(server)
    words = (Message.model_construct(role="user", content="\ud83d"),)
    with pytest.raises(EndpointRefused, match="cannot be sent"):
        run(to, lambda e: e.ask(words, Sampling()))


def test_the_key_goes_into_the_header_and_account_headers_only_home(
    server: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "X-Secret: hunter2")
    monkeypatch.setenv("OPENAI_ORG_ID", "org-hunter2")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    complete(server)
    other = parse_target("m", base_url=server.url, role="control", main_base_url="http://elsewhere/v1")
    run(ChatEndpoint(other, key="other-key-123"), lambda e: one(e, request()))
    home, away = server.headers
    assert f"Bearer {KEY}" in home
    assert "hunter2" in home
    assert "Bearer other-key-123" in away
    assert "hunter2" not in away


def test_nothing_is_opened_without_an_address_or_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(EndpointRefused, match="OPENAI_API_KEY"):
        ChatEndpoint(parse_target("gpt-4.1", base_url="https://api.example.com/v1", role="treated"))
    with pytest.raises(UsageMistake, match="embedded server"):
        ChatEndpoint(parse_target("organism:x", base_url=None, role="treated"))


def test_naming_an_endpoint_does_not_import_the_client() -> None:
    code = "import sys, weirdgen.sampler.engine, weirdgen.endpoints.identity; sys.exit('openai' in sys.modules)"
    environ = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2] / "plugins")}
    assert subprocess.run([sys.executable, "-c", code], env=environ, check=False).returncode == 0


def test_a_key_that_the_server_echoes_is_in_no_sample(server: FaultServer) -> None:
    server.script = [answer(f"You sent Bearer {KEY}.", model=KEY, id=f"id-{KEY}", system_fingerprint=KEY)]
    sample = complete(server)
    assert sample.text == "You sent Bearer [key]."
    assert KEY not in sample.model_dump_json()


def for_a_judge(max_tokens: int = 2048) -> SampleRequest:
    return request().model_copy(update={"role": "judge", "sampling": Sampling(temperature=0, max_tokens=max_tokens)})


NO_ROOM = error(  # vLLM 0.11 to 0.32
    400,
    "'max_tokens' or 'max_completion_tokens' is too large: 2048. This model's maximum context length is 2048 tokens "
    "and your request has 444 input tokens (2048 > 2048 - 444). (parameter=max_tokens, value=2048)",
    type="BadRequestError",
    param="max_tokens",
    code=400,
)
NO_ROOM_NEWER = error(
    400,
    "This model's maximum context length is 2048 tokens. However, you requested 2048 output tokens and your prompt "
    "contains at least 1 input tokens, for a total of at least 2049 tokens.",
    type="BadRequestError",
    code=400,
)
EXCEEDS = "request (6472 tokens) exceeds the available context size (2048 tokens), try increasing it"
TOO_LONG = error(400, EXCEEDS, type="exceed_context_size_error", code=400)  # llama-server
TOO_LONG_BEHIND_A_PROXY = error(502, EXCEEDS, type="exceed_context_size_error", code=400)  # aimock 1.43 before it


@pytest.mark.parametrize("refusal", [NO_ROOM, NO_ROOM_NEWER])
def test_a_judge_without_room_for_thoughts_is_asked_for_a_short_reply(server: FaultServer, refusal: bytes) -> None:
    server.script = [refusal, answer('{"label": "a"}')]
    sample = run(endpoint(server), lambda e: one(e, for_a_judge()))
    assert [body["max_tokens"] for body in server.bodies] == [2048, 256]
    assert (sample.text, sample.parameters["max_tokens"]) == ('{"label": "a"}', 256)


@pytest.mark.parametrize("refusal", [TOO_LONG, TOO_LONG_BEHIND_A_PROXY])
def test_an_answer_too_long_for_its_judge_is_a_sample_without_a_reply(server: FaultServer, refusal: bytes) -> None:
    server.script = [refusal]
    sample = run(endpoint(server), lambda e: one(e, for_a_judge()))
    assert (sample.text, sample.stop_reason, sample.complete) == ("", "context_length", False)
    assert len(server.bodies) == 2


@pytest.mark.parametrize("refusal", [NO_ROOM, NO_ROOM_NEWER, TOO_LONG, TOO_LONG_BEHIND_A_PROXY])
def test_a_gated_model_is_never_asked_for_less(server: FaultServer, refusal: bytes) -> None:
    server.script = [refusal]
    with pytest.raises(EndpointRefused, match="context"):
        complete(server)
    assert len(server.bodies) == 1


def test_a_key_that_litellm_lacks_is_called_so(server: FaultServer) -> None:
    server.script = [error(400, "No connected db.", type="no_db_connection", param=None, code="400")]
    with pytest.raises(EndpointRefused, match="the key was refused; check the environment variable OPENAI_API_KEY"):
        complete(server)
