"""One model at a server that has a Batch API: its requests as a file, what the server makes of it, answers from files.

Half the price both ways at OpenAI and others, and up to a day of waiting. When to ask again is the sampler's matter.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar
from urllib.parse import quote

from weirdgen.endpoints.batch_wire import (
    BatchState,
    creation,
    read_answer,
    read_batch,
    read_batches,
    read_id,
    write_line,
)
from weirdgen.endpoints.client import ChatEndpoint, nothing_said, sample_of
from weirdgen.endpoints.connection import RAW, post
from weirdgen.endpoints.faults import Filtered, Retryable, Swap, TooLong, classify, meant, read_error
from weirdgen.endpoints.parameters import Parameters, body
from weirdgen.errors import EndpointError, EndpointRefused
from weirdgen.schema.sample import Sample, SampleRequest

if TYPE_CHECKING:
    from openai import APIStatusError, AsyncOpenAI

T = TypeVar("T")
_LONG_SECONDS = 900.0
"""For a file up or down: 100 MB at a megabit a second take as long."""
_PAGE, _MOST_PAGES = 100, 100
_NOT_THERE = (404, 405, 501)
_A_DAY = 24 * 3600.0


class NoBatch(EndpointRefused):
    """The server knows no batch or file of that id."""


class SentLine(NamedTuple):
    """A request as it stands in an input file."""

    text: bytes
    parameters: Parameters


class BatchedEndpoint(ChatEndpoint):
    """A model whose requests may also go through its server's Batch API."""

    def line(self, request: SampleRequest) -> SentLine:
        """Return a request as a line, under its key.

        Raises:
            EndpointRefused: it cannot be written as JSON.
        """
        parameters = self._spelling.of(self.target.model, request.sampling, request.seed)
        said = body(parameters)
        said |= said.pop("extra_body", {})
        words = [{"role": message.role, "content": message.content} for message in request.messages]
        try:
            return SentLine(write_line(request.key, {"messages": words, **said}), parameters)
        except ValueError as error:
            raise self._words.refusal(f"the request cannot be sent: {error}") from None

    async def submit(self, lines: bytes, token: str) -> str:
        """Upload lines and make a batch of them; return its id.

        Args:
            lines: of `line`, one model's.
            token: our own name of the batch, by which `find` knows it.

        Raises:
            EndpointRefused: the server will never take it.
            Retryable: whether there is a batch now, only `find` can say.
        """
        name = f"weirdgen-{token}.jsonl"

        async def upload(client: "AsyncOpenAI") -> Any:
            return await client.files.with_raw_response.create(file=(name, lines), purpose="batch")

        file = self._read(read_id, await self._called(upload, _LONG_SECONDS, needed=True))

        async def create(client: "AsyncOpenAI") -> Any:
            return await post(client, "/batches", creation(file, token))

        return self._read(read_batch, await self._called(create, self._attempt_seconds, needed=True)).id

    async def find(self, token: str, since: float) -> str:
        """Return the id of the batch of a token; empty: the server has none.

        Args:
            token: given to `submit`.
            since: UNIX time at which it was.

        Raises:
            EndpointError: the server does not say.
        """
        after: dict[str, Any] = {}
        for _ in range(_MOST_PAGES):
            page, more = self._read(read_batches, await self._got("/batches", {"limit": _PAGE, **after}))
            if found := next((batch.id for batch in page if batch.token == token), ""):
                return found
            if not more or not page or all(0 < batch.created < since - _A_DAY for batch in page):
                return ""
            after = {"after": page[-1].id}
        raise Retryable(f"its list of batches did not end after {_MOST_PAGES} pages")

    async def look(self, batch: str) -> BatchState:
        """Return how far a batch is.

        Raises:
            NoBatch: the server knows none of that id.
            EndpointError: the server does not say.
        """
        return self._read(read_batch, await self._got(f"/batches/{quote(batch, safe='')}"))

    async def contents(self, state: BatchState) -> list[bytes]:
        """Return the files of a batch that is over: answers, then errors; it may have neither.

        Raises:
            NoBatch: the server has a file no more.
            EndpointError: it does not give one, or names it so that it cannot be asked for.
        """
        if "" in state.files:
            raise self._words.refusal(
                f"batch {state.id} names a file by an id that cannot be sent back (expected at most 512 characters of "
                "ASCII). It is kept: run the same command again once its server tells another"
            )
        raws = [await self._got(f"/files/{quote(file, safe='')}/content", long=True) for file in state.files]
        return [raw.content for raw in raws]

    def sample(self, said: Any, request: SampleRequest, parameters: Parameters, *, batch: str, sent: float) -> Sample:
        """Return the sample that a line of answers or errors holds.

        Args:
            said: of `batch_wire.Row`.
            request: of the line's key.
            parameters: that were sent with it.
            batch: id of its batch.
            sent: UNIX time at which that was made.

        Raises:
            EndpointRefused: the endpoint will never answer this.
            Retryable: another try may bring one.
        """
        try:
            reply = self._words.without_key(read_answer(said))
        except Filtered:
            reply = nothing_said("content_filter")
        except Swap as fault:
            if not self._spelling.learn(fault, parameters):
                raise self._words.refusal(str(fault)) from None
            raise Retryable(self._words.scrubbed(str(fault))) from None
        except TooLong as fault:
            raise self._words.refusal(str(fault)) from None
        except EndpointError as fault:
            explained = self._words.explained(fault, 200, None)
            explained.requests = fault.requests
            raise explained from None
        seconds = max(0.0, time.time() - sent)
        return sample_of(request, reply, parameters, self.shutdown_date, started=sent, seconds=seconds, batch=batch)

    def _read(self, read: Callable[[bytes, Mapping[str, str]], T], raw: Any) -> T:
        try:
            return read(raw.content, raw.headers)
        except EndpointError as fault:
            raise self._words.explained(fault, 200, None) from None

    async def _got(self, path: str, query: Mapping[str, Any] | None = None, *, long: bool = False) -> Any:
        async def get(client: "AsyncOpenAI") -> Any:
            return await client.get(path, cast_to=object, options={"headers": RAW, "params": query or {}})

        return await self._called(get, _LONG_SECONDS if long else self._attempt_seconds)

    async def _called(
        self, call: "Callable[[AsyncOpenAI], Awaitable[Any]]", seconds: float, *, needed: bool = False
    ) -> Any:
        """Make one call; return the raw response.

        Args:
            call: of the client.
            seconds: that it may take.
            needed: whether a server that answers 404 has no Batch API; else it lacks what was named.

        Raises:
            EndpointError: as the methods say.
        """
        import openai

        try:
            async with asyncio.timeout(seconds):
                with self._connections.client() as client:
                    return await call(client)
        except TimeoutError:
            raise Retryable(f"no answer within {seconds:g} s", timed_out=True) from None
        except openai.APIConnectionError as error:
            raise Retryable(f"connection failed: {self._words.cause(error)}") from None
        except openai.APIStatusError as error:
            raise self._status(error, needed) from None
        except openai.OpenAIError as error:
            raise Retryable(f"{type(error).__name__}: {self._words.scrubbed(str(error))}") from None

    def _status(self, error: "APIStatusError", needed: bool) -> EndpointError:
        status, said = error.status_code, read_error(error.body)
        if needed and status in _NOT_THERE:
            return self._words.refusal(
                f"{status} {said.message} (its server has no Batch API, or not for this key: leave --gate-batch out)"
            )
        if status == 404:
            return NoBatch(str(self._words.refusal(f"404 {said.message}")))
        fault = classify(status, error.response.headers, said)
        known = fault if isinstance(fault, EndpointRefused | Retryable) else EndpointRefused(str(fault))
        return self._words.explained(known, meant(status, said), None)
