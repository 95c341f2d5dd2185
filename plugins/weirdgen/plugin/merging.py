"""The merge of a gate's shards: a session of pytest whose reports come from the store, as from workers of xdist.

Nothing is collected, run or asked. Everything after the reports is what ends any gate (`plugin/finish.py`): the
procedure over the family, JUnit, run record, exit status, and what else was asked for.
"""

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import pytest

from weirdgen.errors import ShardsUnfit, WeirdgenError
from weirdgen.evidence.compare import differences
from weirdgen.plugin.keys import STATE, TALLY
from weirdgen.plugin.options import places
from weirdgen.plugin.state import GateState, make_empty
from weirdgen.plugin.tally import INVALID
from weirdgen.schema.run import ServerCount
from weirdgen.schema.shard import ShardRecord
from weirdgen.store.openings import KeptOpening
from weirdgen.store.place import StorePlace
from weirdgen.trials.merge import whole_plan_differs
from weirdgen.trials.opening import Opening
from weirdgen.trials.settings import restored


class Merge:
    """Plugin of the one session that it is given to."""

    def __init__(self, shards: Sequence[ShardRecord], opening: KeptOpening, store: StorePlace) -> None:
        """Merge.

        Args:
            shards: what all shards of one gate left.
            opening: that they shared.
            store: that they shared.
        """
        self._shards = shards
        self._opening = opening
        self._store = store

    @pytest.hookimpl(trylast=True)
    def pytest_configure(self, config: pytest.Config) -> None:
        """Make the gate's state from what the shards left."""
        try:
            config.stash[STATE] = self._state(config)
        except ShardsUnfit as error:
            pytest.exit(str(error), INVALID)
        except (WeirdgenError, pytest.UsageError) as error:
            pytest.exit(str(error), pytest.ExitCode.USAGE_ERROR)
        except (KeyError, ValueError) as error:
            pytest.exit(f"the shards were run by another version of weirdgen: {error!r}", INVALID)
        tally, runs = config.stash[TALLY], [shard.run for shard in self._shards]
        tally.unplanned.update(runs[0].selection.deselected)
        # What made a shard fail makes the gate fail, whatever the reports by themselves come to.
        tally.failures |= {run.exit_status for run in runs if run.exit_status}

    def _state(self, config: pytest.Config) -> GateState:
        runs, first = [shard.run for shard in self._shards], self._shards[0]
        state = GateState(config, restored(runs[0].options, **first.limits, **places(config) | {"store": self._store}))
        if state.plan.sha256 != runs[0].plan_sha256:
            was, now = runs[0].plan.model_dump(mode="json"), state.plan.model_dump(mode="json")
            raise whole_plan_differs(first, differences(was, now, "plan"))
        state.opening = Opening.of(self._opening)
        state.selection = runs[0].selection
        state.started_at = min(datetime.fromisoformat(run.started_at) for run in runs)
        state.merged = len(runs)
        if counts := [run.server for run in runs if run.server is not None]:
            state.server_count = ServerCount(
                requests=sum(one.requests for one in counts), choices=sum(one.choices for one in counts)
            )
        make_empty(state.report_folder)
        return state

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self, session: pytest.Session) -> bool:
        """Collect nothing: the shards did."""
        session.items = []
        session.testscollected = len({json.loads(text)["nodeid"] for shard in self._shards for text in shard.reports})
        return True

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Hand on the shards' reports, in the order in which one process would have run the tests."""
        for data in sorted(self._reports(), key=lambda one: int(one.get("weirdgen_place", 0))):
            report = session.config.hook.pytest_report_from_serializable(config=session.config, data=data)
            session.config.hook.pytest_runtest_logreport(report=report)
        return True

    def _reports(self) -> Iterator[dict[str, Any]]:
        for shard in self._shards:
            for text in shard.reports:
                data: dict[str, Any] = json.loads(text)
                if isinstance(data["longrepr"], list):  # of a skipped test; JSON knows no tuples
                    data["longrepr"] = tuple(data["longrepr"])
                yield data
