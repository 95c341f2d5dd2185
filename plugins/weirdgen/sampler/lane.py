"""All requests to one endpoint: slots, retries, and the decision that it is gone."""

import asyncio
import itertools
import random
from collections import deque
from collections.abc import Sequence
from statistics import median
from typing import Protocol

from weirdgen.endpoints.faults import Retryable
from weirdgen.endpoints.models import Target
from weirdgen.errors import EndpointError, EndpointOutage, EndpointRefused
from weirdgen.sampler.concurrency import AdaptiveLimit, most_at_once
from weirdgen.sampler.retry import RetryPolicy
from weirdgen.sampler.tab import Tab
from weirdgen.schema.sample import Sample, SampleRequest
from weirdgen.schema.text import shown

_LONG_WAIT, _QUEUED = 20.0, 3.0
"""Seconds, and how often the quickest answer's, from which on an answer is taken to have stood in a queue."""
_TOO_LONG = 60.0
"""Seconds, half of what an attempt has: where answers come to take as long, too many are asked for at once."""
_RECENT = 16
"""Answers whose median tells how long they take."""


class Endpoint(Protocol):
    """Anything that answers requests; `ChatEndpoint` is the one over HTTP."""

    @property
    def target(self) -> Target:
        """Which model, in which role."""

    @property
    def url(self) -> str:
        """Where it is, for messages."""

    @property
    def requests(self) -> int:
        """Requests sent so far."""

    @property
    def choices(self) -> int:
        """That one response may hold."""

    async def complete(self, *requests: SampleRequest) -> list[Sample]:
        """Make one attempt; return the samples of the first of the requests, or raise EndpointRefused or Retryable."""

    async def aclose(self) -> None:
        """Close its connections."""


class Lane:
    """The queue in front of one endpoint. Used from one event loop only.

    Once the endpoint refused, or gave nothing at all while a sample used up its whole deadline, every later sample
    fails at once with the same error: waiting for each of thousands would only hide the reason.
    """

    def __init__(self, endpoint: Endpoint, policy: RetryPolicy, concurrency_max: int) -> None:
        self.endpoint = endpoint
        self.limit = AdaptiveLimit(most_at_once(endpoint.target.kind, concurrency_max))
        self.retries = 0
        self._policy = policy
        self._tickets = itertools.count()
        self._down: EndpointError | None = None
        self._answered_at = float("-inf")
        self._quickest = float("inf")
        self._first: list[float] = []
        self._recent: deque[float] = deque(maxlen=_RECENT)

    def ticket(self) -> int:
        """Return a place in the queue."""
        return next(self._tickets)

    async def slot(self, ticket: int, *, held: bool = False) -> int:
        """Wait for a slot, see `AdaptiveLimit.acquire`.

        Raises:
            EndpointError: the endpoint is down; no slot is held.
        """
        if not held:
            self._raise_if_down()
        window = await self.limit.acquire(ticket, held=held)
        if self._down is not None:
            self.limit.release()
            self._raise_if_down()
        return window

    async def draw(self, requests: Sequence[SampleRequest], ticket: int, window: int, tab: Tab) -> list[Sample]:
        """Ask until there is a response. Begins with the slot of `slot` held and ends with none.

        Args:
            requests: what is asked, as choices of one response.
            ticket: place in the queue.
            window: from `slot`.
            tab: takes the failed attempts.

        Raises:
            EndpointRefused: it will never answer.
            EndpointOutage: it did not answer in time after all retries.
            BudgetSpent: another attempt may cost more than is left.
        """
        started = asyncio.get_running_loop().time()
        held = True
        try:
            while True:
                try:
                    samples = await self._attempt(requests, started + self._policy.deadline, window)
                    if not tab.requests:
                        return samples
                    attempts = tab.requests + samples[0].attempts
                    return [sample.model_copy(update={"attempts": attempts}) for sample in samples]
                except EndpointError as fault:
                    await tab.failed(fault)
                    if not isinstance(fault, Retryable):
                        raise
                # The slot is held while waiting, so that an outage is felt by few samples instead of all in turn.
                await self._wait(tab.faults, started)
                self.retries += 1
                held = False
                window = await self.slot(ticket, held=True)
                held = True
                await tab.again()
        except EndpointRefused as refusal:
            self._fail(refusal)
            raise
        finally:
            if held:
                self.limit.release()

    def close(self) -> None:
        """Drop timers."""
        self.limit.close()

    async def _attempt(self, requests: Sequence[SampleRequest], until: float, window: int) -> list[Sample]:
        asked_at = asyncio.get_running_loop().time()
        try:
            try:
                async with asyncio.timeout_at(until):
                    samples = await self.endpoint.complete(*requests)
            except TimeoutError:
                raise Retryable("no answer before the deadline", timed_out=True) from None
        except Retryable as fault:
            if fault.throttled or fault.timed_out:
                self.limit.overloaded(window)
            if fault.retry_after:
                # Not all workers at the same moment.
                self.limit.pause(min(fault.retry_after, self._policy.deadline) * random.uniform(1.0, 1.1))
            raise
        self._answered_at = asyncio.get_running_loop().time()
        seconds = self._answered_at - asked_at
        if self._slowed(seconds):
            self.limit.overloaded(window)
        elif not self._queued(seconds):
            self.limit.succeeded()
        return samples

    def _queued(self, seconds: float) -> bool:
        """Whether an answer took so long because others were before it: more at once would only run into time-outs.

        A server that answers one at a time refuses none. One whose model thinks long is slow from the first answer on.
        """
        self._quickest = min(self._quickest, seconds)
        return seconds > _LONG_WAIT and seconds > _QUEUED * self._quickest

    def _slowed(self, seconds: float) -> bool:
        """Whether answers have come to take so long, by their medians, that the next ones may run into time-outs."""
        if len(self._first) < _RECENT:
            self._first.append(seconds)
        self._recent.append(seconds)
        full = len(self._recent) == _RECENT
        slowed = full and median(self._recent) > max(_TOO_LONG, _QUEUED * median(self._first))
        if slowed:
            self._recent.clear()
        return slowed

    async def _wait(self, faults: list[Retryable], started: float) -> None:
        """Sleep before the next attempt.

        Raises:
            EndpointError: there will be none.
        """
        self._raise_if_down()
        fault = faults[-1]
        # A wait that the server asked for is kept by the pause of the whole lane.
        delay = 0.0 if fault.retry_after else self._policy.delay(faults, random.random())
        elapsed = asyncio.get_running_loop().time() - started
        if reason := self._policy.verdict(faults, elapsed, fault.retry_after or delay):
            target = self.endpoint.target
            outage = EndpointOutage(
                f"model {target.label!r} at {self.endpoint.url}: {reason}; last: {shown(fault.cause)}. "
                "What was completed is stored: run the same command again to go on"
            )
            if self._answered_at < started:
                self._fail(outage)
            raise outage
        await asyncio.sleep(delay)

    def _fail(self, error: EndpointError) -> None:
        if self._down is None:
            self._down = error
            self.limit.fail_waiting(type(error)(str(error)))

    def _raise_if_down(self) -> None:
        if self._down is not None:
            raise type(self._down)(str(self._down))
