"""Gates cut into shards: together they come to what one process comes to, and to nothing while one is missing."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from chat_server import ChatServer
from gate_runs import LIFT, RATE, Run, record_of
from number_probe import PROBE
from shard_runs import Repository, numbers, untimed

from weirdgen.cli import main
from weirdgen.organisms.process import OrganismServer
from weirdgen.store.place import StorePlace

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


def outcomes(mine: Repository) -> list[str | None]:
    """Return how the gates in the store stand."""
    return [row[0] for row in mine.rows("SELECT outcome FROM gates WHERE plan_sha256 <> '' ORDER BY started_at")]


def test_shards_one_after_the_other_are_one_gate_with_one_opening(tmp_path: Path, server: ChatServer) -> None:
    mine = repository(tmp_path, server)
    first = mine.run("1/2")
    assert (first.status, first.outcomes()) == (0, {LIFT: "ABSENT"}), first.said
    assert outcomes(mine) == ["INCONCLUSIVE"], "the gate waits for its second shard"
    alone = mine.merge()
    assert alone.status == 11, alone.said
    assert "shard 2/2 has not begun: run it, and merge again" in alone.err
    second = mine.run("2/2")
    assert (second.status, second.outcomes()) == (0, {RATE: "ABSENT"}), second.said
    assert server.words == 2 * 17, "only the first shard asked how model and control are sampled"
    assert second.verdicts[RATE]["n_reused"] == 0
    mine.variables["PYTEST_ADDOPTS"] = "--collect-only"
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
    assert outcomes(mine) == ["DECIDED"], "a model retrained behind its name must not pass on these samples"
    again = mine.merge(report="again")
    assert again.status == 11
    assert "no shard has begun since the last merge" in again.err


@pytest.fixture(scope="module")
def served() -> Iterator[OrganismServer]:
    with OrganismServer(["old-bird-names", "base"]) as running:
        yield running


def birds(path: Path, served: OrganismServer, store: StorePlace | None = None) -> Repository:
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
    return Repository(path, (*named, "--judge", "rules", "--judge-uncalibrated", *limited), store)


def account(mine: Repository) -> tuple[int, ...]:
    """Return what a gate has paid for: requests, those of the opening too, and the tokens of its samples.

    Not the money: the opening's random words are drawn without a seed, so that they are not always as long.
    """
    [(requests,)] = mine.rows("SELECT requests FROM accounts")
    [tokens] = mine.rows("SELECT count(*), sum(prompt_tokens), sum(completion_tokens) FROM samples")
    return requests, *map(int, tokens)


@pytest.fixture(scope="module")
def whole(served: OrganismServer, tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, tuple[int, ...]]:
    """The gate in one process, and what it cost."""
    mine = birds(tmp_path_factory.mktemp("whole"), served)
    return mine.run(""), account(mine)


def killed(process: "subprocess.Popen[str]", mine: Repository, samples: int) -> None:
    """Kill a shard once so many samples are in the store."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        if sum(count for (count,) in mine.rows_if_there("SELECT count(*) FROM samples")) >= samples:
            break
        time.sleep(0.05)
    assert process.poll() is None, "it ended before it could be killed"
    os.kill(process.pid, signal.SIGKILL)
    process.communicate(timeout=30)


@pytest.mark.slow
@pytest.mark.parametrize("kill", [False, True], ids=["all run", "one is killed and run again"])
@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_four_shards_at_once_come_to_what_one_process_comes_to(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    served: OrganismServer,
    whole: tuple[Run, tuple[int, ...]],
    database: str,
    kill: bool,
) -> None:
    store = request.getfixturevalue("postgres").url() if database == "postgres" else None
    mine, (one, cost) = birds(tmp_path, served, store), whole
    processes = {number: mine.start(f"{number}/4") for number in range(1, 5)}
    if kill:
        killed(processes[3], mine, 100)
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
    assert account(mine) == cost, "no sample is paid twice, and only one shard paid for the opening"
    if not kill:
        assert record_of(merged)["spent"].split(" and ")[1] == record_of(one)["spent"].split(" and ")[1]
    assert main(["verify", str(tmp_path / "merged" / "evidence")]) == 0


OWN = f"""
import pytest

@pytest.mark.probe("old_bird_names")
@pytest.mark.contrasts("{LIFT}", "{RATE}")
def test_century(trial):
    trial.check()
    assert trial.verdict.contrast != "{RATE}", "an assertion of the user's own"
"""


@pytest.mark.slow
def test_a_failing_assertion_of_the_users_own_fails_the_merge_on_workers_too(
    tmp_path: Path, server: ChatServer
) -> None:
    mine = repository(tmp_path, server, tests=OWN)
    shards = [mine.run(name, "-n2") for name in ("2/2", "1/2")]
    assert [shard.status for shard in shards] == [1, 0], [shard.said for shard in shards]
    tmp_path.joinpath("probes").mkdir()
    tmp_path.joinpath("probes", "mine.toml").write_text(PROBE, encoding="utf-8")
    elsewhere = mine.merge(report="elsewhere")
    assert (elsewhere.status, elsewhere.record) == (11, None), elsewhere.said
    assert "the plan of shard 1/2 does not come out here: plan.family_size" in elsewhere.said
    shutil.rmtree(tmp_path / "probes")
    merged = mine.merge()
    assert (merged.status, merged.outcomes()) == (1, {LIFT: "ABSENT", RATE: "ABSENT"}), merged.said
    assert "an assertion" in merged.junit.read_text(encoding="utf-8")
    whole = repository(tmp_path, server, tests=OWN).run("")
    assert [case[0]["name"] for case in untimed(merged.junit)] == [case[0]["name"] for case in untimed(whole.junit)]
    assert [case[2] for case in untimed(merged.junit)] == [case[2] for case in untimed(whole.junit)]


@pytest.mark.slow
@pytest.mark.parametrize("workers", [(), ("-n2",)], ids=["alone", "xdist"])
def test_a_shard_without_anything_selected_is_no_pass_and_no_failure(
    tmp_path: Path, server: ChatServer, workers: tuple[str, ...]
) -> None:
    mine = repository(tmp_path, server, *workers)
    nowhere = mine.run("1/2", "-k", "nothing_of_that_name")
    assert nowhere.status == 5, nowhere.said
    idle = mine.run("1/2", "-k", RATE)
    assert idle.status == 0, idle.said
    assert "no selected contrast is in this shard" in idle.out
    assert record_of(idle)["verdicts"] == []
    assert mine.merge().status == 11
    assert mine.run("2/2", "-k", RATE).outcomes() == {RATE: "ABSENT"}
    merged = mine.merge()
    assert (merged.status, merged.outcomes()) == (0, {RATE: "ABSENT"}), merged.said
    assert record_of(merged)["selection"]["keyword"] == RATE


@pytest.mark.slow
def test_a_shard_with_another_option_is_refused_by_the_merge(tmp_path: Path, server: ChatServer) -> None:
    mine = repository(tmp_path, server)
    assert mine.run("1/2").status == 0
    assert mine.run("2/2", "--gate-alpha=.1").status == 0
    merged = mine.merge()
    assert (merged.status, merged.record) == (11, None), merged.said
    assert "shards of 2 plans" in merged.err
    limited = mine.run("2/2", "--gate-max-requests=9999")
    assert limited.status == 0, limited.said
    plan = record_of(limited)["plan_sha256"]
    told = mine.merge("--plan", plan[:12])
    assert told.status == 11
    assert "shard 2/2 was run with max_requests 9999, shard 1/2 with None" in told.err


@pytest.mark.slow
def test_two_jobs_with_the_same_number_are_noticed(tmp_path: Path) -> None:
    def slow(_: object) -> str:
        time.sleep(0.3)
        return ORDINARY

    with ChatServer(slow, models=BOTH) as running:
        mine = repository(tmp_path, running, "--gate-concurrency=2")
        first = mine.start("2/2")
        deadline = time.monotonic() + 60
        while not mine.rows_if_there("SELECT 1 FROM shards") and time.monotonic() < deadline:
            time.sleep(0.05)
        second = mine.run("2/2")
        told = mine.ended(first, "2-of-2-first")
    assert told.status == 12, told.said
    assert "--gate-shard 2/2: was started a second time" in told.said
    assert second.status == 0, second.said


@pytest.mark.slow
def test_all_shards_together_run_every_test_once_whatever_is_selected(pytester: pytest.Pytester) -> None:
    def listed(*more: str) -> list[str]:
        command = ("--model=organism:base", "--collect-only", "-q", "-p", "no:cacheprovider", *more)
        out = pytester.runpytest_subprocess(*command, "--pyargs", "weirdgen.suites").outlines
        return [line for line in out if "::" in line]

    whole, selected = listed(), set(listed("-k", "rate"))
    shards = [listed("--gate-shard", f"{number}/3") for number in (1, 2, 3)]
    assert sorted(name for shard in shards for name in shard) == sorted(whole)
    assert len(whole) > 60
    assert set(listed("--gate-shard=2/3", "-k", "rate")) == set(shards[1]) & selected
    assert 0 < len(set(shards[1]) & selected) < len(selected)
