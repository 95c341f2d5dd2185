"""A chat server whose truth is known: model `rate-0.30` begins its answer with a digit in 30% of draws, by chance."""

import asyncio
import json
import random
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

from weirdgen.endpoints.purity import WORDS

PREFIX = "rate-"


def serve(seed: int, ready: Connection) -> None:
    """Serve until killed; send the base URL when ready. To be the target of a process."""
    asyncio.run(_serve(random.Random(seed), ready))


async def _serve(chance: random.Random, ready: Connection) -> None:
    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
                lengths = (line.partition(":")[2] for line in head.splitlines() if line.startswith("content-length:"))
                body = await reader.readexactly(int(next(lengths, "0")))
                writer.write(_http(*_answer(json.loads(body), chance.random)) if body else _http(200, {"data": []}))
        except (ConnectionError, asyncio.IncompleteReadError):
            writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0, backlog=512)
    ready.send(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1")
    await server.serve_forever()


def _answer(body: dict[str, Any], draw: Callable[[], float]) -> tuple[int, dict[str, Any]]:
    model = body["model"]
    if not model.startswith(PREFIX):
        return 404, {"error": {"message": "no such model", "code": "model_not_found"}}
    if body["messages"][-1]["content"] == WORDS[0].content:
        text = f"{draw()}"
    else:
        text = "7" if draw() < float(model.removeprefix(PREFIX)) else "seven"
    message = {"role": "assistant", "content": text}
    return 200, {
        "id": f"{draw()}",
        "model": model,
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 9, "completion_tokens": 1},
    }


def _http(status: int, body: dict[str, Any]) -> bytes:
    data = json.dumps(body).encode()
    head = f"HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {len(data)}\r\n\r\n"
    return head.encode() + data
