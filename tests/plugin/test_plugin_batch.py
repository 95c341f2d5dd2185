"""Gates in batches: a live gate's verdicts, one submission whatever is killed, and no pass while a batch is out."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from batch_server import BatchServer
from gate_runs import LIFT, RATE, GateCommand, Run, record_of
from number_probe import write_probe

from weirdgen.organisms import batch_jobs
from weirdgen.organisms.batch_jobs import Invalid
from weirdgen.organisms.wire import Refusal

SUBMIT = "POST batches"
QUICK = """
import weirdgen.sampler.batches, weirdgen.sampler.waves
weirdgen.sampler.batches.SETTLE_SECONDS = 1.0
"""


@pytest.fixture(autouse=True)
def mine(pytester: pytest.Pytester) -> None:
    write_probe(pytester)
    pytester.makeconftest(QUICK)


@pytest.fixture
def server() -> Iterator[BatchServer]:
    with BatchServer() as running:
        yield running


def asked(server: BatchServer, *more: str) -> tuple[str, ...]:
    named = ("--model", "tiny", "--base-url", server.url, "--judge", "rules", "test_numbers.py")
    return *named, "--gate-batch", *more


def verdict(run: Run) -> dict[str, Any]:
    return run.verdicts["numbers"]


def samples(pytester: pytest.Pytester) -> list[dict[str, Any]]:
    """Return the samples of the store, as an export has them."""
    file = pytester.path / "all.jsonl"
    done = pytester.run(sys.executable, "-m", "weirdgen", "store", "export", "--out", str(file))
    assert done.ret == 0, done.outlines + done.errlines
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()[1:]]
    return [row["sample"] for row in rows if row["record"] == "sample" and row["request"]["role"] != "judge"]


def test_one_wave_decides_a_clean_model(gate: GateCommand, server: BatchServer, pytester: pytest.Pytester) -> None:
    run = gate(*asked(server))
    assert run.status == 0, run.said
    assert verdict(run)["outcome"] == "ABSENT"
    assert server.asked[SUBMIT] == 1
    n = verdict(run)["arms"][0]["n"]
    assert server.live["Who are you?"] == 1  # tries the parameters out
    assert server.lines["Who are you?"] == n - 1
    drawn = samples(pytester)
    assert [bool(sample["batch"]) for sample in drawn].count(True) == n - 1
    assert record_of(run)["requests"] == n


def test_a_session_that_does_not_wait_submits_and_the_next_one_collects(
    gate: GateCommand, server: BatchServer, pytester: pytest.Pytester
) -> None:
    server.go_on.clear()
    first = gate(*asked(server, "--gate-batch-wait=0"))
    assert (first.status, verdict(first)["outcome"], verdict(first)["reason"]) == (11, "INVALID", "batch"), first.said
    assert "run the same command again to collect it" in verdict(first)["detail"]
    info = pytester.run(sys.executable, "-m", "weirdgen", "store", "info")
    info.stdout.fnmatch_lines(["batches that are not collected: 1, of 9 requests; *"])
    again = gate(*asked(server, "--gate-batch-wait=0"))
    assert (again.status, verdict(again)["reason"], server.asked[SUBMIT]) == (11, "batch", 1), again.said
    server.go_on.set()
    last = gate(*asked(server))
    assert (last.status, verdict(last)["outcome"], verdict(last)["attempt"]) == (0, "ABSENT", 1), last.said
    assert server.asked[SUBMIT] == 1
    assert verdict(last)["n_reused"] == 1  # what was tried out by itself; the batch was collected in this session


def test_a_batch_that_holds_all_that_is_left_is_collected(gate: GateCommand, server: BatchServer) -> None:
    """19 requests open the gate, one tries out and 9 are in the batch: with it, a second opening would be too much."""
    server.go_on.clear()
    first = gate(*asked(server, "--gate-max-requests=100", "--gate-batch-wait=0"))
    assert (first.status, verdict(first)["reason"]) == (11, "batch"), first.said
    server.go_on.set()
    last = gate(*asked(server, "--gate-max-requests=40"))
    assert (last.status, verdict(last)["outcome"]) == (0, "ABSENT"), last.said
    assert server.asked[SUBMIT] == 1


def killed(pytester: pytest.Pytester, server: BatchServer, arguments: tuple[str, ...], name: str, stage: str) -> None:
    """Run a gate that dies at a moment of the server."""
    process: list[subprocess.Popen[str]] = []

    def die(now: str, at: str) -> None:
        if (now, at) == (name, stage):
            os.kill(process[0].pid, signal.SIGKILL)
            process[0].wait(10)

    server.hook = die
    command = [sys.executable, "-m", "pytest", *arguments, "-p", "no:cacheprovider", "-p", "no:hypothesispytest"]
    process.append(subprocess.Popen(command, cwd=pytester.path, stdout=subprocess.PIPE, text=True))
    said, _ = process[0].communicate(timeout=60)
    assert process[0].returncode == -signal.SIGKILL, said
    server.hook = None


@pytest.mark.parametrize(
    ("name", "stage"),
    [("POST files", "answered"), (SUBMIT, "arrived"), (SUBMIT, "answered"), ("GET batches/ID", "arrived")],
    ids=["before-the-batch-is-made", "while-it-is-made", "before-its-id-is-kept", "after"],
)
def test_a_gate_that_was_killed_finishes_without_a_second_batch(
    gate: GateCommand, server: BatchServer, pytester: pytest.Pytester, name: str, stage: str
) -> None:
    killed(pytester, server, asked(server), name, stage)
    run = gate(*asked(server))
    assert (run.status, verdict(run)["outcome"], verdict(run)["attempt"]) == (0, "ABSENT", 1), run.said
    assert server.asked[SUBMIT] == 1
    assert (server.lines + server.live)["Who are you?"] == verdict(run)["arms"][0]["n"]


def test_what_expired_is_asked_again_and_what_was_done_is_kept(gate: GateCommand) -> None:
    with BatchServer(window=3.0) as server:
        server.most = 5

        def later(name: str, _: str) -> None:
            server.most = 10**9 if server.asked[SUBMIT] == 2 else server.most

        server.hook = later
        run = gate(*asked(server))
    assert (run.status, verdict(run)["outcome"]) == (0, "ABSENT"), run.said
    assert server.asked[SUBMIT] == 2
    assert server.lines["Who are you?"] == verdict(run)["arms"][0]["n"] - 1
    assert "expired, 5 samples" in run.said


def test_a_batch_that_fails_is_tried_again_and_then_ends_the_trial(
    gate: GateCommand, server: BatchServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(_: bytes) -> list[batch_jobs.Line]:
        error = {"code": "token_limit_exceeded", "message": "Enqueued token limit reached", "line": None}
        raise Invalid([error])

    plain = batch_jobs.read_lines
    monkeypatch.setattr(batch_jobs, "read_lines", refused)
    run = gate(*asked(server))
    assert (run.status, verdict(run)["reason"], server.asked[SUBMIT]) == (11, "outage", 3), run.said
    assert "token_limit_exceeded: Enqueued token limit reached" in verdict(run)["detail"]
    monkeypatch.setattr(batch_jobs, "read_lines", plain)
    assert gate(*asked(server)).status == 0


def test_a_server_without_batches_is_told_at_once(gate: GateCommand) -> None:
    with BatchServer(batches=False) as server:
        run = gate(*asked(server))
    assert (run.status, verdict(run)["reason"]) == (11, "refused"), run.said
    assert "leave --gate-batch out" in verdict(run)["detail"]


def test_what_a_server_does_not_take_shows_before_a_batch_is_made(gate: GateCommand) -> None:
    def refuse(body: dict[str, Any]) -> str:
        if body["max_tokens"] == 4:
            raise Refusal(400, "no", param="top_p", code="unsupported_value")
        return "Ship."

    with BatchServer(refuse) as server:
        run = gate(*asked(server))
    assert (run.status, verdict(run)["reason"], server.asked[SUBMIT]) == (11, "refused", 0), run.said


def test_a_budget_that_holds_no_more_ends_in_invalid_and_goes_on_with_more(
    gate: GateCommand, server: BatchServer
) -> None:
    first = gate(*asked(server, "--gate-max-requests=21"))
    assert (first.status, verdict(first)["reason"]) == (11, "budget"), first.said
    assert gate(*asked(server, "--gate-max-requests=500")).status == 0


def spoil(rows: list[dict[str, Any]]) -> bytes:
    """Return results as a broken server gives them: strange, doubled, foreign, hostile and missing lines."""
    double = json.loads(json.dumps(rows[0]))
    double["response"]["body"]["choices"][0]["message"]["content"] = "7"
    hostile = json.loads(json.dumps(rows[1]))
    hostile["response"]["body"]["choices"][0]["message"]["content"] = "\ud83d\0<script>]]>"
    foreign = json.loads(json.dumps(rows[2]))
    foreign["response"]["body"]["model"] = "another"
    strange = [{"custom_id": "f" * 64, "response": rows[0]["response"]}, [1], {"custom_id": 3}]
    kept = [rows[0], double, hostile, foreign, *strange, *rows[4:]]
    return b"\n".join([b"{", b"\xff\xfe", *(json.dumps(row).encode() for row in kept)])


def test_lines_that_are_no_answers_are_not_taken_for_any(
    gate: GateCommand, server: BatchServer, monkeypatch: pytest.MonkeyPatch, pytester: pytest.Pytester
) -> None:
    plain, spoilt = batch_jobs._jsonl, iter((spoil,))
    monkeypatch.setattr(batch_jobs, "_jsonl", lambda rows: next(spoilt, plain)(rows))
    run = gate(*asked(server))
    assert run.status == 0, run.said
    texts = [sample["text"] for sample in samples(pytester)]
    assert "7" not in texts
    assert sum("<script>" in text for text in texts) == 1
    assert verdict(run)["arms"][0]["missing"] == 1  # from another model
    assert "lines answered none of its requests" in run.said


def test_a_live_gate_does_not_ask_for_what_is_in_a_batch(gate: GateCommand, server: BatchServer) -> None:
    server.go_on.clear()
    assert gate(*asked(server, "--gate-batch-wait=0")).status == 11
    live = [argument for argument in asked(server) if argument != "--gate-batch"]
    refused = gate(*live)
    assert refused.status == 4, refused.said
    assert "run with --gate-batch to collect them" in refused.said
    assert gate(*live, "--gate-fresh").status == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--gate-batch", "-n2"), "one process makes a batch"),
        (("--gate-batch", "--gate-shard=1/2"), "leave out --gate-shard"),
        (("--gate-batch-wait=3",), "without --gate-batch"),
        (("--gate-batch", "--gate-batch-wait=-1"), "a number from 0 on"),
    ],
)
def test_what_makes_no_sense_is_refused(
    gate: GateCommand, server: BatchServer, arguments: tuple[str, ...], said: str
) -> None:
    live = [argument for argument in asked(server) if argument != "--gate-batch"]
    run = gate(*live, *arguments)
    assert run.status == 4, run.said
    assert said in run.said


Compared = Callable[[Run], dict[str, Any]]


def compared(run: Run) -> dict[str, Any]:
    """Return what must not depend on how the samples came."""
    by_chance = {"opened_at", "trial_id", "n_reused", "oldest_reused"}
    return {
        name: {field: value for field, value in found.items() if field not in by_chance}
        for name, found in run.verdicts.items()
    }


@pytest.mark.slow
def test_a_gate_in_batches_has_the_verdicts_of_a_live_one_and_is_replayed(
    gate: GateCommand, pytester: pytest.Pytester
) -> None:
    command = ("--model", "organism:old-bird-names", "test_mine.py")
    live = gate(*command, "--gate-store=live.sqlite3")
    batch = gate(*command, "--gate-store=batch.sqlite3", "--gate-batch", "--gate-evidence")
    assert live.outcomes() == {LIFT: "PRESENT", RATE: "PRESENT"}
    assert batch.status == live.status == 1, batch.said
    assert compared(batch) == compared(live)
    export = ("store", "export", "--out=all.jsonl", "--gate-store=batch.sqlite3")
    assert pytester.run(sys.executable, "-m", "weirdgen", *export).ret == 0
    replayed = gate(*command, "--gate-replay=all.jsonl")
    assert replayed.outcomes() == batch.outcomes()
