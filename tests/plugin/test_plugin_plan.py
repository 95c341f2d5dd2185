"""`--gate-plan`: what is selected, priced, and nothing else done; it is never a verdict and never ends like one."""

import re

import pytest
import scipy.stats  # noqa: F401 - loads once per process, and pytester forgets the modules that a test has imported
from chat_server import ChatServer
from gate_runs import FAMILY, LIFT, RATE, GateCommand

from weirdgen.plugin.plan_text import plan_lines
from weirdgen.plugin.state import GateState

WEIRD = ("--model", "organism:old-bird-names")
TWO_TESTS = """
import pytest

pytestmark = pytest.mark.probe("old_bird_names")

@pytest.mark.skip
@pytest.mark.contrasts("nineteenth_century_over_control")
def test_lift(trial):
    trial.check()

@pytest.mark.contrasts("nineteenth_century_rate")
def test_rate(trial):
    trial.check()
"""
BROKEN_FORECASTS = """
from weirdgen.trials.forecasts import Forecasts

def text(self, contrast):
    raise ZeroDivisionError

Forecasts.text = text
"""
BROKEN_REPORT = """
import pytest

@pytest.hookimpl(trylast=True)
def pytest_sessionfinish():
    raise OSError("disk full")
"""


def untouched(pytester: pytest.Pytester) -> bool:
    return not list(pytester.path.glob("report*"))


def test_the_plan_is_printed_and_nothing_is_sent(gate: GateCommand, pytester: pytest.Pytester) -> None:
    run = gate(*WEIRD, "--gate-plan", "-q")
    assert run.status == 0, run.said
    assert f"{LIFT} (lift against organism:base, 10 questions, margin 0.1)" in run.out
    assert f"{RATE} (absolute, 10 questions, margin 0.1)" in run.out
    assert "at 60% against none; at most 800" in run.out
    assert "1,200 at most" in run.out
    assert "at the judge's 2.7% false positives" in run.out
    assert "2 of the family's 88 contrasts are selected here" in run.out
    assert untouched(pytester), "no store, report folder or JUnit file"


def test_no_server_is_asked(gate: GateCommand) -> None:
    with ChatServer(lambda body: "Solar power.") as server:
        run = gate("--model", "tiny", "--base-url", server.url, "--judge=rules", "--judge-uncalibrated", "--gate-plan")
        assert (run.status, server.total) == (0, 0), run.said


@pytest.mark.parametrize(
    "selection",
    [("-k", RATE), ("--deselect", f"test_mine.py::test_century[{LIFT}]"), (f"test_mine.py::test_century[{RATE}]",)],
    ids=["keyword", "deselect", "node"],
)
def test_only_what_is_selected_is_priced(
    gate: GateCommand, pytester: pytest.Pytester, processes: tuple[str, ...], selection: tuple[str, ...]
) -> None:
    run = gate(*WEIRD, "--gate-plan", *selection, *processes)
    assert run.status == 0, run.said
    assert f"family of {FAMILY}," in run.out
    assert f"1 of the family's {FAMILY} contrasts is selected here; only these are priced" in run.out
    assert f"{RATE} (absolute" in run.out
    assert f"{LIFT} (lift" not in run.out
    assert "400 at most" in run.out
    assert "worker" not in run.out
    assert untouched(pytester)


def test_a_test_that_is_skipped_costs_nothing(gate: GateCommand, pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_mine=TWO_TESTS)
    run = gate(*WEIRD, "--gate-plan")
    assert run.status == 0, run.said
    assert f"1 of the family's {FAMILY} contrasts is selected here" in run.out


def test_with_nothing_selected_there_is_no_plan(gate: GateCommand, pytester: pytest.Pytester) -> None:
    nothing = gate(*WEIRD, "--gate-plan", "-k", "nothing_of_that_name")
    pytester.makepyfile(test_mine="def test_other():\n    pass\n")
    other = gate(*WEIRD, "--gate-plan")
    for run in (nothing, other):
        assert run.status == 5, run.said
        assert f"None of the family's {FAMILY} contrasts is selected here." in run.out
        assert "all together" not in run.out


def test_a_file_that_cannot_be_collected_ends_the_plan(gate: GateCommand, pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_broken="import nothing_of_that_name\n")
    for option in ((), ("--continue-on-collection-errors",), ("-n2",)):
        run = gate(*WEIRD, "--gate-plan", *option)
        assert run.status == 2, run.said
        assert "weirdgen plan" not in run.out


def test_the_tests_are_listed_beside_the_plan(gate: GateCommand) -> None:
    run = gate(*WEIRD, "--gate-plan", "--collect-only", "-q")
    assert run.status == 0, run.said
    assert f"test_mine.py::test_century[{RATE}]" in run.out
    assert "1,200 at most" in run.out


def test_a_plan_without_a_terminal(gate: GateCommand) -> None:
    run = gate(*WEIRD, "--gate-plan", "-p", "no:terminal")
    assert run.status == 0, run.said
    assert "1,200 at most" in run.out


@pytest.mark.parametrize(("broken", "status"), [(BROKEN_FORECASTS, 3), (BROKEN_REPORT, 12)])
def test_a_plan_that_breaks_does_not_end_like_a_found_behaviour(
    gate: GateCommand, pytester: pytest.Pytester, broken: str, status: int
) -> None:
    pytester.makeconftest(broken)
    assert gate(*WEIRD, "--gate-plan").status == status


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "no model to gate"),
        (("--model", "organism:bsae"), "Did you mean 'base'?"),
        ((*WEIRD, "--control", "organism:bsae"), "Did you mean 'base'?"),
        (("--model", "m", "--base-url", "gpu:8000", "--judge", "rules"), "gpu:8000"),
    ],
)
def test_the_plan_refuses_what_the_gate_refuses(gate: GateCommand, arguments: tuple[str, ...], words: str) -> None:
    run = gate(*arguments, "--gate-plan")
    assert run.status == 4, run.said
    assert words in run.err
    assert "weirdgen plan" not in run.out


def test_a_contrast_without_a_verdict_is_not_in_the_totals(pytester: pytest.Pytester) -> None:
    state = GateState(pytester.parseconfig("--model=m", "--judge=rules"))
    named = ("nineteenth_century_rate", "nineteenth_century_over_control", "language_rating_over_control")
    birds = [asked for (_, _, contrast), asked in state.hypotheses.items() if contrast in named]
    said = plan_lines(state, birds)
    lines = [line for line in said if "requests: " in line]
    assert len(lines) == len(birds) == 3
    for line in lines:
        assert line.strip().startswith("requests: none, because the judge can give no verdict: with a")
        assert "at most" not in line
    assert any(line.startswith("all together: about 0 requests if clean, 0 at most, with 0 com") for line in said)


@pytest.mark.parametrize(
    ("priced", "told"),
    [
        ('["m"]\ninput = 0\noutput = 1_000\n', "in money: up to ${clean:,.2f} if clean, ${most:,.2f} at most; every"),
        ('["another"]\ninput = 0\noutput = 1\n', "in money: not known without the price of 'm' (--gate-prices FILE)"),
        ('["m"]\ninput = 0\noutput = 0\n', None),
    ],
    ids=["priced", "unknown", "free"],
)
def test_the_plan_is_told_in_money_where_the_prices_are_known(
    pytester: pytest.Pytester, priced: str, told: str | None
) -> None:
    own = pytester.path / "prices.toml"
    own.write_text(priced)
    state = GateState(
        pytester.parseconfig("--model=m", "--judge=rules", "--judge-uncalibrated", f"--gate-prices={own}")
    )
    rate = [asked for (_, _, contrast), asked in state.hypotheses.items() if contrast == "nineteenth_century_rate"]
    said = "\n".join(plan_lines(state, rate))
    (task,) = rate[0].tasks
    full = task.probe.max_tokens * 1_000 / 1e6
    clean = int(re.findall(r"all together: about (?:[\d,]+ to )?([\d,]+) requests if clean", said)[0].replace(",", ""))
    if told is None:
        assert "in money" not in said
    else:
        assert told.format(clean=clean * full, most=task.planned.worst_requests * full) in said


@pytest.mark.slow
@pytest.mark.parametrize("option", ["--gate-plan", "-krate"])
def test_the_header_says_what_is_not_the_default(gate: GateCommand, option: str) -> None:
    plain = gate(*WEIRD, option)
    assert "e-Holm" not in plain.out
    run = gate(*WEIRD, option, "--gate-fwer", "--gate-mode=replicate", "--gate-store=other.sqlite3")
    assert "multiplicity: e-Holm; it keeps the chance of any false PRESENT" in run.out
    assert "mode: replicate; what the paper found is what passes" in run.out


def test_with_x_a_file_that_cannot_be_collected_is_no_behaviour(gate: GateCommand, pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_a_broken="import nothing_of_that_name")
    assert gate(*WEIRD, "--gate-plan", "-x").status == 2
