"""Attempts, trials and gates: restarting cannot buy a better answer, and old answers cannot pass for a new model."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from weirdgen.errors import StoreError
from weirdgen.store.store import SampleStore

HOUR = 3600.0


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SampleStore]:
    with SampleStore(tmp_path / "store.sqlite3") as opened:
        yield opened


def test_attempts_are_numbered_per_line_and_kept_per_trial(store: SampleStore, tmp_path: Path) -> None:
    assert [store.attempt_of("a", trial) for trial in ("x", "y", "x", "z", "y")] == [1, 2, 1, 3, 2]
    assert store.attempt_of("b", "x") == 1
    with SampleStore(tmp_path / "store.sqlite3") as again:
        assert [again.attempt_of("a", trial) for trial in ("x", "new")] == [1, 4]


def token(store: SampleStore, now: float, plan: str = "p", *, fresh: bool = False) -> str:
    return store.generation(plan, "sha", max_age=HOUR, now=now, fresh=fresh)


def test_an_unfinished_gate_goes_on_until_it_is_too_old(store: SampleStore) -> None:
    first = token(store, 0.0)
    assert token(store, HOUR) == first
    assert token(store, 10.0, plan="q") != first
    second = token(store, HOUR + 1)
    assert second != first
    assert token(store, HOUR + 2) == second


@pytest.mark.parametrize(
    ("outcome", "goes_on"), [("INCONCLUSIVE", True), ("ABSENT", False), ("PRESENT", False), ("INVALID", False)]
)
def test_only_an_inconclusive_gate_goes_on_after_its_end(store: SampleStore, outcome: str, goes_on: bool) -> None:
    first = token(store, 0.0)
    store.finish_gate(first, outcome)
    assert (token(store, 1.0) == first) is goes_on


def test_fresh_begins_anew_and_is_then_the_latest(store: SampleStore) -> None:
    first = token(store, 0.0)
    second = token(store, 0.0 + 1, fresh=True)
    assert first != second
    assert token(store, 2.0) == second


def test_an_unknown_gate_cannot_end(store: SampleStore) -> None:
    with pytest.raises(StoreError, match="nope"):
        store.finish_gate("nope", "ABSENT")
