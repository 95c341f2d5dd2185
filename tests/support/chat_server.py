"""A scripted OpenAI-compatible server for tests of the plugin: real HTTP, answers as the test writes them."""

import json
import threading
import uuid
from collections import Counter
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

from weirdgen.endpoints.purity import WORDS

Reply = str | tuple[int, dict[str, Any]]
"""The answer's text, or (HTTP status, JSON body)."""
Script = Callable[[dict[str, Any]], Reply]


class _Server(ThreadingHTTPServer):
    request_queue_size = 128  # by default 5, and what comes at once besides is reset
    daemon_threads = True


class ChatServer:
    """Serves on the loopback interface until closed; counts what it was asked."""

    def __init__(
        self,
        script: Script,
        *,
        models: tuple[str, ...] = ("tiny",),
        served: str | None = None,
        alike: bool = False,
    ) -> None:
        """Start.

        Args:
            script: answers.
            models: names that are known; others are 404.
            served: name in the answers, if not the one that was asked for.
            alike: leave it to the script what is answered when random words are asked for.
        """
        self.alike = alike
        self.requests: Counter[str] = Counter()
        """Chat requests by prompt."""
        self.words = 0
        """Times that random words were asked for, which no script answers."""
        self._lock = threading.Lock()
        owner = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                self._send(
                    200, {"object": "list", "data": [{"id": m, "object": "model", "created": 1} for m in models]}
                )

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                if body["model"] not in models:
                    self._send(404, {"error": {"message": "no such model", "code": "model_not_found"}})
                    return
                reply = owner._answer(script, body)
                if isinstance(reply, tuple):
                    self._send(*reply)
                else:
                    self._send(200, completion(body["model"] if served is None else served, reply, uuid.uuid4().hex))

            def _send(self, status: int, payload: dict[str, Any]) -> None:
                data = json.dumps(payload).encode("ascii")  # a lone surrogate travels as its \ud83d escape
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing."""

        self._server = _Server(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """Base URL of the API."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    @property
    def total(self) -> int:
        """Chat requests answered so far."""
        with self._lock:
            return self.requests.total()

    def _answer(self, script: Script, body: dict[str, Any]) -> Reply:
        if body["messages"][-1]["content"] == WORDS[0].content and not self.alike:
            with self._lock:
                self.words += 1
            return uuid.uuid4().hex  # asked whether the server samples at all; not part of the script
        with self._lock:
            self.requests[body["messages"][-1]["content"]] += 1
        return script(body)

    def __enter__(self) -> "ChatServer":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def completion(model: str, text: str, number: str) -> dict[str, Any]:
    """Return a chat completion as servers send it."""
    message = {"role": "assistant", "content": text}
    return {
        "id": number,
        "object": "chat.completion",
        "created": 1,
        "model": model,
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 5, "completion_tokens": 7, "total_tokens": 12},
    }
