"""One shard of a gate: which tests are its own, and what it leaves in the store for the merge."""

from typing import Any

import pytest

from weirdgen.plugin.collection import asked_by
from weirdgen.plugin.kept_reports import KeptReports
from weirdgen.plugin.keys import PLACE, STATE, TALLY
from weirdgen.plugin.state import GateState
from weirdgen.schema.run import RunRecord
from weirdgen.schema.shard import ShardRecord

KEPT = (0, 1, 10, 11, 12)
"""Exit statuses of a session that came to its end; after any other a shard has to be run again."""


def deselect_others(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Take out the tests of other shards, and keep in mind how many ask for a contrast where none is left here.

    A test that asks for none runs in the first shard, so that all shards together run each test once.
    """
    state = config.stash[STATE]
    shard = state.settings.shard
    if shard is None:
        return
    own = set(shard.of(list(state.hypotheses)))
    kept, others = list[pytest.Item](), list[pytest.Item]()
    for place, item in enumerate(items):
        item.stash[PLACE] = place
        asked = asked_by(item)
        mine = asked.address in own if asked is not None else shard.number == 1
        (kept if mine else others).append(item)
    if not any(asked_by(item) is not None for item in kept):
        config.stash[TALLY].elsewhere = sum(asked_by(item) is not None for item in others)
    if others:
        items[:] = kept
        config.hook.pytest_deselected(items=others)


def keep_shard(state: GateState, record: RunRecord, reports: KeptReports) -> None:
    """Leave what a shard came to in the store; of one that did not come to its end, nothing.

    Args:
        state: of the session.
        record: of the shard, with its exit status.
        reports: of its tests.

    Raises:
        StoreError: the store cannot be written.
        EvidenceError: the shard was started a second time meanwhile.
    """
    from weirdgen.plugin import running

    if state.cut is None or state.settings.shard is None or record.exit_status not in KEPT:
        return
    settings = state.settings
    bare = record.model_copy(update={"verdicts": (), "expected": (), "places": (), "findings": {}, "judges": ()})
    limits: dict[str, Any] = {"budget": settings.budget, "max_requests": settings.max_requests}
    left = ShardRecord(run=bare, limits=limits, reports=reports.told())
    running.shard_ended(settings, state.cut, state.session, left.model_dump_json())
