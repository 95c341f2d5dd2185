"""Bytes of the Batch API: what a broken or hostile server says is never taken for an answer."""

import json
from typing import Any

import pytest
from chat_server import completion
from hypothesis import given
from hypothesis import strategies as st

from weirdgen.endpoints.batch_wire import read_answer, read_batch, read_batches, read_id, read_rows, write_line
from weirdgen.endpoints.faults import Filtered, Retryable
from weirdgen.errors import EndpointError, EndpointRefused

ANSWER = {"status_code": 200, "body": completion("m", "Ship.", "1")}


def test_a_line_is_what_the_documentation_says() -> None:
    line = json.loads(write_line("k", {"model": "m"}))
    assert line == {"custom_id": "k", "method": "POST", "url": "/v1/chat/completions", "body": {"model": "m"}}
    with pytest.raises(ValueError, match="JSON"):
        write_line("k", {"temperature": float("nan")})


def test_a_batch_is_read_with_its_counts_files_and_errors() -> None:
    said = {
        "id": "batch_1",
        "status": "failed",
        "metadata": {"weirdgen": "t"},
        "request_counts": {"total": 5, "completed": 2, "failed": 1},
        "output_file_id": "file-1",
        "error_file_id": None,
        "errors": {"data": [{"code": "c", "message": "m"}, 3]},
    }
    state = read_batch(json.dumps(said).encode(), {})
    assert (state.token, state.total, state.done, state.files) == ("t", 5, 3, ("file-1",))
    assert state.errors.startswith("c: m")


@pytest.mark.parametrize(
    ("status", "done", "file", "over"),
    [
        ("completed", 3, None, False),
        ("completed", 3, "file-1", True),
        ("completed", 3, "x" * 513, True),
        ("completed", 0, None, True),
        ("expired", 3, None, True),
        ("in_progress", 3, "file-1", False),
    ],
)
def test_a_batch_that_is_completed_without_its_files_is_not_over(
    status: str, done: int, file: str | None, over: bool
) -> None:
    said = {"id": "b", "status": status, "request_counts": {"completed": done}, "output_file_id": file}
    assert read_batch(json.dumps(said).encode(), {}).over is over


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"id": 3}', b'{"id": "a\\nb"}', b'{"error": {"message": "x"}}', b""])
def test_what_is_no_batch_is_told(body: bytes) -> None:
    with pytest.raises(EndpointError):
        read_batch(body, {})
    with pytest.raises(EndpointError):
        read_batches(body, {})
    with pytest.raises(EndpointError):
        read_id(body, {})


def test_lines_that_cannot_be_read_stand_for_none() -> None:
    rows = list(read_rows(b'{"custom_id": "a"}\n\n{\n[1]\n{"custom_id": 1}\n\xff\n' + b"[" * 10_000))
    assert [row.custom_id if row else None for row in rows] == ["a", None, None, None, None, None]


def test_an_answer_is_read_as_a_live_one() -> None:
    assert read_answer({"response": ANSWER}).text == "Ship."


@pytest.mark.parametrize(
    ("said", "kind", "billed", "requests"),
    [
        ({"response": None, "error": {"code": "batch_expired", "message": "late"}}, Retryable, False, 0),
        ({}, Retryable, True, 1),
        ({"response": {"status_code": "200", "body": {}}}, Retryable, True, 1),
        ({"response": {"status_code": 200, "body": {"choices": []}}}, Retryable, True, 1),
        ({"response": {"status_code": 500, "body": {"error": {"message": "x"}}}}, Retryable, False, 1),
        ({"response": {"status_code": 429, "body": {}}}, Retryable, False, 1),
        ({"response": {"status_code": 401, "body": {}}}, EndpointRefused, False, 1),
        ({"response": {"status_code": 400, "body": {"error": {"code": "content_filter"}}}}, Filtered, False, 1),
    ],
)
def test_what_is_no_answer_says_whether_it_was_paid(
    said: dict[str, Any], kind: type[EndpointError], billed: bool, requests: int
) -> None:
    with pytest.raises(kind) as caught:
        read_answer(said)
    assert getattr(caught.value, "billed", False) is billed
    assert caught.value.requests == requests


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


@given(JSON, JSON, JSON)
def test_whatever_stands_in_a_line_it_is_an_answer_or_a_fault(response: Any, status: Any, body: Any) -> None:
    for said in ({"response": response}, {"response": {"status_code": status, "body": body}}, {"error": body}):
        with pytest.raises(EndpointError):
            read_answer(said)
