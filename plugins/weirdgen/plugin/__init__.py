"""pytest hooks. This module and what it imports at module level: standard library and pytest only.

An entry point loads in every pytest run on the machine, so everything heavy waits until a test asks for a `trial`.
"""

from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from weirdgen.plugin.keys import PLACE, REPORTS, STATE, TALLY, TRIAL, VERDICT
from weirdgen.plugin.options import NO_MODEL, add_options, names_a_model, only_lists, plan_alone, wants_plan
from weirdgen.plugin.tally import ELSEWHERE, EVIDENCE, UNPLANNED, Tally

if TYPE_CHECKING:
    from weirdgen.plugin.trial import Trial

MARKERS = (
    "probe(id): the tests' `trial` comes from this probe of the catalogue",
    "contrasts(*ids): parametrize `trial` over these contrasts of the probe (default: all of them)",
    "whitebox: needs the network's weights; planned with --gate-sae only",
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the options."""
    add_options(parser)


def pytest_configure(config: pytest.Config) -> None:
    """Register the markers and what listens to reports."""
    for line in MARKERS:
        config.addinivalue_line("markers", line)
    config.stash[TALLY] = Tally()
    config.pluginmanager.register(config.stash[TALLY], "weirdgen.plugin.tally")


def pytest_report_header(config: pytest.Config) -> str | None:
    """Say which package is in use: a stale wheel beside a checkout must not go unnoticed."""
    if not names_a_model(config):
        return None
    from weirdgen import __version__

    return f"weirdgen {__version__} from {Path(__file__).parents[1]}"


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """With --gate-plan, settle how the session runs before pytest-xdist and others read it."""
    if wants_plan(config):
        plan_alone(config)


@pytest.hookimpl(tryfirst=True)
def pytest_collection(session: pytest.Session) -> None:
    """Make the gate before anything is collected, so that a mistake in options or probe files is told once.

    Not on a worker of xdist, where an error would be an internal one: its controller did this.
    """
    if hasattr(session.config, "workerinput"):
        return
    if names_a_model(session.config):
        from weirdgen.plugin.collection import state_of

        if state_of(session.config).settings.shard is not None:
            from weirdgen.plugin.kept_reports import KeptReports

            session.config.stash[REPORTS] = KeptReports(session.config)
            session.config.pluginmanager.register(session.config.stash[REPORTS], "weirdgen.plugin.reports")
    elif wants_plan(session.config):
        raise pytest.UsageError(NO_MODEL)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Parametrize `trial` over the contrasts that the test's markers name."""
    if "trial" in metafunc.fixturenames and _is_ours(metafunc):
        from weirdgen.plugin.collection import parametrize

        parametrize(metafunc)
    elif _names_contrasts_in_vain(metafunc):
        raise pytest.Collector.CollectError(
            f"{metafunc.definition.nodeid}: names contrasts but does not ask for `trial`, so none of them would be run"
        )


def _names_contrasts_in_vain(metafunc: pytest.Metafunc) -> bool:
    """Whether a test of a probe names contrasts without asking for `trial`: it would end green and run none of them."""
    named = any(mark.name == "contrasts" for mark in metafunc.definition.own_markers)
    probe = metafunc.definition.get_closest_marker("probe") is not None
    return named and probe and "trial" not in metafunc.fixturenames


def _is_ours(metafunc: pytest.Metafunc) -> bool:
    """Whether `trial` is this plugin's fixture: other projects have fixtures and parameters of that name."""
    if metafunc.definition.get_closest_marker("probe") is not None:
        return True
    names = [str(mark.args[0]) for mark in metafunc.definition.iter_markers("parametrize") if mark.args]
    known = metafunc.definition._fixtureinfo.name2fixturedefs.get("trial", ())
    return bool(known) and known[-1].func.__module__ == __name__ and not any("trial" in name for name in names)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect, of those that -k and -m leave, the tests whose contrasts this gate does not plan or others run."""
    if STATE in config.stash:
        from weirdgen.plugin.collection import deselect_unplanned
        from weirdgen.plugin.sharding import deselect_others

        deselect_unplanned(config, items)
        deselect_others(config, items)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Fix the plan and start all trials: items only wait for theirs."""
    unusable = session.testsfailed and not session.config.option.continue_on_collection_errors
    if STATE in session.config.stash and _runs(session.config) and not unusable:
        from weirdgen.plugin.collection import start

        start(session)


def _runs(config: pytest.Config) -> bool:
    """Whether collected tests are run, and not only listed or priced."""
    return not only_lists(config) and not wants_plan(config)


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool | None:
    """With --gate-plan, print the plan of the selected contrasts in place of running them."""
    if not wants_plan(session.config) or session.testsfailed:
        return None
    from weirdgen.plugin.plan_text import print_plan

    print_plan(session)
    return True


@pytest.fixture
def trial(request: pytest.FixtureRequest) -> "Trial":
    """The contrast of this item, run to its verdict. INVALID is an error here, so it can never pass."""
    from weirdgen.plugin.fixture import finished

    return finished(request)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Attach the verdict to the item's last report, and to a failed one the exit status that it calls for."""
    report = yield
    status = getattr(call.excinfo.value, "exit_status", None) if call.excinfo is not None else None
    if report.failed and status is not None:
        vars(report)["weirdgen_exit"] = status
    if PLACE in item.stash:
        vars(report)["weirdgen_place"] = item.stash[PLACE]
    if report.when == "teardown" and VERDICT in item.stash:
        vars(report)["weirdgen_verdict"] = item.stash[VERDICT]
        vars(report)["weirdgen_unchecked"] = not item.stash[TRIAL].checked
    return report


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> Generator[None, None, None]:
    """Close the gate after everything else ended; write reports and set the exit status."""
    trouble: OSError | None = None
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput[UNPLANNED] = dict(session.config.stash[TALLY].unplanned)
        session.config.workeroutput[ELSEWHERE] = session.config.stash[TALLY].elsewhere
    try:
        yield
    except OSError as error:  # pytest could not write its own report: ours must not be lost with it
        trouble = error
    config = session.config
    if wants_plan(config) and trouble is not None:  # an uncaught error would end in 1: a behaviour was found
        pytest.exit(f"pytest could not write its reports: {trouble}", EVIDENCE)
    if STATE in config.stash and _runs(config):
        from weirdgen.plugin.finish import finish

        finish(session, trouble)
    elif trouble is not None:
        raise trouble
    elif session.exitstatus == 0 and names_a_model(config) and _runs(config):
        session.exitstatus = pytest.ExitCode.NO_TESTS_COLLECTED
        config.stash[TALLY].nothing_run = True


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """On an xdist controller: open the gate before the first worker starts, and pass it on."""
    if names_a_model(node.config) and _runs(node.config):
        from weirdgen.plugin.distributed import open_for

        open_for(node)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:
    """On an xdist controller: learn from its workers, which all collect the same, what they deselected."""
    told, tally = getattr(node, "workeroutput", {}), node.config.stash[TALLY]
    if not tally.unplanned:
        tally.unplanned.update(told.get(UNPLANNED, {}))
    tally.elsewhere = max(tally.elsewhere, told.get(ELSEWHERE, 0))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, exitstatus: int, config: pytest.Config) -> None:
    """Print the verdict table."""
    if STATE in config.stash and _runs(config):
        from weirdgen.plugin.terminal import summarise

        summarise(terminalreporter, config)
    for reason, count in config.stash[TALLY].unplanned.items():
        terminalreporter.write_line(f"weirdgen: {count} deselected: {reason}")
    if config.stash[TALLY].all_elsewhere:
        terminalreporter.write_line(
            "weirdgen: no selected contrast is in this shard, it has nothing to do. That is no pass: the merge of all "
            "shards decides"
        )
    # Any other status has a reason of its own, which must not be hidden by this one.
    if config.stash[TALLY].nothing_run and exitstatus in {pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED}:
        terminalreporter.write_line("weirdgen: a model was named, but no contrast was run", red=True)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop what is still running, however the session ended."""
    if STATE in config.stash:
        config.stash[STATE].close()
