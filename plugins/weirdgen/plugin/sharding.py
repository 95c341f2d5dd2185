"""One shard of a gate: which tests are its own, and what it leaves in the store for the merge."""

import json
from typing import Any

import pytest

from weirdgen.plugin.collection import asked_by
from weirdgen.plugin.keys import PLACE, STATE, TALLY
from weirdgen.plugin.state import GateState
from weirdgen.schema.run import RunRecord
from weirdgen.schema.shard import ShardRecord

KEPT = (0, 1, 10, 11, 12)
"""Exit statuses of a session that came to its end; after any other a shard has to be run again."""
_OF_WORKERS = ("node", "worker_id", "worker_info", "item_index", "testrun_uid")
"""What pytest-xdist adds to a report."""


class KeptReports:
    """Keeps the reports of a shard's tests, as they are written into its record."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._kept: list[tuple[int, str]] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep a report with the place of its test in the whole collection."""
        data = self._config.hook.pytest_report_to_serializable(config=self._config, report=report)
        if data is not None:
            plain = {name: value for name, value in data.items() if name not in _OF_WORKERS and _is_plain(value)}
            self._kept.append((getattr(report, "weirdgen_place", 0), json.dumps(plain)))

    def told(self) -> tuple[str, ...]:
        """Return the reports as JSON, in the order of the tests' collection."""
        return tuple(text for _, text in sorted(self._kept, key=lambda one: one[0]))


def deselect_others(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Take out the tests of other shards, and keep in mind how many ask for a contrast.

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


def _is_plain(value: object) -> bool:
    """Whether JSON can carry a value: other plugins put what they like on a report."""
    try:
        json.dumps(value)
    except (TypeError, ValueError):
        return False
    return True
