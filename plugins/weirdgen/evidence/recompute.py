"""A gate made again from its samples: the same plan, the same judges, the same rules, and nobody is asked."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from weirdgen.catalog import Catalog
from weirdgen.errors import EvidenceError
from weirdgen.evidence.compare import differences
from weirdgen.evidence.stored import Stored
from weirdgen.schema.plan import Plan
from weirdgen.schema.run import RunRecord
from weirdgen.schema.sample import Sample
from weirdgen.schema.text import shown
from weirdgen.schema.verdict import Outcome, Verdict
from weirdgen.schema.whitebox import StudyRecord, WhiteBoxRecord
from weirdgen.store.store import SampleStore
from weirdgen.trials.family import session_verdicts
from weirdgen.trials.found_inside import found_inside
from weirdgen.trials.gate import Gate
from weirdgen.trials.hypotheses import Hypothesis, hypotheses
from weirdgen.trials.inside import READINGS, named
from weirdgen.trials.loop import CUT_SHORT
from weirdgen.trials.open_arms import OpenArm
from weirdgen.trials.opening import Opening, wanted_arms
from weirdgen.trials.planning import Address, plan_gate
from weirdgen.trials.settings import GateSettings, restored
from weirdgen.whitebox.identity import reading_identity

NOT_AGAIN = (*CUT_SHORT, "replay")
"""Reasons of INVALID that lie outside the samples: what cut a trial short does not happen again."""


@dataclass(frozen=True, slots=True)
class Recomputed:
    """A run made again."""

    asked: dict[Address, Hypothesis]
    verdicts: tuple[Verdict, ...]
    """In the order of the record's; trials that were cut short are the record's own."""
    cut_short: tuple[str, ...]
    """Items of which the record is taken at its word: INVALID, because the trial did not end."""
    settings: GateSettings
    whitebox: tuple[WhiteBoxRecord, ...]
    """What was found inside networks, from the readings."""
    used: frozenset[str]
    """Keys of all samples and judges' replies that were read."""


class _Watched(SampleStore):
    """A store that remembers what was read of it."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.read: set[str] = set()

    def get(self, key: str) -> Sample | None:
        """Return a sample, and remember that it was asked for."""
        self.read.add(key)
        return super().get(key)


def recompute(record: RunRecord, found: Stored, catalog: Catalog, baseline: Path | None) -> Recomputed:
    """Make every verdict of a run again from its samples.

    Args:
        record: of the run.
        found: its samples, judges' replies and openings.
        catalog: the probes that it ran.
        baseline: the file that it was compared with; None: there was none.

    Raises:
        EvidenceError: the plan, or who was opened, is not the record's.
        WeirdgenError: the plan cannot be made.
    """
    settings = _settings(record, found, baseline)
    plan, tasks = plan_gate(catalog, settings)
    if plan.sha256 != record.plan_sha256:
        raise EvidenceError(f"plan: {_first_difference(plan, record.plan)}")
    asked = hypotheses(plan, tasks)
    opening = _opening(record, found, plan)
    store = _Watched(found.path)
    made, cut = _verdicts(record, asked, Gate(settings, plan, opening, store), plan)
    with SampleStore(found.path) as again:
        inside = found_inside(plan, tasks, opening, settings, made, again.get)
    return Recomputed(asked, made, cut, settings, inside, frozenset(store.read))


def _settings(record: RunRecord, found: Stored, baseline: Path | None) -> GateSettings:
    try:
        return restored(record.options, replay=found.cassette.path, store=found.path, baseline=baseline)
    except (KeyError, TypeError, ValueError) as error:
        raise EvidenceError(f"run.json: options: {error!r} is missing or cannot be used") from None


def _opening(record: RunRecord, found: Stored, plan: Plan) -> Opening:
    """Return the run's opening, of exactly those models whom the record names.

    Raises:
        EvidenceError: one of them is in no opening among the samples, or they are not those that the plan asks.
    """
    wanted = {f"{model} ({role})" for model, role in wanted_arms(plan)}
    if gone := sorted(wanted - record.identities.keys()):
        raise EvidenceError(f"run.json: identities: {shown(gone[0], 80)} is missing")
    opened = [arm for opening in found.openings for arm in opening.arms]
    arms = []
    for name, told in record.identities.items():
        arm = next((arm for arm in opened if f"{arm.model} ({arm.role})" == name and arm.told == told), None)
        if arm is None:
            where = f"run.json: identities.{shown(name, 80)}"
            raise EvidenceError(f"{where}: no opening among the samples found this model")
        arms.append(arm)
    return Opening(
        arms=tuple(arms),
        studies={model: study for one in found.openings for model, study in _studies(one, arms)},
        generation=record.generation,
        plan_sha256=record.plan_sha256,
        opened_at=record.opened_at,
        replay=record.replay,
        replay_store=str(found.path),
    )


def _studies(opening: Opening, arms: Sequence[OpenArm]) -> list[tuple[str, StudyRecord]]:
    """Return those of an opening's studies that the readings of the run are of."""
    digests = {arm.model: arm.identity.digest for arm in arms}
    return [
        (model, study)
        for model, study in opening.studies.items()
        if digests.get(named(model, READINGS)) == reading_identity(study.network, study.digest)
    ]


def _verdicts(
    record: RunRecord, asked: dict[Address, Hypothesis], gate: Gate, plan: Plan
) -> tuple[tuple[Verdict, ...], tuple[str, ...]]:
    """Return the verdicts again, and which of their trials were cut short."""
    try:
        wanted = [_hypothesis(asked, one) for one in record.verdicts]
        gate.start([task for one in wanted for task in one.tasks])
        trials = [[gate.verdict(task).result() for task in one.tasks] for one in wanted]
    finally:
        gate.close()
    made, cut = [], list[str]()
    for old, one, fresh in zip(record.verdicts, wanted, trials, strict=True):
        taken = [_taken(was, now, cut) for was, now in zip(_trials(old, one), fresh, strict=True)]
        made.append(one.verdict(taken, plan))
    final = {(v.model, v.item_id): v for v in session_verdicts(made, plan)}
    return tuple(final[one.model, one.item_id] for one in record.verdicts), tuple(cut)


def _trials(recorded: Verdict, asked: Hypothesis) -> tuple[Verdict, ...]:
    """Return the recorded trials of a hypothesis: itself, or of a group its members.

    Raises:
        EvidenceError: they are not those that the plan has.
    """
    members = tuple(one.model for one in recorded.members)
    if members != (tuple(task.planned.model for task in asked.tasks) if len(asked.tasks) > 1 else ()):
        raise EvidenceError(f"run.json: verdicts: {recorded.item_id} on {recorded.model}: members are not the plan's")
    return recorded.trials


def _taken(was: Verdict, now: Verdict, cut: list[str]) -> Verdict:
    """Return the trial that counts: the one made again, but of one that was cut short the recorded INVALID."""
    if was.outcome is not Outcome.INVALID or was.reason not in NOT_AGAIN:
        return now
    though = "" if now.outcome is Outcome.INVALID else f", though its samples come to {now.outcome}"
    cut.append(f"{was.item_id} on {was.model} ({was.reason}){though}")
    return was.model_copy(update={"session_outcome": None, "members": ()})


def _hypothesis(asked: dict[Address, Hypothesis], verdict: Verdict) -> Hypothesis:
    found = asked.get((verdict.model, verdict.probe, verdict.contrast))
    if found is None:
        raise EvidenceError(f"run.json: verdicts: {verdict.item_id} on {verdict.model} is not in the plan")
    return found


def _first_difference(again: Plan, record: Plan) -> str:
    found = differences(record.model_dump(mode="json"), again.model_dump(mode="json"), "plan")
    return found[0] if found else "its SHA-256 in run.json is not that of the plan there"
