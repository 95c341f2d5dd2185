"""Stores that fail under a gate: a clear message, nothing lost of what was stored, and a rerun with room goes on."""

import itertools
import os
import signal
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from chat_server import ChatServer, Reply
from gate_runs import GateCommand
from number_probe import write_probe

from weirdgen.cli import main

LONG = "Ship. " * 4000
KILLED_AT = 6
"""Requests before the kill, of which one greets."""
ROOM = """
import resource

resource.setrlimit(resource.RLIMIT_FSIZE, ({size}, {size}))
"""
"""A disk with room for so many bytes in each file; Python ignores the signal that comes with the error."""


def a_long_story(body: dict[str, Any]) -> Reply:
    return LONG


@pytest.fixture
def server(pytester: pytest.Pytester) -> Iterator[ChatServer]:
    write_probe(pytester)
    with ChatServer(a_long_story) as running:
        yield running


def asked(server: ChatServer, *more: str) -> tuple[str, ...]:
    return ("--model", "tiny", "--base-url", server.url, "--judge", "rules", "test_numbers.py", *more)


def store_of(pytester: pytest.Pytester) -> Path:
    return pytester.path / "reports" / "store.sqlite3"


def stored(path: Path) -> dict[str, str]:
    raw = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    found = dict(raw.execute("SELECT key, sample FROM samples").fetchall())
    raw.close()
    return found


def test_a_full_disk_in_the_middle_gives_no_verdict_and_a_rerun_with_room_goes_on(
    gate: GateCommand, pytester: pytest.Pytester, server: ChatServer, processes: tuple[str, ...]
) -> None:
    pytester.makeconftest(ROOM.format(size=320_000))
    full = gate(*asked(server, "--gate-concurrency=2", *processes))
    assert full.status == 11, full.said
    verdict = full.verdicts["numbers"]
    assert (verdict["outcome"], verdict["reason"]) == ("INVALID", "store")
    assert "check that the folder can be written, the disk has room" in verdict["detail"]
    assert "Traceback" not in full.said
    kept, paid = stored(store_of(pytester)), server.requests["Who are you?"]
    assert 0 < len(kept) < 10
    assert paid - len(kept) <= 4, "only what was in flight may be paid for and lost"
    assert main(["store", "info", str(store_of(pytester))]) == 0
    (pytester.path / "conftest.py").unlink()
    again = gate(*asked(server, *processes))
    assert (again.status, again.outcomes()) == (0, {"numbers": "ABSENT"}), again.said
    assert again.verdicts["numbers"]["n_reused"] == len(kept)
    assert kept.items() <= stored(store_of(pytester)).items()


def test_a_disk_that_is_full_from_the_start_is_told_before_anything_is_paid_for(
    gate: GateCommand, pytester: pytest.Pytester, server: ChatServer, processes: tuple[str, ...]
) -> None:
    pytester.makeconftest(ROOM.format(size=8_000))
    run = gate(*asked(server, *processes))
    assert run.status == 4, run.said
    assert "store.sqlite3': " in run.said
    assert "the disk has room" in run.said
    assert server.total == 0


def test_a_damaged_file_is_told_at_the_opening(
    gate: GateCommand, pytester: pytest.Pytester, server: ChatServer, processes: tuple[str, ...]
) -> None:
    first = gate(*asked(server))
    assert first.status == 0, first.said
    store = store_of(pytester)
    content = bytearray(store.read_bytes())
    assert len(content) > 100_000
    content[40_960:] = b"\xa5" * (len(content) - 40_960)
    store.write_bytes(content)
    paid = server.total
    run = gate(*asked(server, *processes))
    assert run.status == 4, run.said
    assert "store.sqlite3': " in run.said
    assert "damaged" in run.said
    assert "move it away" in run.said.lower()
    assert server.total == paid
    assert store.read_bytes() == content


def test_a_sample_that_is_damaged_gives_no_verdict(
    gate: GateCommand, pytester: pytest.Pytester, server: ChatServer, processes: tuple[str, ...]
) -> None:
    first = gate(*asked(server, "--gate-max-requests=22"))
    assert first.status == 11, first.said
    raw = sqlite3.connect(store_of(pytester), isolation_level=None)
    raw.execute("UPDATE samples SET sample = substr(sample, 1, 50)")
    raw.close()
    run = gate(*asked(server, *processes))
    assert (run.status, run.verdicts["numbers"]["reason"]) == (11, "store"), run.said
    assert "cannot be read; move the file away" in run.verdicts["numbers"]["detail"]


def test_a_place_that_is_no_folder_is_named(
    gate: GateCommand, pytester: pytest.Pytester, server: ChatServer, processes: tuple[str, ...]
) -> None:
    (pytester.path / "taken").write_text("a file")
    run = gate(*asked(server, "--gate-store=taken/store.sqlite3", *processes))
    assert run.status == 4, run.said
    assert "taken/store.sqlite3': " in run.said
    assert "name a file that can be written with --gate-store" in run.said
    assert server.total == 0


def test_a_killed_gate_leaves_a_sound_store_and_the_next_goes_on(
    gate: GateCommand, pytester: pytest.Pytester, processes: tuple[str, ...]
) -> None:
    write_probe(pytester)
    pytester.makeconftest("import os\nfrom pathlib import Path\nPath('pid').write_text(str(os.getpid()))\n")
    numbers = itertools.count()

    def script(body: dict[str, Any]) -> Reply:
        if next(numbers) == KILLED_AT:
            os.kill(int((pytester.path / "pid").read_text()), signal.SIGKILL)
        return LONG

    with ChatServer(script) as server:
        dead = gate(*asked(server, "--gate-concurrency=1"))
        assert dead.status == -signal.SIGKILL, dead.said
        kept = stored(store_of(pytester))
        assert kept
        assert main(["store", "info", str(store_of(pytester))]) == 0
        again = gate(*asked(server, *processes))
    assert again.status == 0, again.said
    assert again.verdicts["numbers"]["n_reused"] == len(kept)
