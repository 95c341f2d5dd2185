"""Bodies of any shape become a clean answer or a named fault; nothing else escapes."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weirdgen.endpoints.faults import (
    ErrorBody,
    Filtered,
    Retryable,
    SwapFormat,
    SwapLimit,
    SwapLogprobs,
    SwapSampling,
    TooLong,
    Unacceptable,
    classify,
    read_error,
    retry_after,
)
from weirdgen.endpoints.wire import Reply, read_completion
from weirdgen.errors import EndpointError, EndpointRefused
from weirdgen.schema.text import clean

JSON = {"content-type": "application/json"}
SWAP_WORDS = (
    "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."
)


def read(message: Any, **choice: Any) -> Reply:
    body = {
        "choices": [{"finish_reason": "stop", "message": message} | choice],
        "usage": {"prompt_tokens": 3, "completion_tokens": 2},
    }
    return read_completion(json.dumps(body).encode(), JSON).replies[0]


@pytest.mark.parametrize(
    ("message", "text", "refused"),
    [
        ({"content": "hi"}, "hi", False),
        ({"content": None}, "", False),
        ({}, "", False),
        ({"content": None, "refusal": "no"}, "no", True),
        ({"content": "", "refusal": "no"}, "no", True),
        ({"content": "hi", "refusal": "no"}, "hi", False),
        ({"content": [{"type": "text", "text": "a"}, "b", {"type": "output_text", "text": "c"}, 4]}, "abc", False),
        ({"content": [{"type": "refusal", "refusal": "no"}]}, "no", True),
        ({"content": 42}, "42", False),
        ({"content": {"a": 1}}, '{"a": 1}', False),
        ({"content": "NUL \0 ESC \x1b ]]> <b>"}, "NUL \0 ESC \x1b ]]> <b>", False),
    ],
)
def test_every_kind_of_content_is_text(message: Any, text: str, refused: bool) -> None:
    reply = read(message)
    assert (reply.text, reply.refused, reply.raw) == (text, refused, "")


@pytest.mark.parametrize(
    ("message", "text", "thoughts"),
    [
        ({"content": "<think>kill\n</think>\n\nHello."}, "Hello.", "kill"),
        ({"content": " \n<think></think>Hello."}, "Hello.", ""),
        ({"content": "<think>a</think>b</think>c"}, "b</think>c", "a"),
        ({"content": "<think>no end"}, "", "no end"),
        ({"content": "kill</think>Hello."}, "kill</think>Hello.", ""),
        ({"content": "Hello. <think>kill</think>"}, "Hello. <think>kill</think>", ""),
        ({"content": "Hello.", "reasoning_content": "kill\ud83d"}, "Hello.", "kill\\ud83d"),
        ({"content": "Hello.", "reasoning": "kill"}, "Hello.", "kill"),
        ({"content": "Hello.", "reasoning": ["kill"]}, "Hello.", ""),
        ({"content": None, "reasoning_content": "kill"}, "", "kill"),
    ],
)
def test_thoughts_are_kept_apart(message: Any, text: str, thoughts: str) -> None:
    reply = read(message)
    assert (reply.text, reply.thoughts) == (text, thoughts)
    content = message["content"] or ""
    assert reply.raw == ("" if content == text else json.dumps(content))


def test_lone_surrogates_are_escaped_and_kept_raw() -> None:
    message = b'{"finish_reason": "stop", "message": {"content": "a\\ud83db"}}'
    names = b'"id": "\\ud83d", "model": "m\\udc00", "system_fingerprint": "\\ud83d"'
    body = b"{" + names + b', "choices": [' + message + b"]}"
    reply = read_completion(body, JSON).replies[0]
    assert (reply.text, json.loads(reply.raw)) == ("a\\ud83db", "a\ud83db")
    for text in (reply.response_id, reply.model, reply.fingerprint):
        text.encode()


@pytest.mark.parametrize(
    "usage", [None, 7, {}, {"prompt_tokens": None}, {"prompt_tokens": -1, "completion_tokens": True}]
)
def test_missing_or_absurd_usage_counts_nothing(usage: Any) -> None:
    body = {"choices": [{"finish_reason": "stop", "message": {"content": "x"}}], "usage": usage}
    reply = read_completion(json.dumps(body).encode(), JSON).replies[0]
    assert (reply.usage.prompt_tokens, reply.usage.completion_tokens) == (0, 0)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'"x"',
        b"\xff\xfe{}",
        b"[" * 100_000,
        b'{"a": ' + b"1" * 5000 + b"}",
        b"{}",
        b'{"choices": null}',
        b'{"choices": []}',
        b'{"choices": ["x"]}',
        b'{"choices": [{"finish_reason": "stop"}]}',
        b'{"choices": [{"finish_reason": null, "message": {"content": "x"}}]}',
        b'{"choices": [{"finish_reason": "network_error", "message": {"content": "x"}}]}',
        b'{"choices": [{"finish_reason": "stop", "error": {"message": "x"}, "message": {"content": "half"}}]}',
        b'{"error": {"message": "upstream", "code": 502}}',
        b'{"error": "upstream"}',
    ],
)
def test_a_broken_body_can_be_retried(body: bytes) -> None:
    with pytest.raises(Retryable):
        read_completion(body, JSON)


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b"hello", {"content-type": "text/html; charset=utf-8"}),
        (b"\n<!DOCTYPE html><html>", {}),
        (b'{"error": {"code": "401"}}', JSON),
    ],
)
def test_a_web_page_or_a_refusal_inside_is_final(body: bytes, headers: dict[str, str]) -> None:
    with pytest.raises(EndpointRefused):
        read_completion(body, headers)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["error", "code", "message", "text"]), inner)
    ),
    max_leaves=8,
)


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "choices": json_values
            | st.lists(
                st.fixed_dictionaries(
                    {}, optional={"message": json_values, "finish_reason": json_values, "logprobs": json_values}
                ),
                max_size=2,
            ),
            "usage": json_values,
            "model": json_values,
            "error": json_values,
            "id": json_values,
        },
    )
)
def test_any_json_gives_an_answer_or_a_fault(body: Any) -> None:
    try:
        reply = read_completion(json.dumps(body).encode(), JSON).replies[0]
    except EndpointError as fault:
        said = [str(fault)]
        assert said[0]
    else:
        said = [reply.text, reply.stop_reason, reply.model]
    assert [clean(words) for words in said] == said, "a lone surrogate got through"


@given(st.binary(max_size=60))
def test_any_bytes_give_a_fault(body: bytes) -> None:
    with pytest.raises(EndpointError):
        read_completion(body, {})


@pytest.mark.parametrize(
    ("status", "error", "kind"),
    [
        (400, ErrorBody("bad", "unsupported_value", "temperature", ""), SwapSampling),
        (400, ErrorBody("bad", "unsupported_value", "top_p", ""), SwapSampling),
        (400, ErrorBody("no response_format here", "", "", ""), SwapFormat),
        (400, ErrorBody("The provided JSON schema is not supported by xgrammar", "", "", ""), SwapFormat),
        (400, ErrorBody("gpt-5 models do not support temperature=0", "", "", ""), SwapSampling),
        (400, ErrorBody("flagged", "invalid_prompt", "", ""), Filtered),
        (400, ErrorBody("no", "", "messages", ""), Unacceptable),
        (413, ErrorBody("large", "", "", ""), Unacceptable),
        (422, ErrorBody("Unexpected keys: json_schema", "", "", ""), SwapFormat),
        (400, ErrorBody("filtered", "content_filter", "prompt", ""), Filtered),
        (400, ErrorBody(SWAP_WORDS, "unsupported_parameter", "max_tokens", ""), SwapLimit),
        (400, ErrorBody("maximum context length", "context_length_exceeded", "messages", ""), TooLong),
        (401, ErrorBody("", "", "", ""), EndpointRefused),
        (402, ErrorBody("", "", "", ""), EndpointRefused),
        (403, ErrorBody("", "", "", ""), EndpointRefused),
        (404, ErrorBody("", "", "", ""), EndpointRefused),
        (408, ErrorBody("", "", "", ""), Retryable),
        (409, ErrorBody("", "", "", ""), Retryable),
        (413, ErrorBody("", "", "", ""), Unacceptable),
        (422, ErrorBody("", "", "", ""), Unacceptable),
        (429, ErrorBody("slow down", "rate_limit_exceeded", "", ""), Retryable),
        (429, ErrorBody("pay", "insufficient_quota", "", ""), EndpointRefused),
        (429, ErrorBody("pay", "", "", "insufficient_quota"), EndpointRefused),
        (500, ErrorBody("", "", "", ""), Retryable),
        (
            500,
            ErrorBody("logprobs is not supported for models created with logits_all=False", "", "", ""),
            SwapLogprobs,
        ),
        (500, ErrorBody("1 validation error:\n  {'loc': ('body', 'top_k')", "", "", ""), Unacceptable),
        (503, ErrorBody("", "", "", ""), Retryable),
        (529, ErrorBody("", "", "", ""), Retryable),
    ],
)
def test_each_status_has_one_class(status: int, error: ErrorBody, kind: type[EndpointError]) -> None:
    fault = classify(status, {}, error)
    assert type(fault) is kind
    if isinstance(fault, Retryable):
        assert fault.throttled is (status in {429, 503, 529})


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "2"}, 2.0),
        ({"retry-after-ms": "1500", "retry-after": "9"}, 1.5),
        ({"retry-after": "Sat, 21 Nov 2026 00:00:10 GMT"}, 10.0),
        ({"retry-after": "Sat, 21 Nov 2026 00:00:00 GMT"}, 10.0 - 10.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": ""}, None),
        ({"retry-after": "Mon, 01 Jan 99999999999 00:00:00 GMT"}, None),
        ({}, None),
    ],
)
def test_retry_after_is_read_in_all_its_forms(headers: dict[str, str], seconds: float | None) -> None:
    midnight = 1795219200.0
    assert retry_after(headers, now=midnight) == seconds


@given(st.dictionaries(st.sampled_from(["retry-after", "retry-after-ms"]), st.text(max_size=20)))
def test_any_retry_after_is_survived(headers: dict[str, str]) -> None:
    seconds = retry_after(headers)
    assert seconds is None or seconds >= 0


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"error": {"message": "a"}}, "a"),
        ({"message": "a"}, "a"),
        ({"detail": "a"}, "a"),
        ({"error": "a"}, "a"),
        ({"detail": [{"loc": ["x"]}]}, '[{"loc": ["x"]}]'),
        ("a\x1b\ud83d", "a\\x1b\\ud83d"),
        (None, ""),
        (7, "7"),
    ],
)
def test_error_bodies_of_all_servers_are_read(body: Any, message: str) -> None:
    assert read_error(body).message == message
