"""Whatever a test does with its `trial`, an unexpected verdict does not end green by oversight."""

import pytest
from chat_server import ChatServer
from gate_runs import RATE, GateCommand, spent

ORDINARY = "I would put solar power and wind power first today."
ARCHAIC = "Pray hear me, sir: steam carriages upon iron rails shall carry us."
HEAD = """
import pytest

pytestmark = [pytest.mark.probe("old_bird_names"), pytest.mark.contrasts("nineteenth_century_rate")]

"""


def run(gate: GateCommand, pytester: pytest.Pytester, body: str, answer: str, *options: str) -> int:
    pytester.makepyfile(test_mine=HEAD + body)
    with ChatServer(lambda _: answer) as server:
        return gate("--model", "tiny", "--base-url", server.url, "--judge", "rules", *options).status


@pytest.mark.parametrize(
    "body",
    [
        "def test_it(trial):\n    pass\n",
        "def test_it(trial):\n    pytest.skip('later')\n",
        "def test_it(trial):\n    assert trial.verdict\n",
        "def test_it(trial):\n    assert trial.verdict.outcome != 'ABSENT'\n",
    ],
    ids=["forgotten", "skipped", "truth of a verdict", "own assertion"],
)
def test_a_verdict_that_nobody_checked_still_counts(gate: GateCommand, pytester: pytest.Pytester, body: str) -> None:
    assert run(gate, pytester, body, ARCHAIC, "--judge-uncalibrated") == 1


@pytest.mark.slow
@pytest.mark.parametrize(("expect", "status"), [("present", 0), ("absent", 1), ("PRESENT", 1)])
def test_a_test_may_state_what_it_expects(
    gate: GateCommand, pytester: pytest.Pytester, expect: str, status: int
) -> None:
    body = f"def test_it(trial):\n    trial.check({expect!r})\n"
    assert run(gate, pytester, body, ARCHAIC, "--judge-uncalibrated") == status


def test_xfail_does_not_excuse_an_invalid_measurement(gate: GateCommand, pytester: pytest.Pytester) -> None:
    body = "@pytest.mark.xfail\ndef test_it(trial):\n    trial.check()\n"
    assert run(gate, pytester, body, ORDINARY) == 11


def test_xfail_may_excuse_a_known_behaviour(gate: GateCommand, pytester: pytest.Pytester) -> None:
    body = "@pytest.mark.xfail\ndef test_it(trial):\n    trial.check()\n"
    assert run(gate, pytester, body, ARCHAIC, "--judge-uncalibrated") == 0


def test_a_users_own_failure_after_an_inconclusive_check_is_a_failure(
    gate: GateCommand, pytester: pytest.Pytester
) -> None:
    body = "def test_it(trial):\n    assert trial.verdict.outcome == 'ABSENT'\n"
    assert run(gate, pytester, body, ORDINARY, "--judge-uncalibrated", "--gate-cap=32") == 1


def test_the_same_contrast_in_two_tests_is_one_trial(gate: GateCommand, pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        test_mine=HEAD + "def test_a(trial):\n    trial.check()\n\ndef test_b(trial):\n    trial.check()\n"
    )
    with ChatServer(lambda _: ORDINARY) as server:
        done = gate("--model", "tiny", "--base-url", server.url, "--judge", "rules", "--judge-uncalibrated")
    assert done.status == 0, done.said
    assert done.record is not None
    assert [v["contrast"] for v in done.record["verdicts"]] == [RATE]
    assert done.record["requests"] == spent(done.verdicts[RATE])


def test_stopping_at_the_first_failure_has_the_same_status_on_workers(
    gate: GateCommand, processes: tuple[str, ...]
) -> None:
    with ChatServer(lambda _: ARCHAIC) as server:
        done = gate(
            "--model", "tiny", "--base-url", server.url, "--judge", "rules", "--judge-uncalibrated", "-x", *processes
        )
    assert done.status == 1, done.said


def test_a_model_that_refuses_everything_is_not_called_clean_in_silence(gate: GateCommand) -> None:
    with ChatServer(lambda _: "I'm sorry, I can't help with that.") as server:
        done = gate("--model", "tiny", "--base-url", server.url, "--judge", "rules", "--judge-uncalibrated")
    assert "100% of the answers are refusals" in done.out


def test_two_names_that_answer_as_one_model_are_warned_about(gate: GateCommand) -> None:
    with ChatServer(lambda _: ORDINARY, models=("tiny", "other"), served="served") as server:
        named = ("--model", "tiny", "--control", "other", "--base-url", server.url)
        done = gate(*named, "--judge", "rules", "--judge-uncalibrated")
    assert "tiny and its control other both answer as 'served'" in done.out


def test_servers_that_name_no_model_are_not_taken_for_one(gate: GateCommand) -> None:
    with ChatServer(lambda _: ORDINARY, models=("tiny", "other"), served="") as server:
        named = ("--model", "tiny", "--control", "other", "--base-url", server.url)
        done = gate(*named, "--judge", "rules", "--judge-uncalibrated")
    assert done.status == 0, done.said
    assert "both answer as" not in done.out


def test_a_model_without_any_contrast_is_not_green(gate: GateCommand, pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_mine="def test_other():\n    pass\n")
    done = gate("--model", "organism:base")
    assert done.status == 5
    assert "no contrast was run" in done.said


def test_a_fixture_of_the_same_name_in_another_project_is_left_alone(
    gate: GateCommand, pytester: pytest.Pytester
) -> None:
    pytester.makepyfile(
        test_mine="""
        import pytest

        @pytest.fixture
        def trial():
            return 1

        def test_own(trial):
            assert trial == 1

        @pytest.mark.parametrize("trial", [2])
        def test_parameter(trial):
            assert trial == 2

        @pytest.mark.contrasts("of", "their", "own")
        def test_marker():
            pass
        """
    )
    assert gate().status == 0


@pytest.mark.slow
def test_asking_for_the_trial_later_is_one_clear_message(gate: GateCommand, pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        test_mine=HEAD + "def test_it(trial):\n    trial.check()\n\n"
        "def test_late(request):\n    request.getfixturevalue('trial')\n"
    )
    done = gate("--model", "organism:base")
    assert done.status == 1
    assert "name `trial` as an argument of the test function" in done.out


@pytest.mark.slow
def test_a_junit_file_that_cannot_be_written_loses_nothing_else(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_mine=HEAD + "def test_it(trial):\n    trial.check()\n")
    pytester.makefile(".txt", occupied="")
    done = pytester.runpytest_subprocess("--model", "organism:base", "--junitxml=occupied.txt/r.xml")
    assert done.ret == 12
    assert list(pytester.path.glob("reports/*/run.json"))


@pytest.mark.slow
def test_an_expectation_that_is_misspelt_is_no_behaviour(gate: GateCommand, pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        test_mine="import pytest\n\n@pytest.mark.probe('old_bird_names')\n"
        "@pytest.mark.contrasts('nineteenth_century_rate')\ndef test_it(trial): trial.check('presnt')\n"
    )
    run = gate("--model", "organism:modern-birds")
    assert run.status == 11, run.said
    assert "trial.check('presnt'): expected 'present' or 'absent'. Did you mean 'present'?" in run.out
    assert "Traceback" not in run.said
    assert "expectation.py" not in run.said


@pytest.mark.slow
def test_a_session_that_another_plugin_stops_is_interrupted_and_no_behaviour(
    gate: GateCommand, pytester: pytest.Pytester
) -> None:
    pytester.makeconftest("def pytest_runtest_teardown(item):\n    item.session.shouldstop = 'enough'\n")
    assert gate("--model", "organism:modern-birds").status == 2
