"""From markers to items: which contrasts a test's `trial` runs over, and when the trials start."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from weirdgen.errors import UsageMistake, WeirdgenError, nearest
from weirdgen.plugin.keys import STATE, TALLY
from weirdgen.plugin.options import NO_MODEL, names_a_model
from weirdgen.plugin.reruns import refuse_marked
from weirdgen.trials.inside import left_out

if TYPE_CHECKING:
    from weirdgen.plugin.state import GateState
    from weirdgen.schema.probe import Probe
    from weirdgen.trials.hypotheses import Hypothesis


@dataclass(frozen=True, slots=True)
class Unplanned:
    """What a test would get whose contrasts the gate does not plan; the test is deselected before it asks."""

    reason: str


def parametrize(metafunc: pytest.Metafunc) -> None:
    """Parametrize `trial` over contrasts x models and groups.

    Raises:
        pytest.Collector.CollectError: no model, no probe marker, or a name that matches nothing. Never an empty run.
    """
    if not names_a_model(metafunc.config):
        raise pytest.Collector.CollectError(NO_MODEL)
    try:
        refuse_marked(metafunc.definition.nodeid, metafunc.definition.get_closest_marker("flaky"))
        state = state_of(metafunc.config)
        asked = _hypotheses(metafunc, state)
    except (WeirdgenError, pytest.UsageError) as error:
        raise pytest.Collector.CollectError(str(error)) from None
    if not asked:
        reason = left_out(state.catalog, state.settings)[_probe_of(metafunc, state).id]
        metafunc.parametrize("trial", [Unplanned(reason)], ids=["not planned"], indirect=True)
        return
    many = len(state.plan.names) > 1
    ids = [f"{one.contrast.id}-{one.name}" if many else one.contrast.id for one in asked]
    metafunc.parametrize("trial", asked, ids=ids, indirect=True)


def state_of(config: pytest.Config) -> "GateState":
    """Return the session's gate, made at the first call.

    Raises:
        pytest.UsageError: an option, a name, a baseline or a probe file cannot be used.
    """
    if STATE not in config.stash:
        from weirdgen.plugin.state import GateState

        try:
            config.stash[STATE] = GateState(config)
        except WeirdgenError as error:
            raise pytest.UsageError(str(error)) from None
    return config.stash[STATE]


def selected(session: pytest.Session) -> "list[Hypothesis]":
    """Return what the collected items would run, each hypothesis once; an item marked to be skipped runs nothing."""
    asked = (asked_by(item) for item in session.items if not _never_runs(item))
    return list({one.address: one for one in asked if one is not None}.values())


def start(session: pytest.Session) -> None:
    """Open the gate and start the selected trials, in item order. What a mark may skip starts only when its turn comes.

    Raises:
        pytest.UsageError: an endpoint refused its first request, or an option cannot work. A worker of xdist hands its
            error to its items instead: raised here it would end in an internal error.
    """
    state = session.config.stash[STATE]
    pairs = [(item, asked) for item in session.items if (asked := asked_by(item)) is not None]
    if not pairs and not session.config.stash[TALLY].elsewhere:
        return
    at_once = [
        task
        for item, asked in pairs
        if not _never_runs(item) and not any(item.iter_markers("skipif"))
        for task in asked.tasks
    ]
    try:
        for item, _ in pairs:  # a hook may have marked it since it was collected
            refuse_marked(item.nodeid, item.get_closest_marker("flaky"))
        state.start(at_once)
    except WeirdgenError as error:
        if hasattr(session.config, "workerinput"):
            state.broken = str(error)
        else:
            raise pytest.UsageError(str(error)) from None


def deselect_unplanned(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Take out the tests whose contrasts this gate does not plan, and keep in mind why."""
    unplanned = {item: asked.reason for item in items if isinstance(asked := _param(item), Unplanned)}
    if not unplanned:
        return
    items[:] = [item for item in items if item not in unplanned]
    config.stash[TALLY].unplanned.update(unplanned.values())
    config.hook.pytest_deselected(items=list(unplanned))


def _never_runs(item: pytest.Item) -> bool:
    """Whether a mark keeps an item from being run. A conditional xfail counts, too: if it runs, it waits its turn."""
    xfails = item.iter_markers("xfail")
    return any(item.iter_markers("skip")) or any(mark.kwargs.get("run") is False for mark in xfails)


def asked_by(item: pytest.Item) -> "Hypothesis | None":
    """Return what an item is on; None: it asks for no contrast, or for one that is not planned."""
    asked = _param(item)
    return None if isinstance(asked, Unplanned) else asked


def _param(item: pytest.Item) -> "Hypothesis | Unplanned | None":
    callspec = getattr(item, "callspec", None)
    return (
        callspec.params.get("trial") if callspec is not None and "trial" in getattr(item, "fixturenames", ()) else None
    )


def _probe_of(metafunc: pytest.Metafunc, state: "GateState") -> "Probe":
    probe_mark = metafunc.definition.get_closest_marker("probe")
    if probe_mark is None or len(probe_mark.args) != 1 or not isinstance(probe_mark.args[0], str):
        raise UsageMistake(
            f"{metafunc.definition.nodeid} uses `trial` without naming its probe: "
            "add @pytest.mark.probe('old_bird_names') or pytestmark = pytest.mark.probe('old_bird_names')"
        )
    return state.catalog.probe(probe_mark.args[0])


def _hypotheses(metafunc: pytest.Metafunc, state: "GateState") -> "list[Hypothesis]":
    """Return what a test asks for; nothing where its probe is not planned."""
    probe = _probe_of(metafunc, state)
    known = [contrast.id for contrast in probe.contrasts]
    mark = metafunc.definition.get_closest_marker("contrasts")
    wanted = list(mark.args) if mark is not None else known
    for name in wanted:
        if name not in known:
            where = f"{metafunc.definition.nodeid}: pytest.mark.contrasts({name!r})"
            raise UsageMistake(f"{where} is no contrast of probe {probe.id!r}.{nearest(str(name), known)}")
    if not wanted:
        raise UsageMistake(f"{metafunc.definition.nodeid}: pytest.mark.contrasts() names no contrast")
    if probe.id in left_out(state.catalog, state.settings):
        return []
    return [state.hypotheses[name, probe.id, contrast] for name in state.plan.names for contrast in wanted]
