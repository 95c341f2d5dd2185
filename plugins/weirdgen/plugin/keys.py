"""Typed places of the plugin's state; in a file of its own so that every module can share them."""

from typing import TYPE_CHECKING, Protocol

import pytest

if TYPE_CHECKING:
    from weirdgen.plugin.kept_reports import KeptReports
    from weirdgen.plugin.state import GateState
    from weirdgen.plugin.tally import Tally


class Checkable(Protocol):
    """What the hooks need to know of a `Trial`."""

    checked: bool
    """Whether the test called `check`."""


STATE: "pytest.StashKey[GateState]" = pytest.StashKey()
"""On config: the gate, made before collection (on an xdist worker at its first `trial`)."""
TALLY: "pytest.StashKey[Tally]" = pytest.StashKey()
"""On config: what reports said about verdicts."""
REPORTS: "pytest.StashKey[KeptReports]" = pytest.StashKey()
"""On config of a shard: the reports of its tests."""
VERDICT = pytest.StashKey[str]()
"""On an item: its verdict as ASCII JSON."""
PLACE = pytest.StashKey[int]()
"""On an item of a shard: its place among the tests of all shards."""
TRIAL: pytest.StashKey[Checkable] = pytest.StashKey()
"""On an item: what its test was given."""
