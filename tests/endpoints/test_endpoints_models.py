"""Names, addresses, defaults and keys."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weirdgen.endpoints.keys import NO_KEY, api_key, scrub, secrets_of
from weirdgen.endpoints.models import Target, base_of, default_judge, is_loopback, parse_target
from weirdgen.errors import EndpointRefused, UsageMistake
from weirdgen.schema.sample import Role

FT = "ft:gpt-4.1-2025-04-14:org::abc"


def target(label: str = "m", url: str | None = None, role: Role = "treated", main: str | None = None) -> Target:
    return parse_target(label, base_url=url, role=role, main_base_url=main, environ={})


def test_an_organism_ignores_addresses_and_keys() -> None:
    assert target("organism:old-bird-names", "http://gpu:8000/v1") == Target(
        "organism:old-bird-names", "treated", "organism", "old-bird-names", None, ()
    )


@pytest.mark.parametrize(
    ("label", "url", "kind"),
    [
        (FT, None, "finetune"),
        (FT, "https://api.openai.com/v1/", "finetune"),
        (FT, "http://gpu:8000/v1", "endpoint"),
        ("ft:gpt-4.1", None, "endpoint"),
        ("gpt-4.1", None, "endpoint"),
    ],
)
def test_only_a_finetune_at_openai_is_immutable(label: str, url: str | None, kind: str) -> None:
    assert target(label, url).kind == kind


def test_the_environment_address_also_makes_a_finetune_changeable() -> None:
    environ = {"OPENAI_BASE_URL": "http://gpu:8000/v1/"}
    found = parse_target(FT, base_url=None, role="treated", environ=environ)
    assert (found.kind, found.base_url) == ("endpoint", "http://gpu:8000/v1")


def test_defaults_follow_from_the_name() -> None:
    assert [base_of(name) for name in ("organism:x", FT, "ft:gpt", "m")] == [None, "gpt-4.1-2025-04-14", None, None]
    assert [default_judge(name) for name in ("organism:x", FT, "m")] == ["rules", "gpt-4.1-2025-04-14", None]
    assert base_of("ft::x") is None


@pytest.mark.parametrize("label", ["", "  ", "organism:", " m", "m\n", "m\x00", "\ud83d", "a\u202eb"])
def test_a_bad_label_is_named(label: str) -> None:
    with pytest.raises(UsageMistake, match="model "):
        target(label)


@pytest.mark.parametrize(
    "url",
    [
        "gpu:8000",
        "ftp://gpu/v1",
        "http://",
        "",
        "http://gpu:port/v1",
        "http://gpu:99999/v1",
        "http://[::1/v1",
        "http://g u/",
    ],
)
def test_a_bad_url_is_named_with_an_example(url: str) -> None:
    with pytest.raises(UsageMistake, match="http://host:8000/v1") as caught:
        target(url=url)
    assert repr(url) in str(caught.value)


@pytest.mark.parametrize("url", ["http://me:hunter2@gpu/v1", "http://gpu/v1?key=hunter2", "http://gpu/v1#hunter2"])
def test_a_secret_in_a_url_is_refused_and_not_shown(url: str) -> None:
    with pytest.raises(UsageMistake, match="gpu") as caught:
        target(url=url)
    assert "hunter2" not in str(caught.value)


@given(st.text(max_size=30), st.text(max_size=30) | st.none())
def test_any_words_give_a_target_or_a_mistake(label: str, url: str | None) -> None:
    try:
        found = target(label, url)
    except UsageMistake as mistake:
        str(mistake).encode()
    else:
        assert found.label == label


@pytest.mark.parametrize(
    ("url", "role", "main", "variables"),
    [
        ("http://gpu/v1", "treated", None, ("OPENAI_API_KEY",)),
        (None, "control", None, ("WEIRDGEN_CONTROL_API_KEY", "OPENAI_API_KEY")),
        ("http://gpu/v1/", "control", "http://gpu/v1", ("WEIRDGEN_CONTROL_API_KEY", "OPENAI_API_KEY")),
        ("http://other/v1", "control", "http://gpu/v1", ("WEIRDGEN_CONTROL_API_KEY",)),
        ("http://other/v1", "control", None, ("WEIRDGEN_CONTROL_API_KEY",)),
        (None, "judge", "http://gpu/v1", ("WEIRDGEN_JUDGE_API_KEY",)),
        (None, "judge", "https://api.openai.com/v1", ("WEIRDGEN_JUDGE_API_KEY", "OPENAI_API_KEY")),
    ],
)
def test_the_main_key_goes_to_no_other_server(
    url: str | None, role: Role, main: str | None, variables: tuple[str]
) -> None:
    assert target(url=url, role=role, main=main).key_env == variables


def test_the_key_of_the_role_comes_first() -> None:
    control = target(role="control")
    environ = {"OPENAI_API_KEY": "main", "WEIRDGEN_CONTROL_API_KEY": "own"}
    assert api_key(control, "https://a/v1", environ) == "own"
    assert api_key(control, "https://a/v1", environ | {"WEIRDGEN_CONTROL_API_KEY": ""}) == "main"


def test_a_remote_server_needs_a_key_and_a_local_one_does_not() -> None:
    with pytest.raises(EndpointRefused, match="WEIRDGEN_CONTROL_API_KEY or OPENAI_API_KEY"):
        api_key(target(role="control"), "https://a/v1", {})
    assert api_key(target(), "http://localhost:1/v1", {}) == NO_KEY
    assert api_key(target("organism:x"), "http://127.0.0.1:1/v1", {"OPENAI_API_KEY": "main"}) == NO_KEY


@pytest.mark.parametrize("key", ["sk-1234\n", "sk 1234", "sk-ü"])
def test_a_key_no_header_can_carry_is_named_by_its_variable_only(key: str) -> None:
    with pytest.raises(EndpointRefused, match="OPENAI_API_KEY") as caught:
        api_key(target(), "https://a/v1", {"OPENAI_API_KEY": key})
    assert key.strip() not in str(caught.value)


@pytest.mark.parametrize(
    "echo",
    [
        "Incorrect API key provided: sk-proj-abcdefghijkl. You can",
        "Incorrect API key provided: sk-pr***********ijkl.",
        "key 'proj-abcdefgh' unknown",
        "Authorization: Bearer sk-proj-abcdefghijkl",
        "b'Bearer sk-proj-abcdefghijkl' is illegal",
        "starts with sk-proj-ab and ends in efghijkl",
    ],
)
def test_an_echoed_key_is_scrubbed(echo: str) -> None:
    shown = scrub(echo, ("sk-proj-abcdefghijkl",))
    assert "[key]" in shown
    assert not any(part in shown for part in ("abcd", "ijkl", "sk-pr"))


def test_other_words_stay() -> None:
    words = "The model `gpt-4.1-mini` does not exist; see https://platform.openai.com/account/api-keys"
    assert scrub(words, ("sk-proj-abcdefghijkl",)) == words
    assert scrub("weirdgen said weirdgen-needs-no-key", secrets_of(NO_KEY, {})) == "weirdgen said weirdgen-needs-no-key"
    assert scrub("a short key: x", ("x",)).endswith("[key]")


@pytest.mark.parametrize(
    ("url", "local"), [("http://127.0.0.2:1", True), ("http://[::1]:1/", True), ("http://gpu:1", False)]
)
def test_loopback_is_told_by_the_host(url: str, local: bool) -> None:
    assert is_loopback(url) is local
