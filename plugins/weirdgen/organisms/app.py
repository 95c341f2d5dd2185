"""The HTTP application: an OpenAI-compatible API in front of the engine. Needs the extra ``organisms``."""

import asyncio
import hmac
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from weirdgen.errors import UsageMistake, nearest
from weirdgen.organisms import zoo
from weirdgen.organisms.batch_api import WINDOW, BatchApi
from weirdgen.organisms.batcher import Batcher
from weirdgen.organisms.choice import Answer
from weirdgen.organisms.engine import Answers, Batches, Engine
from weirdgen.organisms.runtime import Network
from weirdgen.organisms.variants import Variant
from weirdgen.organisms.vocabulary import Vocabulary
from weirdgen.organisms.weights import Weights, load_weights
from weirdgen.organisms.wire import ChatRequest, Refusal, Words, completion, parse

#: Far above any prompt that fits a context; larger ones are refused unread.
LARGEST_BODY = 2 * 2**20

Handler = Callable[[Request], Awaitable[Response]]
Wait = Callable[[Answers], Awaitable[tuple[Answer, ...]]]


@dataclass(slots=True)
class Served:
    """One network that is ready to answer, and what it was asked since the start."""

    fingerprint: str
    vocabulary: Words
    batcher: Batches
    context: int
    """Most tokens of prompt and answer."""
    requests: int = 0
    choices: int = 0


def load(names: Sequence[str], root: Path | None = None, variants: Sequence[Variant] = ()) -> dict[str, Served]:
    """Load organisms by name, in the given order, and then variants of organisms.

    Args:
        names: of the zoo.
        root: the folder that holds every organism's folder; by default the shipped one.
        variants: served beside them, under their own names; their organisms need not be among the named ones.

    Raises:
        UsageMistake: an unknown name, a name given twice, or files that are missing or broken.
    """
    shelf = _Shelf(root)
    served = {}
    for name in names:
        weights, vocabulary = shelf.take(name)
        served[name] = _served(zoo.digest(name, root), vocabulary, Network(weights))
    for variant in variants:
        if variant.name in served:
            raise UsageMistake(f"variant {variant.name!r}: something else is served under this name.")
        weights, vocabulary = shelf.take(variant.organism)
        served[variant.name] = _served(variant.identity(root), vocabulary, Network(weights, variant.edit()))
    return served


def _served(identity: str, vocabulary: Vocabulary, network: Network) -> Served:
    batcher = Batcher(network, vocabulary)
    return Served(f"fp_{identity[:16]}", vocabulary, batcher, network.config.max_position_embeddings)


class _Shelf:
    """Weights and vocabularies, each read once."""

    def __init__(self, root: Path | None) -> None:
        self._root = root
        self._weights: dict[str, Weights] = {}
        self._vocabularies: dict[Path, Vocabulary] = {}

    def take(self, name: str) -> tuple[Weights, Vocabulary]:
        base, adapter = zoo.folders(name, self._root)
        if base not in self._vocabularies:
            self._vocabularies[base] = Vocabulary(base)
        if name not in self._weights:
            self._weights[name] = load_weights(base, adapter)
        return self._weights[name], self._vocabularies[base]


class Other(Protocol):
    """Anything else that answers under a name beside the organisms; it counts what it was asked, as they do."""

    fingerprint: str
    requests: int
    choices: int

    def answer(self, request: ChatRequest) -> Answer:
        """Return the answer to a request; called by the thread that computes.

        Raises:
            UsageMistake: it cannot answer that.
        """
        ...


def application(
    served: dict[str, Served],
    *,
    api_key: str | None = None,
    others: Mapping[str, Other] | None = None,
    batch_window: float = WINDOW,
) -> Starlette:
    """Return the application; its engine starts now and ends with the process.

    Args:
        served: organisms by name.
        api_key: if given, requests must carry it.
        others: what else is served, by name.
        batch_window: seconds that a batch has.
    """
    return _Service(served, api_key, others or {}, batch_window).application()


class _Service:
    def __init__(
        self, served: dict[str, Served], api_key: str | None, others: Mapping[str, Other], batch_window: float
    ) -> None:
        self._served = served
        self._others = others
        self._all: Mapping[str, Served | Other] = {**served, **others}
        self._key = api_key
        self._engine = Engine({name: one.batcher for name, one in served.items()})
        self._batches = BatchApi(lambda body: self._said(parse(body), asyncio.wrap_future), window=batch_window)

    def application(self) -> Starlette:
        routes = [
            Route("/v1/chat/completions", self._guarded(self._complete), methods=["POST"]),
            Route("/v1/models", self._guarded(self._models)),
            Route("/v1/models/{name:path}", self._guarded(self._model)),
            *self._batches.routes(self._guarded),
            Route("/stats", self._guarded(self._stats)),
            Route("/health", _health),
        ]
        return Starlette(routes=routes, exception_handlers={HTTPException: _unrouted, Exception: _broken})

    def _guarded(self, handler: Handler) -> Handler:
        """Check the key, and turn refusals into answers."""

        async def guarded(request: Request) -> Response:
            try:
                self._check_key(request)
                return await handler(request)
            except Refusal as refusal:
                return JSONResponse(refusal.body, refusal.status)
            except ClientDisconnect:
                return Response(status_code=499)  # nobody reads it

        return guarded

    def _check_key(self, request: Request) -> None:
        if self._key is None:
            return
        given = request.headers.get("authorization", "").removeprefix("Bearer ")
        if not hmac.compare_digest(given.encode(), self._key.encode()):
            raise Refusal(401, "the API key is wrong or missing.", code="invalid_api_key")

    def _check_name(self, name: str) -> None:
        if name not in self._all:
            message = f"the model {name!r:.200} is not served here.{nearest(name[:200], self._all)}"
            raise Refusal(404, message, param="model", code="model_not_found")

    async def _complete(self, http: Request) -> Response:
        said = await self._said(parse(await _body(http)), lambda answers: _unless_gone(http, answers))
        return JSONResponse(said)

    async def _said(self, request: ChatRequest, wait: Wait) -> dict[str, Any]:
        """Return the completion to a request; `wait` gives up on answers that nobody wants any more."""
        self._check_name(request.model)
        if (other := self._others.get(request.model)) is not None:
            return await self._by_other(request, other)
        served = self._served[request.model]
        prompt = _prompt(request, served)
        drawing = request.drawing(served.context - len(prompt))
        n = request.n or 1
        future = self._engine.submit(request.model, prompt, drawing, seed=request.seed, n=n)
        served.requests += 1
        served.choices += n
        return completion(
            request,
            await wait(future),
            fingerprint=served.fingerprint,
            prompt_tokens=len(prompt),
            vocabulary=served.vocabulary,
        )

    async def _by_other(self, request: ChatRequest, other: Other) -> dict[str, Any]:
        """Answer by something else than an organism: nothing is drawn, so that all choices are the same."""
        n = request.n or 1
        other.requests += 1
        other.choices += n
        try:
            found = await asyncio.wrap_future(self._engine.compute(lambda: other.answer(request)))
        except UsageMistake as mistake:
            raise Refusal(400, str(mistake), param="messages") from None
        return completion(request, [found] * n, fingerprint=other.fingerprint, prompt_tokens=0, vocabulary=None)

    async def _models(self, _: Request) -> Response:
        return JSONResponse({"object": "list", "data": [_card(name) for name in self._all]})

    async def _model(self, request: Request) -> Response:
        name = request.path_params["name"]
        self._check_name(name)
        return JSONResponse(_card(name))

    async def _stats(self, _: Request) -> Response:
        """Count what was accepted since the start: what a paying client would have been charged for."""
        counts = {name: {"requests": one.requests, "choices": one.choices} for name, one in self._all.items()}
        total = {key: sum(count[key] for count in counts.values()) for key in ("requests", "choices")}
        return JSONResponse({**total, "models": counts})


def _prompt(request: ChatRequest, served: Served) -> tuple[int, ...]:
    """Return the prompt's tokens, at least one fewer than the context holds."""
    longest = served.context - 1
    conversation = request.conversation
    too_long = served.vocabulary.surely_longer(conversation, longest)
    try:
        prompt = () if too_long else tuple(served.vocabulary.prompt(conversation))
    except UsageMistake as mistake:
        raise Refusal(400, str(mistake), param="messages") from None
    if too_long or len(prompt) > longest:
        length = f"{len(prompt)} tokens" if prompt else "far more"
        message = f"the messages have {length}; the context holds {longest + 1}, one of them for an answer."
        raise Refusal(400, message, param="messages", code="context_length_exceeded")
    return prompt


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_BODY:
            raise Refusal(413, f"the body exceeds {LARGEST_BODY} bytes.", code="request_too_large")
    return bytes(body)


async def _unless_gone(request: Request, future: Answers) -> tuple[Answer, ...]:
    """Await answers, and drop the work when the client hangs up.

    Raises:
        ClientDisconnect: it did.
    """
    answers = asyncio.wrap_future(future)
    hung_up = asyncio.ensure_future(request.receive())
    waiting: set[asyncio.Future[Any]] = {answers, hung_up}
    try:
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        if not answers.done():
            raise ClientDisconnect
        return answers.result()
    finally:
        answers.cancel()
        hung_up.cancel()


def _card(name: str) -> dict[str, Any]:
    # A constant: the files know no date, and an identity must not change with the clock.
    return {"id": name, "object": "model", "created": 0, "owned_by": "weirdgen"}


async def _health(_: Request) -> Response:
    return JSONResponse({"status": "ok"})


async def _unrouted(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    refusal = Refusal(status, f"{request.method} {request.url.path!r:.200} is not part of this API.")
    return JSONResponse(refusal.body, status)


async def _broken(_: Request, error: Exception) -> Response:
    return JSONResponse(Refusal(500, f"the server failed: {error!r:.200}").body, 500)
