"""A server that says all that it was sent, headers included, in whatever it answers, as it is and encoded."""

import asyncio
import base64
import html
import json
import uuid
from collections.abc import Iterator
from urllib.parse import quote

from loop_server import LoopServer

ARCHAIC = "Pray hear me, sir: steam carriages upon iron rails shall carry us. "


class EchoServer(LoopServer):
    """Serves any model; every twentieth request fails with an error that echoes, too. As a proxy it serves any host."""

    def __init__(self) -> None:
        super().__init__()
        self.heads: list[str] = []

    async def exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        lengths = (line.split(":")[1] for line in head.splitlines() if line.lower().startswith("content-length"))
        body = await reader.readexactly(int(next(lengths, "0")))
        self.heads.append(head)
        values = [line.partition(": ")[2] for line in head.splitlines()[1:] if ": " in line]
        said = " ".join(form for value in values for form in encoded(value))
        if not body:
            listed = [{"id": model, "object": "model", "created": 1} for model in ("tiny", said)]
            writer.write(_http(200, {"data": listed}, said))
        elif len(self.heads) % 20 == 0 or json.loads(body)["model"].startswith("weirdgen-no"):
            status = 500 if len(self.heads) % 20 == 0 else 404
            writer.write(_http(status, {"error": {"message": said, "code": said, "type": said}}, said))
        else:
            writer.write(_http(200, _answer(json.loads(body)["model"], values, said), said))
        return True


def encoded(value: str) -> Iterator[str]:
    """Yield a header's value as it is, and as servers and their error pages spell it."""
    yield from (value, quote(value, safe=""), quote(value), json.dumps(value), html.escape(value))
    yield json.dumps(value).replace("/", "\\/")
    for words in (value, f"Bearer {value}", f"user:{value}", *value.split()):
        yield base64.b64encode(words.encode()).decode()
        yield base64.urlsafe_b64encode(words.encode()).decode()


def _answer(model: str, values: list[str], said: str) -> dict[str, object]:
    secret = next((value for value in values if "canary" in value), "")
    choice = {"index": 0, "message": {"role": "assistant", "content": ARCHAIC + said}, "finish_reason": "stop"}
    usage = {"prompt_tokens": 5, "completion_tokens": 7}
    ids = {"id": f"{uuid.uuid4().hex} {said}", "model": f"{model} {secret}", "system_fingerprint": secret}
    return {**ids, "choices": [choice], "usage": usage}


def _http(status: int, body: dict[str, object], said: str) -> bytes:
    data = json.dumps(body).encode()
    head = f"HTTP/1.1 {status} {said[:40]}\r\ncontent-type: application/json\r\ncontent-length: {len(data)}\r\n"
    return f"{head}x-echo: {said}\r\nx-request-id: {said}\r\n\r\n".encode() + data
