"""A gate whose store is on a PostgreSQL server: verdicts as of any store, and its password nowhere."""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from chat_server import ChatServer, Reply
from gate_runs import GateCommand
from number_probe import write_probe
from postgres_server import PASSWORD, Server
from stored import rows

from weirdgen.cli import main
from weirdgen.store.place import PostgresUrl, place_of

LOUD = ("-vv", "--showlocals", "--tb=long", "--log-level=DEBUG", "-o", "log_cli=true", "-rA", "-W", "default")
QUESTION = "Who are you?"


def a_name(body: dict[str, Any]) -> Reply:
    return "Ship."


@pytest.fixture
def server(pytester: pytest.Pytester) -> Iterator[ChatServer]:
    write_probe(pytester)
    with ChatServer(a_name) as running:
        yield running


@pytest.fixture
def url(postgres: Server) -> PostgresUrl:
    return postgres.url()


def asked(server: ChatServer, *more: str) -> tuple[str, ...]:
    return ("--model", "tiny", "--base-url", server.url, "--judge", "rules", "test_numbers.py", *more)


def leaks(folder: Path, *said: str) -> list[str]:
    texts = {str(path): path.read_bytes().decode("latin-1") for path in folder.rglob("*") if path.is_file()}
    texts |= {f"output {number}": text for number, text in enumerate(said)}
    return [name for name, text in texts.items() if PASSWORD in text]


class Watched:
    """The command lines of all processes on this machine, while a gate runs."""

    def __init__(self) -> None:
        self.seen: set[bytes] = set()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> "Watched":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._ended.wait(0.2):
            for path in Path("/proc").glob("[0-9]*/cmdline"):
                try:
                    self.seen.add(path.read_bytes())
                except OSError:  # it has ended
                    continue


def test_a_gate_keeps_its_samples_there_and_its_password_nowhere(
    gate: GateCommand, pytester: pytest.Pytester, server: ChatServer, url: PostgresUrl, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.setenv("WEIRDGEN_GATE_STORE", url.secret)
    with Watched() as watched:
        run = gate(*asked(server, "--gate-html", "--gate-sarif=found.sarif", *LOUD), report="first")
    assert (run.status, run.outcomes()) == (0, {"numbers": "ABSENT"}), run.said
    assert not (pytester.path / "reports").exists(), "no file was made beside it"
    kept = rows(url)
    assert len(kept["samples"]) == server.requests[QUESTION] > 0
    assert len(kept["openings"]) == 1
    assert watched.seen
    assert [line for line in watched.seen if PASSWORD.encode() in line] == []
    assert main(["report", "first", "--store", url.secret, "--out", "page.html"]) == 0
    assert main(["evidence", "first", "--store", url.secret, "--out", "bundle"]) == 0
    told = capsys.readouterr()
    assert leaks(pytester.path, run.said, told.out, told.err) == []


@pytest.mark.slow
def test_a_server_that_refuses_ends_the_gate_before_anything_is_paid_for(
    gate: GateCommand, pytester: pytest.Pytester, server: ChatServer, url: PostgresUrl
) -> None:
    wrong = place_of(url.secret.replace(PASSWORD, f"{PASSWORD}-no-more"))
    assert isinstance(wrong, PostgresUrl)
    run = gate(*asked(server, f"--gate-store={wrong.secret}", "-p", "no:terminalreporter"))
    assert run.status == 4, run.said
    assert f"sample store '{url.shown}': " in run.said
    assert "password authentication failed" in run.said
    assert (server.total, leaks(pytester.path, run.said)) == (0, [])
    plan = gate(*asked(server, f"--gate-store={url.secret}", "--gate-plan"))
    assert plan.status == 0, plan.said
    unreadable = gate(*asked(server, f"--gate-store={url.secret.replace('@', '/@')}"))
    assert unreadable.status == 4, unreadable.said
    assert "the store's address cannot be read" in unreadable.said
    assert leaks(pytester.path, plan.said, unreadable.said) == []


@pytest.mark.slow
def test_gates_of_several_machines_draw_each_sample_once(
    gate: GateCommand, pytester: pytest.Pytester, server: ChatServer, url: PostgresUrl
) -> None:
    """Two runs of two workers each, at the same time: as two machines, but for the processes that they can see."""
    store = f"--gate-store={url.secret}"
    command = [
        sys.executable,
        "-m",
        "pytest",
        *asked(server, store, "-n2", "--gate-report=other", "-p", "no:cacheprovider"),
    ]
    other = subprocess.Popen(command, cwd=pytester.path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    run = gate(*asked(server, store, "-n2", "--gate-max-requests=2000"))
    assert other.wait(60) == run.status == 0, run.said
    assert run.outcomes() == {"numbers": "ABSENT"}
    kept = rows(url)
    assert len(kept["samples"]) == server.requests[QUESTION]
    assert kept["holds"] == []


@pytest.mark.slow
def test_a_server_that_starts_again_during_a_gate_costs_no_sample(
    gate: GateCommand, postgres: Server, server: ChatServer, url: PostgresUrl
) -> None:
    def restart() -> None:
        while server.requests[QUESTION] < 3:
            time.sleep(0.01)
        postgres.stop()
        postgres.start()

    restarting = threading.Thread(target=restart)
    restarting.start()
    run = gate(*asked(server, f"--gate-store={url.secret}", "--gate-max-requests=2000", "--gate-concurrency=2"))
    restarting.join()
    assert (run.status, run.outcomes()) == (0, {"numbers": "ABSENT"}), run.said
    kept = rows(url)
    assert len(kept["samples"]) == server.requests[QUESTION]
    assert kept["holds"] == []
    again = gate(*asked(server, f"--gate-store={url.secret}", "--gate-max-requests=2000"))
    assert (again.status, len(rows(url)["samples"])) == (0, server.requests[QUESTION]), "nothing is drawn again"
