"""Files that fail: full disks, damage, cut logs, several processes. What was stored before is there afterwards."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from stored import answered, asked, fill, rows

from weirdgen.cli import main
from weirdgen.errors import StoreError
from weirdgen.store.database import Database
from weirdgen.store.inventory import take_inventory
from weirdgen.store.store import Claim, SampleStore

TESTS = Path(__file__).parents[1]
ENVIRON = os.environ | {"PYTHONPATH": os.pathsep.join([str(TESTS.parent / "plugins"), str(TESTS / "support")])}
_FULL = """
import resource, sys
from pathlib import Path
from stored import answered, asked
from weirdgen.errors import StoreError
from weirdgen.store.store import SampleStore

with SampleStore(Path(sys.argv[1])) as store:
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, resource.RLIM_INFINITY))
    put = 0
    try:
        while True:
            store.put(asked(put), answered(asked(put), "x" * 20_000), "o")
            put += 1
    except StoreError as error:
        print(error)
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    store.put(asked(put), answered(asked(put), "with room again"), "o")
    print(put)
"""


def run(code: str, *arguments: Path) -> str:
    command = [sys.executable, "-W", "error", "-c", code, *map(str, arguments)]
    return subprocess.run(command, env=ENVIRON, capture_output=True, text=True, check=True, timeout=60).stdout


def test_a_full_disk_fails_one_write_and_the_next_works_where_there_is_room(tmp_path: Path) -> None:
    told, put = run(_FULL, tmp_path / "s").splitlines()
    assert "check that the folder can be written, the disk has room" in told
    with SampleStore(tmp_path / "s") as store:
        found = [store.get(asked(n).key) for n in range(int(put) + 1)]
    assert int(put) > 3
    assert [sample.text[:4] for sample in found if sample] == ["xxxx"] * int(put) + ["with"]
    assert take_inventory(tmp_path / "s").sound


def test_a_file_that_may_not_grow_keeps_what_it_has(tmp_path: Path) -> None:
    """SQLite's own "database or disk is full", in the middle of a transaction."""
    fill(tmp_path / "s", asked(0))
    before = rows(tmp_path / "s")
    database = Database(tmp_path / "s")
    with database.reading() as connection:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages}")

    def too_much() -> None:
        with database.writing() as connection:
            connection.execute("DELETE FROM samples")
            connection.execute("INSERT INTO stops VALUES ('t', ?)", ("x" * 100_000,))

    with pytest.raises(StoreError, match="database or disk is full; check that"):
        too_much()
    with database.writing() as connection:
        connection.execute("INSERT INTO stops VALUES ('t', 'small')")
    database.close()
    after = rows(tmp_path / "s")
    assert after["samples"] == before["samples"] != []
    assert after["stops"] == [("t", "small")]


def test_a_commit_that_fails_leaves_no_transaction_behind(tmp_path: Path) -> None:
    fill(tmp_path / "s", asked(0))
    database = Database(tmp_path / "s")
    with database.reading() as connection:
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("CREATE TEMP TABLE parent (x PRIMARY KEY)")
        connection.execute("CREATE TEMP TABLE child (x REFERENCES parent DEFERRABLE INITIALLY DEFERRED)")

    def broken() -> None:
        with database.writing() as connection:
            connection.execute("DELETE FROM samples")
            connection.execute("INSERT INTO child VALUES (1)")

    with pytest.raises(StoreError, match="FOREIGN KEY constraint failed"):
        broken()
    with database.writing() as connection:
        assert connection.execute("SELECT count(*) FROM samples").fetchone() == (1,)
    database.close()


def test_an_export_without_room_leaves_no_file(tmp_path: Path) -> None:
    fill(tmp_path / "s", *(asked(n) for n in range(50)), text="x" * 2000)
    code = (
        "import resource, sys; from weirdgen.cli import main\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))\n"
        "print(main(['store', 'export', '--gate-store', sys.argv[1], '--out', sys.argv[2]]))"
    )
    assert run(code, tmp_path / "s", tmp_path / "c.jsonl").splitlines() == ["2"]
    assert [path.name for path in tmp_path.iterdir() if "c.jsonl" in path.name] == []


def test_an_import_without_room_leaves_the_store_as_it_was(tmp_path: Path) -> None:
    fill(tmp_path / "one", *(asked(n) for n in range(50)), text="x" * 20_000)
    fill(tmp_path / "two", asked(99))
    before = rows(tmp_path / "two")
    assert main(["store", "export", "--gate-store", str(tmp_path / "one"), "--out", str(tmp_path / "c")]) == 0
    code = (
        "import resource, sys; from weirdgen.cli import main\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))\n"
        "print(main(['store', 'import', sys.argv[2], '--gate-store', sys.argv[1]]))"
    )
    assert run(code, tmp_path / "two", tmp_path / "c").splitlines() == ["2"]
    assert rows(tmp_path / "two") == before


def test_a_log_that_was_cut_short_loses_its_end_only(tmp_path: Path) -> None:
    """What a machine that lost its power may leave: every row up to the cut is there, none is half there."""
    (tmp_path / "cut").mkdir()
    with SampleStore(tmp_path / "s") as store:
        for n in range(40):
            store.put(asked(n), answered(asked(n), "x" * 3000), "o")
        log = (tmp_path / "s-wal").read_bytes()
        assert len(log) > 100_000
        shutil.copy(tmp_path / "s", tmp_path / "cut" / "s")
    for part in (0.3, 0.6, 0.9):
        copy = tmp_path / "cut" / f"s{part}"
        shutil.copy(tmp_path / "cut" / "s", copy)
        copy.with_name(copy.name + "-wal").write_bytes(log[: int(len(log) * part)])
        with SampleStore(copy) as store:
            there = [store.get(asked(n).key) is not None for n in range(40)]
            assert there == sorted(there, reverse=True)
            assert 0 < sum(there) < 40
            assert store.claim(asked(39).key, "o") is Claim.MINE
        assert take_inventory(copy).sound


def test_damage_is_found_at_the_opening_of_a_gate(tmp_path: Path) -> None:
    path = tmp_path / "s"
    fill(path, *(asked(n, "q" * 500) for n in range(100)))
    with SampleStore(path) as store:
        store.check()
    content = bytearray(path.read_bytes())
    content[len(content) // 2 :] = b"\xa5" * (len(content) - len(content) // 2)
    path.write_bytes(content)
    with SampleStore(path) as store, pytest.raises(StoreError, match="damaged"):
        store.check()


_MANY = """
import sys
from pathlib import Path
from weirdgen.cli import main
for n in range(3):
    assert main(["store", "import", sys.argv[2], "--gate-store", sys.argv[1]]) == 0
    assert main(["store", "export", "--gate-store", sys.argv[1], "--out", f"{sys.argv[3]}.{n}"]) == 0
"""


def test_several_processes_import_and_export_one_store(tmp_path: Path) -> None:
    fill(tmp_path / "one", *(asked(n) for n in range(100)))
    cassette = tmp_path / "c"
    assert main(["store", "export", "--gate-store", str(tmp_path / "one"), "--out", str(cassette)]) == 0
    children = [
        subprocess.Popen(
            [
                sys.executable,
                "-W",
                "error",
                "-c",
                _MANY,
                str(tmp_path / "two"),
                str(cassette),
                str(tmp_path / f"out{n}"),
            ],
            env=ENVIRON,
            stdout=subprocess.PIPE,
            text=True,
        )
        for n in range(3)
    ]
    told = [child.communicate(timeout=60)[0] for child in children]
    assert [child.returncode for child in children] == [0, 0, 0]
    assert sum("100 new" in line for out in told for line in out.splitlines()) == 1
    assert rows(tmp_path / "two") == rows(tmp_path / "one")
    assert {path.read_bytes() for path in tmp_path.glob("out*")} == {cassette.read_bytes()}


_LOCKED = """
import os, sys
from pathlib import Path
from weirdgen.errors import StoreError
from weirdgen.store.inventory import take_inventory
from weirdgen.store.store import SampleStore

if os.getuid() == 0:  # root writes anywhere
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
for name in ("there", "new"):
    try:
        SampleStore(Path(sys.argv[1]) / name)
    except StoreError as error:
        print(error)
found = take_inventory(Path(sys.argv[1]) / "there")
print(found.sound, [one.samples for one in found.models])
"""


def test_a_folder_that_cannot_be_written_is_named_and_its_store_can_be_read() -> None:
    with tempfile.TemporaryDirectory() as name:  # pytest's own folders are closed to other users
        folder = Path(name) / "locked"
        fill(folder / "there", asked(0))
        Path(name).chmod(0o755)
        (folder / "there").chmod(0o444)
        folder.chmod(0o555)
        try:
            there, new, read = run(_LOCKED, folder).splitlines()
        finally:
            folder.chmod(0o755)
        assert re.match(f"sample store '{folder}/there': .*(readonly|unable to open).*; check that the folder", there)
        assert re.match(f"sample store '{folder}/new': unable to open database file; check that the folder", new)
        assert read == "True [1]", "what cannot be written can be read"
        assert rows(folder / "there")["samples"]
