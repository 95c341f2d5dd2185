"""The batches of one endpoint, in the store and at its server: submitted, found again, looked at, collected.

A batch is in the store before its server hears of it, with our own token in its metadata. Whoever comes after a kill
looks for that token at the server: what was submitted is collected, and nothing is submitted twice.
"""

import asyncio
import secrets
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import TypeVar

from weirdgen.endpoints.batch_wire import MOST_BYTES, MOST_LINES, BatchState, read_rows
from weirdgen.endpoints.batched import BatchedEndpoint, NoBatch, SentLine
from weirdgen.endpoints.faults import Retryable
from weirdgen.errors import EndpointError, EndpointOutage, EndpointRefused, WeirdgenError
from weirdgen.reporting.numbers import count
from weirdgen.sampler.budget import Budget
from weirdgen.sampler.tab import Elsewhere
from weirdgen.schema.sample import Sample, SampleRequest
from weirdgen.schema.text import shown
from weirdgen.store.accounts import Amount
from weirdgen.store.batches import BatchBook, Collected, KeptBatch, KeptLine
from weirdgen.store.owner import is_dead

T = TypeVar("T")
SETTLE_SECONDS = 30.0
"""For which a server is asked again for a batch that it may just be making: the request for it got lost, or its sender
was killed."""
_SURELY_GONE = 3600.0
"""Age from which on a batch that its process alone may know was left by one on another machine, of which nobody can
tell."""
_AT_ONCE = 100
"""Lines that are collected in one transaction."""
Fates = dict[str, WeirdgenError | None]
"""By key, why a line brought nothing; None: look into the store, and ask again if there is nothing."""
Line = tuple[SampleRequest, SentLine]


@dataclass(slots=True)
class _Known:
    """What this process knows of a batch."""

    keys: list[str]
    id: str
    """The server's name of it; empty: not known."""
    seen: float
    """Loop's time at which it was first seen, or its submission failed."""
    fault: Retryable | None = None
    """Why nobody knows whether this process's submission arrived."""
    sought: bool = False
    """Whether it is looked for at the server."""
    state: BatchState | None = None


@dataclass(slots=True)
class Batches:
    """All batches of one endpoint. Used from one event loop, by one task."""

    endpoint: BatchedEndpoint
    book: BatchBook
    owner: str
    """Of leases before they go to a batch."""
    budget: Budget | None
    """With the prices of batches; None: nobody counts."""
    io: Elsewhere
    took: Callable[[Sample], None]
    """Hears of every sample that was collected."""
    say: Callable[[str], None]
    """Takes a line for people."""
    out: dict[str, str] = field(default_factory=dict)
    """Keys that are in a batch, with its token."""
    _known: dict[str, _Known] = field(default_factory=dict)

    async def submit(self, requests: Sequence[SampleRequest]) -> Fates:
        """Submit requests whose keys are claimed, as few batches as can hold them; return what could not be."""
        fates: Fates = {}
        lines: list[Line] = []
        for request in requests:
            try:
                lines.append((request, self.endpoint.line(request)))
            except EndpointRefused as refusal:
                fates[request.key] = refusal
        for chunk in chunks(lines):
            fates |= await self._submit(chunk)
        return fates

    async def look(self) -> Fates:
        """Look at every batch of the endpoint, whoever submitted it; collect those that are over."""
        fates: Fates = {}
        kept = await self.io(self.book.pending, self._place, self.endpoint.target.model)
        for token in self._known.keys() - {one.token for one in kept}:
            fates |= dict.fromkeys(self._forget(token))  # another process has collected it
        for one in kept:
            if one.token not in self._known:
                self._know(one.token, await self.io(self.book.keys, one.token))
            self._known[one.token].id = one.id
            fates |= await (self._look(one) if one.id else self._seek(one))
        return fates

    @property
    def unsettled(self) -> bool:
        """Whether it is not known of a batch if there is one, and soon will be, unless its server says nothing."""
        soon = _now() - 2 * SETTLE_SECONDS
        return any(known.sought and known.seen > soon for known in self._known.values())

    def told(self, key: str) -> str:
        """Return, for people, which batch a key is in and how far that is."""
        known = self._known[self.out[key]]
        how = known.state.told if known.state else "its server did not say how far it is"
        name = f"batch {known.id} ({how})" if known.id else "a batch that is being submitted"
        return f"model {self.endpoint.target.label!r} at {self.endpoint.url}: {name}"

    @property
    def _place(self) -> str:
        return "" if self._local else self.endpoint.url

    @property
    def _local(self) -> bool:
        """Whether its server ends with its session, and its batches with it."""
        return self.endpoint.target.kind == "organism"

    async def _submit(self, lines: Sequence[Line]) -> Fates:
        token = secrets.token_hex(16)
        begun = KeptBatch(token, "", self._place, self.endpoint.target.model, self.owner, time.time())
        await self.io(self.book.begin, begun, [KeptLine(request, sent.parameters) for request, sent in lines])
        known = self._know(token, [request.key for request, _ in lines])
        self.endpoint.requests += len(lines)
        try:
            found = await self.endpoint.submit(b"".join(sent.text for _, sent in lines), token)
        except Retryable as fault:
            known.fault, known.sought, known.seen = fault, True, _now()
            return {}
        except EndpointError as refusal:
            await self.io(self.book.end, token)
            return dict.fromkeys(self._forget(token), refusal)
        await self.io(self.book.name, token, found)
        self.say(f"batch {found}: {count(len(lines), 'request')} to {self.endpoint.target.label} submitted")
        return {}

    async def _seek(self, one: KeptBatch) -> Fates:
        """Look for a batch at the server that may never have heard of it."""
        known = self._known[one.token]
        if known.fault is None and _may_live(one):
            return {}  # another process is about to submit it
        known.sought = True
        try:
            found = await self.endpoint.find(one.token, one.begun)
        except Retryable:
            return {}
        except EndpointError as refusal:
            known.sought = False
            return dict.fromkeys(known.keys, refusal)
        if found:
            known.sought = False
            await self.io(self.book.name, one.token, found)
            self.say(f"batch {found}: {count(len(known.keys), 'request')} to {self.endpoint.target.label}, found again")
            return {}
        if _now() - known.seen < SETTLE_SECONDS and not self._local:
            return {}
        await self.io(self.book.end, one.token)
        return dict.fromkeys(self._forget(one.token), known.fault)

    async def _look(self, one: KeptBatch) -> Fates:
        """Look at a batch that the server has; collect it if it is over."""
        known = self._known[one.token]
        try:
            known.state = await self.endpoint.look(one.id)
            if not known.state.over:
                return {}
            files = await self.endpoint.contents(known.state)
        except Retryable:
            return {}
        except NoBatch as missing:
            if not self._local:
                return dict.fromkeys(known.keys, _lost(one, missing))
            if _process(one.submitter) != _process(self.owner) and _may_live(one):
                return {}  # another process's server has it
            await self.io(self.book.end, one.token)
            return dict.fromkeys(self._forget(one.token))
        except EndpointError as refusal:
            return dict.fromkeys(known.keys, refusal)
        return await self._collect(one, known.state, files)

    async def _collect(self, one: KeptBatch, state: BatchState, files: Iterable[bytes]) -> Fates:
        """Store what a batch brought; what it left out may be asked again."""
        lines = await self.io(self.book.lines, one.token)
        many, strange, samples = len(lines), 0, 0
        fates: Fates = {}

        def results() -> Iterator[Collected]:
            nonlocal strange
            for row in chain.from_iterable(map(read_rows, files)):
                line = lines.pop(row.custom_id, None) if row else None
                if row is None or line is None:
                    strange += 1
                    continue
                found, fates[row.custom_id] = self._result(row.said, line, state.id, one.begun)
                yield found
            for key, line in lines.items():
                fates[key] = _left_out(state)
                yield Collected(line.request, None, None if state.status == "completed" else Amount())

        for some in parts(results(), _AT_ONCE):
            fresh = set(await self.io(self.book.collect, one.token, some))
            for collected in some:
                if collected.sample is not None and collected.request.key in fresh:
                    samples += 1
                    self.took(collected.sample)
        await self.io(self.book.end, one.token)
        self._forget(one.token)
        told = f"; {count(strange, 'line')} answered none of its requests" if strange else ""
        self.say(
            f"batch {state.id}: {shown(state.status, 40)}, {count(samples, 'sample')} of {count(many, 'request')}{told}"
        )
        return fates

    def _result(self, said: object, line: KeptLine, batch: str, sent: float) -> tuple[Collected, EndpointError | None]:
        request = line.request
        try:
            sample = self.endpoint.sample(said, request, dict(line.parameters), batch=batch, sent=sent)
        except EndpointError as fault:
            lost = self.budget.lost(request, fault) if self.budget else None
            return Collected(request, None, lost), fault
        cost = self.budget.cost(request, sample.usage) if self.budget else None
        return Collected(request, sample, cost), None

    def _know(self, token: str, keys: list[str]) -> _Known:
        self.out |= dict.fromkeys(keys, token)
        known = self._known[token] = _Known(keys, "", _now())
        return known

    def _forget(self, token: str) -> list[str]:
        keys = self._known.pop(token).keys
        for key in keys:
            self.out.pop(key, None)
        return keys


def parts(values: Iterable[T], most: int) -> Iterator[list[T]]:
    """Yield values in parts of at most so many."""
    left = iter(values)
    while part := list(islice(left, most)):
        yield part


def chunks(lines: Iterable[Line], most_lines: int = MOST_LINES, most_bytes: int = MOST_BYTES) -> Iterator[list[Line]]:
    """Yield lines in as few parts as a server takes, in their order."""
    part: list[Line] = []
    size = 0
    for line in lines:
        if part and (len(part) == most_lines or size + len(line[1].text) > most_bytes):
            yield part
            part, size = [], 0
        part.append(line)
        size += len(line[1].text)
    if part:
        yield part


def _left_out(state: BatchState) -> EndpointError:
    """Return why a batch that is over has no line for a request."""
    if state.status == "cancelled":
        return EndpointOutage(
            f"batch {state.id} was cancelled at its server: run the same command again to ask for what it left out"
        )
    why = f": {state.errors}" if state.errors else " without this request"
    return Retryable(f"batch {state.id} ended as {shown(state.status, 40)}{why}", billed=state.status == "completed")


def _may_live(one: KeptBatch) -> bool:
    """Whether the process that submitted a batch may still be there."""
    return not is_dead(one.submitter) and time.time() - one.begun < _SURELY_GONE


def _process(owner: str) -> str:
    return owner.rpartition("|")[0]


def _lost(one: KeptBatch, missing: NoBatch) -> EndpointRefused:
    day = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(one.begun))
    return EndpointRefused(
        f"{missing} (batch {one.id}, submitted {day}, is not there for this key, and its requests may have been paid "
        "for: they are not asked again. Use the key of the project that submitted it; --gate-fresh gives it up)"
    )


def _now() -> float:
    return asyncio.get_running_loop().time()
