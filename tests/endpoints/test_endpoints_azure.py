"""Azure OpenAI: both of its APIs through the real client, its keys, and the shapes in which it filters and refuses."""

from typing import Any

import pytest
from fault_server import FaultServer, answer, endpoint, error, http, one, request, run

from weirdgen.endpoints import azure
from weirdgen.endpoints.client import ChatEndpoint
from weirdgen.endpoints.faults import Retryable
from weirdgen.endpoints.identity import accepts_unknown_model, identify
from weirdgen.endpoints.keys import secrets_of
from weirdgen.endpoints.models import parse_target
from weirdgen.errors import EndpointRefused, UsageMistake
from weirdgen.schema.sample import Sample

RESOURCE = "https://mine.openai.azure.com"
KEY, TOKEN = "0123456789abcdef0123456789abcdef", "eyJ0eXAiOiJKV1QifQ.body.signature"
SAFE = {"hate": {"filtered": False, "severity": "safe"}}
FILTERED = {
    "error": {
        "message": "The response was filtered due to the prompt triggering Azure OpenAI's content management policy.",
        "type": None,
        "param": "prompt",
        "code": "content_filter",
        "status": 400,
        "innererror": {
            "code": "ResponsibleAIPolicyViolation",
            "content_filter_result": {"violence": {"filtered": True, "severity": "medium"}},
        },
    }
}
MISSING = {
    "error": {
        "code": "DeploymentNotFound",
        "message": "The API deployment for this resource does not exist. If you created the deployment within the last "
        "5 minutes, please wait a moment and try again.",
    }
}
DENIED = {
    "error": {
        "code": "401",
        "message": "Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a valid "
        "key for an active subscription and use a correct regional API endpoint for your resource.",
    }
}


@pytest.fixture(autouse=True)
def at_azure(monkeypatch: pytest.MonkeyPatch) -> None:
    """The scripted server stands for Azure, and nothing is set."""
    monkeypatch.setattr(azure, "_HOSTS", (*azure._HOSTS, "127.0.0.1"))
    for name in (azure.TOKEN, azure.KEY, azure.VERSION, "OPENAI_API_KEY", "AZURE_OPENAI_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def version(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv(azure.VERSION, "2024-10-21")
    return "2024-10-21"


def deployed(server: FaultServer, path: str = "", key: str = KEY) -> ChatEndpoint:
    url = server.url.removesuffix("/v1") + path
    return ChatEndpoint(parse_target("my-gpt", base_url=url, role="treated", environ={}), url, key)


def asked(server: FaultServer, path: str = "", key: str = KEY) -> Sample:
    return run(deployed(server, path, key), lambda e: one(e, request()))


def head(server: FaultServer) -> tuple[str, dict[str, str]]:
    """Return the last request's target and its headers."""
    first, *lines = server.headers[-1].splitlines()
    return first.split()[1], {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}


@pytest.mark.usefixtures("version")
@pytest.mark.parametrize("path", ["", "/", "/openai", "/openai/"])
def test_the_resource_is_asked_for_a_deployment_in_a_version(server: FaultServer, path: str) -> None:
    sample = asked(server, path)
    where, headers = head(server)
    assert where == "/openai/deployments/my-gpt/chat/completions?api-version=2024-10-21"
    assert (headers["api-key"], "authorization" in headers) == (KEY, False)
    assert server.bodies[0]["model"] == "my-gpt"
    assert sample.text == "hi"


def test_the_v1_api_is_asked_like_any_other_server(server: FaultServer) -> None:
    asked(server, "/openai/v1")
    where, headers = head(server)
    assert (where, headers["authorization"]) == ("/openai/v1/chat/completions", f"Bearer {KEY}")


@pytest.mark.usefixtures("version")
def test_a_token_is_sent_as_one(server: FaultServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(azure.TOKEN, TOKEN)
    asked(server, key=TOKEN)
    _, headers = head(server)
    assert (headers["authorization"], "api-key" in headers) == (f"Bearer {TOKEN}", False)


@pytest.mark.usefixtures("version")
def test_a_token_in_the_environment_does_not_take_the_place_of_a_key(
    server: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(azure.TOKEN, TOKEN)
    asked(server, key=KEY)
    _, headers = head(server)
    assert (headers["api-key"], "authorization" in headers) == (KEY, False)


@pytest.mark.usefixtures("version")
def test_headers_of_the_account_at_openai_do_not_go_there(server: FaultServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_ORG_ID", "org-mine")
    for path in ("", "/openai/v1"):
        asked(server, path)
        assert "openai-organization" not in head(server)[1]


def test_without_a_version_it_is_said_what_to_set(server: FaultServer) -> None:
    with pytest.raises(EndpointRefused, match=r"OPENAI_API_VERSION.*or give http://127.0.0.1:.*/openai/v1"):
        deployed(server, "/openai")


@pytest.mark.parametrize(
    "url",
    [
        f"{RESOURCE}/openai/deployments/my-gpt",
        f"{RESOURCE}/openai/deployments/my-gpt/chat/completions?api-version=2025-01-01-preview",
        f"{RESOURCE}/v1",
    ],
)
def test_the_target_uri_of_the_portal_is_answered_with_what_to_write(url: str) -> None:
    with pytest.raises(UsageMistake, match=r"write https://mine.openai.azure.com/openai/v1.*deployment's name"):
        parse_target("my-gpt", base_url=url, role="treated", environ={})


@pytest.mark.parametrize(
    "url",
    [
        RESOURCE,
        f"{RESOURCE}/openai/v1/",
        "https://mine.cognitiveservices.azure.com/openai",
        "https://mine.services.ai.azure.com/api/projects/p/openai/v1",
        "https://mine.openai.azure.us",
    ],
)
def test_azure_is_known_by_its_hosts(url: str) -> None:
    target = parse_target("my-gpt", base_url=url, role="treated", environ={})
    assert target.key_env == (azure.TOKEN, azure.KEY, "OPENAI_API_KEY")
    assert azure.is_azure(url)


def test_other_hosts_are_not_azure() -> None:
    for url in ("https://openai.azure.com.evil.example/openai", "https://gpu.azure.com/v1", None):
        assert not azure.is_azure(url)


def test_azure_keys_go_to_no_other_server() -> None:
    judge = parse_target("j", base_url="https://api.openai.com/v1", role="judge", main_base_url=RESOURCE, environ={})
    assert judge.key_env == ("WEIRDGEN_JUDGE_API_KEY",)
    other = "https://other.openai.azure.com"
    control = parse_target("c", base_url=other, role="control", main_base_url=RESOURCE, environ={})
    assert control.key_env == ("WEIRDGEN_CONTROL_API_KEY",)
    control = parse_target("c", base_url=RESOURCE, role="control", main_base_url=RESOURCE, environ={})
    assert control.key_env == ("WEIRDGEN_CONTROL_API_KEY", azure.TOKEN, azure.KEY, "OPENAI_API_KEY")


def test_azure_keys_are_secrets() -> None:
    assert {KEY, TOKEN} <= set(secrets_of("", {azure.KEY: KEY, azure.TOKEN: TOKEN}))


@pytest.mark.usefixtures("version")
def test_a_filtered_prompt_is_a_censored_answer(server: FaultServer) -> None:
    server.script = [http(400, FILTERED)]
    sample = asked(server)
    assert (sample.text, sample.stop_reason, sample.complete) == ("", "content_filter", False)


@pytest.mark.usefixtures("version")
@pytest.mark.parametrize("message", [{"role": "assistant"}, {"role": "assistant", "content": "Half of"}])
def test_a_filtered_answer_is_censored_whatever_came_of_it(server: FaultServer, message: dict[str, Any]) -> None:
    choice = {"index": 0, "finish_reason": "content_filter", "message": message, "content_filter_results": SAFE}
    server.script = [http(200, {"id": "c", "model": "gpt-4o-2024-08-06", "choices": [choice]})]
    sample = asked(server)
    assert (sample.text, sample.stop_reason, sample.complete) == (message.get("content", ""), "content_filter", False)


@pytest.mark.usefixtures("version")
def test_what_its_filters_say_beside_an_answer_changes_nothing(server: FaultServer) -> None:
    server.script = [answer(prompt_filter_results=[{"prompt_index": 0, "content_filter_results": SAFE}])]
    sample = asked(server)
    assert (sample.text, sample.complete) == ("hi", True)


@pytest.mark.usefixtures("version")
@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (404, MISSING, ["does not exist", "the name of a deployment"]),
        (401, DENIED, ["Access denied", azure.TOKEN, azure.KEY]),
    ],
)
def test_what_it_refuses_is_said_with_a_remedy(
    server: FaultServer, status: int, body: dict[str, Any], words: list[str]
) -> None:
    server.script = [http(status, body)]
    server.models = http(200, {"data": [{"id": "my-gtp"}]})
    with pytest.raises(EndpointRefused) as caught:
        asked(server)
    assert all(word in str(caught.value) for word in words)
    assert "my-gtp" not in str(caught.value), "what it lists are models, not deployments"


@pytest.mark.usefixtures("version")
def test_a_limit_that_was_reached_is_waited_for(server: FaultServer) -> None:
    said = (
        "Requests to the ChatCompletions_Create Operation have exceeded token rate limit. Please retry after 6 seconds."
    )
    server.script = [error(429, said, code="429", headers={"retry_after": "6"})]
    with pytest.raises(Retryable) as caught:
        asked(server)
    assert (caught.value.retry_after, caught.value.throttled) == (6.0, True)


@pytest.mark.usefixtures("version")
def test_an_unknown_deployment_is_asked_for_by_path(server: FaultServer) -> None:
    server.script = [http(404, MISSING)]
    assert run(deployed(server), accepts_unknown_model) is False
    assert "/deployments/weirdgen-no-such-model/" in head(server)[0]


@pytest.mark.usefixtures("version")
def test_who_answers_is_the_model_behind_the_deployment(server: FaultServer) -> None:
    server.script = [answer(model="gpt-4o-2024-08-06", system_fingerprint="fp_1"), http(404, MISSING)]
    found = run(deployed(server), lambda e: identify(e, organism_digest="", generation="g"))
    identity = found.identity
    assert (identity.kind, identity.model, identity.served) == ("endpoint", "my-gpt", "gpt-4o-2024-08-06")
    assert (identity.fingerprint, found.any_name) == ("fp_1", False)


def test_elsewhere_nothing_of_this_applies(server: FaultServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(azure, "_HOSTS", (".openai.azure.com",))
    run(endpoint(server), lambda e: one(e, request()))
    assert head(server)[0] == "/v1/chat/completions"
