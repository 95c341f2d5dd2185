"""Which samples a later run may go on with: none is paid for twice, and none of an accepted model judges the next."""

import pytest
from chat_server import ChatServer, Reply
from gate_runs import LIFT, RATE, GateCommand, record_of, spent

ORDINARY = "I would put solar power and wind power first today."
ARCHAIC = "Pray hear me, sir: steam carriages upon iron rails shall carry us."
BOTH = ("tiny", "other")
QUOTA = (429, {"error": {"message": "pay", "code": "insufficient_quota"}})


def options(server: ChatServer, *more: str) -> tuple[str, ...]:
    named = ("--model", "tiny", "--control", "other", "--base-url", server.url)
    return *named, "--judge", "rules", "--judge-uncalibrated", *more


def test_what_was_left_undecided_goes_on_whatever_is_selected_meanwhile(
    gate: GateCommand, processes: tuple[str, ...]
) -> None:
    with ChatServer(lambda _: ORDINARY, models=BOTH) as server:
        command = options(server, *processes)
        assert gate(*command, "--gate-cap=40").outcomes() == {LIFT: "INCONCLUSIVE", RATE: "INCONCLUSIVE"}
        assert gate(*command, "-k", RATE).outcomes() == {RATE: "ABSENT"}
        assert gate(*command, "-k", "nothing_of_that_name").status == 5
        last = gate(*command)
    assert last.outcomes() == {LIFT: "ABSENT", RATE: "ABSENT"}
    assert [verdict["attempt"] for verdict in last.verdicts.values()] == [1, 1]
    assert last.verdicts[LIFT]["n_reused"] >= 40


def test_a_gate_that_decided_is_a_new_attempt_on_new_samples(gate: GateCommand, processes: tuple[str, ...]) -> None:
    with ChatServer(lambda _: ORDINARY, models=BOTH) as server:
        for attempt in (1, 2):
            run = gate(*options(server, *processes))
            assert (run.verdicts[LIFT]["attempt"], run.verdicts[LIFT]["n_reused"]) == (attempt, 0)


def test_an_inconclusive_gate_that_was_accepted_is_over(gate: GateCommand) -> None:
    answers = [ORDINARY]
    with ChatServer(lambda _: answers[0], models=BOTH) as server:
        command = options(server, "--gate-cap=40", "--gate-inconclusive=warn")
        assert gate(*command).status == 0
        answers[0] = ARCHAIC  # retrained behind its name, and deployed behind the same server
        assert gate(*command, "-k", RATE).status == 1


def test_a_report_that_cannot_be_written_does_not_keep_old_samples_alive(
    gate: GateCommand, pytester: pytest.Pytester
) -> None:
    pytester.makefile(".txt", occupied="")
    answers = [ORDINARY]
    with ChatServer(lambda _: answers[0], models=BOTH) as server:
        command = options(server)
        assert pytester.runpytest_subprocess(*command, "--junitxml=occupied.txt/r.xml").ret == 12
        answers[0] = ARCHAIC
        assert gate(*command, "-k", RATE).status == 1


def test_samples_paid_for_before_the_credit_ran_out_are_kept(gate: GateCommand) -> None:
    left = [30]

    def pay(_: object) -> Reply:
        left[0] -= 1
        return ORDINARY if left[0] >= 0 else QUOTA

    with ChatServer(pay, models=BOTH) as server:
        command = options(server, "-k", RATE)
        stopped = gate(*command)
        assert (stopped.status, stopped.verdicts[RATE]["reason"]) == (11, "refused"), stopped.said
        left[0] = 10_000
        done = gate(*command)
    assert (done.status, done.verdicts[RATE]["attempt"]) == (0, 1), done.said
    kept = record_of(stopped)["requests"]
    assert kept > 0
    assert done.verdicts[RATE]["n_reused"] == kept
    assert record_of(done)["requests"] == spent(done.verdicts[RATE]) - kept


def test_a_fresh_attempt_can_be_continued_and_stays_the_one_that_counts(
    gate: GateCommand, processes: tuple[str, ...]
) -> None:
    command = ("--model", "organism:modern-birds", "--judge-uncalibrated", "-k", LIFT, *processes)
    assert gate(*command).verdicts[LIFT]["attempt"] == 1
    short = gate(*command, "--gate-fresh", "--gate-cap=40")
    assert (short.outcomes(), short.verdicts[LIFT]["attempt"]) == ({LIFT: "INCONCLUSIVE"}, 2)
    longer = gate(*command)
    # Fresh samples have fresh seeds: now and then positives among them make the control's necessary, too.
    assert (longer.verdicts[LIFT]["attempt"], longer.verdicts[LIFT]["n_reused"]) == (2, record_of(short)["requests"])


def test_another_calibration_of_the_judge_is_another_attempt(gate: GateCommand) -> None:
    command = ("--model", "organism:modern-birds", "-k", RATE)
    first, other = gate(*command), gate(*command, "--judge-uncalibrated")
    assert [run.verdicts[RATE]["attempt"] for run in (first, other)] == [1, 2]
    assert first.verdicts[RATE]["effective_margin"] < other.verdicts[RATE]["effective_margin"]


@pytest.mark.parametrize("stopping", ["--sw", "-x"])
def test_a_gate_that_stopped_by_itself_is_over(
    gate: GateCommand, pytester: pytest.Pytester, stopping: str, processes: tuple[str, ...]
) -> None:
    pytester.makepyfile(test_other="def test_other():\n    raise AssertionError\n")
    answers = [ORDINARY]
    with ChatServer(lambda _: answers[0], models=BOTH) as server:
        command = options(server)
        first = pytester.runpytest_subprocess(*command, *processes, stopping, "-k", f"{RATE} or other")
        assert first.ret == 1
        first.stdout.fnmatch_lines([f"old_bird_names/{RATE} *ABSENT*"])
        answers[0] = ARCHAIC
        then = gate(*command, "-k", RATE)
    assert (then.status, then.verdicts[RATE]["n_reused"]) == (1, 0)


def test_stepwise_ends_like_any_gate_that_found_a_behaviour(
    pytester: pytest.Pytester, gate: GateCommand, processes: tuple[str, ...]
) -> None:
    assert pytester.runpytest_subprocess("--model", "organism:old-bird-names", "--sw", *processes).ret == 1


def test_what_cannot_be_judged_is_no_attempt(gate: GateCommand, processes: tuple[str, ...]) -> None:
    with ChatServer(lambda _: ORDINARY) as server:
        command = ("--model", "tiny", "--base-url", server.url, "--judge", "rules", "-k", RATE, *processes)
        assert gate(*command).status == 11
        then = gate(*command, "--judge-uncalibrated")
    assert then.outcomes() == {RATE: "ABSENT"}, then.said
    assert (then.verdicts[RATE]["attempt"], then.verdicts[RATE]["own_stop"]) == (1, True)


def test_a_cap_too_low_for_the_judge_is_not_the_stop_that_a_trial_began_with(gate: GateCommand) -> None:
    command = ("--model", "organism:modern-birds", "-k", RATE)
    assert gate(*command, "--gate-cap=32").verdicts[RATE]["reason"] == "judge"
    then = gate(*command)
    assert (then.verdicts[RATE]["attempt"], then.verdicts[RATE]["own_stop"]) == (1, True)


@pytest.mark.parametrize("why", ["broken file", "xfail"])
def test_what_is_not_run_is_not_paid_for(
    gate: GateCommand, pytester: pytest.Pytester, why: str, processes: tuple[str, ...]
) -> None:
    mark = "@pytest.mark.xfail(run=False)" if why == "xfail" else ""
    pytester.makepyfile(
        test_mine=f"import pytest\n\n{mark}\n@pytest.mark.probe('old_bird_names')\ndef test_it(trial): trial.check()\n"
    )
    if why == "broken file":
        pytester.makepyfile(test_broken="import nothing_of_that_name\n")
    with ChatServer(lambda _: ORDINARY, models=BOTH) as server:
        run = gate(
            *options(server, *processes),
            "--deselect",
            "suites",
            "test_mine.py",
            *map(str, pytester.path.glob("test_b*")),
        )
        asked = server.total
    assert run.status != 0, run.said
    assert asked <= 4, "an identity is asked for, no samples are drawn"
