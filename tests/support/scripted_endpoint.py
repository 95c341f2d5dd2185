"""An endpoint made of Python behind the engine, its requests, and a way to draw them all."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from weirdgen.endpoints.models import Kind, Target, parse_target
from weirdgen.sampler.drawn import Drawn
from weirdgen.sampler.engine import Engine
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
        choices: int = 1,
        gives: int = 0,
    ):
        self.target: Target = parse_target(label, base_url="http://gpu/v1", role=role, environ={})
        self.url = "http://gpu/v1"
        self.requests = 0
        self.choices = choices
        self.gives = gives
        """Choices in a response; 0: as many as are asked for."""
        self.order: list[int] = []
        self.responses: list[int] = []
        """Choices asked for, request by request."""
        self.now = self.most = 0
        self.closed = 0
        self._answer = answer

    async def complete(self, *requests: SampleRequest) -> list[Sample]:
        self.requests += 1
        self.responses.append(len(requests))
        self.order += [request.replicate for request in requests]
        self.now += 1
        self.most = max(self.most, self.now)
        try:
            if self._answer is not None:
                await self._answer(requests[0], self.order.count(requests[0].replicate))
        finally:
            self.now -= 1
        return [
            Sample(
                key=request.key,
                text=str(request.replicate),
                stop_reason="stop",
                usage=Usage(prompt_tokens=3 if number == 0 else 0, completion_tokens=2),
                started_at=time.time(),
            )
            for number, request in enumerate(requests[: self.gives or len(requests)])
        ]

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
