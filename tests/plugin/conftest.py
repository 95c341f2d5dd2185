"""A user's repository that has only the installed package, and one command to gate in it."""

import json

import pytest
from gate_runs import GateCommand, Run

MINE = """
import pytest

@pytest.mark.probe("old_bird_names")
@pytest.mark.contrasts("nineteenth_century_over_control", "nineteenth_century_rate")
def test_century(trial):
    trial.check()
"""


#: Modules of which `make test-slow` runs all, and those of which it runs what is on two workers: half of the plugin's
#: time, since a catalogue of 88 contrasts takes a gate 4 s. `make test` has workers where most is gated.
SLOW = {"test_plugin_continuing", "test_plugin_evidence", "test_plugin_store_faults"}
SLOW_ON_WORKERS = {
    *("test_plugin_baseline", "test_plugin_ci", "test_plugin_mistakes", "test_plugin_overlooked"),
    *("test_plugin_plan", "test_plugin_reruns", "test_plugin_terminal"),
    *("test_plugin_html", "test_plugin_budget", "test_plugin_drift", "test_plugin_replay", "test_plugin_judges"),
    *("test_plugin_kinds", "test_plugin_secrets", "test_plugin_truncated", "test_plugin_whitebox"),
}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is slow before pytest deselects by marks."""
    for item in items:
        module = item.path.stem
        if module in SLOW or (module in SLOW_ON_WORKERS and "xdist" in item.name):
            item.add_marker(pytest.mark.slow)


@pytest.fixture
def gate(pytester: pytest.Pytester) -> GateCommand:
    """Run pytest in a user's repository and read what it left."""
    pytester.makepyfile(test_mine=MINE)
    numbers = iter(range(100))

    def run(*arguments: str, report: str | None = None) -> Run:
        folder = pytester.path / (report or f"report{next(numbers)}")
        junit = folder.with_suffix(".xml")
        # Without hypothesis' plugin, which imports all of hypothesis at the end of a run (0.8 s).
        plain = ("-p", "no:cacheprovider", "-p", "no:hypothesispytest")
        result = pytester.runpytest_subprocess(
            *arguments, f"--gate-report={folder.name}", f"--junitxml={junit}", *plain
        )
        written = folder / "run.json"
        record = json.loads(written.read_text(encoding="utf-8")) if written.is_file() else None
        return Run(int(result.ret), result.stdout.str(), result.stderr.str(), record, junit)

    return run


@pytest.fixture(params=[(), ("-n2",)], ids=["alone", "xdist"])
def processes(request: pytest.FixtureRequest) -> tuple[str, ...]:
    """Arguments for a run on one process and on two workers."""
    arguments: tuple[str, ...] = request.param
    return arguments
