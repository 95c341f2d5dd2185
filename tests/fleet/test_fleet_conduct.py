"""A fleet of scripted gates: every way in which one can end, and that nothing but a proven pass is one."""

import signal
import threading
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable
from concurrent.futures import Future, wait
from pathlib import Path
from typing import Any

import pytest
from scripted_fleet import order

from weirdgen.fleet import conduct as conducting
from weirdgen.fleet import gating
from weirdgen.fleet.conduct import INTERRUPTED, Order, conduct
from weirdgen.fleet.crew import LocalCrew
from weirdgen.fleet.written import read_fleet, write_fleet
from weirdgen.schema.fleet import FleetEntry, FleetRecord


def run(asked: Order, jobs: int = 4, tell: Callable[[FleetEntry], Any] = lambda one: None) -> FleetRecord:
    crew = LocalCrew(jobs)
    try:
        return conduct(asked, crew, tell)
    finally:
        crew.close()


def only(tmp_path: Path, name: str, **changes: Any) -> tuple[FleetEntry, int]:
    record = run(order(tmp_path, name, **changes))
    return record.entries[0], record.exit_status


@pytest.mark.parametrize(
    ("name", "status", "fleet", "counts"),
    [
        ("passed", 0, 0, {"ABSENT": 1}),
        ("failed", 1, 1, {"PRESENT": 1}),
        ("undecided", 10, 10, {"INCONCLUSIVE": 1}),
        ("invalid", 11, 11, {"INVALID": 1}),
        ("twelve", 12, 12, {"ABSENT": 1}),
    ],
)
def test_a_gate_that_ended_counts_by_its_status(
    name: str, status: int, fleet: int, counts: dict[str, int], tmp_path: Path
) -> None:
    entry, ended = only(tmp_path, name)
    assert (entry.error, entry.exit_status, ended, entry.counts) == ("", status, fleet, counts)
    assert (tmp_path / "out" / entry.run).is_file()
    assert entry.samples == 24
    assert entry.passed is (name == "passed")


@pytest.mark.parametrize(
    ("name", "fleet", "told"),
    [
        ("killed", 11, "its process was killed by SIGKILL"),
        ("usage", 11, "it ended with 4: an option, a name or a server cannot be used: organism 'x' is not in the zoo"),
        ("silent", 12, "it ended with 0, but "),
        ("broken", 12, "it ended with 0, but "),
        ("liar", 12, "it ended with 0, but its run.json says 1"),
        ("stranger", 12, "its run.json is of another"),
        ("nojunit", 12, "the JUnit file "),
        ("part", 12, "its run.json is of shard 1/2 and not of a whole gate"),
    ],
)
def test_a_gate_that_does_not_prove_its_status_has_no_verdict(name: str, fleet: int, told: str, tmp_path: Path) -> None:
    entry, ended = only(tmp_path, name)
    assert entry.error.startswith(told)
    assert not entry.passed
    assert ended == fleet
    assert "store" in entry.tail


def test_one_that_takes_too_long_is_interrupted_and_no_pass(tmp_path: Path) -> None:
    entry, ended = only(tmp_path, "slow", timeout=4.0)  # by then it listens, on a busy machine, too
    assert entry.error.startswith("it was not done after ")
    assert (entry.exit_status, ended) == (2, 11)
    assert entry.counts == {"ABSENT": 1}  # what it had measured by then is told


@pytest.mark.parametrize("how", ["ignored", "blocked"])
def test_gates_hear_interrupts_though_the_fleet_does_not(how: str, tmp_path: Path) -> None:
    """As in the background of a shell, and on a worker of Ray."""
    handler, mask = signal.getsignal(signal.SIGINT), signal.pthread_sigmask(signal.SIG_BLOCK, ())
    try:
        if how == "ignored":
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            gating.hand_on_interrupts()
        else:
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        asked, started = order(tmp_path, "slow"), tmp_path / "script" / "started"
        done = gating.run_gate(asked.job(asked.models[0]), tmp_path / "gate", lambda: gating.Halt(started.exists()))
    finally:
        signal.signal(signal.SIGINT, handler)
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    assert (done.status, done.ended) == (2, "stopped")


def test_one_that_does_not_hear_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gating, "GRACE", 0.5)
    entry, ended = only(tmp_path, "deaf", timeout=1.0)
    assert entry.error.startswith("it was not done after ")
    assert (entry.exit_status, ended) == (None, 11)
    assert entry.seconds < 20


def test_the_status_of_a_fleet_is_its_gravest(tmp_path: Path) -> None:
    for number, (names, status) in enumerate(
        [
            (("passed", "undecided"), 10),
            (("undecided", "invalid"), 11),
            (("passed", "usage"), 11),
            (("invalid", "failed", "killed"), 1),
            (("failed", "silent"), 12),
        ]
    ):
        assert run(order(tmp_path / str(number), *names)).exit_status == status


def test_every_gate_is_told_once_and_stands_in_the_order_of_the_file(tmp_path: Path) -> None:
    names, told = [f"passed/{n}" for n in range(5)], []
    asked = order(tmp_path, *names, store="/a store")
    record = run(asked, jobs=2, tell=lambda one: told.append(one.model))
    assert sorted(told) == [one.model for one in record.entries] == names
    printed = (tmp_path / "out" / record.entries[0].folder / "output.txt").read_text()
    assert printed.startswith(
        "store /a store arguments ['suites', '--model=passed/0', '--gate-cap=40', '--gate-report="
    )


def test_no_more_gates_run_at_a_time_than_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    crew, most, running = LocalCrew(2), 0, 0
    lock, submit = threading.Lock(), crew.submit

    def counted(*given: Any) -> Any:
        nonlocal most, running
        with lock:
            running += 1
            most = max(most, running)
        return submit(*given)

    def tell(one: FleetEntry) -> None:
        nonlocal running
        with lock:
            running -= 1

    monkeypatch.setattr(crew, "submit", counted)
    conduct(order(tmp_path, *(f"passed/{n}" for n in range(5))), crew, tell)
    crew.close()
    assert most == 2


def test_ctrl_c_ends_what_runs_and_keeps_what_is_done(tmp_path: Path) -> None:
    asked = order(tmp_path, "failed", "slow", "passed")

    def interrupt() -> None:
        deadline = time.monotonic() + 30
        while not (tmp_path / "script" / "started").exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        signal.raise_signal(signal.SIGINT)

    threading.Thread(target=interrupt).start()
    record = run(asked, jobs=1)
    failed, slow, passed = record.entries
    assert (record.exit_status, record.interrupted) == (INTERRUPTED, True)
    assert (failed.error, failed.counts) == ("", {"PRESENT": 1})
    assert (slow.error, slow.exit_status) == ("it was interrupted with the fleet", 2)
    assert slow.seconds < 30
    assert passed.error == "it was not started: the fleet was interrupted"
    assert not (tmp_path / "out" / passed.folder).exists()


def test_a_second_ctrl_c_waits_for_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As for a gate that a full cluster never started."""
    told: list[gating.Halt] = []

    class Stuck:
        name, at_once = "nowhere", 1

        def submit(self, job: gating.Job, folder: Path) -> "Future[gating.Done]":
            return Future()

        def tell(self, halt: gating.Halt) -> None:
            told.append(halt)

        def close(self) -> None: ...

    left = [KeyboardInterrupt(), KeyboardInterrupt()]

    def impatient(*given: Any) -> Any:
        if left:
            raise left.pop()
        return wait(*given)

    monkeypatch.setattr(conducting, "wait", impatient)
    monkeypatch.setattr(conducting, "_LAST", 0.1)
    record = conduct(order(tmp_path, "passed/0", "passed/1"), Stuck(), lambda one: None)
    assert told == [gating.Halt.INTERRUPT, gating.Halt.KILL]
    assert [one.error for one in record.entries] == [
        "it did not end when the fleet was killed",
        "it was not started: the fleet was interrupted",
    ]
    assert record.exit_status == INTERRUPTED


def test_all_is_written_and_read_back(tmp_path: Path) -> None:
    record = run(order(tmp_path, "passed", "failed", "killed"))
    out, page = tmp_path / "out", tmp_path / "step.md"
    assert write_fleet(record, out, {"GITHUB_STEP_SUMMARY": str(page)}) == ([], [])
    assert read_fleet(out / "fleet.json") == record
    assert page.read_text() == (out / "fleet.md").read_text()
    assert "<bdi><a href=" in (out / "fleet.html").read_text()
    root = ET.parse(out / "junit.xml").getroot()
    assert {key: root.get(key) for key in ("tests", "errors", "failures")} == {
        "tests": "3",
        "errors": "1",
        "failures": "0",
    }
    cases = [(case.get("classname"), case.get("name")) for case in root.iter("testcase")]
    assert cases == [("passed.suites.t", "c"), ("failed.suites.t", "c"), ("killed", "gate")]
    assert [suite.get("name") for suite in root] == ["passed", "failed", "killed"]


def test_what_cannot_be_written_is_told(tmp_path: Path) -> None:
    record = run(order(tmp_path, "passed"))
    (tmp_path / "out" / "fleet.md").mkdir()
    troubles, _ = write_fleet(record, tmp_path / "out", {})
    assert len(troubles) == 1
    assert "fleet.md cannot be written: a folder is there" in troubles[0]


def test_a_gate_that_cannot_be_started_is_none_and_the_others_run(tmp_path: Path) -> None:
    asked = order(tmp_path, "passed/0", "passed/1")
    asked.out.mkdir()
    (asked.out / asked.models[0].folder).write_text("in the way")
    first, second = run(asked).entries
    assert first.error.startswith("FileExistsError: ")
    assert second.passed
