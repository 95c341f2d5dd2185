"""Budgets: nothing is sent that may cost more than is left, whoever else spends, and nothing is forgotten."""

import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stored import address

from weirdgen.schema.sample import Identity, Message, Sample, SampleRequest, Sampling
from weirdgen.store.accounts import Account, Amount, Charge
from weirdgen.store.owner import new_owner
from weirdgen.store.place import StorePlace
from weirdgen.store.store import Claim, SampleStore

PLUGINS = Path(__file__).parents[2] / "plugins"


def request(number: int) -> SampleRequest:
    return SampleRequest(
        identity=Identity(kind="endpoint", model="m"),
        role="treated",
        messages=(Message(role="user", content="q"),),
        sampling=Sampling(),
        replicate=number,
    )


def charge(dollars: float = 1.0, most: float | None = 3.0, requests: int | None = None) -> Charge:
    return Charge(Account("gate", most, requests), Amount(dollars, 1))


def draw(store: SampleStore, number: int, owner: str, cost: float, worst: Charge) -> Claim | None:
    """Claim, and settle at once; return why not, or None."""
    asked = request(number)
    claim = store.claim(asked.key, owner, charge=worst)
    if claim is Claim.MINE:
        store.put(asked, Sample(key=asked.key, text="a", stop_reason="stop"), owner, ("gate", Amount(cost, 1)))
        return None
    assert isinstance(claim, Claim)
    return claim


def test_what_is_held_is_settled_with_what_it_cost(store: SampleStore) -> None:
    assert store.claim(request(0).key, "a", charge=charge()) is Claim.MINE
    assert store.spent("gate") == (1.0, 1)
    store.put(request(0), Sample(key=request(0).key, text="a", stop_reason="stop"), "a", ("gate", Amount(0.25, 2)))
    assert store.spent("gate") == (0.25, 2)
    assert store.spent("another gate") == (0.0, 0)


def test_the_last_request_that_fits_is_sent_and_no_other(store: SampleStore) -> None:
    owner = new_owner()
    assert [draw(store, n, owner, 1.0, charge()) for n in range(5)] == [None, None, None, Claim.SPENT, Claim.SPENT]
    assert store.spent("gate") == (3.0, 3)
    assert draw(store, 3, owner, 1.0, charge(most=4.0)) is None, "a higher limit goes on"


def test_requests_are_limited_whatever_they_cost(store: SampleStore) -> None:
    found = [draw(store, n, "a", 0.0, charge(0.0, most=None, requests=2)) for n in range(3)]
    assert found == [None, None, Claim.SPENT]


def test_what_is_in_flight_elsewhere_is_waited_for(store: SampleStore) -> None:
    """Held at worst it takes all that is left; it may cost less."""
    mine, yours = new_owner(), new_owner()
    assert store.claim(request(0).key, mine, charge=charge(3.0)) is Claim.MINE
    assert draw(store, 1, yours, 1.0, charge()) is Claim.BUSY
    store.put(request(0), Sample(key=request(0).key, text="a", stop_reason="stop"), mine, ("gate", Amount(1.0, 1)))
    assert draw(store, 1, yours, 1.0, charge()) is None


def test_a_failed_request_costs_what_may_have_been_billed(store: SampleStore) -> None:
    owner = new_owner()
    store.claim(request(0).key, owner, charge=charge())
    store.settle(request(0).key, owner, "gate", Amount(0.5, 3))
    assert store.spent("gate") == (0.5, 3)
    assert store.claim(request(0).key, new_owner()) is Claim.BUSY, "whoever claimed it may ask again"
    assert store.hold(request(0).key, owner, charge(0.5))
    assert store.spent("gate") == (1.0, 4)
    store.release(request(0).key, owner)
    assert store.spent("gate") == (0.5, 3)


def test_what_was_in_flight_when_the_engine_closed_counts_as_spent(store: SampleStore) -> None:
    owner = new_owner()
    for number in range(2):
        store.claim(request(number).key, owner, charge=charge())
    store.release_all(owner, {request(0).key})
    assert store.spent("gate") == (1.0, 1), "the other was not sent yet"
    store.release_all(owner)
    assert store.spent("gate") == (1.0, 1)
    assert draw(store, 0, new_owner(), 1.0, charge()) is None


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL")
def test_what_a_killed_process_had_in_flight_counts_as_spent(place: StorePlace) -> None:
    code = (
        "import sys, time; from weirdgen.store.place import place_of; from weirdgen.store.store import SampleStore; "
        "from weirdgen.store.accounts import *; from weirdgen.store.owner import new_owner; "
        "s = SampleStore(place_of(sys.argv[1])); "
        "print(s.claim('k', new_owner(), charge=Charge(Account('gate', 3.0, None), Amount(2.5, 1))), flush=True); "
        "time.sleep(60)"
    )
    environ = os.environ | {"PYTHONPATH": str(PLUGINS)}
    child = subprocess.Popen(
        [sys.executable, "-c", code, address(place)], env=environ, stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    with child, SampleStore(place) as store:
        assert child.stdout.readline().strip() == "Claim.MINE"
        assert draw(store, 0, new_owner(), 1.0, charge()) is Claim.BUSY
        child.send_signal(signal.SIGKILL)
        child.wait()
        assert draw(store, 0, new_owner(), 1.0, charge()) is Claim.SPENT
        assert store.spent("gate") == (2.5, 1)


def test_what_another_machine_left_behind_is_not_waited_for_forever(store: SampleStore) -> None:
    """Its process cannot be seen from here; its lease runs out."""
    elsewhere = "another-machine/1|7|1|x"
    assert store.claim(request(0).key, elsewhere, 0.2, charge(2.5)) is Claim.MINE
    assert draw(store, 1, new_owner(), 1.0, charge()) is Claim.BUSY
    time.sleep(0.3)
    assert draw(store, 1, new_owner(), 1.0, charge()) is Claim.SPENT


@settings(max_examples=30, deadline=None)
@given(
    costs=st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1), st.booleans()), max_size=25),
    most=st.floats(0.1, 5),
)
def test_no_order_of_requests_spends_more_than_there_is(costs: list[tuple[float, float, bool]], most: float) -> None:
    with tempfile.TemporaryDirectory() as folder, SampleStore(Path(folder) / "store.sqlite3") as store:
        for number, (worst, share, comes) in enumerate(costs):
            owner = new_owner()
            claim = store.claim(request(number).key, owner, charge=charge(worst, most))
            if claim is Claim.MINE and comes:
                sample = Sample(key=request(number).key, text="a", stop_reason="stop")
                store.put(request(number), sample, owner, ("gate", Amount(worst * share, 1)))
            assert store.spent("gate").dollars <= most + 1e-6


def test_a_store_without_accounts_gets_them(tmp_path: Path) -> None:
    path = tmp_path / "old.sqlite3"
    SampleStore(path).close()
    raw = sqlite3.connect(path)
    raw.executescript(
        "DROP TABLE accounts; DROP TABLE holds; DROP TABLE openings; DROP TABLE cut_gates; DROP TABLE shards; "
        "PRAGMA user_version = 4;"
    )
    raw.close()
    with SampleStore(path) as again:
        again.settle("k", "o", "gate", Amount(1.0, 1))
        assert again.spent("gate") == (1.0, 1)
