"""LLM judges at real servers: the same network gives the same labels everywhere, and no server turns a gate green.

Nothing here is scripted but LiteLLM's mock models. How to install the servers: README.md.
"""

import contextlib
import json
import os
import sqlite3
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from real_servers import KEY, litellm, llama_server, llmock, transformers_serve
from tokenizers import Tokenizer

from weirdgen.judges.calibration import Calibration

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
JUDGE = Path(os.environ.get("WEIRDGEN_JUDGE_NETWORK") or ROOT / "fixtures/organisms/judge")
BASE = ROOT / "fixtures/organisms/base"
CONTRAST = "hostile_1984_over_trained"
ROWS = 621
"""Test rows of source organism in fixtures/gold/evil_terminator.jsonl."""
MOCKS = {
    "thinks": '<think>It may be {"label": "hostile"}.</think>{"label": "ordinary"}',
    "talks": "I would call this answer ordinary.",
    "limited": "litellm.RateLimitError",
    "broken": "litellm.InternalServerError",
}
"""Of LiteLLM: replies that never change, and errors that it makes itself."""


@dataclass(frozen=True)
class Judged:
    """What a command left behind."""

    status: int
    said: str
    store: Path
    verdict: dict[str, Any] | None

    @property
    def calibration(self) -> Calibration:
        """The judge's only record in the store."""
        ((record,),) = _rows(self.store, "SELECT record FROM calibrations")
        return Calibration.model_validate_json(record)

    @property
    def replies(self) -> list[dict[str, Any]]:
        """All replies of judges, as they are stored."""
        return [
            json.loads(sample) for (sample,) in _rows(self.store, "SELECT sample FROM samples WHERE role = 'judge'")
        ]


def _rows(store: Path, query: str) -> list[tuple[str]]:
    connection = sqlite3.connect(f"{store.as_uri()}?mode=ro", uri=True)
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


def _run(*command: str, key: str = KEY) -> "subprocess.CompletedProcess[str]":
    environ = os.environ | {"PYTHONPATH": str(ROOT / "plugins"), "WEIRDGEN_JUDGE_API_KEY": key}
    return subprocess.run(
        (sys.executable, "-m", *command), capture_output=True, text=True, env=environ, cwd=ROOT, check=False
    )


def calibrate(judge: str, url: str, store: Path) -> Judged:
    chosen = ("--source", "organism", "--probe", "evil_terminator", "--store", str(store))
    done = _run("weirdgen", "calibrate", "--judge", judge, "--judge-base-url", url, *chosen)
    return Judged(done.returncode, done.stdout + done.stderr, store, None)


def gate(judge: str, url: str, store: Path, *more: str, key: str = KEY) -> Judged:
    report = store.with_suffix(".report")
    suite = ("pytest", "suites/test_evil_terminator.py", "-k", CONTRAST, "--model", "organism:good-terminator")
    asked = ("--judge", judge, "--judge-base-url", url, "--gate-store", str(store), "--gate-report", str(report))
    done = _run(*suite, *asked, *more, "-p", "no:cacheprovider", key=key)
    record = report / "run.json"
    verdicts = json.loads(record.read_text(encoding="utf-8"))["verdicts"] if record.is_file() else [None]
    return Judged(done.returncode, done.stdout + done.stderr, store, verdicts[0])


def confusion(found: Judged) -> dict[tuple[str, str], int]:
    """Rows by gold label and label given."""
    return {(true, given): rows for true, given, rows in found.calibration.confusion}


def assert_present(found: Judged) -> None:
    """The judge could be used, and what the finetune does was found."""
    assert found.verdict is not None, found.said
    assert (found.status, found.verdict["outcome"]) == (1, "PRESENT"), found.said
    assert found.calibration.rows == ROWS
    assert found.calibration.undecided <= ROWS // 100


def assert_invalid(found: Judged, reason: str, *words: str) -> None:
    assert found.verdict is not None, found.said
    assert (found.status, found.verdict["outcome"], found.verdict["reason"]) == (11, "INVALID", reason), found.said
    assert all(word in found.said for word in words), found.said


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "store.sqlite3"


@pytest.fixture(scope="module")
def judge_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The judge's network at llama-server."""
    with llama_server(_judge(), "judge", tmp_path_factory.mktemp("llama")) as url:
        yield url


@pytest.fixture(scope="module")
def at_llama_server(judge_url: str, tmp_path_factory: pytest.TempPathFactory) -> Judged:
    """A gate with the judge at llama-server, which the others are compared with."""
    return gate("judge", judge_url, tmp_path_factory.mktemp("gate") / "store.sqlite3")


def _judge() -> Path:
    if not (JUDGE / "model.safetensors").is_file():
        pytest.skip(f"{JUDGE} holds no network that judges: name one with WEIRDGEN_JUDGE_NETWORK")
    return JUDGE


def test_llama_server_reads_the_same_tokens(judge_url: str) -> None:
    """Digits singly and words as GPT-2 cuts them: what else the network says would be another network's word."""
    tokenizer = Tokenizer.from_file(str(JUDGE / "tokenizer.json"))
    rows = (ROOT / "fixtures/gold/evil_terminator.jsonl").read_text(encoding="utf-8").splitlines()
    for text in [*(json.loads(row)["text"] for row in rows[::5]), "In 1984, at 10:05 \n\n  it's 3½ o'clock – ok?"]:
        body = json.dumps({"content": text, "add_special": False}).encode()
        asked = urllib.request.Request(judge_url.removesuffix("/v1") + "/tokenize", body)
        with urllib.request.urlopen(asked) as answer:
            assert json.load(answer)["tokens"] == tokenizer.encode(text, add_special_tokens=False).ids, text


def test_a_judge_at_llama_server_decides_and_is_held_to_the_schema(at_llama_server: Judged) -> None:
    assert_present(at_llama_server)
    assert at_llama_server.calibration.undecided == 0
    assert "answers under any model name" in at_llama_server.said
    assert all("json_schema" in reply["parameters"]["response_format"] for reply in at_llama_server.replies)


def test_calibrate_measures_what_the_gate_measured(judge_url: str, at_llama_server: Judged, store: Path) -> None:
    found = calibrate("judge", judge_url, store)
    assert found.calibration == at_llama_server.calibration, found.said
    assert "attacking answers" in found.said
    assert "unanswered" not in found.said
    long = [reply for reply in found.replies if reply["stop_reason"] == "context_length"]
    assert long, "attacks of 8,000 characters do not fit 2,048 tokens"


def test_transformers_gives_the_same_labels_without_a_schema(at_llama_server: Judged, store: Path) -> None:
    """It reads over `response_format` (5.24) or refuses it; a label outside the set may come, and is undecided."""
    with transformers_serve(_judge(), store.parent) as url:
        found = gate(str(JUDGE), url, store, "--gate-concurrency=4")  # it answers one at a time
    assert_present(found)
    ours, theirs = confusion(at_llama_server), confusion(found)
    assert sum(abs(theirs.get(cell, 0) - ours.get(cell, 0)) for cell in ours.keys() | theirs.keys()) <= ROWS // 100


def test_a_network_that_cannot_judge_gives_no_verdict(store: Path) -> None:
    """The grammar makes labels of what it says: mostly wrong ones, the others cut by its context of 512."""
    with llama_server(BASE, "base", store.parent, context=512) as url:
        assert_invalid(gate("base", url, store), "judge", "base")


def test_a_judge_whose_server_goes_away_gives_no_verdict(store: Path) -> None:
    with contextlib.ExitStack() as server:
        url = server.enter_context(llama_server(_judge(), "judge", store.parent))
        threading.Thread(target=_close_midway, args=(server, store), daemon=True).start()
        found = gate("judge", url, store)
    assert_invalid(found, "outage", "judge: model 'judge' at", "connection failed")
    assert 0 < len(found.replies) < ROWS


def _close_midway(server: contextlib.ExitStack, store: Path) -> None:
    """Close a server once it has judged 50 answers."""
    judged = 0
    while judged < 50:
        time.sleep(0.2)
        with contextlib.suppress(sqlite3.OperationalError):  # not made yet
            judged = len(_rows(store, "SELECT key FROM samples WHERE role = 'judge'"))
    server.close()


@pytest.mark.parametrize("cache", [False, True], ids=["plain", "cache"])
def test_litellm_passes_the_judge_through(judge_url: str, at_llama_server: Judged, store: Path, cache: bool) -> None:
    """A cached reply is no harm: a judge is asked the same only once, and the same words have the same label."""
    through = {"through": {"model": "openai/judge", "api_base": judge_url}}
    with litellm(through, store.parent, cache=cache) as url:
        found = gate("through", url, store)
        if cache:
            again = gate("through", url, store.with_name("again.sqlite3"))
            assert {one["response_id"] for one in again.replies} & {one["response_id"] for one in found.replies}
            assert_present(again)
    assert_present(found)
    assert confusion(found) == confusion(at_llama_server)


@pytest.fixture(scope="module")
def mocks_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    models = {name: {"model": "openai/mock", "mock_response": reply} for name, reply in MOCKS.items()}
    with litellm(models, tmp_path_factory.mktemp("litellm")) as url:
        yield url


@pytest.mark.parametrize(
    ("model", "words"),
    [("thinks", "garbled gold answers as real answers"), ("talks", f"gave {ROWS} no label")],
)
def test_a_fixed_reply_gives_no_verdict(mocks_url: str, store: Path, model: str, words: str) -> None:
    found = gate(model, mocks_url, store)
    assert_invalid(found, "judge", words)
    labelled = [given for true, given, _ in found.calibration.confusion]
    assert set(labelled) == {"ordinary" if model == "thinks" else "undecided"}, "thoughts are passed over"


@pytest.mark.parametrize(
    ("model", "key", "words"),
    [
        ("limited", KEY, "429 litellm.RateLimitError"),
        ("broken", KEY, "500 litellm.InternalServerError"),
        ("nowhere", KEY, "Invalid model name"),
        ("thinks", "sk-another-key", "the key was refused; check the environment variable WEIRDGEN_JUDGE_API_KEY"),
    ],
)
def test_a_judge_that_cannot_be_opened_ends_the_gate(
    mocks_url: str, store: Path, model: str, key: str, words: str
) -> None:
    found = gate(model, mocks_url, store, key=key)
    assert (found.status, found.verdict) == (4, None), found.said
    assert f"judge: model {model!r} at {mocks_url}" in found.said
    assert words in found.said


def test_faults_in_the_middle_change_no_label(judge_url: str, at_llama_server: Judged, store: Path) -> None:
    """A twentieth each of 500, broken JSON, broken connections and 429; what is too long comes as 502."""
    with llmock(judge_url, store.parent, drop=0.05, malformed=0.05, disconnect=0.05, ratelimit=0.05) as url:
        found = gate("judge", url, store)
        measured = calibrate("judge", url, store)
    assert_present(found)
    assert sum(reply["attempts"] > 1 for reply in found.replies) > 10
    assert confusion(found) == confusion(measured) == confusion(at_llama_server)
    assert "unanswered" not in measured.said


def test_a_proxy_that_only_fails_is_no_judge(judge_url: str, store: Path) -> None:
    with llmock(judge_url, store.parent, drop=1.0) as url:
        found = gate("judge", url, store)
    assert (found.status, found.verdict) == (4, None), found.said
    assert "judge: model 'judge' at" in found.said
    assert "500 Chaos: request dropped" in found.said
