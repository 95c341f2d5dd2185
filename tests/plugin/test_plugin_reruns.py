"""A gate is never rerun until it is green: the options and markers of rerun plugins are refused, with the reason."""

import pytest
from gate_runs import GateCommand, Run

MARKED = """
import pytest

@pytest.mark.flaky(reruns=3)
@pytest.mark.probe("old_bird_names")
def test_it(trial):
    trial.check()
"""
MARKED_LATE = """
import pytest

def pytest_collection_modifyitems(items):
    for item in items:
        item.add_marker(pytest.mark.flaky(reruns=3))
"""


def assert_refused(run: Run, *words: str) -> None:
    assert run.status != 0
    assert "a gate is not rerun: a rerun on the same samples repeats their verdict" in run.said
    assert all(word in run.said for word in words), run.said
    assert "passed" not in run.out
    assert run.record is None or run.record["requests"] == 0


@pytest.mark.parametrize("option", ["--reruns=2", "--force-reruns=1"])
def test_options_that_rerun_are_refused(gate: GateCommand, option: str, processes: tuple[str, ...]) -> None:
    run = gate("--model", "organism:base", option, *processes)
    assert_refused(run, option.split("=")[0], "gate in a pytest run of its own")
    assert run.status == 4


def test_the_ini_option_is_refused_too(gate: GateCommand, pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]\nreruns = 2\n")
    assert_refused(gate("--model", "organism:base"), "--reruns")


def test_a_marked_test_is_refused(gate: GateCommand, pytester: pytest.Pytester, processes: tuple[str, ...]) -> None:
    pytester.makepyfile(test_mine=MARKED)
    assert_refused(gate("--model", "organism:base", *processes), "test_mine.py::test_it: marked flaky")


def test_a_test_that_a_hook_marks_is_refused(
    gate: GateCommand, pytester: pytest.Pytester, processes: tuple[str, ...]
) -> None:
    pytester.makeconftest(MARKED_LATE)
    assert_refused(gate("--model", "organism:base", *processes), "marked flaky")


def test_tests_without_a_model_may_be_rerun(gate: GateCommand, pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        test_mine="""
        tried = []

        def test_flaky():
            tried.append(1)
            assert len(tried) > 1
        """
    )
    run = gate("--reruns=1")
    assert run.status == 0, run.said
    assert "1 passed, 1 rerun" in run.out
