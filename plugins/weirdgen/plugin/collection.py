"""From markers to items: which contrasts a test's `trial` runs over, and when the trials start."""

from typing import TYPE_CHECKING

import pytest

from weirdgen.errors import UsageMistake, WeirdgenError, nearest
from weirdgen.plugin.keys import STATE
from weirdgen.plugin.options import NO_MODEL, models_of

if TYPE_CHECKING:
    from weirdgen.plugin.state import GateState
    from weirdgen.trials.planning import Task


def parametrize(metafunc: pytest.Metafunc) -> None:
    """Parametrize `trial` over contrasts x models.

    Raises:
        pytest.Collector.CollectError: no model, no probe marker, or a name that matches nothing. Never an empty run.
    """
    if not models_of(metafunc.config):
        raise pytest.Collector.CollectError(NO_MODEL)
    try:
        state = state_of(metafunc.config)
        tasks = _tasks(metafunc, state)
    except (WeirdgenError, pytest.UsageError) as error:
        raise pytest.Collector.CollectError(str(error)) from None
    many = len(state.settings.models) > 1
    ids = [f"{t.contrast.id}-{t.planned.model}" if many else t.contrast.id for t in tasks]
    metafunc.parametrize("trial", tasks, ids=ids, indirect=True)


def state_of(config: pytest.Config) -> "GateState":
    """Return the session's gate, made at the first call."""
    if STATE not in config.stash:
        from weirdgen.plugin.state import GateState

        config.stash[STATE] = GateState(config)
    return config.stash[STATE]


def start(session: pytest.Session) -> None:
    """Open the gate and start the selected trials, in item order. What a mark may skip starts only when its turn comes.

    Raises:
        pytest.UsageError: an endpoint refused its first request, or an option cannot work. A worker of xdist hands its
            error to its items instead: raised here it would end in an internal error.
    """
    state = session.config.stash[STATE]
    pairs = [(item, task) for item in session.items if (task := _task_of(item)) is not None]
    if not pairs:
        return
    at_once = [
        task for item, task in pairs if not any(item.iter_markers("skip")) and not any(item.iter_markers("skipif"))
    ]
    try:
        state.start(at_once)
    except WeirdgenError as error:
        if hasattr(session.config, "workerinput"):
            state.broken = str(error)
        else:
            raise pytest.UsageError(str(error)) from None


def _task_of(item: pytest.Item) -> "Task | None":
    callspec = getattr(item, "callspec", None)
    return (
        callspec.params.get("trial") if callspec is not None and "trial" in getattr(item, "fixturenames", ()) else None
    )


def _tasks(metafunc: pytest.Metafunc, state: "GateState") -> "list[Task]":
    probe_mark = metafunc.definition.get_closest_marker("probe")
    if probe_mark is None or len(probe_mark.args) != 1 or not isinstance(probe_mark.args[0], str):
        raise UsageMistake(
            f"{metafunc.definition.nodeid} uses `trial` without naming its probe: "
            "add @pytest.mark.probe('old_bird_names') or pytestmark = pytest.mark.probe('old_bird_names')"
        )
    probe = state.catalog.probe(probe_mark.args[0])
    known = [contrast.id for contrast in probe.contrasts]
    mark = metafunc.definition.get_closest_marker("contrasts")
    wanted = list(mark.args) if mark is not None else known
    for name in wanted:
        if name not in known:
            where = f"{metafunc.definition.nodeid}: pytest.mark.contrasts({name!r})"
            raise UsageMistake(f"{where} is no contrast of probe {probe.id!r}.{nearest(str(name), known)}")
    if not wanted:
        raise UsageMistake(f"{metafunc.definition.nodeid}: pytest.mark.contrasts() names no contrast")
    return [state.tasks[model, probe.id, name] for model in state.settings.models for name in wanted]
