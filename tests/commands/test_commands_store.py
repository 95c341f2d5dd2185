"""`weirdgen store`: what it tells of sound, damaged and hostile stores, and what it refuses."""

import sqlite3
from pathlib import Path
from typing import Any

import pytest
from stored import ORGANISM, asked, begin, fill, rows, server_model

from weirdgen.cli import main
from weirdgen.store.accounts import Account, Amount, Charge
from weirdgen.store.store import SampleStore

HOSTILE = "\x1b[2J\x07evil\u202e\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "s.sqlite3"
    fill(path, asked(0), asked(1), asked(0, "judge this", server_model("judge", "j"), "judge"), text="Sir! " * 20)
    token = begin(path, "0123456789abcdefghij", ORGANISM)
    with SampleStore(path) as store:
        store.finish_gate(token, decided=["a"], undecided=["b", "c"])
        store.settle("", "", token, Amount(1.5, 3))
        store.claim("k", "m|1|1|t", charge=Charge(Account(token, None, None), Amount(0.25, 1)))
        store.attempt_of("series", "trial", begin=True)
        store.generation("judge line", "", max_age=1.0, now=5.0, fresh=False)
    return path


def store(*arguments: object) -> int:
    return main(["store", *map(str, arguments)])


def raw(path: Path, statement: str, *values: Any) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute(statement, values)
    connection.close()


def test_info_tells_what_is_there(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = path.read_bytes()
    assert store("info", path) == 0
    told = capsys.readouterr().out
    assert f"{path}: {path.stat().st_size:,} bytes, store version 8\nsound: its structure" in told
    lines = [" ".join(line.split()) for line in told.splitlines()]
    assert "organism:old-bird-names - treated 2 6 4 1970-01-01 00:16Z 1970-01-01 00:16Z" in lines
    assert "judge http://gpu/v1 judge 1 3 2 1970-01-01 00:16Z 1970-01-01 00:16Z" in lines
    assert "ended, may go on, 2 undecided; line 0123456789abcdef" in told
    assert "judge's replies" in told
    assert "spent $1.50, 3 requests; held for answers under way: $0.25, 1 requests" in told
    assert "calibrations: 0; attempts: 1; stop rules: 0; openings: 1; requests under way: 1" in told
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("UPDATE samples SET sample = '{' WHERE replicate = 1", "its sample cannot be read"),
        ("UPDATE samples SET request = '{' WHERE replicate = 1", "its request cannot be read"),
        ("UPDATE samples SET request = replace(request, ':1,', ':7,') WHERE replicate = 1", "not the digest"),
        ("UPDATE samples SET model = 'other' WHERE replicate = 1", "its columns are not those of its request"),
        (
            "UPDATE samples SET sample = (SELECT sample FROM samples WHERE role = 'judge') WHERE replicate = 1",
            "its sample is of another request",
        ),
        ("UPDATE samples SET sample = CAST(x'ff00fe' AS TEXT) WHERE replicate = 1", "its sample cannot be read"),
    ],
)
def test_info_counts_rows_that_cannot_be_used(
    path: Path, capsys: pytest.CaptureFixture[str], statement: str, words: str
) -> None:
    raw(path, statement)
    assert store("info", "--gate-store", path) == 1
    told = capsys.readouterr().out
    assert f"DAMAGED: 1 samples cannot be used; the first is {asked(1).key}: " in told
    assert words in told
    assert "sound" not in told


def test_info_tells_damage_in_the_middle_of_the_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "s"
    fill(path, *(asked(n, "q" * 500) for n in range(200)))
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 8192] = b"\xa5" * 8192
    path.write_bytes(content)
    assert store("info", path) == 1
    assert "DAMAGED: " in capsys.readouterr().out


def test_info_of_what_is_no_store(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    garbage = tmp_path / "garbage"
    garbage.write_bytes(b"no database at all, whatever its name says" * 50)
    assert store("info", garbage) == 1
    assert "file is not a database: damaged, or no sample store" in capsys.readouterr().out
    foreign = tmp_path / "foreign"
    raw(foreign, "CREATE TABLE t (x)")
    assert store("info", foreign) == 2
    assert store("info", tmp_path / "none") == 2
    assert store("info", tmp_path) == 2
    newer = tmp_path / "newer"
    SampleStore(newer).close()
    raw(newer, "PRAGMA user_version = 99")
    assert store("info", newer) == 2
    assert store("info", newer, "--gate-store", foreign) == 2
    told = capsys.readouterr().err.splitlines()
    for line, words in zip(
        told,
        ("another program", "there is no such file", "no such file", "store version 99", "name one"),
        strict=True,
    ):
        assert words in line
    assert not (tmp_path / "none").exists()


def test_hostile_names_do_not_reach_the_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "s"
    evil = server_model(HOSTILE, HOSTILE)
    fill(path, asked(0, HOSTILE, evil), text=HOSTILE)
    begin(path, HOSTILE, evil)
    with SampleStore(path) as opened:
        opened.settle("", "", HOSTILE, Amount(1.0, 1))
    raw(path, "UPDATE gates SET outcome = ?", HOSTILE)
    raw(path, "UPDATE samples SET sample = ?", HOSTILE)
    assert store("info", path) == 1
    told = capsys.readouterr().out
    assert "\\x1b[2J\\x07evil\\u202e\\n" in told
    assert all(line.isprintable() for line in told.splitlines())


def test_a_store_goes_from_one_machine_to_another(
    path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cassette, other = tmp_path / "c.jsonl", tmp_path / "new folder" / "s"
    assert store("export", "--out", cassette, "--gate-store", path) == 0
    assert capsys.readouterr().out == f"{cassette}: 7 records (everything)\n"
    assert store("import", cassette, "--gate-store", other) == 0
    assert "samples: 3 new, 0 known, 0 conflicting" in capsys.readouterr().out
    assert rows(other)["samples"] == rows(path)["samples"]
    assert store("import", cassette, "--gate-store", other) == 0
    assert "samples: 0 new, 3 known, 0 conflicting" in capsys.readouterr().out
    assert store("export", "--out", cassette, "--gate-store", path) == 2
    assert "is there already" in capsys.readouterr().err


def test_a_broken_cassette_imports_nothing(path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cassette, other = tmp_path / "c.jsonl", tmp_path / "other"
    store("export", "--out", cassette, "--gate-store", path)
    cassette.write_bytes(cassette.read_bytes().replace(b'"replicate":1', b'"replicate":5'))
    assert store("import", cassette, "--gate-store", other) == 2
    told = capsys.readouterr().err
    assert "its sample has another key than the digest of its request; nothing was imported" in told
    assert not other.exists()


def test_prune_wants_to_be_told_what(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert store("prune", "--gate-store", path) == 2
    assert "name what to delete: --older-than DAYS, --model NAME or --generation TOKEN" in capsys.readouterr().err
    assert len(rows(path)["samples"]) == 3
    with pytest.raises(SystemExit):
        store("prune", "--older-than", "-1")
    assert "'-1' is not a number of at least 0" in capsys.readouterr().err


def test_prune_tells_what_and_how_many_bytes(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    chosen = ("prune", "--older-than", "1", "--gate-store", path)
    assert store(*chosen, "--dry-run") == 0
    told = capsys.readouterr().out
    assert told.startswith("would delete 3 samples, ")
    assert len(rows(path)["samples"]) == 3
    assert store(*chosen) == 0
    told = capsys.readouterr().out
    assert told.startswith("deleted 3 samples, ")
    assert f"{path}: " in told
    assert rows(path)["samples"] == []
    assert len(rows(path)["attempts"]) == 1


def test_prune_keeps_what_may_go_on(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    raw(path, "UPDATE gates SET started_at = unixepoch() WHERE plan_sha256 != ''")
    assert store("prune", "--model", "organism:old-bird-names", "--gate-store", path) == 0
    told = capsys.readouterr().out
    assert "deleted 0 samples" in told
    assert "kept 2 that an unfinished gate may go on with (--force deletes them, too)" in told
    assert store("prune", "--model", "organism:old-bird-names", "--force", "--gate-store", path) == 0
    assert "deleted 2 samples" in capsys.readouterr().out


@pytest.mark.parametrize("command", [("export", "--out", "c.jsonl"), ("prune", "--older-than", "1")])
def test_a_store_that_is_not_there_is_not_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert store(*command) == 2
    assert "sample store 'reports/store.sqlite3': there is no such file" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
