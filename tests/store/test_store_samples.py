"""Samples, leases and files: nothing twice, nothing lost, nothing foreign touched."""

import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from stored import address, opened

from weirdgen.errors import StoreError
from weirdgen.schema.sample import Identity, Message, Sample, SampleRequest, Sampling, Usage
from weirdgen.store.owner import is_dead, new_owner
from weirdgen.store.place import StorePlace
from weirdgen.store.store import Claim, SampleStore

PLUGINS = Path(__file__).parents[2] / "plugins"


def request(replicate: int = 0, text: str = "q", model: str = "m") -> SampleRequest:
    return SampleRequest(
        identity=Identity(kind="organism", model=model, digest="d"),
        role="treated",
        messages=(Message(role="user", content=text),),
        sampling=Sampling(),
        replicate=replicate,
    )


def sample(of: SampleRequest, text: str = "a") -> Sample:
    return Sample(key=of.key, text=text, stop_reason="stop", usage=Usage(prompt_tokens=3, completion_tokens=2))


@pytest.mark.parametrize("text", ["", "a\0b\x1b]]>", "a\\ud83d", "\uffff\U0010ffff", "é" * 500_000])
def test_any_text_survives(store: SampleStore, text: str) -> None:
    raw = json.dumps("a\ud83d")
    kept = sample(request(text=text), text).model_copy(
        update={"raw": raw, "parameters": {"t": 1.0, "n": 1, "s": None, "b": True}}
    )
    assert store.put(request(text=text), kept, "o") == kept
    found = store.get(kept.key)
    assert found == kept
    assert found is not None
    assert {name: type(value) for name, value in found.parameters.items()} == {
        "t": float,
        "n": int,
        "s": type(None),
        "b": bool,
    }


def test_the_row_carries_the_whole_request(store: SampleStore, place: StorePlace) -> None:
    store.put(request(7), sample(request(7)), "o")
    with opened(place) as database, database.reading() as raw:
        row = raw.execute("SELECT request, model, role, replicate, prompt_tokens FROM samples").fetchone()
    assert SampleRequest.model_validate_json(row[0]) == request(7)
    assert row[1:] == ("m", "treated", 7, 3)


def test_a_sample_of_another_request_is_refused(store: SampleStore) -> None:
    with pytest.raises(ValueError, match="under the request"):
        store.put(request(1), sample(request(2)), "o")


def test_one_owner_draws_and_the_other_waits(store: SampleStore) -> None:
    mine, yours = new_owner(), new_owner()
    key = request().key
    assert store.claim(key, mine) is Claim.MINE
    assert store.claim(key, yours) is Claim.BUSY
    assert store.claim(key, mine) is Claim.MINE
    store.release(key, yours)
    assert store.claim(key, yours) is Claim.BUSY
    store.release(key, mine)
    assert store.claim(key, yours) is Claim.MINE
    store.put(request(), sample(request()), yours)
    assert store.claim(key, mine) == sample(request())


def test_a_lease_ends_unless_renewed(store: SampleStore) -> None:
    mine, yours = new_owner(), new_owner()
    key = request().key
    store.claim(key, mine, 0.02)
    store.renew(mine, 60)
    time.sleep(0.03)
    assert store.claim(key, yours) is Claim.BUSY
    store.renew(mine, 0.0)
    assert store.claim(key, yours) is Claim.MINE
    store.release_all(yours)
    assert store.claim(key, mine) is Claim.MINE


def test_a_late_second_sample_does_not_replace_the_first(store: SampleStore) -> None:
    first = sample(request(), "first")
    assert store.put(request(), first, "a") == first
    assert store.put(request(), sample(request(), "second"), "b") == first


def test_the_lease_of_a_killed_process_is_free_at_once(store: SampleStore, place: StorePlace) -> None:
    code = (
        "import sys, time; from weirdgen.store.place import place_of\n"
        "from weirdgen.store.store import *; from weirdgen.store.owner import *\n"
        "print(SampleStore(place_of(sys.argv[1])).claim(sys.argv[2], new_owner()).name, flush=True); time.sleep(60)"
    )
    key = request().key
    child = subprocess.Popen(
        [sys.executable, "-c", code, address(place), key], stdout=subprocess.PIPE, text=True, env=_environ()
    )
    assert child.stdout is not None
    with child.stdout:
        assert child.stdout.readline() == "MINE\n"
        assert store.claim(key, new_owner()) is Claim.BUSY
        child.send_signal(signal.SIGKILL)
        deadline = time.monotonic() + 5
        # Not yet waited for: the zombie still has its number.
        while (claim := store.claim(key, new_owner())) is Claim.BUSY and time.monotonic() < deadline:
            time.sleep(0.01)
        assert claim is Claim.MINE
        child.wait(5)


def test_who_is_dead() -> None:
    machine, pid, start, token = new_owner().split("|")
    assert not is_dead("|".join((machine, pid, start, token)))
    assert not is_dead("|".join(("elsewhere", "1", "1", token)))
    host, boot, namespace = machine.split("/")
    assert not is_dead("|".join((f"{host}/{boot}0/{namespace}", pid, start + "0", token))), "made from the same image"
    assert is_dead("|".join((machine, pid, start + "0", token)))
    assert is_dead("|".join((machine, "4194304", start, token)))


_RACE = """
import sys, time
from weirdgen.store.place import place_of
from weirdgen.schema.sample import *
from weirdgen.store.owner import new_owner
from weirdgen.store.store import *
store, owner, drawn = SampleStore(place_of(sys.argv[1])), new_owner(), 0
for n in range(int(sys.argv[2])):
    request = SampleRequest(identity=Identity(kind="organism", model="m", digest="d"), role="treated",
        messages=(Message(role="user", content="q"),), sampling=Sampling(), replicate=n)
    while (claim := store.claim(request.key, owner)) is Claim.BUSY:
        time.sleep(0.001)
    if claim is Claim.MINE:
        store.put(request, Sample(key=request.key, text=owner, stop_reason="stop"), owner)
        drawn += 1
    assert store.attempt_of("line", str(n), begin=True) == n + 1
print(drawn)
"""


def _environ() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(PLUGINS)}


@pytest.mark.parametrize("place", ["sqlite", pytest.param("postgres", marks=pytest.mark.slow)], indirect=True)
def test_four_processes_open_a_new_store_and_draw_each_key_once(place: StorePlace) -> None:
    command = [
        sys.executable,
        "-W",
        "error",
        "-c",
        _RACE,
        address(place),
        str(keys := 150 if isinstance(place, Path) else 40),
    ]
    children = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=_environ()) for _ in range(4)]
    outputs = [child.communicate(timeout=60)[0] for child in children]
    assert sum(map(int, outputs)) == keys
    with SampleStore(place) as store:
        assert store.count_since(0) == keys


def test_samples_are_counted_from_a_moment_on(store: SampleStore) -> None:
    before = time.time()
    for n in range(3):
        store.put(request(n), sample(request(n)), "o")
    assert (store.count_since(before), store.count_since(time.time() + 1)) == (3, 0)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"this is no database, whatever its name says" * 30, "damaged"),
        (b"SQLite format 3\0" + b"\xff" * 5000, "damaged|another program|malformed"),
    ],
)
def test_a_damaged_file_is_named(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "s.sqlite3"
    path.write_bytes(content)
    with pytest.raises(StoreError, match=words) as caught:
        SampleStore(path)
    assert repr(str(path)) in str(caught.value)
    assert path.read_bytes() == content


def test_a_file_of_another_program_or_a_newer_weirdgen_is_left_alone(tmp_path: Path) -> None:
    foreign, newer = tmp_path / "foreign.sqlite3", tmp_path / "newer.sqlite3"
    raw = sqlite3.connect(foreign)
    raw.execute("CREATE TABLE t (x)")
    raw.close()
    with pytest.raises(StoreError, match=r"another program.*--gate-store"):
        SampleStore(foreign)
    SampleStore(newer).close()
    raw = sqlite3.connect(newer)
    raw.execute("PRAGMA user_version = 99")
    raw.close()
    with pytest.raises(StoreError, match=r"version 99.*upgrade"):
        SampleStore(newer)


def test_samples_of_an_older_store_are_moved_to_their_new_table(tmp_path: Path) -> None:
    path = tmp_path / "old.sqlite3"
    asked = [request(n) for n in range(50)]
    with SampleStore(path) as made:
        for one in asked:
            made.put(one, sample(one), "o")
    raw = sqlite3.connect(path)
    created = raw.execute("SELECT sql FROM sqlite_master WHERE name = 'samples'").fetchone()[0]
    raw.executescript(
        f"ALTER TABLE samples RENAME TO newer; {created} WITHOUT ROWID; INSERT INTO samples SELECT * FROM newer; "
        "DROP TABLE newer; CREATE INDEX samples_arrived ON samples (arrived); "
        "DROP TABLE cut_gates; DROP TABLE shards; PRAGMA user_version = 6;"
    )
    raw.close()
    with SampleStore(path) as again:
        assert [again.get(one.key) for one in asked] == [sample(one) for one in asked]
        assert again.count_since(0.0) == 50
        assert again.claim(asked[0].key, "p") == sample(asked[0])
    with contextlib.closing(sqlite3.connect(path)) as raw:
        kept = raw.execute("SELECT name, sql FROM sqlite_master WHERE name LIKE 'samples%' ORDER BY name").fetchall()
    assert [name for name, _ in kept] == ["samples", "samples_arrived"]
    assert "ROWID" not in kept[0][1]


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(StoreError, match="file"):
        SampleStore(tmp_path / "file" / "s.sqlite3")
    (tmp_path / "reports").mkdir()
    with pytest.raises(StoreError, match="reports"):
        SampleStore(tmp_path / "reports")


def test_a_broken_row_and_a_closed_store_are_named(place: StorePlace) -> None:
    store = SampleStore(place)
    store.put(request(), sample(request()), "o")
    with opened(place) as database, database.writing() as raw:
        raw.execute("UPDATE samples SET sample = '{'")
    with pytest.raises(StoreError, match=request().key):
        store.get(request().key)
    store.close()
    store.close()
    with pytest.raises(StoreError, match="closed"):
        store.get(request().key)


class LeaseMachine(RuleBasedStateMachine):
    """The store against a dictionary: who may draw, and that the first sample stays."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.store = SampleStore(Path(self.folder.name) / "s.sqlite3")
        self.held: dict[int, str] = {}
        self.kept: dict[int, str] = {}
        self.owners = [new_owner() for _ in range(3)]

    numbers = st.integers(0, 2)

    @rule(n=numbers, who=numbers)
    def claim(self, n: int, who: int) -> None:
        got = self.store.claim(request(n).key, self.owners[who])
        if n in self.kept:
            assert isinstance(got, Sample)
            assert got.text == self.kept[n]
        elif self.held.get(n, self.owners[who]) == self.owners[who]:
            assert got is Claim.MINE
            self.held[n] = self.owners[who]
        else:
            assert got is Claim.BUSY

    @rule(n=numbers, who=numbers, text=st.text(max_size=3))
    def put(self, n: int, who: int, text: str) -> None:
        got = self.store.put(request(n), sample(request(n), text), self.owners[who])
        assert got.text == self.kept.setdefault(n, text)
        if self.held.get(n) == self.owners[who]:
            del self.held[n]

    @rule(n=numbers, who=numbers)
    def release(self, n: int, who: int) -> None:
        self.store.release(request(n).key, self.owners[who])
        if self.held.get(n) == self.owners[who]:
            del self.held[n]

    @rule(who=numbers)
    def leave(self, who: int) -> None:
        self.store.release_all(self.owners[who])
        self.held = {n: owner for n, owner in self.held.items() if owner != self.owners[who]}

    @invariant()
    def agrees(self) -> None:
        found = {n: kept.text for n in range(3) if (kept := self.store.get(request(n).key))}
        assert found == self.kept

    def teardown(self) -> None:
        self.store.close()
        self.folder.cleanup()


TestLeases = LeaseMachine.TestCase
TestLeases.settings = settings(max_examples=25, stateful_step_count=20, deadline=None)
