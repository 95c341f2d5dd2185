"""A scripted server, reached over either transport, and an environment without anybody's key."""

from collections.abc import Iterator

import pytest
from fault_server import FaultServer

from weirdgen.endpoints import connection


@pytest.fixture(params=["httpx", "aiohttp"])
def server(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultServer]:
    if request.param == "httpx":
        monkeypatch.setattr(connection, "_over_aiohttp", lambda url: None)
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_CUSTOM_HEADERS", "OPENAI_ORG_ID"):
        monkeypatch.delenv(name, raising=False)
    with FaultServer() as running:
        yield running
