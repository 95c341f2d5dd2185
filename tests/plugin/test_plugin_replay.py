"""Replays: the same verdicts from a cassette alone, nobody asked, and nothing missing taken for anything."""

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from chat_server import ChatServer, Reply
from gate_runs import LIFT, RATE, GateCommand, record_of
from number_probe import PROBE, write_probe
from recording import Records, decided, edit, export, samples
from rubric_server import by_rules
from silence import Listener, forbid_dialling

from weirdgen.store.store import SampleStore

SHIPPED = Path(__file__).parents[2] / "fixtures" / "cassettes" / "old_bird_names.jsonl"
BIRDS = ("--model", "organism:old-bird-names")


def a_ship(body: dict[str, Any]) -> Reply:
    return "Ship."


@pytest.fixture(autouse=True)
def scratch(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Give temporary files a folder of their own, and see that a replay leaves none."""
    folder = pytester.mkdir("scratch")
    monkeypatch.setenv("TMPDIR", str(folder))
    yield folder
    assert list(folder.glob("weirdgen-replay-*")) == []


def mine(url: str, *more: str) -> tuple[str, ...]:
    return ("--model", "tiny", "--base-url", url, "--judge", "rules", "test_numbers.py", *more)


@pytest.fixture(scope="module")
def tape() -> dict[str, Any]:
    """What the module's first test recorded, for the others."""
    return {}


@pytest.fixture
def recorded(pytester: pytest.Pytester, gate: GateCommand, tape: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Put a recorded gate of the user's own probe into c.jsonl; return its server's URL, now free, and its record."""
    write_probe(pytester)
    cassette = pytester.path / "c.jsonl"
    if not tape:
        with ChatServer(a_ship) as server:
            run = gate(*mine(server.url))
        assert run.status == 0, run.said
        assert run.properties()["numbers"]["weirdgen.replay"] == ""
        tape |= {"url": server.url, "record": record_of(run), "cassette": export(pytester.path).read_bytes()}
        shutil.rmtree(pytester.path / "reports")
    cassette.write_bytes(tape["cassette"])
    return tape["url"], tape["record"]


def test_a_replay_decides_as_the_recorded_run_and_asks_nobody(
    gate: GateCommand, pytester: pytest.Pytester, recorded: tuple[str, dict[str, Any]], processes: tuple[str, ...]
) -> None:
    url, first = recorded
    store = pytester.path / "reports" / "store.sqlite3"
    SampleStore(store).close()
    before = store.read_bytes()
    dialled = forbid_dialling(pytester)
    with Listener(url) as listener:
        run = gate(*mine(url, "--gate-replay=c.jsonl", "--gate-max-requests=1", *processes))
    assert (run.status, listener.connections, dialled.exists()) == (0, 0, False), run.said
    assert decided(run.verdicts) == decided({v["contrast"]: v for v in first["verdicts"]})
    sha256 = hashlib.sha256((pytester.path / "c.jsonl").read_bytes()).hexdigest()
    record = record_of(run)
    assert record["replay"] == {"file": "c.jsonl", "sha256": sha256}
    assert record["identities"] == first["identities"]
    assert (record["requests"], record["judge_replies"], record["spent"], record["server"]) == (0, 0, "", None)
    assert first["replay"] is None
    told = f"c.jsonl (SHA-256 {sha256})"
    assert run.properties()["numbers"]["weirdgen.replay"] == told
    assert f"weirdgen replay: {told}; no model is asked" in run.out
    assert f"Replay of {told}: no model was asked" in run.out
    assert store.read_bytes() == before


def test_the_shipped_cassette_is_caught_again_without_a_network_or_a_store(
    gate: GateCommand, pytester: pytest.Pytester, processes: tuple[str, ...]
) -> None:
    """Whoever changes keys, prompts, rules or the statistics of a contrast changes what old samples say."""
    dialled = forbid_dialling(pytester)
    run = gate(*BIRDS, f"--gate-replay={SHIPPED}", *processes)
    assert (run.status, dialled.exists()) == (1, False), run.said
    assert run.outcomes() == {LIFT: "PRESENT", RATE: "PRESENT"}
    assert {verdict["attempt"] for verdict in run.verdicts.values()} == {1}
    assert run.verdicts[LIFT]["log_e_present"] == pytest.approx(10.7379, abs=1e-3)
    assert record_of(run)["server"] is None
    assert not (pytester.path / "reports").exists()


def test_judges_are_replayed_with_their_gold_answers(
    gate: GateCommand, pytester: pytest.Pytester, processes: tuple[str, ...]
) -> None:
    with ChatServer(by_rules, models=("judge",)) as server:
        asked = (*BIRDS, "-k", RATE, "--judge", "rules+judge", "--judge-base-url", server.url)
        first = gate(*asked)
    assert first.status == 1, first.said
    export(pytester.path)
    dialled = forbid_dialling(pytester)
    with Listener(server.url) as listener:
        run = gate(*asked, "--gate-replay=c.jsonl", *processes)
    assert (run.status, listener.connections, dialled.exists()) == (1, 0, False), run.said
    assert decided(run.verdicts) == decided(first.verdicts)
    assert record_of(run)["judges"] == record_of(first)["judges"] != []


@pytest.mark.slow
def test_a_judges_reply_that_is_missing_is_named(gate: GateCommand, pytester: pytest.Pytester) -> None:
    with ChatServer(by_rules, models=("judge",)) as server:
        asked = (*BIRDS, "-k", RATE, "--judge", "judge", "--judge-base-url", server.url)
        gate(*asked)
    cassette = export(pytester.path)
    edit(cassette, lambda records: _without(records, lambda one: one["role"] == "judge", keep=5))
    run = gate(*asked, "--gate-replay=c.jsonl")
    assert (run.status, run.verdicts[RATE]["reason"]) == (11, "replay"), run.said
    told = run.verdicts[RATE]["detail"]
    assert "c.jsonl does not hold replicate 0 of 'judge' (judge) for " in told
    assert "the nearest one recorded differs in: the prompt (" in told
    assert told.endswith("(while the judge was calibrated)")


def _without(records: Records, which: Any, keep: int = 0) -> Records:
    """Drop samples whose request a test holds for, but for the first few."""
    dropped = [one for one in samples(records) if which(one["request"])][keep:]
    assert dropped
    return [one for one in records if one not in dropped]


def _change(part: str, **values: Any) -> Any:
    def change(records: Records) -> Records:
        for one in samples(records):
            one["request"][part] |= values
        return records

    return change


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            lambda records: _without(records, lambda one: one["replicate"] >= 5),
            "replicate 5 of 'tiny' (treated) for 'Who are you?'; the nearest one recorded differs in: the replicate "
            "(number 4)",
        ),
        (
            _change("sampling", max_tokens=9),
            "differs in: the parameter max_tokens ('9', not '4')",
        ),
        (
            _change("identity", fingerprint="fp_\x1b[2J"),
            "differs in: the model's fingerprint ('fp_\\x1b[2J', not none)",
        ),
        (
            _change("identity", model="other"),
            "no sample of a model 'tiny' was recorded. Known: 'other'.",
        ),
        (
            lambda records: _without(records, lambda one: True),
            "no sample of a model 'tiny' was recorded. A replay asks nobody",
        ),
    ],
    ids=["replicate", "parameter", "identity", "model", "nothing"],
)
def test_a_sample_that_is_missing_makes_its_trial_invalid_and_is_named(
    gate: GateCommand,
    pytester: pytest.Pytester,
    recorded: tuple[str, dict[str, Any]],
    change: Any,
    words: str,
) -> None:
    edit(pytester.path / "c.jsonl", change)
    with Listener(recorded[0]) as listener:
        run = gate(*mine(recorded[0], "--gate-replay=c.jsonl"))
    assert (run.status, listener.connections) == (11, 0), run.said
    verdict = run.verdicts["numbers"]
    assert (verdict["outcome"], verdict["reason"]) == ("INVALID", "replay")
    assert words in verdict["detail"]
    assert "run the gate without --gate-replay to draw it" in verdict["detail"]
    assert run.properties()["numbers"]["weirdgen.reason"] == "replay"


def test_another_prompt_is_shown_beside_the_recorded_one(
    gate: GateCommand, pytester: pytest.Pytester, recorded: tuple[str, dict[str, Any]]
) -> None:
    probe = PROBE.replace("Who are you?", "Who are you, then?")
    (pytester.path / "probes" / "mine.toml").write_text(probe, encoding="utf-8")
    run = gate(*mine(recorded[0], "--gate-replay=c.jsonl"))
    assert run.status == 11, run.said
    told = run.verdicts["numbers"]["detail"]
    assert "for 'Who are you, then?'; the nearest one recorded differs in: the prompt ('Who are you?')" in told


def test_a_missing_control_leaves_the_other_trials_as_they_were(
    gate: GateCommand, pytester: pytest.Pytester, processes: tuple[str, ...]
) -> None:
    cassette = pytester.path / "c.jsonl"
    cassette.write_bytes(SHIPPED.read_bytes())
    edit(cassette, lambda records: _without(records, lambda one: one["role"] == "control"))
    run = gate(*BIRDS, "--gate-replay=c.jsonl", *processes)
    assert (run.status, run.outcomes()) == (1, {LIFT: "INVALID", RATE: "PRESENT"}), run.said
    assert "of 'base' (control) for 'What parts should men and women play" in run.verdicts[LIFT]["detail"]


def test_no_key_is_needed_where_a_live_gate_needs_one(
    gate: GateCommand,
    pytester: pytest.Pytester,
    recorded: tuple[str, dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    url = "https://gpu.invalid/v1"
    cassette = pytester.path / "c.jsonl"
    cassette.write_text(cassette.read_text("ascii").replace(recorded[0], url), "ascii")
    edit(cassette, lambda records: records)
    forbid_dialling(pytester)
    live = gate(*mine(url))
    assert live.status == 4, live.said
    assert "OPENAI_API_KEY" in live.said
    run = gate(*mine(url, "--gate-replay=c.jsonl"))
    assert (run.status, run.outcomes()) == (0, {"numbers": "ABSENT"}), run.said


@pytest.mark.slow
def test_the_attempt_is_that_of_the_recorded_run(
    gate: GateCommand, pytester: pytest.Pytester, processes: tuple[str, ...]
) -> None:
    asked = (*BIRDS, "-k", RATE)
    gate(*asked)
    second = gate(*asked, "--gate-fresh")
    assert second.verdicts[RATE]["attempt"] == 2, second.said
    cassette = export(pytester.path)
    run = gate(*asked, "--gate-replay=c.jsonl", *processes)
    assert run.status == 1, run.said
    assert decided(run.verdicts) == decided(second.verdicts)
    token = next(
        one["token"] for one in map(json.loads, cassette.read_text("ascii").splitlines()) if one.get("fresh") is False
    )
    export(pytester.path, "first.jsonl", "--gate", token)
    again = gate(*asked, "--gate-replay=first.jsonl", *processes)
    assert again.verdicts[RATE]["attempt"] == 1, again.said


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--gate-replay=none.jsonl",), "none.jsonl': No such file or directory"),
        (("--gate-replay=",), "Is a directory; name a file that `weirdgen store export` wrote"),
        (("--gate-replay=c.jsonl", "--gate-fresh"), "--gate-fresh: a replay draws nothing"),
        (("--gate-replay=c.jsonl", "--gate-plan"), "--gate-plan: a replay costs nothing"),
        (("--gate-replay=broken.jsonl",), "broken.jsonl': line 2: "),
        (("--gate-replay=no-opening.jsonl",), "holds no opening of a gate"),
    ],
)
def test_what_cannot_be_replayed_is_told_before_anything_is_run(
    gate: GateCommand, pytester: pytest.Pytester, arguments: tuple[str, ...], words: str
) -> None:
    for name in ("c.jsonl", "broken.jsonl", "no-opening.jsonl"):
        (pytester.path / name).write_bytes(SHIPPED.read_bytes())
    broken = (pytester.path / "broken.jsonl").read_bytes().replace(b'"record":"opening"', b'"record":"joke"')
    (pytester.path / "broken.jsonl").write_bytes(broken)
    edit(pytester.path / "no-opening.jsonl", lambda records: [one for one in records if one["record"] != "opening"])
    run = gate(*BIRDS, *arguments)
    assert run.status == 4, run.said
    assert words in run.said
    assert run.record is None


def test_a_broken_cassette_is_told_once_under_xdist(gate: GateCommand, pytester: pytest.Pytester) -> None:
    (pytester.path / "c.jsonl").write_bytes(SHIPPED.read_bytes()[:-5])
    run = gate(*BIRDS, "--gate-replay=c.jsonl", "-n2")
    assert run.status == 4, run.said
    assert "c.jsonl': line 47: " in run.said
    assert "INTERNALERROR" not in run.said


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--model", "tinny", "--base-url"), "'tinny' as treated was not recorded. Did you mean 'tiny'?"),
        (("--model", "tiny", "--control", "big", "--base-url"), "'big' as control was not recorded."),
    ],
)
def test_a_model_that_was_not_recorded_is_named(
    gate: GateCommand, recorded: tuple[str, dict[str, Any]], arguments: tuple[str, ...], words: str
) -> None:
    run = gate(*arguments, recorded[0], "--judge", "rules", "test_numbers.py", "--gate-replay=c.jsonl")
    assert run.status == 4, run.said
    assert words in run.said


def test_a_model_that_was_recorded_elsewhere_is_named(gate: GateCommand, recorded: tuple[str, dict[str, Any]]) -> None:
    run = gate(*mine("http://127.0.0.1:9/v1", "--gate-replay=c.jsonl"))
    assert run.status == 4, run.said
    assert (
        f"'tiny' as treated was recorded at '{recorded[0]}', and this gate has it at 'http://127.0.0.1:9/v1'"
        in run.said
    )


def test_the_variable_and_the_ini_option_replay_too(
    gate: GateCommand, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    dialled = forbid_dialling(pytester)
    monkeypatch.setenv("WEIRDGEN_GATE_REPLAY", os.fspath(SHIPPED))
    named = gate(*BIRDS)
    assert (named.status, dialled.exists()) == (1, False), named.said
    monkeypatch.delenv("WEIRDGEN_GATE_REPLAY")
    pytester.makeini(f"[pytest]\ngate_replay = {SHIPPED}\n")
    by_ini = gate(*BIRDS)
    assert (by_ini.status, dialled.exists()) == (1, False), by_ini.said
    assert decided(by_ini.verdicts) == decided(named.verdicts)


@pytest.mark.slow
def test_a_group_says_that_it_was_replayed(
    gate: GateCommand, pytester: pytest.Pytester, processes: tuple[str, ...]
) -> None:
    asked = ("--model-group", "birds=organism:old-bird-names,organism:modern-birds", "-k", RATE)
    first = gate(*asked)
    export(pytester.path)
    run = gate(*asked, "--gate-replay=c.jsonl", *processes)
    assert (run.status, run.outcomes()) == (first.status, first.outcomes()), run.said
    assert run.verdicts[RATE]["replay"].startswith("c.jsonl (SHA-256 ")
    assert run.verdicts[RATE]["log_e_present"] == first.verdicts[RATE]["log_e_present"]
