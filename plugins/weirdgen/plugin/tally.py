"""What the session's reports said, on the process that sees them all."""

from collections import Counter
from collections.abc import Sequence

import pytest

BEHAVIOUR, INCONCLUSIVE, INVALID, EVIDENCE = 1, 10, 11, 12
_PRECEDENCE = (EVIDENCE, BEHAVIOUR, INVALID, INCONCLUSIVE)


Address = tuple[str, str, str]
"""Model or group, probe, contrast."""
Place = tuple[str, int, str]
"""File relative to the rootdir, line from 1, pytest's name of the item."""
UNPLANNED, ELSEWHERE = "weirdgen_unplanned", "weirdgen_elsewhere"
"""Under which a worker of xdist tells what it deselected, and how many tests other shards run."""
NOWHERE: Place = ("", 1, "")
"""Of a test that took its properties away."""


class Tally:
    """Collects verdicts and kinds of failure from test reports, with and without xdist."""

    def __init__(self) -> None:
        self.verdicts: list[str] = []
        """JSON of each verdict, in the order the items ended."""
        self.unchecked: set[str] = set()
        """Those of them that no test checked."""
        self.places: dict[Address, Place] = {}
        """Where the test of each of them stands."""
        self.order: list[str] = []
        """Names of all items in the order of their collection, where workers end them in another one."""
        self.unplanned: Counter[str] = Counter()
        """Tests that ask for what the gate does not plan, by the reason."""
        self.ended: set[str] = set()
        """Names of the items whose last report came."""
        self.elsewhere = 0
        """Of a shard: selected tests of contrasts that other shards run; counted where none is its own."""
        self.all_elsewhere = False
        """Of a shard: every selected contrast is in others."""
        self.failures: set[int] = set()
        self.nothing_run = False
        """A model was named, but no contrast of any test was run."""
        self.uncollected = False
        """A test file, or a marker in it, could not be used."""
        self.stopped = False
        """pytest stopped by itself, as -x and --stepwise tell it to after a failure; nobody interrupted it."""
        self.crashed = False
        """A worker died in the middle of an item."""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep a report's verdict and the exit status its failure calls for."""
        verdict = getattr(report, "weirdgen_verdict", None)
        if verdict is not None:
            self.verdicts.append(verdict)
            self._keep_place(report)
            if getattr(report, "weirdgen_unchecked", False):
                self.unchecked.add(verdict)
        if report.when == "teardown":
            self.ended.add(report.nodeid)
        if report.failed:
            self.failures.add(getattr(report, "weirdgen_exit", BEHAVIOUR))
        self.crashed = self.crashed or report.when not in {"setup", "call", "teardown"}

    def _keep_place(self, report: pytest.TestReport) -> None:
        told = dict(report.user_properties)
        file, line, _ = report.location
        model, probe, contrast = (str(told.get(f"weirdgen.{name}", "")) for name in ("model", "probe", "contrast"))
        self.places[model, probe, contrast] = (_shared_path(file), (line or 0) + 1, report.nodeid)

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: Sequence[str]) -> None:
        """Keep the order of the items, the same on every worker of xdist."""
        self.order = list(ids)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Keep in mind that something could not be collected."""
        self.uncollected = self.uncollected or report.failed

    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """Tell a session that stopped by itself from one that somebody interrupted, at a worker of xdist or here."""
        told = type(excinfo.value).__name__ == "Interrupted" and "keyboard-interrupt" not in str(excinfo.value)
        self.stopped = told and not self.uncollected

    @property
    def lost(self) -> list[str]:
        """Names of items that workers of xdist collected and never reported on.

        A worker that cannot send a report (a lone surrogate in it) ends with an internal error of its own, and xdist
        goes on without: the session then ends with 0 if all else passed.
        """
        return [name for name in dict.fromkeys(self.order) if name not in self.ended]

    def exit_status(self, status: int) -> int:
        """Return the session's exit status: 12, 1, 11, 10 in this order; pytest's own 2-5 stay.

        Args:
            status: what pytest came to by itself.
        """
        if status not in {0, 1} and EVIDENCE not in self.failures:
            return status
        for kind in _PRECEDENCE:
            if kind in self.failures:
                return kind
        # Without xdist pytest comes to 2 by itself; 1 would say that a behaviour was found.
        return int(pytest.ExitCode.INTERRUPTED) if self.uncollected else status


def _shared_path(file: str) -> str:
    """Return a test file's path with slashes; of one outside the rootdir only what is the same on every machine."""
    path = file.replace("\\", "/")
    if path.startswith(("../", "/")) or ":" in path:
        _, installed, inside = path.rpartition("/site-packages/")
        return inside if installed else "/".join(path.split("/")[-2:])
    return path
