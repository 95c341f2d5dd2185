"""A server with the organisms' own Batch API, scripted answers, and a hand on every moment of it."""

import asyncio
import json
import socket
import threading
import uuid
from collections import Counter
from collections.abc import Callable
from types import TracebackType
from typing import Any

import uvicorn
from chat_server import completion
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from weirdgen.endpoints.purity import WORDS
from weirdgen.organisms.batch_api import WINDOW, BatchApi
from weirdgen.organisms.wire import Refusal

Script = Callable[[dict[str, Any]], str]
Hook = Callable[[str, str], None]
"""Hears of a request, by method and path without ids, as it has `arrived` and when it is `answered` but not told."""


class BatchServer:
    """Serves one scripted model, or another application, on the loopback interface until closed."""

    def __init__(
        self,
        script: Script | None = None,
        *,
        app: ASGIApp | None = None,
        batches: bool = True,
        window: float = WINDOW,
        hook: Hook | None = None,
    ) -> None:
        """Start.

        Args:
            script: gives the text for a request's body; may raise `Refusal`.
            app: is served instead.
            batches: whether there is a Batch API.
            window: seconds that a batch has.
            hook: called in the server's loop.
        """
        self.asked: Counter[str] = Counter()
        """Requests by method and path without ids."""
        self.live: Counter[str] = Counter()
        """Chat requests that came by themselves, by prompt; those of the opening are not counted."""
        self.lines: Counter[str] = Counter()
        """Lines of batches that were answered, by body."""
        self.go_on = threading.Event()
        """Lines of batches wait for it."""
        self.go_on.set()
        self.most = 10**9
        """Lines of batches that are answered; later ones wait until their batch expires."""
        self.broken: Counter[str] = Counter()
        """How often a request is done and answered with status 500, by method and path without ids."""
        self.hook = hook
        self._script = script or (lambda _: "Ship.")
        self._api = BatchApi(self._line, window=window)
        self._app = app or self._application(batches)
        listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
        self._server = uvicorn.Server(
            uvicorn.Config(self._watched, interface="asgi3", lifespan="off", log_level="error")
        )
        self._thread = threading.Thread(target=self._server.run, args=([listener],), daemon=True)
        self._thread.start()

    def forget(self) -> None:
        """Know no batch any more."""
        self._api._jobs.clear()

    def _application(self, batches: bool) -> Starlette:
        def guarded(handler: Any) -> Any:
            async def answered(request: Request) -> Response:
                try:
                    response: Response = await handler(request)
                except Refusal as refusal:
                    response = JSONResponse(refusal.body, refusal.status)
                return response

            return answered

        routes = [
            Route("/v1/chat/completions", guarded(self._chat), methods=["POST"]),
            Route("/v1/models", self._models),
            *(self._api.routes(guarded) if batches else ()),
        ]
        return Starlette(routes=routes)

    async def _models(self, _: Request) -> Response:
        return JSONResponse({"object": "list", "data": [{"id": "tiny", "object": "model", "created": 1}]})

    async def _chat(self, request: Request) -> Response:
        body = await request.json()
        if body["model"] != "tiny":
            raise Refusal(404, "no such model", code="model_not_found")
        prompt = body["messages"][-1]["content"]
        if prompt == WORDS[0].content:
            return JSONResponse(completion("tiny", uuid.uuid4().hex, uuid.uuid4().hex))
        self.live[prompt] += 1
        return JSONResponse(completion("tiny", self._script(body), uuid.uuid4().hex))

    async def _line(self, data: bytes) -> dict[str, Any]:
        while not self.go_on.is_set() or self.lines.total() >= self.most:
            await asyncio.sleep(0.01)
        body = json.loads(data)
        self.lines[body["messages"][-1]["content"]] += 1
        return completion(body["model"], self._script(body), uuid.uuid4().hex)

    async def _watched(self, scope: Scope, receive: Receive, send: Send) -> None:
        name = _name(scope)
        self.asked[name] += 1
        self._tell(name, "arrived")

        async def told(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._tell(name, "answered")
                if self.broken[name] > 0:
                    self.broken[name] -= 1
                    message = {**message, "status": 500}
            await send(message)

        await self._app(scope, receive, told)

    def _tell(self, name: str, stage: str) -> None:
        if self.hook is not None:
            self.hook(name, stage)

    def __enter__(self) -> "BatchServer":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.go_on.set()
        self._server.should_exit = self._server.force_exit = True
        self._thread.join(10)


def _name(scope: Scope) -> str:
    parts = scope["path"].removeprefix("/v1/").split("/")
    if parts[0] in ("files", "batches") and len(parts) > 1:
        parts[1] = "ID"
    return f"{scope['method']} {'/'.join(parts)}"
