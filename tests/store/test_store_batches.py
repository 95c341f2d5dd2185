"""Keys in batches: leased to no process, collected once, paid for once."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from scripted_endpoint import request

from weirdgen.schema.sample import Sample
from weirdgen.store.accounts import Account, Amount, Charge
from weirdgen.store.batches import BatchBook, Collected, KeptBatch, KeptLine
from weirdgen.store.owner import new_owner
from weirdgen.store.store import Claim, SampleStore

CHARGE = Charge(Account("gate", 10.0, None), Amount(3.0, 1))
REQUESTS = [request(number) for number in range(3)]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SampleStore]:
    with SampleStore(tmp_path / "store.sqlite3") as opened:
        yield opened


def begun(store: SampleStore, token: str = "t") -> BatchBook:
    """Claim three keys, and put them into a batch."""
    owner, book = new_owner(), BatchBook(store.database)
    for one in REQUESTS:
        assert store.claim(one.key, owner, charge=CHARGE) is Claim.MINE
    book.begin(KeptBatch(token, "", "http://gpu/v1", "m", owner, 1.0), [KeptLine(one, {"n": 1}) for one in REQUESTS])
    store.release_all(owner, {one.key for one in REQUESTS})  # what an engine does at its end
    return book


def sample(number: int) -> Sample:
    return Sample(key=REQUESTS[number].key, text=str(number), stop_reason="stop", batch="b")


def test_nobody_else_gets_the_keys_of_a_batch_and_their_money_stays_held(store: SampleStore) -> None:
    book = begun(store)
    for one in REQUESTS:
        assert store.claim(one.key, new_owner(), charge=CHARGE) is Claim.BUSY
    assert store.spent("gate") == Amount(9.0, 3)
    assert sorted(book.keys("t")) == sorted(one.key for one in REQUESTS)
    assert book.waiting("http://gpu/v1", "m", "") == 3
    assert book.waiting("http://gpu/v1", "m", "another") == 0


def test_a_batch_is_read_as_it_was_kept(store: SampleStore) -> None:
    book = begun(store)
    book.name("t", "batch_1")
    (kept,) = book.pending("http://gpu/v1", "m")
    assert (kept.token, kept.id, kept.begun) == ("t", "batch_1", 1.0)
    assert book.pending("http://gpu/v1", "n") == []
    assert {key: (line.request, line.parameters) for key, line in book.lines("t").items()} == {
        one.key: (one, {"n": 1}) for one in REQUESTS
    }


def test_a_line_is_collected_and_paid_once_whoever_collects_it(store: SampleStore) -> None:
    book = begun(store)
    lines = [
        Collected(REQUESTS[0], sample(0), Amount(0.5, 1)),
        Collected(REQUESTS[1], None, Amount()),
        Collected(REQUESTS[2], None, None),
    ]
    assert book.collect("t", lines) == [one.key for one in REQUESTS]
    assert book.collect("t", lines) == []
    book.end("t")
    assert store.spent("gate") == Amount(3.5, 2)
    assert store.get(REQUESTS[0].key) == sample(0)
    assert store.claim(REQUESTS[1].key, new_owner()) is Claim.MINE
    assert book.pending("http://gpu/v1", "m") == []


def test_a_batch_that_never_came_to_be_gives_all_back(store: SampleStore) -> None:
    book = begun(store)
    book.end("t")
    assert store.spent("gate") == Amount()
    assert all(store.claim(one.key, new_owner(), charge=CHARGE) is Claim.MINE for one in REQUESTS)


def test_a_claim_that_is_made_again_replaces_what_is_held_for_it(store: SampleStore) -> None:
    owner, key, dear = new_owner(), request(9).key, Charge(CHARGE.account, Amount(8.0, 1))
    assert store.claim(key, owner, charge=CHARGE) is Claim.MINE
    assert store.claim(key, owner, charge=dear) is Claim.MINE
    assert store.spent("gate") == Amount(8.0, 1)
    assert store.claim(key, new_owner(), charge=CHARGE) is Claim.BUSY


def test_an_account_waits_for_what_batches_hold(store: SampleStore) -> None:
    begun(store)
    assert store.claim(request(9).key, new_owner(), charge=CHARGE) is Claim.BUSY
    dear = Charge(CHARGE.account, Amount(11.0, 1))
    assert store.claim(request(9).key, new_owner(), charge=dear) is Claim.SPENT
