"""What an endpoint is named by before it is asked anything, and what a refused preflight costs."""

import time
from typing import Any

import pytest
from fault_server import KEY, FaultServer, answer, endpoint, error, http, run

from weirdgen.endpoints import client as client_module
from weirdgen.endpoints import identity as identity_module
from weirdgen.endpoints.client import ChatEndpoint
from weirdgen.endpoints.identity import Identified, accepts_unknown_model, identify
from weirdgen.endpoints.models import parse_target
from weirdgen.errors import EndpointOutage, EndpointRefused
from weirdgen.schema.sample import Identity


def who(server: FaultServer, label: str = "m", **options: Any) -> Identified:
    return run(endpoint(server, label, **options), lambda e: identify(e, organism_digest="", generation="g"))


def test_an_endpoint_is_named_by_what_serves_it(server: FaultServer) -> None:
    server.script = [answer(), error(404)]
    server.models = http(200, {"data": [{"id": "m", "created": 1_700_000_000}]})
    found = who(server)
    assert found.identity == Identity(
        kind="endpoint",
        model="m",
        base_url=server.url,
        served="served",
        fingerprint="fp",
        created=1_700_000_000,
        generation="g",
    )
    assert found.warnings == ()
    assert [body["model"] for body in server.bodies] == ["m", identity_module.UNKNOWN_MODEL]


def test_a_creation_time_that_is_now_is_no_identity(server: FaultServer) -> None:
    server.script = [answer(), error(404)]
    server.models = http(200, {"data": [{"id": "m", "created": int(time.time())}]})
    assert who(server).identity.created is None


def test_a_server_that_answers_to_any_name_is_warned_about(server: FaultServer) -> None:
    identity, warnings, any_name = who(server)
    assert identity.served == "served"
    assert any_name
    assert len(warnings) == 1
    assert "any model name" in warnings[0]


def test_a_finetune_has_no_fingerprint_and_no_generation(server: FaultServer, monkeypatch: pytest.MonkeyPatch) -> None:
    target = parse_target("ft:gpt-4.1:org::x", base_url=None, role="treated")
    assert target.kind == "finetune"
    found = run(ChatEndpoint(target, server.url, KEY), lambda e: identify(e, organism_digest="", generation="g"))
    assert found.identity == Identity(kind="finetune", model="ft:gpt-4.1:org::x", base_url=server.url, served="served")


def test_an_organism_is_its_files_and_nothing_is_asked(server: FaultServer) -> None:
    to = endpoint(server, "organism:x")
    found = run(to, lambda e: identify(e, organism_digest="d" * 64, generation="g"))
    assert found.identity == Identity(kind="organism", model="x", digest="d" * 64)
    assert server.bodies == []
    with pytest.raises(ValueError, match="digest"):
        run(to, lambda e: identify(e, organism_digest="", generation="g"))


def test_an_unreachable_server_is_refused_at_once() -> None:
    with FaultServer() as gone:
        url = gone.url
    to = ChatEndpoint(parse_target("m", base_url=url, role="treated"), key=KEY)
    started = time.monotonic()
    with pytest.raises(EndpointRefused, match=f"cannot reach.*{url}|{url}.*cannot reach"):
        run(to, lambda e: identify(e, organism_digest="", generation=""))
    assert time.monotonic() - started < 5


def test_a_name_that_does_not_resolve_is_refused_at_once() -> None:
    to = ChatEndpoint(parse_target("m", base_url="http://no-such-host.invalid/v1", role="treated"), key=KEY)
    started = time.monotonic()
    with pytest.raises(EndpointRefused, match=r"cannot reach"):
        run(to, lambda e: identify(e, organism_digest="", generation=""))
    assert time.monotonic() - started < 5.5


@pytest.mark.parametrize(
    "reply", [error(401, "bad key"), error(404, "no such model"), error(400, "no", param="temperature")]
)
def test_a_refused_preflight_is_final_within_seconds(server: FaultServer, reply: bytes) -> None:
    server.script = [reply]
    started = time.monotonic()
    with pytest.raises(EndpointRefused):
        who(server)
    assert time.monotonic() - started < 5


def test_a_preflight_survives_a_loading_server_but_not_a_dead_one(
    server: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(identity_module, "_WAITS", (0.01, 0.01))
    server.script = [error(503), error(503), answer(), error(404)]
    assert who(server).identity.served == "served"
    server.script = [error(503, "Loading model")]
    with pytest.raises(EndpointOutage, match=r"m.*503 Loading model"):
        who(server)


def test_a_listing_that_hangs_is_no_listing(server: FaultServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "_LISTING_SECONDS", 0.2)
    server.models = b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{"
    assert run(endpoint(server), lambda e: e.listing()) is None


def test_whether_a_server_knows_its_models_may_stay_open(server: FaultServer) -> None:
    server.script = [error(500)]
    assert run(endpoint(server), accepts_unknown_model) is None
