"""One engine per process: an event loop in a background thread that turns requests into stored samples.

Serial callers saturate an endpoint by submitting everything at once and waiting for what they need. A sample asked
for twice is drawn once: in this process by sharing the future, across processes by the store's leases. Samples of the
same messages that are asked for in one turn of the loop are drawn as choices of one response, where the server gives
several: their prompt is billed once.
"""

import asyncio
import concurrent.futures
import contextlib
import gc
import threading
import time
from collections import deque
from collections.abc import Callable, Coroutine, Hashable, Iterable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

from weirdgen.endpoints.batched import BatchedEndpoint
from weirdgen.errors import BatchPending, BudgetSpent, EndpointRefused, StoreError
from weirdgen.sampler.batches import Batches
from weirdgen.sampler.budget import Budget
from weirdgen.sampler.clerk import Clerk
from weirdgen.sampler.drawn import Drawn, EngineStats
from weirdgen.sampler.lane import Endpoint, Lane
from weirdgen.sampler.retry import RetryPolicy
from weirdgen.sampler.seen import Seen
from weirdgen.sampler.tab import FIRST_POLL, LAST_POLL, Tab
from weirdgen.sampler.tasks import cancel_all
from weirdgen.sampler.waves import Surroundings, Waves
from weirdgen.schema.sample import Role, Sample, SampleRequest
from weirdgen.store.batches import BatchBook
from weirdgen.store.owner import new_owner
from weirdgen.store.store import LEASE_SECONDS, Claim, SampleStore

T = TypeVar("T")
_CLOSE_SECONDS = 20.0
_DRAIN_SECONDS = 10.0


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
        batch_wait: float = 0.0,
    ) -> None:
        """Start the background thread.

        Args:
            store: stays open until after `close`.
            endpoints: by name of the model as sent in requests, and role.
            concurrency_max: requests in flight per endpoint, at most.
            policy: of retries.
            run_started_at: UNIX time from which on samples count as this run's; the same in all its workers. None: now.
            budget: what may be spent; None: no limit, and nobody counts.
            batch_wait: seconds for which batches of a `BatchedEndpoint` are waited for.
        """
        self._store = store
        self._policy = policy or RetryPolicy()
        self._lanes = {arm: Lane(endpoint, self._policy, concurrency_max) for arm, endpoint in endpoints.items()}
        self._run_started_at = time.time() if run_started_at is None else run_started_at
        self._budget = budget
        self._owner = new_owner()
        self._counted = EngineStats()
        self._seen = Seen()
        self._sent: dict[str, asyncio.Task[Any] | None] = {}
        """Flights that have sent their request: what they bring is paid for."""
        self._awaited: dict[str, asyncio.Future[Drawn]] = {}
        self._packs: dict[Hashable, list[SampleRequest]] = {}
        """Requests of this turn of the loop that may be choices of one response."""
        self._batch_wait = batch_wait
        self._waves: dict[BatchedEndpoint, Waves] = {}
        self._ahead: dict[str, Callable[[], Iterable[SampleRequest]]] = {}
        """By trial, what it is expected to need beyond what it waits for."""
        self.news: deque[str] = deque()
        """What people should hear of batches; whoever tells them takes it out, on any thread."""
        self._clerk = Clerk(store)
        self._closing = self._drain = False
        self._ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop
        self._stop: asyncio.Event
        self._thread = threading.Thread(target=self._run, name="weirdgen-engine", daemon=True)
        # Samples come as many small objects, for which all that was imported is gone through again and again: a tenth
        # and more of the engine's CPU (measured).
        gc.freeze()
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
            in_batches=sum(waves.in_batches for waves in self._waves.values()),
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
            BatchPending: it is in a batch that is not over, or such a batch holds what it may cost.
            BudgetSpent: it may cost more than is left.
            StoreError: the store cannot be used.
        """
        awaited = self._awaited.get(request.key)
        if awaited is None:
            lane = self._lane(request)
            awaited = self._awaited[request.key] = self._loop.create_future()
            awaited.add_done_callback(lambda done: self._landed(request.key, done))
            if isinstance(lane.endpoint, BatchedEndpoint):
                flight = self._loop.create_task(self._ride(self._waves[lane.endpoint], request))
                flight.add_done_callback(partial(self._ended, [request]))
            else:
                self._pack(lane, request)
        # A caller that is cancelled must not take away the sample of another.
        return await asyncio.shield(awaited)

    def expect(self, trial: str, requests: Callable[[], Iterable[SampleRequest]] | None) -> None:
        """Say what a trial is expected to need next; waves take it along. Call it on the engine's loop.

        Args:
            trial: its identity; what it said before holds no longer.
            requests: makes them, when a wave goes off; None: it needs no more.
        """
        if requests is None:
            self._ahead.pop(trial, None)
        else:
            self._ahead[trial] = requests

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
        gc.unfreeze()

    def _run(self) -> None:
        with asyncio.Runner() as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        heart = asyncio.create_task(self._keep_leases())
        self._waves = {
            lane.endpoint: self._waves_of(lane.endpoint)
            for lane in self._lanes.values()
            if isinstance(lane.endpoint, BatchedEndpoint)
        }
        at_work = [asyncio.create_task(waves.run()) for waves in self._waves.values()]
        self._ready.set()
        try:
            await self._stop.wait()
        finally:
            await self._land_sent()
            await cancel_all(but=asyncio.current_task())
            # What the store told the heart, it told the samples too.
            for work in (heart, *at_work):
                with contextlib.suppress(asyncio.CancelledError, StoreError):
                    await work
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

    def _landed(self, key: str, awaited: "asyncio.Future[Drawn]") -> None:
        del self._awaited[key]
        if not awaited.cancelled():
            # Seen, even if all callers were cancelled meanwhile.
            awaited.exception()

    def _pack(self, lane: Lane, request: SampleRequest) -> None:
        """Send a request off, with others of the same messages if one response may hold several answers."""
        # Whoever gives a seed wants to be able to ask for just this answer again.
        if lane.endpoint.choices == 1 or request.seed is not None:
            self._launch(lane, [request])
            return
        alike = (request.identity, request.role, request.messages, request.sampling)
        if alike not in self._packs:
            self._packs[alike] = []
            self._loop.call_soon(lambda: self._launch(lane, self._packs.pop(alike)))
        self._packs[alike].append(request)

    def _launch(self, lane: Lane, requests: list[SampleRequest]) -> None:
        size = lane.endpoint.choices
        for first in range(0, len(requests), size):
            pack = requests[first : first + size]
            flight = self._loop.create_task(self._fly(lane, pack))
            flight.add_done_callback(partial(self._ended, pack))

    def _ended(self, pack: list[SampleRequest], flight: "asyncio.Task[None]") -> None:
        """Tell those who wait for a sample why there is none."""
        error = None if flight.cancelled() else flight.exception()
        for request in pack if flight.cancelled() or error else []:
            awaited = self._awaited.get(request.key)
            if awaited is not None and not awaited.done():
                awaited.cancel() if error is None else awaited.set_exception(error)

    def _give(self, drawn: Drawn) -> None:
        awaited = self._awaited.get(drawn.sample.key)
        if awaited is not None and not awaited.done():
            awaited.set_result(drawn)

    async def _fly(self, lane: Lane, requests: list[SampleRequest]) -> None:
        """Draw samples of the same messages until each is there."""
        ticket, pause, stuck = lane.ticket(), FIRST_POLL, False
        found = await self._clerk.do_all(self._store.get, [(request.key,) for request in requests])
        left = [request for request, sample in zip(requests, found, strict=True) if not self._given(sample)]
        while left:
            window = await lane.slot(ticket)
            if len(left) > lane.endpoint.choices:
                # The server was found to give fewer, perhaps while this waited for its slot.
                lane.limit.release()
                self._launch(lane, left)
                return
            try:
                claims = await self._claim(left)
            except BaseException:
                lane.limit.release()
                raise
            left = [request for request in left if not self._given(claims[request.key])]
            mine = [request for request in left if claims[request.key] is Claim.MINE]
            if mine:
                drawn = await self._draw(lane, mine, ticket, window)
                left = [request for request in left if request.key not in drawn]
            else:
                lane.limit.release()
            if self._budget and any(claims[request.key] is Claim.SPENT for request in left):
                raise BudgetSpent(self._budget.told(await self._io(self._store.spent, self._budget.account.name)))
            if left and not mine:
                if stuck:
                    raise BatchPending(
                        f"model {lane.endpoint.target.label!r}: a batch that is not over has this request, or holds "
                        "what it may cost: run the same command again"
                    )
                # Looked at before the next claim: what others held may be settled since this one.
                stuck = await self._stuck(left[0]) if pause >= LAST_POLL else False
                await asyncio.sleep(pause)
                pause = min(LAST_POLL, 2 * pause)

    async def _stuck(self, request: SampleRequest) -> bool:
        """Whether a request waits for batches for which nobody here waits any longer."""
        if not all(waves.over for waves in self._waves.values()):
            return False
        account = self._budget.account.name if self._budget else ""
        return await self._io(self._store.waits_for_batches, request.key, account)

    async def _claim(self, requests: list[SampleRequest]) -> dict[str, Sample | Claim]:
        """Return the sample of each key, or whose turn it is to draw it."""
        if self._closing:
            raise asyncio.CancelledError
        charges = [self._budget.charge(request) if self._budget else None for request in requests]
        asked = zip(requests, charges, strict=True)
        claims = await self._clerk.do_all(
            self._store.claim, [(one.key, self._owner, LEASE_SECONDS, charge) for one, charge in asked]
        )
        return {request.key: claim for request, claim in zip(requests, claims, strict=True)}

    async def _draw(self, lane: Lane, requests: list[SampleRequest], ticket: int, window: int) -> set[str]:
        """Get a response, store its samples and return their keys; give the others back."""
        tab = Tab(requests, self._owner, self._store, self._budget, self._io)
        for request in requests:
            self._sent[request.key] = asyncio.current_task()
        try:
            samples = await lane.draw(requests, ticket, window, tab)
        except Exception:
            await self._give_back(requests)
            raise
        # They are paid for: stored even if the engine closes now.
        paid = zip(requests, samples, tab.costs(samples), strict=False)
        puts = self._clerk.do_all(self._store.put, [(asked, sample, self._owner, cost) for asked, sample, cost in paid])
        for request in requests:
            self._sent.pop(request.key, None)
        stored = await asyncio.shield(puts)
        for sample in stored:
            self._count(sample)
            self._give(Drawn(sample, reused=False))
        await self._give_back(requests[len(samples) :])
        return {sample.key for sample in stored}

    async def _give_back(self, requests: list[SampleRequest]) -> None:
        for request in requests:
            self._sent.pop(request.key, None)
        if requests:
            await self._clerk.do_all(self._store.release, [(request.key, self._owner) for request in requests])

    def _given(self, found: Sample | Claim | None) -> bool:
        """Give a sample that is in the store to those who wait for it; return whether there is one."""
        if not isinstance(found, Sample):
            return False
        self._give(self._found(found))
        return True

    def _waves_of(self, endpoint: BatchedEndpoint) -> Waves:
        budget = self._budget.in_batches() if self._budget else None
        book = BatchBook(self._store.database)
        batches = Batches(endpoint, book, self._owner, budget, self._io, self._count, self.news.append)

        def ahead() -> Iterable[SampleRequest]:
            wanted = [request for expected in list(self._ahead.values()) for request in expected()]
            return [request for request in wanted if self._lane(request).endpoint is endpoint]

        return Waves(
            batches,
            Surroundings(
                store=self._store,
                budget=self._budget,
                live=lambda request: self._fly(self._lane(request), [request]),
                idle=lambda: len(self._awaited) == sum(waves.waiting for waves in self._waves.values()),
                ahead=ahead,
                until=self._loop.time() + self._batch_wait,
            ),
        )

    async def _ride(self, waves: Waves, request: SampleRequest) -> None:
        """Get a sample out of a batch."""
        self._give(self._found(await waves.draw(request)))

    def _count(self, sample: Sample) -> None:
        self._seen.add(sample.key)
        self._counted.samples += 1
        self._counted.prompt_tokens += sample.usage.prompt_tokens
        self._counted.completion_tokens += sample.usage.completion_tokens

    def _found(self, sample: Sample) -> Drawn:
        reused = sample.started_at + sample.seconds < self._run_started_at
        if self._seen.add(sample.key):
            self._counted.reused += reused
            self._counted.shared += not reused
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
