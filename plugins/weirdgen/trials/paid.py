"""Endpoints of a gate's opening, which has no engine yet: each request held before it is sent, settled after it."""

import asyncio
import functools
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from weirdgen.endpoints.client import ChatEndpoint
from weirdgen.endpoints.faults import Retryable
from weirdgen.endpoints.models import Target
from weirdgen.endpoints.parameters import Sent
from weirdgen.endpoints.wire import Reply
from weirdgen.errors import EndpointError
from weirdgen.sampler.budget import Budget
from weirdgen.sampler.tab import Tab
from weirdgen.schema.sample import Identity, Message, SampleRequest, Sampling, Usage
from weirdgen.store.owner import new_owner
from weirdgen.store.store import SampleStore

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Till:
    """Who pays for the opening."""

    store: SampleStore
    budget: Budget
    owner: str = field(default_factory=new_owner)


def opening_endpoint(target: Target, url: str, till: Till | None) -> ChatEndpoint:
    """Return an endpoint whose requests are paid from a till; None: nobody counts."""
    return ChatEndpoint(target, url) if till is None else PaidEndpoint(target, url, till)


class PaidEndpoint(ChatEndpoint):
    """A model at a server, every request to which is on the gate's account before it is sent."""

    def __init__(self, target: Target, url: str, till: Till) -> None:
        super().__init__(target, url)
        self._till = till
        self._numbers = itertools.count()

    async def ask_all(
        self,
        messages: Sequence[Message],
        sampling: Sampling,
        *,
        choices: int = 1,
        seed: int | None = None,
        model: str | None = None,
        sent: Sent | None = None,
        logprobs_of: int = 1,
    ) -> list[Reply]:
        """Ask as `ChatEndpoint.ask_all` does.

        Raises:
            BudgetSpent: it may cost more than is left.
            EndpointError: as there.
        """
        till, sent = self._till, sent or Sent()
        request = self._priced(messages, sampling, choices)
        # Nobody collects batches before the opening is over. What it costs counts, so that it may go over the limit by
        # its own few requests while batches hold all that is left.
        tab = Tab([request], till.owner, till.store, till.budget, _elsewhere, beside_batches=True)
        await tab.again()
        try:
            replies = await super().ask_all(
                messages, sampling, choices=choices, seed=seed, model=model, sent=sent, logprobs_of=logprobs_of
            )
            usage = functools.reduce(Usage.plus, (reply.usage for reply in replies))
            cost = till.budget.cost(request, usage, sent.requests)
            await _elsewhere(till.store.settle, request.key, till.owner, till.budget.account.name, cost)
        except EndpointError as fault:
            await tab.failed(fault)
            raise
        except asyncio.CancelledError:
            await tab.failed(Retryable("not waited for", timed_out=True))
            raise
        finally:
            await _elsewhere(till.store.release, request.key, till.owner)
        return replies

    def _priced(self, messages: Sequence[Message], sampling: Sampling, choices: int) -> SampleRequest:
        """Return the request as a budget prices it, with a key of its own."""
        return SampleRequest(
            identity=Identity(kind="endpoint", model=self.target.model, base_url=self.url),
            role=self.target.role,
            messages=tuple(messages),
            sampling=sampling.model_copy(update={"max_tokens": choices * sampling.max_tokens}),
            replicate=next(self._numbers),
        )


def _elsewhere(function: Callable[..., T], *arguments: Any) -> "asyncio.Future[T]":
    return asyncio.get_running_loop().run_in_executor(None, function, *arguments)
