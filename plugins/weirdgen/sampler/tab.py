"""What one sample's attempts cost: each is booked when it fails, and what the next may cost is held before it is sent.

So that neither retries nor a kill between them spend what nobody counts.
"""

import asyncio
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from weirdgen.endpoints.faults import Retryable
from weirdgen.errors import BudgetSpent, EndpointError
from weirdgen.sampler.budget import Budget
from weirdgen.schema.sample import SampleRequest, Usage
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
    """The failed attempts of one sample. What its first attempt may cost was held when its key was claimed."""

    def __init__(
        self,
        request: SampleRequest,
        owner: str,
        store: SampleStore,
        budget: Budget | None,
        io: Elsewhere,
    ) -> None:
        """Begin without an attempt.

        Args:
            request: that is sent.
            owner: of its lease.
            store: keeps the account.
            budget: pays; None: nobody counts.
            io: runs functions of the store, which may wait for another process.
        """
        self.faults: list[Retryable] = []
        self.requests = 0
        """Of failed attempts, as far as they reached the server."""
        self._request, self._owner, self._store, self._budget, self._io = request, owner, store, budget, io

    async def failed(self, fault: EndpointError) -> None:
        """Book an attempt that brought no sample."""
        self.requests += fault.requests
        if isinstance(fault, Retryable):
            self.faults.append(fault)
        if self._budget is not None:
            cost = self._budget.lost(self._request, fault)
            await self._io(self._store.settle, self._request.key, self._owner, self._budget.account.name, cost)

    async def again(self) -> None:
        """Hold what the next attempt may cost; wait where it is not there before others are settled.

        Raises:
            BudgetSpent: it is not there.
        """
        if self._budget is None:
            return
        pause, charge = FIRST_POLL, self._budget.charge(self._request)
        while not (held := await self._io(self._store.hold, self._request.key, self._owner, charge)):
            if held is False:
                raise BudgetSpent(self._budget.told(await self._io(self._store.spent, charge.account.name)))
            await asyncio.sleep(pause)
            pause = min(LAST_POLL, 2 * pause)

    def cost(self, usage: Usage, requests: int) -> tuple[str, Amount] | None:
        """Return who pays for the attempt that was answered, and what; None where nobody counts."""
        if self._budget is None:
            return None
        return self._budget.account.name, self._budget.cost(self._request, usage, requests)
