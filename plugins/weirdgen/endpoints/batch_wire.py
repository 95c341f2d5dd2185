"""Bytes of the Batch API: lines of requests out, states and lines of answers in. What comes back is hostile, too."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from weirdgen.endpoints.faults import Retryable, classify, meant, read_error
from weirdgen.endpoints.wire import Reply, read_completion, read_json
from weirdgen.schema.text import clean, shown

COMPLETIONS = "/v1/chat/completions"
MOST_LINES = 50_000
MOST_BYTES = 100 * 10**6
"""Of one input file: OpenAI takes 200 MB, Together 100."""
OVER = frozenset({"completed", "failed", "expired", "cancelled"})
"""States that a batch stays in."""
EXPIRED = "batch_expired"
"""Error of a line that was not executed in time: it is not billed."""
_TOKEN = "weirdgen"
"""Under what our own name of a batch stands in its metadata."""


@dataclass(frozen=True, slots=True)
class BatchState:
    """What a server tells of a batch."""

    id: str
    status: str
    """An open set; `OVER` are the last ones."""
    token: str
    """Our own name of it, from its metadata; empty: it is none of ours."""
    created: float
    """UNIX time; 0: not told."""
    total: int
    done: int
    """Lines with an answer or an error."""
    files: tuple[str, ...]
    """Of answers, then of errors; empty stands for an id that cannot be sent back."""
    errors: str
    """Why it failed, for people."""

    @property
    def over(self) -> bool:
        """Whether all that it brings can be fetched: some servers name files a while after they call it completed."""
        return self.status in OVER and not (self.status == "completed" and self.done and not self.files)

    @property
    def told(self) -> str:
        """How far it is, for people."""
        return f"{shown(self.status, 40)}, {self.done:,} of {self.total:,} requests done"


class Row(NamedTuple):
    """One line of a file of answers or errors."""

    custom_id: str
    said: Mapping[str, Any]


def write_line(custom_id: str, body: Mapping[str, Any]) -> bytes:
    """Return one request of an input file, with the line's end.

    Raises:
        ValueError: it holds what JSON cannot.
    """
    line = {"custom_id": custom_id, "method": "POST", "url": COMPLETIONS, "body": body}
    return json.dumps(line, allow_nan=False).encode("ascii") + b"\n"


def creation(input_file: str, token: str) -> dict[str, Any]:
    """Return the body that creates a batch, under our own name for it."""
    return {
        "input_file_id": input_file,
        "endpoint": COMPLETIONS,
        "completion_window": "24h",
        "metadata": {_TOKEN: token},
    }


def read_batch(body: bytes, headers: Mapping[str, str]) -> BatchState:
    """Read one batch.

    Raises:
        EndpointError: it is none.
    """
    return _batch(read_json(body, headers))


def read_batches(body: bytes, headers: Mapping[str, str]) -> tuple[list[BatchState], bool]:
    """Read a page of the list; also return whether there are more.

    Raises:
        EndpointError: it is none.
    """
    data = read_json(body, headers)
    listed = data.get("data")
    if not isinstance(listed, list):
        raise Retryable("200 with a list of batches that is none")
    return [_batch(one) for one in listed if isinstance(one, dict)], data.get("has_more") is True


def read_id(body: bytes, headers: Mapping[str, str]) -> str:
    """Read the id of a file that was uploaded.

    Raises:
        EndpointError: there is none.
    """
    found = _name(read_json(body, headers).get("id"))
    if not found:
        raise Retryable("200 for an upload, without the id of its file")
    return found


def read_rows(data: bytes) -> Iterator[Row | None]:
    """Read a file of answers or errors line by line; None stands for a line that cannot be read."""
    for line in data.split(b"\n"):
        if not line.strip():
            continue
        try:
            said = json.loads(line.decode("utf-8"))
        except (ValueError, RecursionError):
            yield None
            continue
        name = said.get("custom_id") if isinstance(said, dict) else None
        yield Row(name, said) if isinstance(name, str) else None


def read_answer(said: Mapping[str, Any]) -> Reply:
    """Return the answer that a line holds.

    Raises:
        EndpointError: it holds none; `requests` is 0 where the line was never executed.
    """
    response = said.get("response")
    if not isinstance(response, dict):
        error = read_error({"error": said.get("error")})
        fault = Retryable(f"{error.code}: {error.message}" if error.code else "a line without response or error")
        fault.billed = error.code == ""
        fault.requests = int(fault.billed)
        raise fault
    status, body = response.get("status_code"), response.get("body")
    if type(status) is not int or not isinstance(body, dict):
        raise Retryable("a line without a status or without a body", billed=True)
    if status != 200:
        error = read_error(body)
        raise classify(meant(status, error), {}, error)
    try:
        return read_completion(json.dumps(body).encode("ascii"), {}).replies[0]
    except RecursionError:
        raise Retryable("a line with JSON nested beyond reading", billed=True) from None


def _batch(data: Mapping[str, Any]) -> BatchState:
    name, counts, metadata = _name(data.get("id")), data.get("request_counts"), data.get("metadata")
    if not name:
        raise Retryable("200 with a batch that has no id")
    counts = counts if isinstance(counts, dict) else {}
    return BatchState(
        id=name,
        status=clean(str(data.get("status"))),
        token=_name(metadata.get(_TOKEN)) if isinstance(metadata, dict) else "",
        created=float(_count(data.get("created_at"))),
        total=_count(counts.get("total")),
        done=_count(counts.get("completed")) + _count(counts.get("failed")),
        files=tuple(_name(data[file]) for file in ("output_file_id", "error_file_id") if data.get(file)),
        errors=_errors(data.get("errors")),
    )


def _errors(errors: Any) -> str:
    listed = errors.get("data") if isinstance(errors, dict) else None
    told = [read_error({"error": one}) for one in listed[:3]] if isinstance(listed, list) else []
    return "; ".join(f"{one.code}: {one.message}" if one.code else one.message for one in told)


def _name(value: Any) -> str:
    """Return an id as a server gave it; empty where it is none that could be sent back."""
    return value if isinstance(value, str) and value.isascii() and value.isprintable() and len(value) <= 512 else ""


def _count(value: Any) -> int:
    return value if type(value) is int and 0 <= value < 2**53 else 0
