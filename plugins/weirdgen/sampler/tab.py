"""What the attempts at one response cost: each is booked when it fails; what the next may cost is held before it.

So that neither retries nor a kill between them spend what nobody counts.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Protocol, TypeVar

from weirdgen.endpoints.faults import Retryable
from weirdgen.errors import BudgetSpent, EndpointError
from weirdgen.sampler.budget import Budget
from weirdgen.schema.sample import Sample, SampleRequest
from weirdgen.store.accounts import Amount
from weirdgen.store.store import SampleStore

T = TypeVar("T")
FIRST_POLL, LAST_POLL = 0.010, 0.200
"""Seconds between looks at what another process draws, or holds."""


class Elsewhere(Protocol):
    """Runs a function on another thread than the loop's."""

    def __call__(self, function: Callable[..., T], *arguments: Any) -> "asyncio.Future[T]":
        """Start it."""


class Tab:
    """The failed attempts at one response. What its first attempt may cost was held when its keys were claimed."""

    def __init__(
        self,
        requests: Sequence[SampleRequest],
        owner: str,
        store: SampleStore,
        budget: Budget | None,
        io: Elsewhere,
        *,
        beside_batches: bool = False,
    ) -> None:
        """Begin without an attempt.

        Args:
            requests: that are sent as one; the first pays for the prompt, each for its answer.
            owner: of their leases.
            store: keeps the account.
            budget: pays; None: nobody counts.
            io: runs functions of the store, which may wait for another process.
            beside_batches: do not wait for money that batches hold.
        """
        self.faults: list[Retryable] = []
        self.requests = 0
        """Of failed attempts, as far as they reached the server."""
        self._asked, self._owner, self._store, self._budget, self._io = tuple(requests), owner, store, budget, io
        self._beside_batches = beside_batches

    async def failed(self, fault: EndpointError) -> None:
        """Book an attempt that brought no sample."""
        self.requests += fault.requests
        if isinstance(fault, Retryable):
            self.faults.append(fault)
        if self._budget is not None:
            for number, request in enumerate(self._asked):
                cost = self._budget.lost(request, fault, further=number > 0)
                await self._io(self._store.settle, request.key, self._owner, self._budget.account.name, cost)

    async def again(self) -> None:
        """Hold what the next attempt may cost; wait where it is not there before others are settled.

        It is one hold, under the first key: two responses that each had a part of theirs would wait for each other.

        Raises:
            BudgetSpent: it is not there.
        """
        if self._budget is None:
            return
        pause = FIRST_POLL
        charge = replace(self._budget.charge(*self._asked), beside_batches=self._beside_batches)
        while not (held := await self._io(self._store.hold, self._asked[0].key, self._owner, charge)):
            if held is False:
                raise BudgetSpent(self._budget.told(await self._io(self._store.spent, charge.account.name)))
            await asyncio.sleep(pause)
            pause = min(LAST_POLL, 2 * pause)

    def costs(self, samples: Sequence[Sample]) -> list[tuple[str, Amount] | None]:
        """Return who pays for each sample of the attempt that was answered, and what; None where nobody counts."""
        if self._budget is None:
            return [None] * len(samples)
        requests = [samples[0].attempts - self.requests] + [0] * (len(samples) - 1)
        priced = zip(self._asked, samples, requests, strict=False)
        return [(self._budget.account.name, self._budget.cost(asked, one.usage, n)) for asked, one, n in priced]
