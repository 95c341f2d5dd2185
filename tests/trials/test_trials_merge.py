"""Which gate of a store is merged, and what is refused: nothing stale, foreign or missing becomes a part of a pass."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from run_records import record

from weirdgen import __version__
from weirdgen.errors import ShardsUnfit
from weirdgen.schema.run import Selection
from weirdgen.schema.shard import Shard, ShardRecord
from weirdgen.store.shards import Asked, Cut
from weirdgen.store.store import SampleStore
from weirdgen.trials.merge import chosen, left

CI = "o/r 7"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SampleStore]:
    with SampleStore(tmp_path / "store.sqlite3") as opened:
        yield opened


def ran(store: SampleStore, name: str, plan: str = "p" * 64, ci: str = "", **changes: Any) -> Cut:
    """Run a shard to its end."""
    number, total = map(int, name.split("/"))
    shard = Shard(number, total)
    cut = store.begin_shard(Asked(f"line of {plan[:1]}", plan, ci), shard, name, max_age=3600.0, fresh=False)
    limits = changes.pop("limits", {"budget": None, "max_requests": None})
    told = {"weirdgen": __version__, "plan_sha256": plan, "generation": cut.token, "options": {"alpha": 0.05}}
    run = record(**(told | {"shard": name} | changes))
    assert store.end_shard(cut, shard, name, ShardRecord(run=run, limits=limits, reports=()).model_dump_json())
    return cut


def test_the_shards_of_a_gate_come_in_their_order(store: SampleStore) -> None:
    cut = ran(store, "2/2")
    ran(store, "1/2")
    gate = chosen(store)
    assert gate.cut == cut
    assert [one.run.shard for one in left(store, gate)] == ["1/2", "2/2"]


def test_a_store_without_shards(store: SampleStore) -> None:
    with pytest.raises(ShardsUnfit, match="no shard of a gate has begun in this store"):
        chosen(store)


def test_every_missing_shard_is_named(store: SampleStore) -> None:
    ran(store, "1/4")
    store.begin_shard(Asked("line of p", "p" * 64, ""), Shard(3, 4), "killed", max_age=3600.0, fresh=False)
    told = r"shard 2/4 has not begun; shard 3/4 has begun at 20.* UTC and not ended; shard 4/4 has not begun"
    with pytest.raises(ShardsUnfit, match=told):
        left(store, chosen(store))


def test_a_shard_with_another_plan_is_told_and_not_chosen_among(store: SampleStore) -> None:
    ran(store, "1/2")
    ran(store, "2/2", plan="q" * 64)
    with pytest.raises(ShardsUnfit, match=r"shards of 2 plans: plan pppp.*shards 1/2, begun .*; plan qqqq.*2/2"):
        chosen(store)
    assert chosen(store, plan="qq").cut.plan_sha256 == "q" * 64
    with pytest.raises(ShardsUnfit, match="no shard of a gate with plan zz"):
        chosen(store, plan="zz")


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"options": {"alpha": 0.05, "judge": "x"}}, "shard 2/2 was run with judge 'x', shard 1/2 with None"),
        ({"selection": Selection(keyword="birds")}, "with selection: keyword 'birds', shard 1/2 with ''"),
        ({"limits": {"budget": 5.0, "max_requests": None}}, "with budget 5.0, shard 1/2 with None"),
        ({"weirdgen": "0.0.1"}, f"shard 2/2 was run by weirdgen 0.0.1, this is {__version__}"),
        ({"generation": "other"}, "shard 2/2: its record is of another gate"),
        ({"opened_at": 7.0}, "shard 2/2: its record is of another gate"),
    ],
)
def test_a_shard_that_was_asked_for_something_else(store: SampleStore, changes: dict[str, Any], told: str) -> None:
    ran(store, "1/2")
    ran(store, "2/2", **changes)
    with pytest.raises(ShardsUnfit) as found:
        left(store, chosen(store))
    assert told in str(found.value)


def test_a_record_that_cannot_be_read(store: SampleStore) -> None:
    cut = store.begin_shard(Asked("l", "p", ""), Shard(1, 1), "s", max_age=1.0, fresh=False)
    assert store.end_shard(cut, Shard(1, 1), "s", '{"run": 1}')
    with pytest.raises(ShardsUnfit, match="shard 1/1: its record is of another version of weirdgen, or damaged"):
        left(store, chosen(store))


def test_a_run_of_ci_merges_its_own_shards_only(store: SampleStore) -> None:
    ran(store, "1/1", ci="o/r 6")
    with pytest.raises(ShardsUnfit, match=r"no shard of this run \(o/r 7\) has begun in this store; the latest gate"):
        chosen(store, ci_run=CI)
    assert chosen(store, any_run=True).cut.total == 1


def test_shards_of_two_runs_of_ci_are_not_mixed(store: SampleStore) -> None:
    ran(store, "1/2", ci="o/r 6")
    ran(store, "2/2", ci=CI)
    with pytest.raises(ShardsUnfit, match="shard 1/2 is of another run of CI"):
        left(store, chosen(store, ci_run=CI), CI)
    with pytest.raises(ShardsUnfit, match="shard 2/2 is of another run of CI"):
        left(store, chosen(store))
    assert len(left(store, chosen(store, any_run=True), any_run=True)) == 2


def test_what_was_merged_is_not_merged_again_by_mistake_but_in_its_own_run(store: SampleStore) -> None:
    cut = ran(store, "1/1", ci=CI)
    store.note_merge(cut)
    with pytest.raises(ShardsUnfit, match="no shard has begun since the last merge"):
        chosen(store)
    assert chosen(store, ci_run=CI).cut == chosen(store, any_run=True).cut == cut


def test_yesterdays_gate_is_no_answer_today(
    store: SampleStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran(store, "1/1")
    later = store.clock() + 25 * 3600
    monkeypatch.setattr(store, "clock", lambda: later)
    with pytest.raises(ShardsUnfit, match="no shard has begun since the last merge"):
        chosen(store)


def test_shards_of_other_code_are_no_parts_of_one_gate(store: SampleStore) -> None:
    ran(store, "1/2", environment={"git.commit": "a" * 40, "git.dirty": "no"})
    ran(store, "2/2", environment={"git.commit": "b" * 40, "git.dirty": "no"})
    with pytest.raises(ShardsUnfit, match=r"shard 2/2 was run with git.commit 'bbb.*, shard 1/2 with 'aaa"):
        left(store, chosen(store))
