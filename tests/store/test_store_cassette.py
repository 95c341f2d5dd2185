"""Cassettes: what goes out comes in again, whatever is in it, and a broken one leaves everything as it was."""

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stored import ORGANISM, answered, asked, begin, fill, rows, server_model

from weirdgen.errors import UsageMistake
from weirdgen.schema.canonical import canonical_json
from weirdgen.schema.sample import Identity, Message, Sample, SampleRequest, Sampling, Usage
from weirdgen.schema.text import clean
from weirdgen.store.cassette import read_cassette
from weirdgen.store.database import Database
from weirdgen.store.exporting import export
from weirdgen.store.loading import Loaded, load
from weirdgen.store.store import SampleStore

TEXT = st.text(max_size=40).map(clean)
HOSTILE = '\x1b[2J\x00 \u202e \u2028 ]]> \\ud83d \U0001f600 "}\n{'


def write(store: Path, out: Path, **chosen: Any) -> Path:
    database = Database(store)
    try:
        export(database, out, **chosen)
    finally:
        database.close()
    return out


def read(cassette: Path, store: Path) -> Loaded:
    database = Database(store)
    try:
        return load(database, read_cassette(cassette).records())
    finally:
        database.close()


def full(path: Path) -> None:
    """Make a store with a row of every kind."""
    fill(path, *(asked(n) for n in range(3)), asked(0, HOSTILE, server_model("tiny"), "judge"), text=HOSTILE)
    token = begin(path, "line", ORGANISM, server_model("tiny"))
    with SampleStore(path) as store:
        store.finish_gate(token, decided=["a"], undecided=[HOSTILE])
        for trial in ("x", "y"):
            store.attempt_of("series", trial, begin=True)
        store.first_stop("x", "cap 400")
        store.keep_calibration(("judge", "gold", "chat"), canonical_json({"hits": 3, "rate": 0.1, "names": [HOSTILE]}))


def identities() -> st.SearchStrategy[Identity]:
    return st.builds(
        Identity,
        kind=st.sampled_from(["organism", "finetune", "endpoint"]),
        model=TEXT,
        base_url=TEXT,
        fingerprint=TEXT,
        created=st.none() | st.integers(0, 2**40),
        generation=TEXT,
        preset=st.sampled_from(["", "vllm"]),
    )


def requests() -> st.SearchStrategy[SampleRequest]:
    return st.builds(
        SampleRequest,
        identity=identities(),
        role=st.sampled_from(["treated", "control", "judge"]),
        messages=st.lists(st.builds(Message, role=st.just("user"), content=TEXT), min_size=1, max_size=3).map(tuple),
        sampling=st.builds(Sampling, temperature=st.floats(0, 2), top_logprobs=st.integers(0, 20)),
        replicate=st.integers(0, 2**62),
        stream=st.sampled_from(["round", "extra", "baseline"]),
    )


@given(
    st.lists(requests(), max_size=6, unique_by=lambda request: request.key),
    TEXT,
    st.floats(0, 1e12),
    st.dictionaries(TEXT, st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats(-1e9, 1e9) | TEXT),
)
@settings(max_examples=40, deadline=None)
def test_what_goes_out_comes_in_again(
    wanted: list[SampleRequest], text: str, moment: float, parameters: dict[str, Any]
) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with SampleStore(folder / "one") as store:
            for request in wanted:
                sample = Sample(
                    key=request.key,
                    text=text,
                    raw=json.dumps(text),
                    stop_reason=text,
                    usage=Usage(prompt_tokens=1),
                    parameters=parameters,
                    started_at=moment,
                )
                store.put(request, sample, "o")
        cassette = write(folder / "one", folder / "c.jsonl")
        loaded = read(cassette, folder / "two")
        assert (loaded.total("new"), set(loaded.counts) - {"sample"}) == (len(wanted), set())
        assert rows(folder / "two") == rows(folder / "one")
        assert write(folder / "two", folder / "again.jsonl").read_bytes() == cassette.read_bytes()
        assert all(byte == 10 or 32 <= byte < 127 for byte in cassette.read_bytes())


def test_rows_of_every_kind_come_in_again_and_are_known_the_second_time(tmp_path: Path) -> None:
    full(tmp_path / "one")
    cassette = write(tmp_path / "one", tmp_path / "c.jsonl")
    first = read(cassette, tmp_path / "two")
    assert {kind: dict(counted) for kind, counted in first.counts.items()} == {
        "opening": {"new": 1},
        "gate": {"new": 1},
        "attempt": {"new": 2},
        "stop": {"new": 1},
        "calibration": {"new": 1},
        "sample": {"new": 4},
    }
    assert rows(tmp_path / "two") == rows(tmp_path / "one")
    again = read(cassette, tmp_path / "two")
    assert (again.total("new"), again.total("known"), again.total("conflicting")) == (0, 10, 0)


def test_what_was_there_stays_and_an_attempt_never_gets_an_earlier_number(tmp_path: Path) -> None:
    for name, trials in (("one", ("x", "y")), ("two", ("z", "y"))):
        fill(tmp_path / name, asked(0), text=name)
        with SampleStore(tmp_path / name) as store:
            for trial in trials:
                store.attempt_of("series", trial, begin=True)
            store.first_stop("t", f"stop of {name}")
    loaded = read(write(tmp_path / "one", tmp_path / "c.jsonl"), tmp_path / "two")
    assert (loaded.total("new"), loaded.total("known"), loaded.total("conflicting")) == (0, 1, 3)
    with SampleStore(tmp_path / "two") as store:
        kept = store.get(asked(0).key)
        assert kept is not None
        assert kept.text == "two"
        assert store.first_stop("t", "new") == "stop of two"
        assert [store.attempt_of("series", trial, begin=False) for trial in ("z", "y", "x", "new")] == [1, 2, 3, 4]


def test_a_gate_or_a_model_goes_out_alone(tmp_path: Path) -> None:
    store, mine, other = tmp_path / "s", server_model("tiny", "g1"), server_model("tiny", "g2")
    fill(store, asked(0, identity=mine), asked(1, identity=other), asked(2), asked(3, identity=server_model("big")))
    token = begin(store, "line", mine, ORGANISM)
    begin(store, "another", other)

    def replicates(**chosen: Any) -> list[int]:
        out = tmp_path / f"{len(list(tmp_path.iterdir()))}.jsonl"
        records = [json.loads(line) for line in write(store, out, **chosen).read_text("ascii").splitlines()[1:]]
        return sorted(one["request"]["replicate"] for one in records if one["record"] == "sample")

    assert replicates() == [0, 1, 2, 3]
    assert replicates(gate=token) == [0, 2]
    assert replicates(models=["tiny"]) == [0, 1]
    assert replicates(models=["organism:old-bird-names", "big"]) == [2, 3]


def test_what_is_not_there_is_named_and_nothing_is_written(tmp_path: Path) -> None:
    store, out = tmp_path / "s", tmp_path / "c.jsonl"
    fill(store, asked(0))
    token = begin(store, "line", ORGANISM)
    with pytest.raises(UsageMistake, match=f"--gate 'nope'.*no such gate.*Known: '{token}'"):
        write(store, out, gate="nope")
    with pytest.raises(
        UsageMistake, match=r"--model 'organism:old-bird-name'.*Did you mean 'organism:old-bird-names'\?"
    ):
        write(store, out, models=["organism:old-bird-name"])
    with pytest.raises(UsageMistake, match="cannot be written: No such file or directory"):
        write(store, tmp_path / "no folder" / "c.jsonl")
    out.write_text("mine")
    with pytest.raises(UsageMistake, match="is there already"):
        write(store, out)
    assert out.read_text() == "mine"
    assert sorted(path.name for path in tmp_path.iterdir() if "partial" in path.name) == []


Edit = Callable[[list[dict[str, Any]]], None]


def _of(kind: str, change: Callable[[dict[str, Any]], Any]) -> Edit:
    return lambda records: change(next(one for one in records if one.get("record") == kind))


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (lambda records: records.pop(), "has 9 records where its header announces 10: it was cut short or edited"),
        (lambda records: records.append(dict(records[-1])), "line 12: repeats line 11"),
        (lambda records: records[0].update(weirdgen_cassette=2), "of version 2, written by weirdgen .* upgrade"),
        (lambda records: records[0].pop("what"), "line 1 is no header of a cassette .what: Field required"),
        (lambda records: records[3].update(record="joke"), "line 4: .*'joke'"),
        (_of("sample", lambda one: one["request"].update(replicate=99)), "line 8: its sample has another key"),
        (_of("sample", lambda one: one["sample"].update(extra=1)), "line 8: .*extra: Extra inputs are not permitted"),
        (_of("sample", lambda one: one["sample"]["usage"].update(prompt_tokens=2**63)), "line 8: a number in it"),
        (_of("sample", lambda one: one["sample"].update(seconds=float("nan"))), "line 8: .*NaN|line 8: .*not JSON"),
        (_of("opening", lambda one: one["opening"].pop("arms")), "line 2: "),
        (_of("attempt", lambda one: one.update(number=0)), "line 4: attempt.number: Input should be greater"),
    ],
)
def test_a_broken_line_is_named_and_the_store_stays_as_it_was(tmp_path: Path, edit: Edit, words: str) -> None:
    full(tmp_path / "one")
    fill(tmp_path / "two", asked(9))
    before = rows(tmp_path / "two")
    cassette = write(tmp_path / "one", tmp_path / "c.jsonl")
    records = [json.loads(line) for line in cassette.read_text("ascii").splitlines()]
    edit(records)
    cassette.write_text("".join(json.dumps(one) + "\n" for one in records), "ascii")
    with pytest.raises(UsageMistake, match=words) as caught:
        read(cassette, tmp_path / "two")
    assert repr(str(cassette)) in str(caught.value)
    assert rows(tmp_path / "two") == before


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"\x00\xff\xfe", "line 1 is no header"),
        (b"SQLite format 3\0", "line 1 is no header"),
        (b'{"\x1b[2J": 1}\n', "line 1 is no header of a cassette .Invalid JSON: control character"),
    ],
)
def test_a_file_that_is_no_cassette(tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / "c.jsonl").write_bytes(content)
    with pytest.raises(UsageMistake, match=words) as caught:
        read_cassette(tmp_path / "c.jsonl")
    assert str(caught.value).isprintable()
    with pytest.raises(UsageMistake, match="No such file or directory; name a file that `weirdgen store export`"):
        read_cassette(tmp_path / "none.jsonl")
    with pytest.raises(UsageMistake, match="Is a directory"):
        read_cassette(tmp_path)


def test_a_cassette_that_changes_while_it_is_read_leaves_nothing(tmp_path: Path) -> None:
    full(tmp_path / "one")
    read_once = read_cassette(write(tmp_path / "one", tmp_path / "c.jsonl"))
    fill(tmp_path / "other", asked(50))
    (tmp_path / "c.jsonl").unlink()
    write(tmp_path / "other", tmp_path / "c.jsonl")
    database = Database(tmp_path / "two")
    with pytest.raises(UsageMistake, match="was changed while it was read"):
        load(database, read_once.records())
    database.close()
    assert rows(tmp_path / "two")["samples"] == []


_HALF = """
import sys, time
from pathlib import Path
from weirdgen.store.cassette import read_cassette
from weirdgen.store.database import Database
from weirdgen.store.loading import load

def slowly(records):
    for n, record in enumerate(records):
        yield record
        if n == 50:
            print("half", flush=True)
            time.sleep(60)

load(Database(Path(sys.argv[1])), slowly(read_cassette(Path(sys.argv[2])).records()))
"""


def test_a_kill_in_the_middle_of_an_import_leaves_nothing_of_it(tmp_path: Path) -> None:
    fill(tmp_path / "one", *(asked(n) for n in range(100)))
    fill(tmp_path / "two", asked(1000))
    cassette = write(tmp_path / "one", tmp_path / "c.jsonl")
    before = rows(tmp_path / "two")
    environ = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2] / "plugins")}
    command = [sys.executable, "-c", _HALF, str(tmp_path / "two"), str(cassette)]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environ)
    assert child.stdout is not None
    with child.stdout:
        assert child.stdout.readline() == "half\n"
        child.send_signal(signal.SIGKILL)
        child.wait(10)
    assert rows(tmp_path / "two") == before
    assert read(cassette, tmp_path / "two").total("new") == 100


def test_an_export_while_others_write_is_of_one_moment(tmp_path: Path) -> None:
    fill(tmp_path / "s", *(asked(n) for n in range(200)))
    database = Database(tmp_path / "s")
    with database.snapshot() as connection, SampleStore(tmp_path / "s") as other:
        assert connection.execute("SELECT count(*) FROM samples").fetchone() == (200,)
        other.put(asked(500), answered(asked(500)), "o")
        assert connection.execute("SELECT count(*) FROM samples").fetchone() == (200,)
    database.close()
    assert read_cassette(write(tmp_path / "s", tmp_path / "c.jsonl")).header.records == 201
