"""What a gate does beside being planned: it is opened, started, waited for, ended. Listing tests imports none of it."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotYet
from pathlib import Path

import pytest

from weirdgen.catalog import Catalog
from weirdgen.errors import EvidenceError, StoreError, WeirdgenError
from weirdgen.plugin.progress import Progress, uncaptured
from weirdgen.schema.plan import Plan
from weirdgen.schema.sample import Usage
from weirdgen.schema.verdict import Outcome, Verdict
from weirdgen.schema.whitebox import WhiteBoxRecord
from weirdgen.store.shards import Cut
from weirdgen.store.store import SampleStore
from weirdgen.trials.costs import account_of, spending
from weirdgen.trials.found_inside import found_inside
from weirdgen.trials.gate import Gate
from weirdgen.trials.hypotheses import Hypothesis
from weirdgen.trials.loop import CUT_SHORT
from weirdgen.trials.opening import OpenGate, Opening, open_gate
from weirdgen.trials.planning import Address, Task
from weirdgen.trials.replay import open_replay
from weirdgen.trials.settings import GateSettings

WORKER_INPUT = "weirdgen_opening"
WAIT_SECONDS = 0.2
"""How often a waiting item looks up: short enough for Ctrl-C and for the progress line."""


def opened(plan: Plan, settings: GateSettings, catalog: Catalog, session: str = "") -> OpenGate:
    """Open a gate: from its cassette, or by asking its endpoints who they are; a shard joins the one that is open.

    Raises:
        UsageMistake: an address or a name is wrong, or a cassette cannot be used.
        EndpointError: an endpoint refuses or cannot be reached.
        StoreError: the store cannot be used.
    """
    if settings.replay is not None:
        return open_replay(plan, settings, settings.replay)
    with SampleStore(settings.store) as store:
        return open_gate(plan, settings, store, catalog.probes.values(), session)


def received(config: pytest.Config, plan: Plan) -> Opening:
    """Return, on a worker of xdist, what its controller opened.

    Raises:
        WeirdgenError: it was given nothing, or another plan's.
    """
    given = getattr(config, "workerinput", {}).get(WORKER_INPUT)
    if given is None:
        raise WeirdgenError(
            "this worker was not given the gate that its controller opened; is the plugin loaded there?"
        )
    opening = Opening.model_validate_json(given)
    if opening.plan_sha256 != plan.sha256:
        raise WeirdgenError(
            f"this worker plans {plan.sha256}, its controller {opening.plan_sha256}: "
            "a probe file was changed during the run"
        )
    return opening


def waited(gate: Gate, asked: Hypothesis, plan: Plan, config: pytest.Config, say: Callable[[str], None]) -> Verdict:
    """Return the verdict that an item asks for; while it is not there, show progress and tell of a budget at its end.

    Args:
        gate: that runs.
        asked: what the item is on.
        plan: of the gate.
        config: of the session.
        say: prints a line.
    """
    futures = [gate.verdict(task) for task in asked.tasks]
    with uncaptured(config), Progress(config, gate.counts) as progress:

        def tell() -> None:
            for line in gate.news():
                progress.clear()
                say(f"weirdgen {line}")

        def meanwhile() -> None:
            tell()
            if told := gate.nearly_spent():
                progress.clear()
                say(f"weirdgen warning: the gate has spent {told}, in all its runs")
            progress.show()

        found = [_result(future, meanwhile) for future in futures]
        tell()
        return asked.verdict(found, plan)


def concluded(settings: GateSettings, opening: Opening, plan: Plan, verdicts: Sequence[Verdict]) -> str:
    """Mark the gate of a session that ended by itself; return what is to be warned of, or nothing.

    Raises:
        StoreError: the store cannot be written, and the gate was to be closed.
    """
    names: dict[bool, list[str]] = {True: [], False: []}
    for one in (trial for verdict in verdicts for trial in verdict.trials):
        names[_accepted(one, settings) or _decided(one)].append(f"{one.model} {one.item_id}")
    whole = {(one.model, one.item_id) for verdict in verdicts for one in verdict.trials} >= {
        (one.model, f"{one.probe}/{one.contrast}") for one in plan.contrasts
    }
    try:
        with SampleStore(settings.store) as store:
            store.finish_gate(opening.generation, decided=names[True], undecided=names[False], whole=whole)
    except StoreError as error:
        # Not written, the gate is open: as it must be while a contrast is undecided.
        if not names[False]:
            raise
        return f"the gate stays open: {error}"
    return ""


def found(
    plan: Plan,
    tasks: Mapping[Address, Task],
    opening: Opening,
    settings: GateSettings,
    verdicts: Sequence[Verdict],
) -> tuple[WhiteBoxRecord, ...]:
    """Return what was found inside networks, from the opening and the store.

    Raises:
        StoreError: the store cannot be read.
        EvidenceError: what is in it does not fit the opening.
    """
    with SampleStore(Path(opening.replay_store) if opening.replay else settings.store) as store:
        return found_inside(plan, tasks, opening, settings, verdicts, store.get)


def counted(settings: GateSettings, opening: Opening) -> tuple[int, int, Usage, str]:
    """Return samples drawn and judges' replies since the opening, their tokens, and what is told of the budget.

    Raises:
        StoreError: the store cannot say.
    """
    with SampleStore(settings.store) as store:
        drawn = store.count_since(opening.opened_at)
        replies = store.count_since(opening.opened_at, judges=True)
        account = account_of(settings, opening.generation)
        return drawn, replies, store.usage_since(opening.opened_at), spending(account, store)[0] if account else ""


def shard_ended(settings: GateSettings, cut: Cut, session: str, record: str) -> None:
    """Leave what a shard came to for the merge.

    Raises:
        StoreError: the store cannot be written.
        EvidenceError: the shard was started a second time meanwhile, and that run of it counts.
    """
    shard = settings.shard
    if shard is None:
        return
    with SampleStore(settings.store) as store:
        if not store.end_shard(cut, shard, session, record):
            raise EvidenceError(
                f"--gate-shard {shard.name}: was started a second time while this one ran, so this one is not kept for "
                "the merge; give each job of the matrix its own number"
            )


def _result(future: "Future[Verdict]", meanwhile: Callable[[], None]) -> Verdict:
    while True:
        try:
            return future.result(timeout=WAIT_SECONDS)
        except NotYet:
            if future.done():
                raise
            meanwhile()


def _accepted(verdict: Verdict, settings: GateSettings) -> bool:
    """Whether the session passes without a decision: what it accepted is over, too."""
    return verdict.outcome is Outcome.INCONCLUSIVE and settings.inconclusive == "warn"


def _decided(verdict: Verdict) -> bool:
    cut_short = verdict.outcome is Outcome.INVALID and verdict.reason in CUT_SHORT
    return verdict.outcome is not Outcome.INCONCLUSIVE and not cut_short
