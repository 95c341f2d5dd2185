"""The reports of a shard's tests, as its record holds them."""

import json

import pytest

_OWN = frozenset({"nodeid", "location", "keywords", "outcome", "longrepr", "when", "sections", "user_properties"})
"""What no report is one without: a value of a user's that JSON cannot carry is kept as its text."""
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
            kept = {name: value for name, value in data.items() if name in _OWN or _is_carried(name, value)}
            self._kept.append((getattr(report, "weirdgen_place", 0), json.dumps(kept, default=str)))

    def told(self) -> tuple[str, ...]:
        """Return the reports as JSON, in the order of the tests' collection."""
        return tuple(text for _, text in sorted(self._kept, key=lambda one: one[0]))


def _is_carried(name: str, value: object) -> bool:
    """Whether JSON can carry what somebody added to a report: other plugins put there what they like."""
    if name in _OF_WORKERS:
        return False
    try:
        json.dumps(value)
    except (TypeError, ValueError):
        return False
    return True
