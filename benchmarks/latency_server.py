"""A chat server on the loopback interface that answers after a fixed latency and costs next to nothing itself.

A process of its own with one event loop and no HTTP library. It honours `n`, numbers its answers, tells usage, and
counts: requests, choices, the most requests that it held at once, its own CPU time.
"""

import argparse
import asyncio
import contextlib
import json
import resource
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

_TEXT = "It was a quiet morning on the river, and the ferry that should have come at eight was late again. " * 3
"""Some 60 tokens, as a short answer has."""
_BACKLOG = 4_096


class Counted(NamedTuple):
    """What a server has done so far."""

    requests: int
    choices: int
    most_at_once: int
    """Since the last look."""
    cpu_seconds: float


@dataclass
class _Counts:
    requests: int = 0
    choices: int = 0
    held: int = 0
    most: int = 0


class _Connection(asyncio.Protocol):
    """One kept-alive connection; clients do not pipeline, so that there is one request at a time."""

    def __init__(self, counts: _Counts, latency: float) -> None:
        self._counts, self._latency = counts, latency
        self._read = bytearray()
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._read += data
        head, ended, rest = bytes(self._read).partition(b"\r\n\r\n")
        if not ended:
            return
        if head.startswith(b"GET"):
            self._read.clear()
            self._send(json.dumps(self._counted()).encode())
        elif len(rest) >= _length(head):
            self._read.clear()
            self._ask(json.loads(rest))

    def _ask(self, asked: dict[str, object]) -> None:
        n = asked.get("n")
        choices = n if isinstance(n, int) else 1
        counts = self._counts
        counts.requests += 1
        counts.choices += choices
        counts.held += 1
        counts.most = max(counts.most, counts.held)
        answer = _completion(counts.requests, choices, str(asked.get("model")))
        asyncio.get_running_loop().call_later(self._latency, self._answer, answer)

    def _answer(self, body: bytes) -> None:
        self._counts.held -= 1
        self._send(body)

    def _send(self, body: bytes) -> None:
        head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(body)
        self._transport.write(head + body)

    def _counted(self) -> Counted:
        counts = self._counts
        told = Counted(counts.requests, counts.choices, counts.most, cpu_seconds())
        counts.most = 0
        return told


def cpu_seconds() -> float:
    """Return the CPU time of this process, user and system."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _length(head: bytes) -> int:
    lines = (line.partition(b":") for line in head.lower().split(b"\r\n"))
    return next((int(value) for name, _, value in lines if name == b"content-length"), 0)


def _completion(number: int, choices: int, model: str) -> bytes:
    return json.dumps(
        {
            "id": f"chatcmpl-{number}",
            "object": "chat.completion",
            "created": 1,
            "model": model,
            "choices": [
                {
                    "index": i,
                    "message": {"role": "assistant", "content": f"{number}.{i} {_TEXT}"},
                    "finish_reason": "stop",
                }
                for i in range(choices)
            ],
            "usage": {"prompt_tokens": 12, "completion_tokens": 60 * choices, "total_tokens": 12 + 60 * choices},
        }
    ).encode()


async def _serve(latency: float) -> None:
    counts = _Counts()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Connection(counts, latency), "127.0.0.1", 0, backlog=_BACKLOG)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1", flush=True)
    await server.serve_forever()


@contextlib.contextmanager
def serving(latency: float) -> Iterator[str]:
    """Run a server in a process of its own; give its base URL.

    Args:
        latency: seconds until a request is answered.
    """
    command = [sys.executable, str(Path(__file__)), str(latency)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
    finally:
        process.terminate()
        process.wait(10)
        if process.stdout is not None:
            process.stdout.close()


def counted(url: str) -> Counted:
    """Ask a server what it has done so far."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"{url}/counts", timeout=30) as reply:
        return Counted(*json.loads(reply.read()))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("latency", type=float, help="seconds until a request is answered")
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(parser.parse_args().latency))
