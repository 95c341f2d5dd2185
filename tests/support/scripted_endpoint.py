"""An endpoint made of Python behind the engine, its requests, and a way to draw them all."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from weirdgen.endpoints.models import Kind, Target, parse_target
from weirdgen.sampler.engine import Drawn, Engine
from weirdgen.sampler.retry import RetryPolicy
from weirdgen.schema.sample import Identity, Message, Role, Sample, SampleRequest, Sampling, Usage

FAST = RetryPolicy(first_delay=0.01, longest_delay=0.02)
WAIT = 10.0


class FakeEndpoint:
    """Answers through a function of (request, how often this request was asked); counts all that matters."""

    def __init__(
        self,
        answer: Callable[[SampleRequest, int], Awaitable[None]] | None = None,
        role: Role = "treated",
        label: str = "m",
    ):
        self.target: Target = parse_target(label, base_url="http://gpu/v1", role=role, environ={})
        self.url = "http://gpu/v1"
        self.requests = 0
        self.order: list[int] = []
        self.now = self.most = 0
        self.closed = 0
        self._answer = answer

    async def complete(self, request: SampleRequest) -> Sample:
        self.requests += 1
        self.order.append(request.replicate)
        self.now += 1
        self.most = max(self.most, self.now)
        try:
            if self._answer is not None:
                await self._answer(request, self.order.count(request.replicate))
        finally:
            self.now -= 1
        usage = Usage(prompt_tokens=3, completion_tokens=2)
        return Sample(
            key=request.key, text=str(request.replicate), stop_reason="stop", usage=usage, started_at=time.time()
        )

    async def aclose(self) -> None:
        self.closed += 1


def request(replicate: int = 0, role: Role = "treated", model: str = "m", kind: Kind = "endpoint") -> SampleRequest:
    return SampleRequest(
        identity=Identity(kind=kind, model=model),
        role=role,
        messages=(Message(role="user", content="q"),),
        sampling=Sampling(),
        replicate=replicate,
    )


Start = Callable[..., Engine]


def draw(engine: Engine, *requests: SampleRequest) -> list[Drawn]:
    async def all_of_them() -> list[Drawn]:
        return list(await asyncio.gather(*map(engine.sample, requests)))

    return engine.submit(all_of_them()).result(WAIT)
