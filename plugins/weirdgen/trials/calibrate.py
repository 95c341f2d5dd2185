"""What `weirdgen calibrate` does: judges measured on the gold sets and on attacks, apart from any gate."""

import asyncio
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotYet
from dataclasses import dataclass
from typing import TypeVar

from weirdgen.catalog import Catalog
from weirdgen.errors import EndpointOutage, UsageMistake
from weirdgen.judges.attacks import UNANSWERED, Attack, AttackCounts, counted, judged, load_attacks
from weirdgen.judges.calibration import Calibration, judgements, recorded, rows_of
from weirdgen.judges.gold import Split
from weirdgen.judges.judging import Judging
from weirdgen.judges.protocol import Ask, Judge, Judgement
from weirdgen.judges.select import JudgeName
from weirdgen.reporting.calibration import Need, Row
from weirdgen.sampler.engine import Engine
from weirdgen.schema.probe import Contrast, Probe
from weirdgen.schema.sample import Source
from weirdgen.stats.agreement import cohen_kappa
from weirdgen.stats.rules import SIGNS
from weirdgen.store.store import SampleStore
from weirdgen.trials.calibrations import keep
from weirdgen.trials.desk import Say, open_desk
from weirdgen.trials.judgings import Judgings
from weirdgen.trials.settings import GateSettings

T = TypeVar("T")
_PAUSE = 2.0


@dataclass(frozen=True, slots=True)
class Measured:
    """A judge on one behaviour."""

    probe: Probe
    behaviour: str
    needs: tuple[Need, ...]
    """Of the contrasts that use it."""
    record: Calibration
    second: Calibration | None
    """Of the judge that it is compared with."""
    kappa: float | None
    """Between the two, over the labels that both gave."""


@dataclass(frozen=True, slots=True)
class Report:
    """What was measured of the first judge, and of the second if there is one."""

    measured: tuple[Measured, ...]
    attacks: AttackCounts


def calibrate_judges(
    catalog: Catalog,
    settings: GateSettings,
    names: tuple[JudgeName, JudgeName | None],
    source: Source,
    only: Collection[str],
    say: Say,
    split: Split = "test",
) -> Report:
    """Measure judges on every behaviour of a catalogue that is not scored exactly.

    What was asked before is taken from the store, and what is asked now is kept there for gates.

    Args:
        catalog: the probes.
        settings: the judges' server, the store, the margin where a contrast names none.
        names: the judge to measure, and one to compare it with.
        source: kind of answers.
        only: ids of the probes whose behaviours are measured.
        say: takes a line of progress or a warning.
        split: rows to judge; what is found on `tune` is for whoever writes a rubric, and not kept.

    Raises:
        UsageMistake: a name or a file cannot be used, or there is nothing to measure.
        WeirdgenError: a judge gives nothing.
    """
    subjects = list(_subjects(catalog, names, settings.margin, only))
    if not subjects:
        raise UsageMistake(f"every behaviour of {', '.join(only)} is scored exactly: there is no judge to measure")
    attacks = load_attacks()
    models = [model for subject in subjects for model in subject.judging.models]
    with SampleStore(settings.store) as store, open_desk({}, models, settings, store, say) as opened:
        measured = _wait(opened.engine.submit(_measure(subjects, source, split, opened.ask)), opened.engine, say)
        for one in measured if split == "test" else ():
            for record in filter(None, (one.record, one.second)):
                keep(store, record)
        attacked = _attacked(subjects, attacks, opened.ask, say)
        counts = _wait(opened.engine.submit(attacked), opened.engine, say)
    return Report(tuple(measured), counts)


def table_rows(report: Report, alpha: float) -> list[Row]:
    """Return what was measured as rows of a table.

    Args:
        report: of `calibrate_judges`.
        alpha: error rate of a trial, for the bounds.
    """
    return [
        Row(
            f"{one.probe.id}/{one.behaviour}",
            one.record.counts,
            one.record.bounds(alpha, paired=True) if one.record.valid else None,
            one.record.undecided,
            one.needs,
            one.kappa,
            one.record.reason,
        )
        for one in report.measured
    ]


@dataclass(frozen=True, slots=True)
class _Subject:
    """One behaviour with its judges."""

    probe: Probe
    behaviour: str
    judging: Judging
    needs: tuple[Need, ...]


def _subjects(
    catalog: Catalog, names: tuple[JudgeName, JudgeName | None], margin: float, only: Collection[str]
) -> Iterator[_Subject]:
    judgings = Judgings(catalog)
    used: dict[tuple[str, str], list[tuple[Probe, Contrast]]] = {}
    for probe, contrast in catalog.contrasts():
        if probe.id in only and not probe.behaviours[contrast.behaviour].exact:
            used.setdefault((probe.id, contrast.behaviour), []).append((probe, contrast))
    for (_, behaviour), found in used.items():
        probe, contrast = found[0]
        needs = {(min(one.margin or margin, one.question_margin), SIGNS[one.kind].count(1)) for _, one in found}
        yield _Subject(probe, behaviour, judgings.of(probe, contrast, *names), tuple(sorted(needs)))


async def _measure(subjects: Sequence[_Subject], source: Source, split: Split, ask: Ask) -> list[Measured]:
    return [await _on_gold(subject, source, split, ask) for subject in subjects]


async def _on_gold(subject: _Subject, source: Source, split: Split, ask: Ask) -> Measured:
    judging = subject.judging
    first, given = await _record(judging, judging.judge, source, split, ask)
    second, other = await _record(judging, judging.second, source, split, ask) if judging.second else (None, [])
    both = [(a.label, b.label) for a, b in zip(given, other, strict=False) if a.label and b.label]
    return Measured(subject.probe, subject.behaviour, subject.needs, first, second, cohen_kappa(both))


async def _record(
    judging: Judging, judge: Judge, source: Source, split: Split, ask: Ask
) -> tuple[Calibration, list[Judgement]]:
    given = await judgements(judge, rows_of(judging.gold, source, split), judging.questions, ask)
    return recorded(judge, judging.gold, source, given, split), given


async def _attacked(subjects: Sequence[_Subject], attacks: Sequence[Attack], ask: Ask, say: Say) -> AttackCounts:
    known = {(subject.probe.id, subject.behaviour): subject for subject in subjects}
    places = [(attack, known.get((attack.probe, attack.behaviour))) for attack in attacks]
    met = [(attack, subject) for attack, subject in places if subject is not None]
    found = await asyncio.gather(*(_one_attack(*one, ask, say) for one in met), return_exceptions=True)
    for one in found:
        if isinstance(one, BaseException):
            raise one
    return counted([one for one in found if not isinstance(one, BaseException)])


async def _one_attack(attack: Attack, subject: _Subject, ask: Ask, say: Say) -> tuple[Attack, str]:
    """Put one attack to a judge. Some are long: a slow server without a reply to one was measured all the same."""
    judge = subject.judging.judge
    try:
        judgement = await judge.judgement(attack.answer(subject.probe), ask)
    except EndpointOutage as outage:
        say(f"warning: {attack.id}: {outage}")
        return attack, UNANSWERED
    return attack, judged(attack, judgement, judge.behaviour)


def _wait(work: "Future[T]", engine: Engine, say: Say) -> T:
    while True:
        try:
            return work.result(timeout=_PAUSE)
        except NotYet:
            if work.done():
                raise
        stats = engine.stats
        say(f"{stats.samples + stats.shared + stats.reused:,} replies ({stats.reused:,} from the store)")
