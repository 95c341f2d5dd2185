"""Pruning: only samples, only those that were named, and never so that a trial begins anew under its old number."""

import time
from pathlib import Path
from typing import Any

import pytest
from stored import ORGANISM, asked, begin, fill, opened, rows, server_model

from weirdgen.schema.sample import Identity
from weirdgen.store.accounts import Amount
from weirdgen.store.database import Database
from weirdgen.store.place import StorePlace
from weirdgen.store.pruning import Choice, Pruned, prune, renewal_line
from weirdgen.store.store import SampleStore

FINETUNE = Identity(kind="finetune", model="ft:base:org::1", base_url="https://api.openai.com/v1")
DAY = 24 * 3600.0


def pruned(place: StorePlace, since: float = 0.0, force: bool = False, dry_run: bool = False, **choice: Any) -> Pruned:
    with opened(place) as database:
        return prune(database, Choice(**choice), gates_since=since, force=force, dry_run=dry_run)


def replicates(place: StorePlace) -> list[int]:
    return sorted(row[6] for row in rows(place)["samples"])


@pytest.fixture(name="place")
def _filled(place: StorePlace) -> StorePlace:
    fill(place, asked(0), asked(1), arrived=1 * DAY)
    fill(place, asked(2, identity=server_model("tiny", "g1")), arrived=2 * DAY)
    fill(place, asked(3, identity=server_model("tiny", "g2")), asked(4, identity=FINETUNE), arrived=3 * DAY)
    return place


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
def test_what_is_named_is_deleted_and_nothing_else(place: StorePlace, choice: dict[str, Any], left: list[int]) -> None:
    before = rows(place)
    tried = pruned(place, dry_run=True, **choice)
    assert rows(place) == before
    assert pruned(place, **choice) == tried
    assert (tried.samples, tried.kept) == (5 - len(left), 0)
    assert (tried.bytes > 0) == (tried.samples > 0)
    assert replicates(place) == left


def test_what_was_tried_and_spent_stays(place: StorePlace) -> None:
    with SampleStore(place) as store:
        store.attempt_of("series", "trial", begin=True)
        store.first_stop("trial", "cap 400")
        store.settle("", "", "account", Amount(1.5, 3))
    kept = {table: rows(place)[table] for table in ("attempts", "stops", "accounts")}
    assert pruned(place, force=True, before=9 * DAY).samples == 5
    assert {table: rows(place)[table] for table in kept} == kept
    assert all(found for found in kept.values())


def test_an_unfinished_gate_keeps_its_samples_unless_it_is_forced(place: StorePlace) -> None:
    token = begin(place, "line", server_model("tiny", "g1"), ORGANISM, now=10 * DAY)
    kept = pruned(place, since=9 * DAY, before=9 * DAY)
    assert (kept.samples, kept.kept, replicates(place)) == (2, 3, [0, 1, 2])
    too_old = pruned(place, since=11 * DAY, before=9 * DAY, dry_run=True)
    assert (too_old.samples, too_old.kept) == (3, 0)
    with SampleStore(place) as store:
        store.finish_gate(token, decided=["a"], undecided=["b"])
    assert pruned(place, since=9 * DAY, before=9 * DAY).kept == 3
    assert pruned(place, since=9 * DAY, before=9 * DAY, force=True).samples == 3


def test_a_gate_that_is_over_keeps_nothing(place: StorePlace) -> None:
    first = begin(place, "line", ORGANISM, now=10 * DAY)
    with SampleStore(place) as store:
        store.finish_gate(first, decided=["a"], undecided=[])
    assert pruned(place, since=9 * DAY, models=("organism:old-bird-names",)).samples == 2


def test_a_gate_whose_samples_were_deleted_cannot_go_on(place: StorePlace) -> None:
    token = begin(place, "line", now=10 * DAY)
    fill(place, asked(0, identity=server_model("tiny", token)), asked(1, identity=server_model("big", token)))
    assert pruned(place, since=9 * DAY, generation=token).kept == 2
    with SampleStore(place) as store:
        assert store.generation("line", "plan", max_age=DAY, now=10 * DAY, fresh=False) == token
    assert pruned(place, since=9 * DAY, models=("big",), force=True).samples == 1
    with SampleStore(place) as store:
        assert store.generation("line", "plan", max_age=DAY, now=10 * DAY, fresh=False) != token


def test_a_finetune_whose_samples_were_deleted_is_another_one_from_then_on(place: StorePlace) -> None:
    line = renewal_line(FINETUNE.model, FINETUNE.base_url)
    with SampleStore(place) as store:
        assert store.renewal(line) == ""
    assert pruned(place, models=("tiny",)).samples == 2
    with SampleStore(place) as store:
        assert store.renewal(line) == ""
    assert pruned(place, models=(FINETUNE.model,)).samples == 1
    with SampleStore(place) as store:
        first = store.renewal(line)
        assert len(first) == 32
    fill(place, asked(9, identity=FINETUNE))
    time.sleep(0.01)
    pruned(place, models=(FINETUNE.model,))
    with SampleStore(place) as store:
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
