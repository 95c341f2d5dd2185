"""A scripted chat server: each line of its script is one way in which an attempt can end."""

import asyncio
import json
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from loop_server import LoopServer

from weirdgen.endpoints.client import ChatEndpoint
from weirdgen.endpoints.models import parse_target
from weirdgen.schema.sample import Identity, Message, Sample, SampleRequest, Sampling

T = TypeVar("T")
Handler = Callable[[asyncio.StreamWriter], Coroutine[Any, Any, None]]
KEY = "sk-proj-abcdefghijkl"


def http(
    status: int, body: bytes | str | dict[str, Any], content_type: str = "application/json", **headers: str
) -> bytes:
    data = json.dumps(body).encode() if isinstance(body, dict) else body.encode() if isinstance(body, str) else body
    named = {"content-type": content_type, "content-length": str(len(data))} | {
        k.replace("_", "-"): v for k, v in headers.items()
    }
    head = f"HTTP/1.1 {status} X\r\n" + "".join(f"{name}: {value}\r\n" for name, value in named.items()) + "\r\n"
    return head.encode() + data


def answer(content: Any = "hi", finish: Any = "stop", **more: Any) -> bytes:
    choice = {"index": 0, "finish_reason": finish, "message": {"role": "assistant", "content": content}}
    body = {"id": "c1", "model": "served", "system_fingerprint": "fp", "choices": [choice]}
    return http(200, body | {"usage": {"prompt_tokens": 5, "completion_tokens": 2}} | more)


def error(status: int, message: str = "no", **more: Any) -> bytes:
    headers = more.pop("headers", {})
    return http(status, {"error": {"message": message} | more}, **headers)


class FaultServer(LoopServer):
    """Answers completions with a script, the last line of which repeats; `models` answers the listing."""

    def __init__(self) -> None:
        super().__init__()
        self.script: list[bytes | Handler] = [answer()]
        self.models = http(404, "{}")
        self.answering: Callable[[dict[str, Any]], bytes] | None = None
        """In place of the script: what a body is answered with."""
        self.bodies: list[dict[str, Any]] = []
        self.headers: list[str] = []

    async def exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = next(
            (int(line.split(":")[1]) for line in head.splitlines() if line.lower().startswith("content-length")), 0
        )
        body = await reader.readexactly(length)
        if "/models" in head.splitlines()[0]:
            writer.write(self.models)
            return True
        self.headers.append(head)
        self.bodies.append(json.loads(body))
        if self.answering:
            writer.write(self.answering(self.bodies[-1]))
            return True
        reply = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        if isinstance(reply, bytes):
            writer.write(reply)
            return True
        await reply(writer)
        return False


def endpoint(server: FaultServer, label: str = "m", **options: Any) -> ChatEndpoint:
    url = server.url
    return ChatEndpoint(parse_target(label, base_url=url, role="treated"), url, options.pop("key", KEY), **options)


async def one(to: ChatEndpoint, asked: SampleRequest) -> Sample:
    """Ask for one sample."""
    return (await to.complete(asked))[0]


def request(kind: Any = "endpoint", text: str = "q") -> SampleRequest:
    return SampleRequest(
        identity=Identity(kind=kind, model="m", digest="d" if kind == "organism" else ""),
        role="treated",
        messages=(Message(role="user", content=text),),
        sampling=Sampling(max_tokens=30),
        replicate=0,
    )


def run(to: ChatEndpoint, work: Callable[[ChatEndpoint], Coroutine[Any, Any, T]]) -> T:
    async def main() -> T:
        try:
            return await work(to)
        finally:
            await to.aclose()

    return asyncio.run(main())
