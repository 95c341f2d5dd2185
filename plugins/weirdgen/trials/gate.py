"""All trials of a session on one process: one engine, one store, everything started at once."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from weirdgen.endpoints.client import ChatEndpoint
from weirdgen.errors import StoreError, UsageMistake
from weirdgen.sampler.engine import Engine
from weirdgen.sampler.lane import Endpoint
from weirdgen.schema.plan import Plan, PlannedContrast
from weirdgen.schema.probe import Probe
from weirdgen.schema.sample import Role
from weirdgen.schema.verdict import Verdict
from weirdgen.store.store import SampleStore
from weirdgen.trials.asking import asking
from weirdgen.trials.calibrations import keep
from weirdgen.trials.costs import budget_of, spending
from weirdgen.trials.curve import curve_requests, drawn, run_read
from weirdgen.trials.feature_labels import ask_about
from weirdgen.trials.judge_names import labelling_judges
from weirdgen.trials.loop import TrialSetup, run_trial
from weirdgen.trials.measured import run_measured
from weirdgen.trials.names import target_of
from weirdgen.trials.open_arms import OpenArm
from weirdgen.trials.opening import Opening
from weirdgen.trials.planning import Address, Task
from weirdgen.trials.replay import ReplayEndpoint
from weirdgen.trials.settings import GateSettings
from weirdgen.trials.setup import set_up


@dataclass(frozen=True, slots=True)
class Counts:
    """Where a running gate stands."""

    trials: int
    decided: int
    samples: int
    reused: int
    seconds: float

    @property
    def samples_per_second(self) -> float:
        """Samples drawn per second since the start, the reused ones not counted."""
        return (self.samples - self.reused) / self.seconds if self.seconds > 0 else 0.0


class Gate:
    """Runs trials in a background thread; pytest items only wait for theirs."""

    def __init__(self, settings: GateSettings, plan: Plan, opening: Opening, store: SampleStore | None = None) -> None:
        """Start the engine; nothing is sent yet.

        Args:
            settings: of the gate.
            plan: of the gate.
            opening: of the session.
            store: to be used and closed; None: the settings' own, of a replay the one that its cassette was put into.
        """
        self._settings = settings
        self._plan = plan
        self._opening = opening
        self._store = store or SampleStore(Path(opening.replay_store) if opening.replay else settings.store)
        self._budget = budget_of(plan, settings, opening.generation)
        self._engine = Engine(
            self._store,
            _endpoints(opening, plan, settings, self._store),
            concurrency_max=settings.concurrency,
            run_started_at=opening.opened_at,
            budget=self._budget,
        )
        self._ask = asking(opening.judges, self._engine.sample)
        self._queue: list[Task] = []
        self._lookahead: int | None = None
        self._running: dict[Address, Future[Verdict]] = {}
        self._curves: dict[str, asyncio.Task[None]] = {}
        """Readings under way or there, by what answers with them."""
        self._labels: dict[str, asyncio.Task[None]] = {}
        """Labels of features under way or there, by model."""
        self._started = time.monotonic()
        self._told = False

    def start(self, tasks: Sequence[Task], *, lookahead: int | None = None) -> None:
        """Start trials in order.

        Args:
            tasks: the selected contrasts, in item order.
            lookahead: with `-x`, how many trials may run beyond the one an item waits for; None: all at once.
        """
        self._queue = list({task.address: task for task in tasks}.values())
        self._lookahead = lookahead
        self._launch(self._queue[: self._reach(0)])

    def verdict(self, task: Task) -> Future[Verdict]:
        """Return the future verdict of a task, starting it and its look-ahead if they still wait."""
        addresses = [queued.address for queued in self._queue]
        position = addresses.index(task.address) if task.address in addresses else len(addresses)
        self._launch([task, *self._queue[position : self._reach(position)]])
        return self._running[task.address]

    def counts(self) -> Counts:
        """Return where the gate stands."""
        stats = self._engine.stats
        return Counts(
            trials=len({task.address for task in self._queue} | self._running.keys()),
            decided=sum(f.done() for f in self._running.values()),
            samples=stats.samples + stats.shared + stats.reused,
            reused=stats.reused,
            seconds=time.monotonic() - self._started,
        )

    def nearly_spent(self) -> str:
        """Return what was spent when it is nearly the budget, once; empty before, after, and where there is none."""
        if self._budget is None or self._told:
            return ""
        with contextlib.suppress(StoreError):  # whoever samples meets it, too
            told, self._told = spending(self._budget.account, self._store)
            return told if self._told else ""
        return ""

    def close(self, *, drain: bool = False) -> None:
        """Stop sampling and close the store; what was completed stays.

        Args:
            drain: wait some seconds for answers that are under way.
        """
        self._engine.close(drain=drain)
        self._store.close()

    def _reach(self, position: int) -> int | None:
        return None if self._lookahead is None else position + 1 + self._lookahead

    def _launch(self, tasks: Sequence[Task]) -> None:
        for task in tasks:
            if task.address not in self._running:
                self._running[task.address] = self._engine.submit(self._trial(task))

    def _trial(self, task: Task) -> Coroutine[Any, Any, Verdict]:
        trial = self._made_ready(task)
        return trial() if task.contrast.inside is None else self._labelling(task, trial)

    def _made_ready(self, task: Task) -> Callable[[], Coroutine[Any, Any, Verdict]]:
        if task.judging.asks and not self._plan.judge_uncalibrated:
            source = self._opening.arm(task.planned.asked, "treated").identity.source
            return lambda: run_measured(
                task, source, self._ask, self._engine.sample, lambda: self._set_up(task), lambda r: keep(self._store, r)
            )
        if task.contrast.inside is not None and task.contrast.inside.reads is not None:
            return lambda: self._read(task)
        setup = self._set_up(task)
        return lambda: run_trial(setup, self._engine.sample)

    async def _labelling(self, task: Task, trial: Callable[[], Coroutine[Any, Any, Verdict]]) -> Verdict:
        """Run a trial that looks into a network; features of the network are labelled meanwhile, once."""
        model = task.planned.model
        if model not in self._labels:
            self._labels[model] = asyncio.create_task(self._label(model, task.probe))
        verdict = await trial()
        await asyncio.shield(self._labels[model])
        return verdict

    async def _label(self, model: str, probe: Probe) -> None:
        """Ask judges about a network's features. Labels are told from the store: whatever fails here shows there."""
        with contextlib.suppress(Exception):
            judges = labelling_judges(model, self._settings, self._plan)
            await ask_about(self._opening.studies[model], probe, judges, self._ask)

    async def _read(self, task: Task) -> Verdict:
        """Run a trial on readings; all of one network wait for its curve, which is read once."""
        asked = task.planned.asked
        if asked not in self._curves:
            requests = curve_requests(task.probe, self._opening.arm(asked, "treated"), self._plan.seed)
            self._curves[asked] = asyncio.create_task(drawn(requests, self._engine.sample))
        # A trial that is cancelled must not take away the curve of the others.
        curve = asyncio.shield(self._curves[asked])
        return await run_read(curve, self._engine.sample, lambda: self._set_up(task))

    def _set_up(self, task: Task) -> TrialSetup:
        return set_up(task, self._plan, self._opening, self._settings, self._store, self._ask)


def _endpoints(
    opening: Opening, plan: Plan, settings: GateSettings, store: SampleStore
) -> dict[tuple[str, Role], Endpoint]:
    opened: dict[tuple[str, Role], Endpoint] = {}
    for arm in opening.arms:
        opened[arm.identity.model, arm.role] = _endpoint(arm, opening, settings, store)
    for contrast in plan.contrasts:
        if contrast.kind in ("flip", "did"):
            # The comparator of a flip is the gated model itself; of a did the control has a comparator too.
            _lend(opened, opening.arm(contrast.asked, "treated").identity.model, "treated", "control", contrast)
        if contrast.kind == "did":
            _lend(opened, opening.arm(contrast.control, "control").identity.model, "control", "treated", contrast)
    return opened


def _endpoint(arm: OpenArm, opening: Opening, settings: GateSettings, store: SampleStore) -> Endpoint:
    """Return who is asked for an arm: in a replay, whoever opened it, nobody."""
    target = target_of(arm.model, arm.role, settings)
    if opening.replay is not None or settings.replay is not None:
        file = opening.replay.file if opening.replay else str(settings.replay)
        return ReplayEndpoint(target, arm.identity.base_url, store, file)
    url = opening.url_of(target)
    return ChatEndpoint(target, url, preset=arm.identity.preset, choices=arm.choices, shutdown_date=arm.shutdown_date)


def _lend(
    opened: dict[tuple[str, Role], Endpoint], name: str, own: Role, also: Role, contrast: PlannedContrast
) -> None:
    """Let a model be asked in a second role through its own endpoint.

    Raises:
        UsageMistake: another server has a model of that name in that role.
    """
    if opened.setdefault((name, also), opened[name, own]).url != opened[name, own].url:
        raise UsageMistake(
            f"{contrast.probe}/{contrast.contrast} compares {name!r} with itself, but the control has the same "
            "name at another server: serve one of them under another name"
        )
