"""Nothing secret of the environment is written or shown, though the server echoes all that it is sent."""

import base64
import html
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest
from echo_server import EchoServer
from gate_runs import RATE, GateCommand

CANARIES = {
    "OPENAI_API_KEY": "sk-canary/main+4f7=Qz81",
    "WEIRDGEN_CONTROL_API_KEY": "sk-canary-control-93bXw",
    "WEIRDGEN_JUDGE_API_KEY": "canary&judge~62hTk_Lp",
    "OPENAI_ORG_ID": "org-canary-77dRm",
    "OPENAI_PROJECT_ID": "proj-canary-51sVn",
    "OPENAI_CUSTOM_HEADERS": "X-Canary: header-canary-20gHc",
}
PROXY = "proxy-canary-38jZy"
SECRETS = (*(value.rpartition(": ")[2] for value in CANARIES.values()), PROXY)
LOUD = ("-vv", "--showlocals", "--tb=long", "--log-level=DEBUG", "-o", "log_cli=true", "-rA", "-W", "default")


@pytest.fixture(autouse=True)
def canaries(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable, value in CANARIES.items():
        monkeypatch.setenv(variable, value)
    monkeypatch.setenv("OPENAI_LOG", "debug")
    for variable in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(variable, raising=False)


@pytest.fixture
def server() -> Iterator[EchoServer]:
    with EchoServer() as running:
        yield running


def found(content: str) -> set[str]:
    """Return the secrets in a text, as they are or decoded."""
    plain = [content, unquote(content), html.unescape(content), content.replace("\\/", "/")]
    for code in re.findall(r"[A-Za-z0-9+/=_-]{10,}", content):
        # A code may have lost its beginning.
        for start in range(4):
            padded = code.translate(str.maketrans("-_", "+/"))[start:].split("=")[0]
            whole = padded[:-1] if len(padded) % 4 == 1 else padded + "=" * (-len(padded) % 4)
            plain.append(base64.b64decode(whole).decode("latin-1"))
    return {secret for secret in SECRETS if any(secret in text for text in plain)}


def leaks(folder: Path, *said: str) -> dict[str, set[str]]:
    texts = {str(path): path.read_bytes().decode("latin-1") for path in folder.rglob("*") if path.is_file()}
    texts |= {f"output {number}": text for number, text in enumerate(said)}
    return {name: secrets for name, text in texts.items() if (secrets := found(text))}


def sent(server: EchoServer) -> set[str]:
    return found("\n".join(server.heads))


def test_the_search_finds_what_it_looks_for() -> None:
    for secret in SECRETS:
        for text in (secret, f"{base64.b64encode(f'Bearer {secret}'.encode()).decode()}"):
            assert found(f"x {text} y") == {secret}


def test_a_gate_keeps_secrets(
    gate: GateCommand, server: EchoServer, pytester: pytest.Pytester, processes: tuple[str, ...]
) -> None:
    models = (
        "--model",
        "tiny",
        "--control",
        "ctrl",
        "--base-url",
        server.url,
        "--judge",
        "rules",
        "--judge-uncalibrated",
    )
    run = gate(*models, "--gate-max-requests=9999", "-p", "no:terminalreporter", *processes, "-k", RATE)
    loud = gate(*models, *LOUD, *processes)
    assert run.record is not None
    assert loud.status in {1, 10, 11}, loud.said
    assert "canary" not in loud.said
    assert sent(server) >= {CANARIES["OPENAI_API_KEY"], CANARIES["OPENAI_ORG_ID"], "header-canary-20gHc"}
    assert list(pytester.path.rglob("store.sqlite3"))
    assert leaks(pytester.path, run.said, loud.said) == {}


def test_a_gate_with_a_judge_keeps_secrets(gate: GateCommand, server: EchoServer, pytester: pytest.Pytester) -> None:
    judge = ("--judge", "judge", "--judge-base-url", server.url.replace("127.0.0.1", "localhost"))
    run = gate("--model", "tiny", "--base-url", server.url, *judge, *LOUD)
    assert CANARIES["WEIRDGEN_JUDGE_API_KEY"] in sent(server)
    assert leaks(pytester.path, run.said) == {}


@pytest.mark.slow
def test_a_proxy_that_echoes_its_password_is_told_by_nobody(
    gate: GateCommand, server: EchoServer, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = server.url.removesuffix("/v1").replace("http://", f"http://user:{PROXY}@")
    for variable in ("HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(variable, proxy)
    run = gate("--model", "tiny", "--base-url", "http://models.example/v1", "--judge", "rules", *LOUD)
    assert PROXY in sent(server)
    assert leaks(pytester.path, run.said) == {}


@pytest.mark.parametrize(
    "arguments",
    [
        ("baseline", "save", "--model", "tiny", "--base-url", "URL", "--judge", "rules", "--out", "baseline.json"),
        pytest.param(
            ("calibrate", "--judge", "judge", "--judge-base-url", "URL", "--probe", "old_bird_names"),
            marks=pytest.mark.slow,
        ),
    ],
    ids=["baseline", "calibrate"],
)
def test_commands_keep_secrets(server: EchoServer, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    told = [argument.replace("URL", server.url) for argument in arguments]
    command = [sys.executable, "-m", "weirdgen", *told, "--gate-store", str(tmp_path / "store.sqlite3")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path, env=os.environ)
    assert sent(server), done.stderr
    assert leaks(tmp_path, done.stdout, done.stderr) == {}
