"""Shards in the store: they join one gate, keep it open until all have ended, and each leaves one record."""

from weirdgen.schema.shard import Shard
from weirdgen.store.shards import Asked, Cut
from weirdgen.store.store import SampleStore

HOUR = 3600.0
ASKED = Asked("line", "plan", "run 1")


def begin(store: SampleStore, name: str, session: str = "s", asked: Asked = ASKED, *, fresh: bool = False) -> Cut:
    number, total = map(int, name.split("/"))
    return store.begin_shard(asked, Shard(number, total), session, max_age=HOUR, fresh=fresh)


def end(store: SampleStore, cut: Cut, number: int, session: str = "s", record: str = "{}") -> bool:
    return store.end_shard(cut, Shard(number, cut.total), session, record)


def whole(store: SampleStore, *, fresh: bool = False) -> str:
    """Begin a gate in one piece, as any session does."""
    return store.generation("line", "plan", max_age=HOUR, now=store.clock(), fresh=fresh)


def test_shards_of_one_gate_join_it_until_all_have_ended(store: SampleStore) -> None:
    cut = begin(store, "1/3")
    store.finish_gate(cut.token, decided=["a"], undecided=[])
    assert end(store, cut, 1)
    assert begin(store, "2/3") == cut, "a shard that begins after another one has ended"
    assert end(store, cut, 2)
    assert whole(store) == cut.token, "the third one has not even begun"
    assert begin(store, "3/3") == cut
    assert end(store, cut, 3)
    assert begin(store, "1/3").token != cut.token, "all is decided: this is the next gate"


def test_a_contrast_that_a_shard_left_undecided_keeps_the_gate_open(store: SampleStore) -> None:
    cut = begin(store, "1/1")
    store.finish_gate(cut.token, decided=[], undecided=["a"])
    assert end(store, cut, 1)
    assert begin(store, "1/1", "again") == cut
    store.finish_gate(cut.token, decided=["a"], undecided=[])
    assert whole(store) == cut.token, "the shard that was run again has not ended"
    assert end(store, cut, 1, "again")
    assert whole(store) != cut.token


def test_a_session_that_has_the_whole_gate_does_not_wait_for_a_shard_that_never_came(store: SampleStore) -> None:
    cut = begin(store, "1/2")
    store.finish_gate(cut.token, decided=["a"], undecided=[])
    assert end(store, cut, 1)
    assert whole(store) == cut.token
    store.finish_gate(cut.token, decided=["a"], undecided=[])
    assert whole(store) == cut.token, "a part of the gate was run"
    store.finish_gate(cut.token, decided=["a", "b"], undecided=[], whole=True)
    assert whole(store) != cut.token


def test_a_shard_that_is_run_again_takes_the_place_of_its_earlier_run(store: SampleStore) -> None:
    cut = begin(store, "1/2", "first")
    assert end(store, cut, 1, "first", "one")
    assert begin(store, "1/2", "second") == cut
    assert store.shard_records(cut) == {}
    [gate] = store.cut_gates()
    assert gate.missing == [1, 2]
    assert end(store, cut, 1, "second", "two")
    assert store.shard_records(cut) == {1: "two"}


def test_of_two_runs_of_one_shard_at_once_the_later_one_counts(store: SampleStore) -> None:
    cut = begin(store, "1/2", "first")
    begin(store, "1/2", "second")
    assert not end(store, cut, 1, "first", "one")
    assert store.shard_records(cut) == {}
    assert end(store, cut, 1, "second", "two")
    assert store.shard_records(cut) == {1: "two"}


def test_the_first_opening_is_that_of_all(store: SampleStore) -> None:
    cut = begin(store, "1/2")
    assert store.cut_opening(cut) == ""
    assert store.keep_cut_opening(cut, "first") == "first"
    assert store.keep_cut_opening(cut, "second") == "first"
    begin(store, "2/2")
    assert store.cut_opening(cut) == "first"


def test_shards_with_fresh_samples_begin_one_gate_and_join_it_until_each_has_ended(store: SampleStore) -> None:
    old = begin(store, "1/2")
    fresh = begin(store, "1/2", fresh=True)
    assert fresh.token != old.token
    assert begin(store, "1/2", "killed and run again", fresh=True) == fresh
    assert begin(store, "2/2", fresh=True) == fresh
    assert end(store, fresh, 2)
    assert begin(store, "2/2", fresh=True).token != fresh.token, "it had ended, so this asks for the next gate"


def test_a_gate_is_cut_in_one_way_at_a_time(store: SampleStore) -> None:
    begin(store, "4/4")
    cut = begin(store, "1/2")
    for number in (1, 2):
        begin(store, f"{number}/2")
        assert end(store, cut, number)
    assert whole(store) != cut.token, "three shards of the earlier cut are not waited for"


def test_shards_with_another_plan_are_another_cut_of_the_gate(store: SampleStore) -> None:
    one, other = begin(store, "1/2"), begin(store, "2/2", asked=Asked("line", "higher cap", ""))
    assert one.token == other.token
    assert [(gate.cut.plan_sha256, gate.missing) for gate in store.cut_gates()] == [
        ("plan", [1, 2]),
        ("higher cap", [1, 2]),
    ]


def test_a_shard_that_is_run_again_after_a_merge_asks_for_another_one(store: SampleStore) -> None:
    cut = begin(store, "1/1")
    store.finish_gate(cut.token, decided=[], undecided=["a"])
    assert end(store, cut, 1)
    store.note_merge(cut)
    assert store.cut_gates()[0].merged is not None
    begin(store, "1/1")
    assert store.cut_gates()[0].merged is None
