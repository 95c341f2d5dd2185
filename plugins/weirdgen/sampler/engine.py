"""One engine per process: an event loop in a background thread that turns requests into stored samples.

Serial callers saturate an endpoint by submitting everything at once and waiting for what they need. A sample asked
for twice is drawn once: in this process by sharing the task, across processes by the store's leases.
"""

import asyncio
import concurrent.futures
import contextlib
import threading
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from weirdgen.endpoints.faults import Retryable
from weirdgen.errors import BudgetSpent, EndpointRefused, StoreError
from weirdgen.sampler.budget import Budget
from weirdgen.sampler.clerk import Clerk
from weirdgen.sampler.lane import Endpoint, Lane
from weirdgen.sampler.retry import RetryPolicy
from weirdgen.schema.sample import Role, Sample, SampleRequest
from weirdgen.store.accounts import Amount
from weirdgen.store.owner import new_owner
from weirdgen.store.store import LEASE_SECONDS, Claim, SampleStore

T = TypeVar("T")
ORGANISM_MOST = 16
"""Requests in flight to an organism, at most: its server shares this machine's CPU, and the client's connection pool
costs 3.3 ms of CPU per sample with 16 connections but 6.0 ms with 64 (measured: 268 against 142 samples/s)."""
_FIRST_POLL, _LAST_POLL = 0.010, 0.200
"""Seconds between looks at a key that another process draws."""
_CLOSE_SECONDS = 20.0
_DRAIN_SECONDS = 10.0
_CANCEL_ROUNDS = 5


@dataclass(frozen=True, slots=True)
class Drawn:
    """A sample and whether this run paid for it."""

    sample: Sample
    reused: bool
    """It was in the store before the run began."""


@dataclass(frozen=True, slots=True)
class EngineStats:
    """What an engine did so far."""

    requests: int = 0
    """Sent by this process, failed ones included."""
    samples: int = 0
    """Drawn and stored by this process."""
    reused: int = 0
    """Distinct samples taken from the store, where they were before the run began."""
    shared: int = 0
    """Distinct samples taken from the store, where another process of the run had put them."""
    retries: int = 0
    in_flight: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0


class Engine:
    """Draws samples through endpoints into a store. `sample` and `submit` are its two doors."""

    def __init__(
        self,
        store: SampleStore,
        endpoints: Mapping[tuple[str, Role], Endpoint],
        *,
        concurrency_max: int = 64,
        policy: RetryPolicy | None = None,
        run_started_at: float | None = None,
        budget: Budget | None = None,
    ) -> None:
        """Start the background thread.

        Args:
            store: stays open until after `close`.
            endpoints: by name of the model as sent in requests, and role.
            concurrency_max: requests in flight per endpoint, at most.
            policy: of retries.
            run_started_at: UNIX time from which on samples count as this run's; the same in all its workers. None: now.
            budget: what may be spent; None: no limit, and nobody counts.
        """
        self._store = store
        self._policy = policy or RetryPolicy()
        self._lanes = {
            arm: Lane(endpoint, self._policy, _most(endpoint, concurrency_max)) for arm, endpoint in endpoints.items()
        }
        self._run_started_at = time.time() if run_started_at is None else run_started_at
        self._budget = budget
        self._owner = new_owner()
        self._counted = EngineStats()
        self._seen: set[int] = set()
        """Of keys that were counted, 56 bits each: keys themselves would be 10 MB after 50,000 samples."""
        self._sent: dict[str, asyncio.Task[Any] | None] = {}
        """Flights that have sent their request: what they bring is paid for."""
        self._flights: dict[str, asyncio.Task[Drawn]] = {}
        self._clerk = Clerk(store)
        self._closing = self._drain = False
        self._ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop
        self._stop: asyncio.Event
        self._thread = threading.Thread(target=self._run, name="weirdgen-engine", daemon=True)
        self._thread.start()
        while not self._ready.wait(1.0):
            if not self._thread.is_alive():
                raise StoreError("the sampling engine could not start its event loop: out of file descriptors?")

    @property
    def stats(self) -> EngineStats:
        """What happened so far; may be read from any thread."""
        lanes = self._lanes.values()
        return replace(
            self._counted,
            requests=sum(lane.endpoint.requests for lane in lanes),
            retries=sum(lane.retries for lane in lanes),
            in_flight=sum(lane.limit.in_flight for lane in lanes),
        )

    def submit(self, work: Coroutine[Any, Any, T]) -> concurrent.futures.Future[T]:
        """Start a coroutine on the engine's loop, from any other thread.

        Raises:
            RuntimeError: the engine is closed.
        """
        try:
            if self._closing:
                raise RuntimeError("the engine is closed")
            return asyncio.run_coroutine_threadsafe(work, self._loop)
        except RuntimeError:
            work.close()
            raise

    async def sample(self, request: SampleRequest) -> Drawn:
        """Return the sample of a request from the store, or draw it. Call it on the engine's loop.

        Requests to an endpoint are sent in the order of these calls.

        Raises:
            EndpointRefused: the endpoint will never answer.
            EndpointOutage: it did not answer in time after all retries.
            BudgetSpent: it may cost more than is left.
            StoreError: the store cannot be used.
        """
        flight = self._flights.get(request.key)
        if flight is None:
            flight = asyncio.create_task(self._fly(request))
            self._flights[request.key] = flight
            flight.add_done_callback(lambda done: self._landed(request.key, done))
        # A caller that is cancelled must not take away the sample of another.
        return await asyncio.shield(flight)

    def close(self, *, drain: bool = False) -> None:
        """Cancel what is in flight, give leases back, close connections, end the thread. Closing twice is fine.

        Args:
            drain: wait some seconds for answers to requests that were sent: they are paid for, and another worker may
                wait for them. False: the user does not want to wait.
        """
        self._closing, self._drain = True, drain
        if self._thread.is_alive():
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join(_CLOSE_SECONDS + _DRAIN_SECONDS)
        self._clerk.close()

    def _run(self) -> None:
        with asyncio.Runner() as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        heart = asyncio.create_task(self._keep_leases())
        self._ready.set()
        try:
            await self._stop.wait()
        finally:
            await self._land_sent()
            await _cancel_all(but=asyncio.current_task())
            # What the store told the heart, it told the samples too.
            with contextlib.suppress(asyncio.CancelledError, StoreError):
                await heart
            with contextlib.suppress(StoreError):
                await self._io(self._store.release_all, self._owner, frozenset(self._sent))
            for lane in self._lanes.values():
                lane.close()
                await lane.endpoint.aclose()

    async def _land_sent(self) -> None:
        """Where there is time, wait for what was sent; `_fly` sends no more."""
        sent = [task for task in self._sent.values() if task is not None]
        if self._drain and sent:
            await asyncio.wait(sent, timeout=_DRAIN_SECONDS)

    async def _keep_leases(self) -> None:
        while True:
            await asyncio.sleep(LEASE_SECONDS / 4)
            await self._io(self._store.renew, self._owner)

    def _landed(self, key: str, flight: "asyncio.Task[Drawn]") -> None:
        del self._flights[key]
        if not flight.cancelled():
            # Seen, even if all callers were cancelled meanwhile.
            flight.exception()

    async def _fly(self, request: SampleRequest) -> Drawn:
        lane = self._lane(request)
        ticket = lane.ticket()
        if (stored := await self._io(self._store.get, request.key)) is not None:
            return self._found(stored)
        charge = self._budget.charge(request) if self._budget else None
        pause = _FIRST_POLL
        while True:
            window = await lane.slot(ticket)
            if self._closing:
                lane.limit.release()
                raise asyncio.CancelledError
            try:
                claim = await self._io(self._store.claim, request.key, self._owner, LEASE_SECONDS, charge)
            except BaseException:
                lane.limit.release()
                raise
            if claim is Claim.MINE:
                return await self._draw(lane, request, ticket, window)
            lane.limit.release()
            if isinstance(claim, Sample):
                return self._found(claim)
            if claim is Claim.SPENT and self._budget:
                raise BudgetSpent(self._budget.told(await self._io(self._store.spent, self._budget.account.name)))
            await asyncio.sleep(pause)
            pause = min(_LAST_POLL, 2 * pause)

    async def _draw(self, lane: Lane, request: SampleRequest, ticket: int, window: int) -> Drawn:
        faults: list[Retryable] = []
        self._sent[request.key] = asyncio.current_task()
        try:
            drawn = await lane.draw(request, ticket, window, faults)
        except Exception:
            self._sent.pop(request.key, None)
            await self._io(self._store.release, request.key, self._owner, self._cost(request, None, faults))
            raise
        # It is paid for: stored even if the engine closes now.
        self._sent.pop(request.key, None)
        cost = self._cost(request, drawn, faults)
        stored = await self._io(self._store.put, request, drawn, self._owner, cost)
        self._seen.add(_mark(stored.key))
        self._counted = replace(
            self._counted,
            samples=self._counted.samples + 1,
            prompt_tokens=self._counted.prompt_tokens + drawn.usage.prompt_tokens,
            completion_tokens=self._counted.completion_tokens + drawn.usage.completion_tokens,
        )
        return Drawn(stored, reused=False)

    def _cost(
        self, request: SampleRequest, drawn: Sample | None, faults: Sequence[Retryable]
    ) -> tuple[str, Amount] | None:
        return (self._budget.account.name, self._budget.cost(request, drawn, faults)) if self._budget else None

    def _found(self, sample: Sample) -> Drawn:
        reused = sample.started_at + sample.seconds < self._run_started_at
        name = "reused" if reused else "shared"
        if (mark := _mark(sample.key)) not in self._seen:
            self._seen.add(mark)
            self._counted = replace(self._counted, **{name: getattr(self._counted, name) + 1})
        return Drawn(sample, reused)

    def _lane(self, request: SampleRequest) -> Lane:
        identity = request.identity
        lane = self._lanes.get((identity.model, request.role))
        if lane is None or lane.endpoint.target.kind != identity.kind:
            raise EndpointRefused(
                f"model {identity.model!r} ({identity.kind}) as {request.role}: no endpoint was opened for it; "
                "two models of one gate must differ in the name that is sent"
            )
        return lane

    def _io(self, function: Callable[..., T], *arguments: Any) -> asyncio.Future[T]:
        # A future, not a task: closing the engine cancels tasks.
        return self._clerk.do(function, *arguments)


def _mark(key: str) -> int:
    return int(key[:14], 16)


def _most(endpoint: Endpoint, concurrency_max: int) -> int:
    return min(concurrency_max, ORGANISM_MOST) if endpoint.target.kind == "organism" else concurrency_max


async def _cancel_all(but: "asyncio.Task[Any] | None") -> None:
    """Cancel every task of the loop, and those that they start on their way out; the loop's runner cancels the rest."""
    for _ in range(_CANCEL_ROUNDS):
        tasks = [task for task in asyncio.all_tasks() if task is not but]
        if not tasks:
            return
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks, timeout=1.0)
