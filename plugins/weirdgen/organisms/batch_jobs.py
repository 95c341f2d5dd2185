"""One batch of requests, as OpenAI documents it: checked whole, answered line by line, ended in time."""

import asyncio
import json
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from weirdgen.organisms.wire import Refusal

ENDPOINT = "/v1/chat/completions"
MOST_LINES = 50_000
_AT_ONCE = 32
"""Lines that are answered at the same time."""
_MOST_ERRORS = 20
Answer = Callable[[bytes], Awaitable[dict[str, Any]]]
"""Gives the completion to a request's body, or raises `Refusal`."""
_EXPIRED = "This request could not be executed before the completion window expired."


@dataclass(frozen=True, slots=True)
class Line:
    """A request of the input file that was found good."""

    custom_id: str
    body: bytes


class Invalid(Exception):
    """The input file cannot be run."""

    def __init__(self, errors: list[dict[str, Any]]) -> None:
        super().__init__(f"{len(errors)} errors")
        self.errors = errors


@dataclass(slots=True)
class Job:
    """A batch from its creation to its end; mutable: what the server tells of it is what it is now."""

    input_file: str
    window: float
    """Seconds that it has."""
    metadata: dict[str, str] | None
    keep: Callable[[bytes], str]
    """Keeps a file, and returns its id."""
    id: str = field(default_factory=lambda: f"batch_{uuid.uuid4().hex}")
    status: str = "validating"
    errors: list[dict[str, Any]] = field(default_factory=list)
    total: int = 0
    output: list[dict[str, Any]] = field(default_factory=list)
    failures: list[dict[str, Any]] = field(default_factory=list)
    output_file: str | None = None
    error_file: str | None = None
    at: dict[str, float] = field(default_factory=lambda: {"created": time.time()})
    """UNIX time at which each state began."""

    async def run(self, data: bytes, answer: Answer) -> None:
        """Go from `validating` to an end; never raises."""
        try:
            lines = read_lines(data)
        except Invalid as found:
            self.errors = found.errors
            self._become("failed")
            return
        self.total = len(lines)
        if self.status == "validating":
            self._become("in_progress")
        left = iter(lines)
        done: set[str] = set()

        async def work() -> None:
            for line in left:
                await self._take(line, answer)
                done.add(line.custom_id)

        await self._until_over([asyncio.create_task(work()) for _ in range(_AT_ONCE)])
        if self.status == "cancelling":
            self._end("cancelled")
        elif len(done) < len(lines):
            gone = {"code": "batch_expired", "message": _EXPIRED}
            self.failures += [_told(line, None, gone) for line in lines if line.custom_id not in done]
            self._end("expired")
        else:
            self._become("finalizing")
            self._end("completed")

    def cancel(self) -> None:
        """Stop before the next line.

        Raises:
            Refusal: it is over.
        """
        if self.status not in ("validating", "in_progress", "cancelling"):
            raise Refusal(409, f"the batch {self.id} is {self.status}: it cannot be cancelled.")
        self._become("cancelling")

    @property
    def card(self) -> dict[str, Any]:
        """What the API tells of it."""
        states = ("in_progress", "finalizing", "completed", "failed", "expired", "cancelling", "cancelled")
        moments = {f"{state}_at": int(self.at[state]) if state in self.at else None for state in states}
        return {
            "id": self.id,
            "object": "batch",
            "endpoint": ENDPOINT,
            "errors": {"object": "list", "data": self.errors} if self.errors else None,
            "input_file_id": self.input_file,
            "completion_window": "24h",
            "status": self.status,
            "output_file_id": self.output_file,
            "error_file_id": self.error_file,
            "created_at": int(self.at["created"]),
            "expires_at": int(self.at["created"] + self.window),
            **moments,
            "request_counts": {"total": self.total, "completed": len(self.output), "failed": len(self.failures)},
            "metadata": self.metadata,
        }

    async def _until_over(self, workers: list["asyncio.Task[None]"]) -> None:
        """Wait for all lines, until the window closes or somebody cancels."""
        until = self.at["created"] + self.window
        while any(not worker.done() for worker in workers):
            if self.status == "cancelling" or time.time() >= until:
                for worker in workers:
                    worker.cancel()
            await asyncio.wait(workers, timeout=min(0.05, max(0.0, until - time.time())) or 0.05)

    async def _take(self, line: Line, answer: Answer) -> None:
        try:
            said, status, kept = await answer(line.body), 200, self.output
        except Refusal as refusal:
            said, status, kept = refusal.body, refusal.status, self.failures
        except Exception as error:  # one line that breaks the engine must not take the batch with it
            said, status, kept = Refusal(500, f"the server failed: {error!r:.200}").body, 500, self.failures
        response = {"status_code": status, "request_id": uuid.uuid4().hex, "body": said}
        kept.append(_told(line, response, None))

    def _become(self, status: str) -> None:
        self.status = status
        self.at[status] = time.time()

    def _end(self, status: str) -> None:
        self.output_file = self.keep(_jsonl(self.output)) if self.output else None
        self.error_file = self.keep(_jsonl(self.failures)) if self.failures else None
        self._become(status)


def read_lines(data: bytes) -> list[Line]:
    """Read an input file.

    Raises:
        Invalid: it has no or too many lines, or one of them is none; the first mistakes are told.
    """
    rows = [row for row in data.split(b"\n") if row.strip()]
    if not rows:
        raise Invalid([_mistake("empty_file", "The input file has no requests.", None)])
    if len(rows) > MOST_LINES:
        raise Invalid([_mistake("too_many_requests", f"{len(rows)} requests; the most is {MOST_LINES}.", None)])
    lines: list[Line] = []
    mistakes: list[dict[str, Any]] = []
    seen: set[str] = set()
    models: set[str] = set()
    for number, row in enumerate(rows, start=1):
        try:
            lines.append(_line(row, number, seen, models))
        except Invalid as found:
            mistakes += found.errors
    if mistakes:
        raise Invalid(mistakes[:_MOST_ERRORS])
    return lines


def _line(row: bytes, number: int, seen: set[str], models: set[str]) -> Line:
    try:
        said = json.loads(row)
    except (ValueError, RecursionError):
        raise Invalid([_mistake("invalid_json_line", "This line is not parseable as valid JSON.", number)]) from None
    asked: Mapping[str, Any] = said if isinstance(said, dict) else {}
    name, body = asked.get("custom_id"), asked.get("body")
    if not isinstance(name, str) or not name:
        raise Invalid([_mistake("missing_required_parameter", "custom_id is missing.", number, "custom_id")])
    if name in seen:
        raise Invalid([_mistake("duplicate_custom_id", f"{name!r:.80} is there twice.", number, "custom_id")])
    if asked.get("method") != "POST":
        raise Invalid([_mistake("invalid_method", "method must be POST.", number, "method")])
    if asked.get("url") != ENDPOINT:
        raise Invalid([_mistake("mismatched_url", f"url must be the batch's {ENDPOINT}.", number, "url")])
    if not isinstance(body, dict) or not isinstance(body.get("model"), str):
        raise Invalid([_mistake("missing_required_parameter", "body.model is missing.", number, "body.model")])
    models.add(body["model"])
    if len(models) > 1:
        raise Invalid([_mistake("mismatched_model", "a batch is for one model.", number, "body.model")])
    seen.add(name)
    return Line(name, json.dumps(body).encode())


def _mistake(code: str, message: str, line: int | None, param: str | None = None) -> dict[str, Any]:
    return {"code": code, "message": message, "line": line, "param": param}


def _told(line: Line, response: dict[str, Any] | None, error: dict[str, str] | None) -> dict[str, Any]:
    number = f"batch_req_{uuid.uuid4().hex}"
    return {"id": number, "custom_id": line.custom_id, "response": response, "error": error}


def _jsonl(rows: list[dict[str, Any]]) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)
