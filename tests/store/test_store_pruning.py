"""Pruning: only samples, only those that were named, and never so that a trial begins anew under its old number."""

import time
from pathlib import Path
from typing import Any

import pytest
from stored import ORGANISM, asked, begin, fill, rows, server_model

from weirdgen.schema.sample import Identity
from weirdgen.store.accounts import Amount
from weirdgen.store.database import Database
from weirdgen.store.pruning import Choice, Pruned, prune, renewal_line
from weirdgen.store.store import SampleStore

FINETUNE = Identity(kind="finetune", model="ft:base:org::1", base_url="https://api.openai.com/v1")
DAY = 24 * 3600.0


def pruned(path: Path, since: float = 0.0, force: bool = False, dry_run: bool = False, **choice: Any) -> Pruned:
    database = Database(path)
    try:
        return prune(database, Choice(**choice), gates_since=since, force=force, dry_run=dry_run)
    finally:
        database.close()


def replicates(path: Path) -> list[int]:
    return sorted(row[6] for row in rows(path)["samples"])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "s.sqlite3"
    fill(path, asked(0), asked(1), arrived=1 * DAY)
    fill(path, asked(2, identity=server_model("tiny", "g1")), arrived=2 * DAY)
    fill(path, asked(3, identity=server_model("tiny", "g2")), asked(4, identity=FINETUNE), arrived=3 * DAY)
    return path


@pytest.mark.parametrize(
    ("choice", "left"),
    [
        ({"before": 2.5 * DAY}, [3, 4]),
        ({"models": ("organism:old-bird-names",)}, [2, 3, 4]),
        ({"models": ("tiny", FINETUNE.model)}, [0, 1]),
        ({"generation": "g1"}, [0, 1, 3, 4]),
        ({"generation": ""}, [2, 3]),
        ({"models": ("tiny",), "before": 2.5 * DAY}, [0, 1, 3, 4]),
        ({"models": ("nobody",)}, [0, 1, 2, 3, 4]),
    ],
)
def test_what_is_named_is_deleted_and_nothing_else(path: Path, choice: dict[str, Any], left: list[int]) -> None:
    before = rows(path)
    tried = pruned(path, dry_run=True, **choice)
    assert rows(path) == before
    assert pruned(path, **choice) == tried
    assert (tried.samples, tried.kept) == (5 - len(left), 0)
    assert (tried.bytes > 0) == (tried.samples > 0)
    assert replicates(path) == left


def test_what_was_tried_and_spent_stays(path: Path) -> None:
    with SampleStore(path) as store:
        store.attempt_of("series", "trial", begin=True)
        store.first_stop("trial", "cap 400")
        store.settle("", "", "account", Amount(1.5, 3))
    kept = {table: rows(path)[table] for table in ("attempts", "stops", "accounts")}
    assert pruned(path, force=True, before=9 * DAY).samples == 5
    assert {table: rows(path)[table] for table in kept} == kept
    assert all(found for found in kept.values())


def test_an_unfinished_gate_keeps_its_samples_unless_it_is_forced(path: Path) -> None:
    token = begin(path, "line", server_model("tiny", "g1"), ORGANISM, now=10 * DAY)
    kept = pruned(path, since=9 * DAY, before=9 * DAY)
    assert (kept.samples, kept.kept, replicates(path)) == (2, 3, [0, 1, 2])
    too_old = pruned(path, since=11 * DAY, before=9 * DAY, dry_run=True)
    assert (too_old.samples, too_old.kept) == (3, 0)
    with SampleStore(path) as store:
        store.finish_gate(token, decided=["a"], undecided=["b"])
    assert pruned(path, since=9 * DAY, before=9 * DAY).kept == 3
    assert pruned(path, since=9 * DAY, before=9 * DAY, force=True).samples == 3


def test_a_gate_that_is_over_keeps_nothing(path: Path) -> None:
    first = begin(path, "line", ORGANISM, now=10 * DAY)
    with SampleStore(path) as store:
        store.finish_gate(first, decided=["a"], undecided=[])
    assert pruned(path, since=9 * DAY, models=("organism:old-bird-names",)).samples == 2


def test_a_gate_whose_samples_were_deleted_cannot_go_on(tmp_path: Path) -> None:
    path = tmp_path / "s"
    token = begin(path, "line", now=10 * DAY)
    fill(path, asked(0, identity=server_model("tiny", token)), asked(1, identity=server_model("big", token)))
    assert pruned(path, since=9 * DAY, generation=token).kept == 2
    with SampleStore(path) as store:
        assert store.generation("line", "plan", max_age=DAY, now=10 * DAY, fresh=False) == token
    assert pruned(path, since=9 * DAY, models=("big",), force=True).samples == 1
    with SampleStore(path) as store:
        assert store.generation("line", "plan", max_age=DAY, now=10 * DAY, fresh=False) != token


def test_a_finetune_whose_samples_were_deleted_is_another_one_from_then_on(path: Path) -> None:
    line = renewal_line(FINETUNE.model, FINETUNE.base_url)
    with SampleStore(path) as store:
        assert store.renewal(line) == ""
    assert pruned(path, models=("tiny",)).samples == 2
    with SampleStore(path) as store:
        assert store.renewal(line) == ""
    assert pruned(path, models=(FINETUNE.model,)).samples == 1
    with SampleStore(path) as store:
        first = store.renewal(line)
        assert len(first) == 32
    fill(path, asked(9, identity=FINETUNE))
    time.sleep(0.01)
    pruned(path, models=(FINETUNE.model,))
    with SampleStore(path) as store:
        assert store.renewal(line) not in ("", first)


def test_the_file_becomes_smaller(tmp_path: Path) -> None:
    path = tmp_path / "s"
    fill(path, *(asked(n, "q" * 2000) for n in range(300)))
    pruned(path, models=("organism:old-bird-names",))
    database = Database(path)
    before = path.stat().st_size
    database.shrink()
    database.close()
    assert path.stat().st_size < before / 5
