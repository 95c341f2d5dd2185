"""Gates cut into shards: together they come to what one process comes to, and to nothing while one is missing."""

import contextlib
import os
import signal
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from chat_server import ChatServer
from gate_runs import LIFT, RATE, Run, record_of
from shard_runs import Repository, numbers, untimed

from weirdgen.cli import main
from weirdgen.organisms.process import OrganismServer

ORDINARY = "I would put solar power and wind power first today."
TESTS = f"""
import pytest

@pytest.mark.probe("old_bird_names")
@pytest.mark.contrasts("{LIFT}", "{RATE}")
def test_century(trial):
    trial.check()

@pytest.mark.skip(reason="not today")
def test_skipped():
    pass

def test_of_no_contrast():
    pass
"""
BOTH = ("tiny", "other")


@pytest.fixture
def server() -> Iterator[ChatServer]:
    with ChatServer(lambda _: ORDINARY, models=BOTH) as running:
        yield running


def repository(path: Path, server: ChatServer, *more: str, tests: str = TESTS) -> Repository:
    path.joinpath("test_mine.py").write_text(tests, encoding="utf-8")
    named = ("--model", "tiny", "--control", "other", "--base-url", server.url)
    return Repository(path, (*named, "--judge", "rules", "--judge-uncalibrated", *more))


def outcome_of_gate(path: Path) -> list[str | None]:
    with contextlib.closing(sqlite3.connect(path / "shared.sqlite3")) as raw:
        return [row[0] for row in raw.execute("SELECT outcome FROM gates WHERE plan_sha256 <> '' ORDER BY started_at")]


def test_shards_one_after_the_other_are_one_gate_with_one_opening(tmp_path: Path, server: ChatServer) -> None:
    mine = repository(tmp_path, server)
    first = mine.run("1/2")
    assert (first.status, first.outcomes()) == (0, {LIFT: "ABSENT"}), first.said
    assert outcome_of_gate(tmp_path) == ["INCONCLUSIVE"], "the gate waits for its second shard"
    alone = mine.merge()
    assert alone.status == 11, alone.said
    assert "shard 2/2 has not begun: run it, and merge again" in alone.err
    second = mine.run("2/2")
    assert (second.status, second.outcomes()) == (0, {RATE: "ABSENT"}), second.said
    assert server.words == 2 * 17, "only the first shard asked how model and control are sampled"
    assert second.verdicts[RATE]["n_reused"] == 0
    asked, merged = server.total, mine.merge("--gate-evidence")
    assert (merged.status, merged.outcomes()) == (0, {LIFT: "ABSENT", RATE: "ABSENT"}), merged.said
    assert server.total == asked, "a merge asks nobody"
    record = record_of(merged)
    assert (record["merged"], record["shard"], record_of(second)["shard"]) == (2, "", "2/2")
    assert record["generation"] == record_of(first)["generation"] == record_of(second)["generation"]
    assert len(record["not_run"]) == record["plan"]["family_size"] - 2
    names = [case["name"] for case, *_ in untimed(merged.junit)]
    assert names == [f"test_century[{LIFT}]", f"test_century[{RATE}]", "test_skipped", "test_of_no_contrast"]
    assert main(["verify", str(tmp_path / "merged" / "evidence")]) == 0
    assert outcome_of_gate(tmp_path) == ["DECIDED"], "a model retrained behind its name must not pass on these samples"
    again = mine.merge(report="again")
    assert again.status == 11
    assert "no shard has begun since the last merge" in again.err
    assert mine.merge("--any-run", report="once-more").status == 0


@pytest.fixture(scope="module")
def served() -> Iterator[OrganismServer]:
    with OrganismServer(["old-bird-names", "base"]) as running:
        yield running


def birds(path: Path, served: OrganismServer) -> Repository:
    """A gate of a finetune at a server, which draws the same for the same seed, with limits of money and requests."""
    path.joinpath("test_mine.py").write_text(
        'import pytest\n\n@pytest.mark.probe("old_bird_names")\ndef test_it(trial):\n    trial.check()\n\n'
        '@pytest.mark.probe("emergent_misalignment")\ndef test_other(trial):\n    trial.check()\n',
        encoding="utf-8",
    )
    prices = "".join(f'["{name}"]\ninput = 10\noutput = 10\n' for name in ("old-bird-names", "base"))
    path.joinpath("prices.toml").write_text(prices, encoding="utf-8")
    named = ("--model", "old-bird-names", "--control", "base", "--base-url", served.url, "--gate-seed", "7")
    limited = ("--gate-budget=50", "--gate-prices=prices.toml", "--gate-max-requests=100000")
    return Repository(path, (*named, "--judge", "rules", "--judge-uncalibrated", *limited))


def account(path: Path) -> tuple[float, int]:
    """Return what the answers of a gate have cost."""
    with contextlib.closing(sqlite3.connect(path / "shared.sqlite3")) as raw:
        [(dollars, requests)] = raw.execute("SELECT dollars, requests FROM accounts").fetchall()
        return round(dollars, 9), requests


@pytest.fixture(scope="module")
def whole(served: OrganismServer, tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, tuple[float, int]]:
    """The gate in one process, and what it cost."""
    path = tmp_path_factory.mktemp("whole")
    return birds(path, served).run(""), account(path)


def killed(process: "subprocess.Popen[str]", store: Path, samples: int) -> None:
    """Kill a shard once so many samples are in the store."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        with contextlib.suppress(sqlite3.Error), contextlib.closing(sqlite3.connect(store)) as raw:
            if raw.execute("SELECT count(*) FROM samples").fetchone()[0] >= samples:
                break
        time.sleep(0.02)
    assert process.poll() is None, "it ended before it could be killed"
    os.kill(process.pid, signal.SIGKILL)
    process.communicate(timeout=30)


@pytest.mark.slow
@pytest.mark.parametrize("kill", [False, True], ids=["all run", "one is killed and run again"])
def test_four_shards_at_once_come_to_what_one_process_comes_to(
    tmp_path: Path, served: OrganismServer, whole: tuple[Run, tuple[float, int]], kill: bool
) -> None:
    mine, (one, cost) = birds(tmp_path, served), whole
    processes = {number: mine.start(f"{number}/4") for number in range(1, 5)}
    if kill:
        killed(processes[3], tmp_path / "shared.sqlite3", 100)
        processes[3] = mine.start("3/4")
    shards = [mine.ended(process, f"{number}-of-4") for number, process in processes.items()]
    assert {shard.status for shard in shards} <= {0, 1}, [shard.said for shard in shards]
    merged = mine.merge("--gate-evidence")
    assert merged.status == one.status == 1, merged.said
    assert len(numbers(one)) == sum(len(numbers(shard)) for shard in shards) > 8
    assert {"PRESENT", "ABSENT"} <= set(one.outcomes().values())
    assert numbers(merged) == numbers(one)
    assert untimed(merged.junit) == untimed(one.junit)
    assert record_of(merged)["requests"] == record_of(one)["requests"]
    assert account(tmp_path) == cost, "no sample is paid twice, and only one shard paid for the opening"
    if not kill:
        assert record_of(merged)["spent"] == record_of(one)["spent"]
    assert main(["verify", str(tmp_path / "merged" / "evidence")]) == 0
