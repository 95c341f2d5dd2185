"""What comes together is one transaction, and each part of it fails alone."""

import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from scripted_endpoint import request
from stored import opened

from weirdgen.errors import StoreError
from weirdgen.schema.sample import Sample
from weirdgen.store import ledger
from weirdgen.store.connection import Connection
from weirdgen.store.database import StoreBusy
from weirdgen.store.owner import new_owner
from weirdgen.store.place import StorePlace
from weirdgen.store.store import Claim, SampleStore

OWNER = new_owner()


def sample(replicate: int) -> Sample:
    return Sample(key=request(replicate).key, text=str(replicate), stop_reason="stop")


def put(store: SampleStore, replicate: int) -> "partial[Sample]":
    return partial(store.put, request(replicate), sample(replicate), OWNER)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "samples.sqlite3"


def test_calls_see_each_other_and_nobody_else_sees_them_before_the_end(place: StorePlace) -> None:
    with SampleStore(place) as store, SampleStore(place) as other:
        key = request(0).key
        seen: list[Sample | None] = []
        calls: list[Callable[[], object]] = [
            partial(store.claim, key, OWNER),
            put(store, 0),
            partial(store.get, key),
            lambda: seen.append(other.get(key)),
        ]
        results = store.together(calls)
        assert results == [Claim.MINE, sample(0), sample(0), None]
        assert seen == [None]
        assert other.get(key) == sample(0)


def test_a_call_that_fails_takes_nothing_away_from_the_others(
    place: StorePlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def half(connection: Connection, *_: object, **__: object) -> int:
        connection.execute("INSERT INTO leases VALUES ('half', 'done', 0)")
        raise RuntimeError("in the middle")

    monkeypatch.setattr(ledger, "attempt_of", half)
    with SampleStore(place) as store:
        mixed = partial(store.put, request(1), sample(2), OWNER)
        results = store.together([put(store, 0), mixed, lambda: store.attempt_of("l", "t", begin=True), put(store, 3)])
        assert [type(result) for result in results] == [Sample, ValueError, RuntimeError, Sample]
    with SampleStore(place) as store, opened(place) as database, database.reading() as connection:
        assert [store.get(request(n).key) is not None for n in range(4)] == [True, False, False, True]
        assert connection.execute("SELECT count(*) FROM leases").fetchone() == (0,)


def test_reading_together_waits_for_no_writer(path: Path) -> None:
    with SampleStore(path) as store, SampleStore(path) as other:
        put(store, 0)()
        with other._database.writing():
            assert store.together([partial(store.get, request(0).key)], wait=False) == [sample(0)]


def test_a_file_that_is_written_to_is_not_waited_for_and_nothing_is_written(path: Path) -> None:
    with SampleStore(path) as store, SampleStore(path) as other:
        with other._database.writing(), pytest.raises(StoreBusy):
            store.together([put(store, 0), put(store, 1)], wait=False)
        assert store.get(request(0).key) is None
        # Patient again afterwards: the same calls, and single ones, wait for their turn.
        entered, leave = threading.Event(), threading.Event()

        def hold() -> None:
            with other._database.writing():
                entered.set()
                leave.wait(10)

        holding = threading.Thread(target=hold)
        holding.start()
        entered.wait(10)
        threading.Timer(0.2, leave.set).start()
        assert put(store, 1)() == sample(1)
        assert store.together([put(store, 0)]) == [sample(0)]
        holding.join()


def test_a_transaction_that_is_lost_is_lost_as_a_whole(path: Path) -> None:
    with SampleStore(path) as store:
        # As SQLite does by itself when the disk is full.
        lose = partial(store._database._driver.connection.execute, "ROLLBACK")
        with pytest.raises(StoreError, match="could not be begun or ended"):
            store.together([put(store, 0), lose, put(store, 1)])
        assert store.get(request(0).key) is None
        assert store.get(request(1).key) is None
        assert store.together([put(store, 2)]) == [sample(2)]


def test_an_interrupt_undoes_everything(place: StorePlace) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    with SampleStore(place) as store:
        with pytest.raises(KeyboardInterrupt):
            store.together([put(store, 0), interrupted])
        assert store.get(request(0).key) is None
        assert store.together([put(store, 0)]) == [sample(0)]
