"""Whole processes on one store and one HTTP server that counts: who pays, after what kind of death."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from loop_server import LoopServer

from weirdgen.schema.sample import Identity, Message, SampleRequest, Sampling
from weirdgen.store.store import SampleStore

SAMPLES = 150
_WORKER = """
import asyncio, sys
from pathlib import Path
from weirdgen.endpoints.client import ChatEndpoint
from weirdgen.endpoints.models import parse_target
from weirdgen.sampler.engine import Engine
from weirdgen.schema.sample import *
from weirdgen.store.store import SampleStore

target = parse_target("organism:m", base_url=None, role="treated")
requests = [SampleRequest(identity=Identity(kind="organism", model="m", digest="d"), role="treated",
    messages=(Message(role="user", content="q"),), sampling=Sampling(), replicate=n) for n in range(int(sys.argv[3]))]
with SampleStore(Path(sys.argv[1])) as store:
    engine = Engine(store, {("m", "treated"): ChatEndpoint(target, sys.argv[2])}, concurrency_max=16)
    async def everything():
        return await asyncio.gather(*map(engine.sample, requests))
    try:
        print(len(engine.submit(everything()).result()), engine.stats.samples)
    except KeyboardInterrupt:
        print("interrupted")
    finally:
        engine.close()
"""


class CountingServer(LoopServer):
    """Answers each completion after a moment, and counts requests by their seed, which is one per sample key."""

    def __init__(self) -> None:
        super().__init__()
        self.seeds: Counter[int] = Counter()

    async def exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = next(int(line.split(":")[1]) for line in head.splitlines() if line.startswith("content-length"))
        self.seeds[json.loads(await reader.readexactly(length))["seed"]] += 1
        await asyncio.sleep(0.02)
        body = b'{"choices": [{"finish_reason": "stop", "message": {"content": "a"}}]}'
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body))
        return True


@pytest.fixture
def server() -> Iterator[CountingServer]:
    with CountingServer() as running:
        yield running


def worker(path: Path, server: CountingServer, samples: int = SAMPLES) -> "subprocess.Popen[str]":
    environ = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2] / "plugins")}
    command = [sys.executable, "-W", "error", "-c", _WORKER, str(path), server.url, str(samples)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environ)


def stored_keys(path: Path, samples: int) -> set[str]:
    identity = Identity(kind="organism", model="m", digest="d")
    words = (Message(role="user", content="q"),)
    requests = (
        SampleRequest(identity=identity, role="treated", messages=words, sampling=Sampling(), replicate=n)
        for n in range(samples)
    )
    with SampleStore(path) as store:
        return {request.key for request in requests if store.get(request.key)}


def wait_for(server: CountingServer, requests: int) -> None:
    deadline = time.monotonic() + 20
    while server.seeds.total() < requests and time.monotonic() < deadline:
        time.sleep(0.005)
    assert server.seeds.total() >= requests


def seed_of(key: str) -> int:
    return int(key[:16], 16) >> 11


def test_two_processes_pay_once_for_each_sample(server: CountingServer, tmp_path: Path) -> None:
    children = [worker(tmp_path / "s", server) for _ in range(2)]
    outputs = [child.communicate(timeout=60) for child in children]
    assert [error for _, error in outputs] == ["", ""]
    asked, drawn = zip(*(map(int, out.split()) for out, _ in outputs), strict=True)
    assert asked == (SAMPLES, SAMPLES)
    assert sum(drawn) == SAMPLES
    assert set(server.seeds.values()) == {1}
    assert len(server.seeds) == SAMPLES


def test_after_a_kill_only_what_was_in_flight_is_asked_again(server: CountingServer, tmp_path: Path) -> None:
    samples = 400
    killed = worker(tmp_path / "s", server, samples)
    wait_for(server, 100)
    killed.send_signal(signal.SIGKILL)
    killed.communicate(timeout=10)
    paid, kept = server.seeds.total(), stored_keys(tmp_path / "s", samples)
    assert 0 <= paid - len(kept) <= 16
    started = time.monotonic()
    out, error = worker(tmp_path / "s", server, samples).communicate(timeout=60)
    assert (out, error) == (f"{samples} {samples - len(kept)}\n", "")
    assert server.seeds.total() == paid + samples - len(kept)
    assert {server.seeds[seed_of(key)] for key in kept} == {1}
    # The dead process's leases would have held for a minute.
    assert time.monotonic() - started < 30


def test_an_interrupt_stops_quietly_and_the_next_run_goes_on(server: CountingServer, tmp_path: Path) -> None:
    child = worker(tmp_path / "s", server, 2000)
    wait_for(server, 50)
    child.send_signal(signal.SIGINT)
    assert child.communicate(timeout=20) == ("interrupted\n", "")
    assert child.returncode == 0
    assert server.seeds.total() - len(stored_keys(tmp_path / "s", 2000)) <= 16
