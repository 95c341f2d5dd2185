"""Reports as a shard keeps them: whatever a test or another plugin put there, they come back and say the same."""

import json
from types import SimpleNamespace
from typing import Any

import pytest

from weirdgen.plugin.kept_reports import KeptReports


def report(**changes: Any) -> pytest.TestReport:
    fields: dict[str, Any] = {
        "nodeid": "test_a.py::test_a",
        "location": ("test_a.py", 1, "test_a"),
        "keywords": {"test_a": 1},
        "outcome": "passed",
        "longrepr": None,
        "when": "call",
    }
    return pytest.TestReport(**(fields | changes))


def told(config: pytest.Config, *reports: pytest.TestReport) -> list[dict[str, Any]]:
    kept = KeptReports(config)
    for one in reports:
        kept.pytest_runtest_logreport(one)
    return [json.loads(text) for text in kept.told()]


def test_a_report_comes_back_as_it_was(pytestconfig: pytest.Config) -> None:
    before = report(outcome="failed", longrepr="no \ud800 \x00", weirdgen_exit=11, weirdgen_verdict='{"a": 1}')
    [data] = told(pytestconfig, before)
    again = pytestconfig.hook.pytest_report_from_serializable(config=pytestconfig, data=data)
    for name in ("nodeid", "outcome", "longrepr", "when", "weirdgen_exit", "weirdgen_verdict"):
        assert getattr(again, name) == getattr(before, name)


def test_what_json_cannot_carry_is_text_or_left_out(pytestconfig: pytest.Config) -> None:
    odd = report(user_properties=[("mine", SimpleNamespace(a=1))], extras=[object()], node=object(), worker_id="gw0")
    [data] = told(pytestconfig, odd)
    assert data["user_properties"] == [["mine", "namespace(a=1)"]]
    assert data.keys().isdisjoint({"extras", "node", "worker_id"})


def test_reports_are_in_the_order_of_collection(pytestconfig: pytest.Config) -> None:
    reports = [report(nodeid=str(place), weirdgen_place=place) for place in (2, 0, 1, 0)]
    assert [data["nodeid"] for data in told(pytestconfig, *reports)] == ["0", "0", "1", "2"]
