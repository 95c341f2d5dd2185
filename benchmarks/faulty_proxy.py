"""A faulty proxy in front of a chat server, as a process of its own: it answers, refuses, stalls, garbles and cuts off.

Every request that arrived in full is a line of the log, with its fate and what it was billed.
"""

import argparse
import asyncio
import contextlib
import hashlib
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

FAULTS = (
    ("429", 0.025),
    ("429 retry-after", 0.025),
    ("500", 0.02),
    ("stall", 0.01),
    ("malformed", 0.01),
    ("cut", 0.01),
)
"""Share of the requests that end so; all others are answered."""
UNBILLED = ("429", "429 retry-after", "500", "refused")
LOST = ("stall", "malformed", "cut", "outage")
"""Billed, but no client can read the answer."""
_GRACE = 0.3
"""Seconds in which an outage still takes what has been sent to it."""


@dataclass(slots=True)
class Exchange:
    """A request: parsed head, and body."""

    path: str
    body: bytes
    since: float
    """UNIX time at which its connection was made."""


@dataclass
class Proxy:
    """Forwards to one server. With `quiet` it has no faults."""

    upstream: str
    log: Path
    seed: int
    quiet: bool
    outage_after: int
    """Requests until the outage begins."""
    outage: float
    stall: float
    """Seconds for which a stalled request gets nothing before the connection is closed."""
    counted: int = 0
    down: bool = False
    port: int = 0
    ordinals: Counter[bytes] = field(default_factory=Counter)
    writers: set[asyncio.StreamWriter] = field(default_factory=set)

    async def serve(self) -> None:
        """Serve until cancelled, with one outage."""
        self.chance = random.Random(self.seed)
        self.over = asyncio.Event()
        while True:
            server = await asyncio.start_server(self._connection, "127.0.0.1", self.port, limit=2**22, backlog=512)
            if not self.port:
                self.port = server.sockets[0].getsockname()[1]
                print(json.dumps({"url": f"http://127.0.0.1:{self.port}/v1"}), flush=True)
            await self.over.wait()
            self.over.clear()
            server.close()
            await asyncio.sleep(_GRACE)
            for writer in self.writers:
                writer.transport.abort()
            await asyncio.sleep(self.outage)
            self.down = False

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writers.add(writer)
        since = time.time()
        try:
            while await self._exchange(await _read(reader, since), writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass
        finally:
            self.writers.discard(writer)
            writer.close()

    async def _exchange(self, asked: Exchange, writer: asyncio.StreamWriter) -> bool:
        """Answer one request; return whether the connection stays open."""
        if not asked.path.endswith("/chat/completions"):
            writer.write(_http(*await self._forward("GET", asked.path, b"")))
            return True
        fate = self._fate()
        body = self._seeded(json.loads(asked.body))
        if fate in UNBILLED:
            self._note(asked, body, fate, {})
            after = {"retry-after": "1"} if fate == "429 retry-after" else {}
            writer.write(_http(int(fate.split()[0]), b'{"error": {"message": "no"}}', after))
            return True
        status, answer = await self._forward("POST", asked.path, json.dumps(body).encode())
        if status != 200:
            self._note(asked, body, "refused", {})
            writer.write(_http(status, answer))
            return True
        fate = "outage" if self.down else fate
        self._note(asked, body, fate, json.loads(answer))
        return await self._deliver(fate, answer, writer)

    async def _deliver(self, fate: str, answer: bytes, writer: asyncio.StreamWriter) -> bool:
        if fate == "stall":
            await asyncio.sleep(self.stall)
            return False
        if fate == "cut":
            writer.write(_http(200, answer)[: -len(answer) // 2])
            await writer.drain()
            return False
        if fate == "outage":
            writer.transport.abort()
            return False
        writer.write(_http(200, answer[: len(answer) // 2] if fate == "malformed" else answer))
        await writer.drain()
        return True

    def _fate(self) -> str:
        self.counted += 1
        if self.quiet:
            return "answer"
        if self.counted == self.outage_after:
            self.down = True
            self.over.set()
        if self.down:
            return "outage"
        drawn = self.chance.random()
        for name, share in FAULTS:
            drawn -= share
            if drawn < 0:
                return name
        return "answer"

    def _seeded(self, body: dict[str, Any]) -> dict[str, Any]:
        """Return a body with a seed: its own, or one made of its content and of how often that was sent on."""
        if "seed" in body:
            return body
        content = json.dumps(body, sort_keys=True).encode()
        self.ordinals[content] += 1
        made = hashlib.sha256(content + str(self.ordinals[content]).encode()).digest()
        return body | {"seed": int.from_bytes(made[:6], "big")}

    async def _forward(self, method: str, path: str, body: bytes) -> tuple[int, bytes]:
        address = urlsplit(self.upstream)
        reader, writer = await asyncio.open_connection(address.hostname, address.port, limit=2**22)
        head = f"{method} {path} HTTP/1.1\r\nhost: upstream\r\nconnection: close\r\ncontent-length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + body)
        with contextlib.closing(writer):
            whole = await reader.read(-1)
        top, _, answer = whole.partition(b"\r\n\r\n")
        return int(top.split()[1]), answer

    def _note(self, asked: Exchange, body: dict[str, Any], fate: str, answer: dict[str, Any]) -> None:
        note = {
            "since": asked.since,
            "fate": fate,
            "id": answer.get("id", ""),
            "usage": answer.get("usage", {}),
            **{name: body.get(name) for name in ("model", "messages", "max_tokens", "n", "temperature")},
        }
        with self.log.open("a", encoding="utf-8") as lines:
            lines.write(json.dumps(note) + "\n")


async def _read(reader: asyncio.StreamReader, since: float) -> Exchange:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    lengths = (line.partition(":")[2] for line in head.splitlines() if line.lower().startswith("content-length:"))
    return Exchange(head.split()[1], await reader.readexactly(int(next(lengths, "0"))), since)


def _http(status: int, body: bytes, headers: Mapping[str, str] | None = None) -> bytes:
    named = {"content-type": "application/json", "content-length": str(len(body)), **(headers or {})}
    lines = "".join(f"{name}: {value}\r\n" for name, value in named.items())
    return f"HTTP/1.1 {status} X\r\n{lines}\r\n".encode() + body


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until killed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--upstream", required=True)
    parser.add_argument("--log", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--quiet", action="store_true")
    parser.add_argument("--outage-after", type=int, default=400)
    parser.add_argument("--outage", type=float, default=30.0)
    parser.add_argument("--stall", type=float, default=20.0)
    given = parser.parse_args(arguments)
    proxy = Proxy(given.upstream, given.log, given.seed, given.quiet, given.outage_after, given.outage, given.stall)
    asyncio.run(proxy.serve())
    return 0


if __name__ == "__main__":
    sys.exit(main())
