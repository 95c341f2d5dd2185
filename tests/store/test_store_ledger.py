"""Attempts, trials and gates: restarting cannot buy a better answer, and old answers cannot pass for a new model."""

import sqlite3
from pathlib import Path

import pytest

from weirdgen.errors import StoreError
from weirdgen.store.place import StorePlace
from weirdgen.store.store import SampleStore

HOUR = 3600.0


def test_attempts_are_numbered_per_line_and_kept_per_trial(store: SampleStore, place: StorePlace) -> None:
    assert [store.attempt_of("a", trial, begin=True) for trial in ("x", "y", "x", "z", "y")] == [1, 2, 1, 3, 2]
    assert store.attempt_of("b", "x", begin=True) == 1
    with SampleStore(place) as again:
        assert [again.attempt_of("a", trial, begin=True) for trial in ("x", "new")] == [1, 4]


def test_a_trial_that_does_not_begin_takes_no_number(store: SampleStore) -> None:
    assert [store.attempt_of("a", trial, begin=False) for trial in ("x", "y")] == [1, 1]
    assert store.attempt_of("a", "y", begin=True) == 1
    assert [store.attempt_of("a", trial, begin=False) for trial in ("x", "y")] == [2, 1]


def token(store: SampleStore, now: float, plan: str = "p", *, fresh: bool = False) -> str:
    return store.generation(plan, "sha", max_age=HOUR, now=now, fresh=fresh)


def test_an_unfinished_gate_goes_on_until_it_is_too_old(store: SampleStore) -> None:
    first = token(store, 0.0)
    assert token(store, HOUR) == first
    assert token(store, 10.0, plan="q") != first
    second = token(store, HOUR + 1)
    assert second != first
    assert token(store, HOUR + 2) == second


def test_a_gate_goes_on_until_every_contrast_that_it_began_is_decided(store: SampleStore) -> None:
    first = token(store, 0.0)
    store.finish_gate(first, decided=["a"], undecided=["b", "c"])
    assert token(store, 1.0) == first
    store.finish_gate(first, decided=["a"], undecided=[])
    assert token(store, 2.0) == first, "another contrast's decision says nothing of b and c"
    store.finish_gate(first, decided=["b"], undecided=["c"])
    assert token(store, 3.0) == first
    store.finish_gate(first, decided=["c"], undecided=[])
    assert token(store, 4.0) != first


def test_a_gate_that_decided_everything_is_closed(store: SampleStore) -> None:
    first = token(store, 0.0)
    store.finish_gate(first, decided=["a", "b"], undecided=[])
    assert token(store, 1.0) != first


def test_fresh_begins_anew_and_is_then_the_latest(store: SampleStore) -> None:
    first = token(store, 0.0)
    second = token(store, 0.0 + 1, fresh=True)
    assert first != second
    assert token(store, 2.0) == second


def test_models_that_cannot_change_stay_with_the_latest_fresh_gate(store: SampleStore) -> None:
    token(store, 0.0)
    assert store.renewal("p") == ""
    renewed = token(store, 1.0, fresh=True)
    store.finish_gate(renewed, decided=["a"], undecided=[])
    token(store, 2.0)
    assert store.renewal("p") == renewed
    assert store.renewal("q") == ""


def test_an_unknown_gate_cannot_end(store: SampleStore) -> None:
    with pytest.raises(StoreError, match="nope"):
        store.finish_gate("nope", decided=[], undecided=[])


def test_a_trial_remembers_the_stop_rule_that_it_began_with(store: SampleStore) -> None:
    assert store.first_stop("trial", "cap 400") == "cap 400"
    assert store.first_stop("trial", "cap 800") == "cap 400"
    assert store.first_stop("other", "cap 800") == "cap 800"


def test_a_store_of_the_first_version_is_taken_over(tmp_path: Path) -> None:
    path = tmp_path / "old.sqlite3"
    with SampleStore(path) as made:
        first = token(made, 0.0)
    raw = sqlite3.connect(path)
    raw.executescript(
        "DROP TABLE undecided; DROP TABLE stops; DROP TABLE calibrations; "
        "DROP TABLE accounts; DROP TABLE holds; DROP TABLE openings; DROP TABLE cut_gates; DROP TABLE shards; "
        "ALTER TABLE gates DROP COLUMN fresh; PRAGMA user_version = 1;"
    )
    raw.close()
    with SampleStore(path) as again:
        assert (token(again, 1.0), again.renewal("p")) == (first, "")
        again.finish_gate(first, decided=["a"], undecided=["b"])
        assert token(again, 2.0) == first
