"""Which transport carries requests, and how many clients there are."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest
from fault_server import FaultServer, answer, one, request

from weirdgen.endpoints.client import ChatEndpoint
from weirdgen.endpoints.connection import Connections
from weirdgen.endpoints.faults import Retryable
from weirdgen.endpoints.models import parse_target

LOOPBACK, REMOTE = "http://127.0.0.1:1/v1", "https://gpu.example/v1"
PLUGINS = str(Path(__file__).parents[2] / "plugins")


def opened(url: str) -> Connections:
    return Connections(url, "key", attempt_seconds=5, main_account=False)


def transport_of(url: str) -> str:
    async def ask() -> str:
        connections = opened(url)
        with connections.client() as client:
            name = type(client._client).__mro__[1].__name__
        await connections.aclose()
        return name

    return asyncio.run(ask())


@pytest.fixture
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.mark.usefixtures("no_proxy")
@pytest.mark.parametrize("url", [LOOPBACK, REMOTE])
def test_aiohttp_is_used_where_it_is_installed(url: str) -> None:
    assert "Aiohttp" in transport_of(url)


@pytest.mark.usefixtures("no_proxy")
def test_a_proxy_is_left_to_httpx_and_does_not_matter_to_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:2")
    assert "Aiohttp" not in transport_of(REMOTE)
    assert "Aiohttp" in transport_of(LOOPBACK)


def test_without_aiohttp_requests_go_out_all_the_same() -> None:
    code = f"""
import sys
sys.path.insert(0, {PLUGINS!r})
sys.modules["aiohttp"] = None
from weirdgen.endpoints import connection
assert connection._over_aiohttp({LOOPBACK!r}) is None
with connection.Connections({LOOPBACK!r}, "key", attempt_seconds=5, main_account=False).client() as client:
    print(type(client).__name__)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("AsyncOpenAI\n", "")


@pytest.mark.parametrize(("over_aiohttp", "clients"), [(True, 1), (False, 3)])
def test_over_httpx_no_client_has_many_connections(
    monkeypatch: pytest.MonkeyPatch, over_aiohttp: bool, clients: int
) -> None:
    if not over_aiohttp:
        monkeypatch.setattr("weirdgen.endpoints.connection._over_aiohttp", lambda url: None)

    async def work() -> None:
        connections = opened(LOOPBACK)
        open_now = [connections.client() for _ in range(40)]
        given = [busy.__enter__() for busy in open_now]
        assert len({id(client) for client in given}) == clients
        for busy in open_now:
            busy.__exit__(None, None, None)
        with connections.client() as again:
            assert any(again is client for client in given)
        await connections.aclose()
        assert all(client.is_closed() for client in given)
        await connections.aclose()

    asyncio.run(work())


def test_many_at_once_are_all_answered(server: FaultServer) -> None:
    server.script = [answer("all")]

    async def many(to: ChatEndpoint) -> list[str]:
        try:
            drawn = await asyncio.gather(*(one(to, request()) for _ in range(40)))
            return [sample.text for sample in drawn]
        finally:
            await to.aclose()

    target = parse_target("m", base_url=server.url, role="treated", environ={})
    assert asyncio.run(many(ChatEndpoint(target, server.url))) == ["all"] * 40


async def drop(writer: asyncio.StreamWriter) -> None:
    writer.close()


def test_a_connection_that_breaks_off_is_no_time_out(server: FaultServer) -> None:
    server.script = [drop]

    async def once(to: ChatEndpoint) -> None:
        try:
            await to.complete(request())
        finally:
            await to.aclose()

    target = parse_target("m", base_url=server.url, role="treated", environ={})
    with pytest.raises(Retryable, match="connection failed") as caught:
        asyncio.run(once(ChatEndpoint(target, server.url)))
    assert not caught.value.timed_out


def test_a_listing_that_breaks_off_does_not_make_the_server_unreachable(server: FaultServer) -> None:
    # No HTTP at all, then the end of the connection: whoever listens there may answer completions.
    server.models = b""

    async def ask(to: ChatEndpoint) -> object:
        try:
            return await to.listing()
        finally:
            await to.aclose()

    target = parse_target("m", base_url=server.url, role="treated", environ={})
    exchange = server.exchange

    async def closing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        await exchange(reader, writer)
        return False

    server.exchange = closing  # type: ignore[method-assign]
    assert asyncio.run(ask(ChatEndpoint(target, server.url))) is None
