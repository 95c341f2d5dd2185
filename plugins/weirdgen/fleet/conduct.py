"""A fleet from its first gate to its last: some run at a time, and each is told as it ends."""

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from weirdgen import __version__
from weirdgen.fleet.crew import Crew
from weirdgen.fleet.entries import entry, fleet_status, not_gated
from weirdgen.fleet.family import Claims, Standing, family_size, standing
from weirdgen.fleet.gating import Done, Halt, Job, unpack
from weirdgen.fleet.models_file import FleetModel
from weirdgen.schema.fleet import FleetEntry, FleetRecord

INTERRUPTED = 130
_LOOK = 1.0
_LAST = 10.0
"""Seconds that gates have to end once they are killed; those that a cluster never started do not."""
Outcome = tuple[FleetEntry, Claims | None]


@dataclass(frozen=True, slots=True)
class Order:
    """What a fleet was asked for."""

    file: str
    """Of its models, as the user named it."""
    models: Sequence[FleetModel]
    suites: tuple[str, ...]
    """Arguments that say what pytest runs."""
    options: tuple[str, ...]
    """Further arguments of every gate."""
    out: Path
    """Folder for all that is written."""
    store: str = ""
    timeout: float | None = None
    cwd: str = "."
    program: tuple[str, ...] = ("-m", "pytest")

    def job(self, model: FleetModel) -> Job:
        """Return the gate of a model."""
        arguments = (*self.suites, f"--model={model.name}", *model.options, *self.options)
        return Job(arguments, self.store, self.timeout, self.cwd, self.program)


class _Fleet:
    """Gates on their way."""

    def __init__(self, order: Order, crew: Crew, tell: Callable[[FleetEntry], None]) -> None:
        self._order, self._crew, self._tell = order, crew, tell
        self._waiting = deque(order.models)
        self._running: dict[Future[Done], FleetModel] = {}
        self.ended: dict[str, Outcome] = {}

    def run(self) -> None:
        """Run all gates."""
        while self._waiting or self._running:
            while self._waiting and len(self._running) < self._crew.at_once:
                model = self._waiting.popleft()
                self._running[self._crew.submit(self._order.job(model), self._order.out / model.folder)] = model
            self._collect(wait(self._running, _LOOK, FIRST_COMPLETED).done)

    def stop(self) -> None:
        """Interrupt the gates that run and wait for what they write; interrupted once more, kill them."""
        try:
            self._crew.tell(Halt.INTERRUPT)
            while self._running:
                self._collect(wait(self._running, _LOOK, FIRST_COMPLETED).done)
        except KeyboardInterrupt:
            self._crew.tell(Halt.KILL)
            self._collect(wait(self._running, _LAST).done)

    def outcomes(self) -> list[Outcome]:
        """Return what each gate came to, in the order of the file."""
        left = set(self._running.values())
        told = {
            True: "it did not end when the fleet was killed",
            False: "it was not started: the fleet was interrupted",
        }
        return [
            self.ended.get(model.name) or (not_gated(model, told[model in left]), None) for model in self._order.models
        ]

    def _collect(self, done: Iterable[Future[Done]]) -> None:
        for future in done:
            model = self._running[future]
            self.ended[model.name] = self._outcome(future, model)
            del self._running[future]  # last: interrupted before, it is collected again
            self._tell(self.ended[model.name][0])

    def _outcome(self, future: Future[Done], model: FleetModel) -> Outcome:
        try:
            done = future.result()
            if done.archive:
                unpack(done.archive, self._order.out / model.folder)
            return entry(model, done, self._order.out)
        except Exception as error:  # a lost worker, a full disk: of this gate, and no reason to lose the others
            *_, last = str(error).strip().splitlines() or [""]  # of a worker's traceback what it says
            return not_gated(model, f"{type(error).__name__}: {last}", str(error)), None


def conduct(order: Order, crew: Crew, tell: Callable[[FleetEntry], None]) -> FleetRecord:
    """Gate all models and return what they came to; Ctrl-C ends the gates that run, and keeps what is done.

    Args:
        order: what was asked for.
        crew: who runs the gates; closed by the caller.
        tell: called with each gate's entry as it ends, before the correction over the fleet.
    """
    started = datetime.now(UTC)
    fleet, interrupted = _Fleet(order, crew, tell), False
    try:
        fleet.run()
    except KeyboardInterrupt:
        interrupted = True
        fleet.stop()
    outcomes = fleet.outcomes()
    claims = [one for _, one in outcomes]
    entries = [_corrected(one, stands) for (one, _), stands in zip(outcomes, standing(claims), strict=True)]
    known = [one for one in claims if one]
    return FleetRecord(
        weirdgen=__version__,
        started_at=started.isoformat(timespec="seconds"),
        finished_at=datetime.now(UTC).isoformat(timespec="seconds"),
        models=order.file,
        suites=order.suites,
        options=order.options,
        workers=crew.name,
        alpha=min((one.alpha for one in known), default=None),
        fwer=bool(known) and all(one.fwer for one in known),
        family_size=family_size(claims),
        entries=tuple(entries),
        exit_status=INTERRUPTED if interrupted else fleet_status(entries),
        interrupted=interrupted,
    )


def _corrected(one: FleetEntry, stands: Standing) -> FleetEntry:
    return one.model_copy(update={"present_in_fleet": stands.present, "absent_in_fleet": stands.absent})
