"""Requests to one endpoint that are asked together: a wave is all that undecided trials need next, as one batch.

A wave goes off when nobody waits for anything but waves: then no trial can ask for more before it is answered. It takes
along what its trials will need if they go on as they began, because each wave may take a day.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

from weirdgen.endpoints.faults import Retryable
from weirdgen.errors import BatchPending, BudgetSpent, EndpointOutage, WeirdgenError
from weirdgen.sampler.batches import Batches, Fates, parts
from weirdgen.sampler.budget import Budget
from weirdgen.schema.sample import Sample, SampleRequest, Sampling
from weirdgen.schema.text import clean
from weirdgen.store.accounts import Amount
from weirdgen.store.store import LEASE_SECONDS, Claim, SampleStore

MOST_TRIES = 3
"""Batches that a request is in, at most, in one session: each may take a day."""
QUIET_SECONDS = 0.5
"""For which nobody asks for anything before a wave goes off."""
PATIENCE_SECONDS = 60.0
"""The same while others are at work: what they wait for may be the money that is held for the wave."""
FIRST_LOOK, LAST_LOOK = 0.25, 30.0
"""Seconds between looks at a batch, at first and at most."""
_TICK = 0.05
_ELSEWHERE_SECONDS = 1.0
"""Between looks at what another process is about to ask, or at money that is held."""
_AHEAD_AT_ONCE = 200
_AHEAD_SHARE = 0.5
"""Of the budget, from which on nothing is asked ahead."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What waves need of their engine."""

    store: SampleStore
    budget: Budget | None
    """With the full prices; None: nobody counts."""
    live: Callable[[SampleRequest], Awaitable[None]]
    """Asks for one sample by itself."""
    idle: Callable[[], bool]
    """Whether everything that is waited for is in waves and batches."""
    ahead: Callable[[], Iterable[SampleRequest]]
    """What waiting trials are expected to need beyond what they wait for."""
    until: float
    """Loop's time up to which batches are waited for."""


class Waves:
    """The waves of one endpoint. `draw` is the door, `run` the work."""

    def __init__(self, batches: Batches, around: Surroundings) -> None:
        self._batches, self._around = batches, around
        self._wave: dict[str, SampleRequest] = {}
        self._landing: dict[str, asyncio.Future[WeirdgenError | None]] = {}
        self._tried: set[Sampling] = set()
        """With which a request was answered by itself, so that the server is known to take them."""
        self._looked = asyncio.Event()
        self._asked_at = 0.0
        self._over = False
        self._down: WeirdgenError | None = None

    @property
    def waiting(self) -> int:
        """Requests that wait here."""
        return len(self._landing)

    @property
    def over(self) -> bool:
        """Whether no batch is waited for any longer."""
        return self._over or self._down is not None

    @property
    def in_batches(self) -> int:
        """Requests in batches that are not over."""
        return len(self._batches.out)

    async def draw(self, request: SampleRequest) -> Sample:
        """Return the sample of a request from the store, or from a batch.

        Raises:
            BatchPending: its batch is not over.
            EndpointError: it brought no sample, nor did others after it.
            BudgetSpent: it may cost more than is left.
            StoreError: the store cannot be used.
        """
        faults: list[WeirdgenError] = []
        await self._looked.wait()
        while True:
            if self._down is not None:
                raise self._down
            claim = await self._claim(request)
            if isinstance(claim, Sample):
                return claim
            fault = await self._landed(request, claim)
            if fault is None:
                continue
            faults.append(fault)
            if not isinstance(fault, Retryable):
                raise fault
            if len(faults) >= MOST_TRIES:
                raise EndpointOutage(
                    f"model {self._batches.endpoint.target.label!r} at {self._batches.endpoint.url}: {len(faults)} "
                    f"batches brought no answer; last: {fault.cause}. What was completed is stored: run the same "
                    "command again to go on"
                )

    async def run(self) -> None:
        """Look at batches and send waves off, until cancelled."""
        loop = asyncio.get_running_loop()
        next_look, pause = loop.time(), FIRST_LOOK
        while True:
            try:
                if loop.time() >= next_look:
                    news = await self._batches.look()
                    pause = FIRST_LOOK if self._land(news) else min(LAST_LOOK, 1.5 * pause)
                    self._looked.set()
                    next_look = loop.time() + pause
                    if not self._wave and not self._batches.unsettled and loop.time() >= self._around.until:
                        self._give_up()
                if self._ripe():
                    await self._send()
                    next_look = loop.time()
            except WeirdgenError as error:
                self._fail(error)
            except Exception as error:  # a defect of ours must not leave those who wait here alone
                self._fail(WeirdgenError(f"{type(error).__name__}: {clean(str(error))}"))
            await asyncio.sleep(_TICK)

    async def _claim(self, request: SampleRequest) -> Sample | Claim:
        budget = self._batches.budget
        charge = budget.charge(request) if budget else None
        claim = await self._batches.io(
            self._around.store.claim, request.key, self._batches.owner, LEASE_SECONDS, charge
        )
        if claim is Claim.SPENT and budget:
            raise BudgetSpent(budget.told(await self._batches.io(self._around.store.spent, budget.account.name)))
        return claim

    async def _landed(self, request: SampleRequest, claim: Claim) -> WeirdgenError | None:
        """Wait until there is news of a request; return why it brought nothing."""
        key = request.key
        if claim is Claim.BUSY and self._over:
            raise self._pending(key)
        landing: asyncio.Future[WeirdgenError | None] = asyncio.get_running_loop().create_future()
        self._landing[key] = landing
        try:
            if claim is Claim.MINE:
                self._wave[key] = request
                self._asked_at = asyncio.get_running_loop().time()
            elif key not in self._batches.out:
                await asyncio.wait((landing,), timeout=_ELSEWHERE_SECONDS)
                return landing.result() if landing.done() else None
            return await landing
        finally:
            self._landing.pop(key, None)

    def _ripe(self) -> bool:
        quiet = asyncio.get_running_loop().time() - self._asked_at
        return bool(self._wave) and quiet >= (QUIET_SECONDS if self._around.idle() else PATIENCE_SECONDS)

    async def _send(self) -> None:
        wave = self._wave
        try:
            await self._try_out(wave)
            if wave:
                ahead = await self._ahead(wave)
                self._wave = {}
                self._land(await self._batches.submit([*wave.values(), *ahead]))
        except WeirdgenError as error:
            self._wave = {}
            for key in wave:
                await self._batches.io(self._around.store.release, key, self._batches.owner)
            self._land(dict.fromkeys(wave, error))

    async def _try_out(self, wave: dict[str, SampleRequest]) -> None:
        """Ask for one sample of each kind by itself: what the server does not take shows now, and not in a day."""
        for key, request in list(wave.items()):
            if request.sampling in self._tried or not await self._has_room(request):
                continue
            del wave[key]
            try:
                await self._around.live(request)  # claims it once more: given back, another process would take it
            except WeirdgenError as error:
                await self._batches.io(self._around.store.release, key, self._batches.owner)
                self._land({key: error})
                raise
            self._tried.add(request.sampling)
            self._land({key: None})

    async def _has_room(self, request: SampleRequest) -> bool:
        """Whether the budget holds a claimed request at its full price: else it would wait for its own wave."""
        full, batched = self._around.budget, self._batches.budget
        if full is None or batched is None:
            return True
        more = full.charge(request).worst.dollars - batched.charge(request).worst.dollars
        spent = await self._batches.io(self._around.store.spent, full.account.name)
        return full.account.allows(spent.plus(Amount(more)))

    async def _ahead(self, wave: dict[str, SampleRequest]) -> list[SampleRequest]:
        """Claim what trials are expected to need; while money is short, nothing."""
        budget, taken = self._batches.budget, dict[str, SampleRequest]()
        wanted = {request.key: request for request in self._around.ahead() if request.key not in wave}
        for some in parts(wanted.values(), _AHEAD_AT_ONCE):
            if budget is not None:
                spent = await self._batches.io(self._around.store.spent, budget.account.name)
                if budget.account.share(spent) > _AHEAD_SHARE:
                    break
            claims = await asyncio.gather(*map(self._claim, some), return_exceptions=True)
            mine = zip(some, claims, strict=True)
            taken |= {request.key: request for request, claim in mine if claim is Claim.MINE}
        return list(taken.values())

    def _land(self, fates: Fates) -> bool:
        """Tell those who wait for a request; return whether anybody did."""
        told = False
        for key, fault in fates.items():
            landing = self._landing.get(key)
            if landing is not None and not landing.done():
                landing.set_result(fault)
                told = True
        return told

    def _give_up(self) -> None:
        """Wait no longer: what is in batches is for another session."""
        self._over = True
        self._land({key: self._pending(key) for key in self._landing if key in self._batches.out})

    def _pending(self, key: str) -> BatchPending:
        batches = self._batches
        if key in batches.out:
            return BatchPending(f"{batches.told(key)} is not over: run the same command again to collect it")
        return BatchPending(
            f"model {batches.endpoint.target.label!r}: another process asks for this, or what it may cost is held for "
            "batches: run the same command again"
        )

    def _fail(self, error: WeirdgenError) -> None:
        self._down = error
        self._looked.set()
        self._land(dict.fromkeys(self._landing, error))
