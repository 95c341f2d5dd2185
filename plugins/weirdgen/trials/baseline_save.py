"""Saving a baseline: a sample of declared size of every contrast's treated arm, judged and counted.

Never the samples of a gate: those stopped because of what they showed, which biases their rates (a version that was
found ABSENT by some 40% downwards). And never topped up: a sample of another size is drawn anew.
"""

import time
from collections.abc import Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotYet
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from weirdgen import __version__
from weirdgen.catalog import Catalog, load_catalog, prompt
from weirdgen.endpoints.models import source_of
from weirdgen.errors import UsageMistake, WeirdgenError
from weirdgen.judges.judging import Judging
from weirdgen.reporting.numbers import estimate
from weirdgen.sampler.engine import Engine
from weirdgen.schema.baseline import Baseline, StoredContrast, StoredQuestion, StoredVersion
from weirdgen.schema.canonical import digest
from weirdgen.schema.probe import Contrast, Probe
from weirdgen.schema.verdict import Estimate
from weirdgen.stats.intervals import robbins_cs
from weirdgen.stats.judge_error import refusal
from weirdgen.stats.multiplicity import attempt_alpha
from weirdgen.store.store import SampleStore
from weirdgen.trials.arm import ArmRun
from weirdgen.trials.arms import sampling_of, treated_cells
from weirdgen.trials.asking import Draw
from weirdgen.trials.baseline import asked_of, carried_anchors, read_baseline, too_few_for_blocks, write_baseline
from weirdgen.trials.calibrations import keep
from weirdgen.trials.comparators import is_graded
from weirdgen.trials.desk import Desk, Say, open_desk
from weirdgen.trials.judge_names import judges_of
from weirdgen.trials.judgings import Judgings
from weirdgen.trials.names import target_of
from weirdgen.trials.open_arms import refuse_truncated
from weirdgen.trials.planning import check_addresses
from weirdgen.trials.settings import GateSettings

BATCH = 10
"""Rounds asked for at once: an endpoint that is down is noticed before all of a large sample failed."""
MISSING_LIMIT = 0.05
"""Share of answers without a label from which a reader is told."""
_FIRST_PAUSE, _LAST_PAUSE = 2.0, 60.0
"""Seconds between lines of progress: doubled from line to line."""


@dataclass(frozen=True, slots=True)
class _Chosen:
    """A contrast that will be stored."""

    probe: Probe
    contrast: Contrast
    judging: Judging

    @property
    def item_id(self) -> str:
        return f"{self.probe.id}/{self.contrast.id}"


def save_baseline(settings: GateSettings, samples: int, out: Path, previous: Path | None, say: Say) -> Baseline:
    """Draw, judge and write a baseline of one model. A run that was interrupted goes on from its stored samples.

    Args:
        settings: the model, its server, its judge, the store and the probes.
        samples: per question, fixed before the first of them.
        out: file to write; must not be there.
        previous: baseline file of the previous version, whose anchors are carried along; None: none.
        say: takes a line of progress or a note.

    Raises:
        UsageMistake: a name, file or option cannot be used.
        WeirdgenError: the endpoint, the store or the judge fails.
    """
    if out.exists():
        raise UsageMistake(f"--out {out}: is there already; name another file, a baseline is never overwritten")
    if not out.parent.is_dir():
        raise UsageMistake(f"--out {out}: no such folder {str(out.parent)!r}")
    earlier = read_baseline(previous) if previous else None
    check_addresses(settings)
    chosen = _choose(load_catalog(settings.probe_dirs), settings, say)
    if short := too_few_for_blocks(((one.probe, one.contrast) for one in chosen), samples, settings.cap):
        say(f"warning: {short}")
    with SampleStore(settings.store) as store:
        saved, generation = _measure(chosen, settings, samples, store, say)
        baseline = Baseline(saved=saved, anchors=carried_anchors(earlier, saved) if earlier else ())
        if earlier:
            _tell_anchors(baseline, say)
        write_baseline(baseline, out)
        # Closed only now: until the file is there, the next run goes on with these samples.
        store.finish_gate(generation, decided=["baseline"], undecided=[])
    return baseline


def _choose(catalog: Catalog, settings: GateSettings, say: Say) -> list[_Chosen]:
    model = settings.models[0]
    judgings = Judgings(catalog)
    judge, _ = judges_of(model, settings, catalog.contrasts())
    chosen = []
    for probe, contrast in catalog.contrasts():
        if is_graded(probe, contrast):
            say(
                f"{probe.id}/{contrast.id}: its answers are graded, and a baseline holds counts only; left out, and "
                "gated as without a baseline"
            )
            continue
        chosen.append(_Chosen(probe, contrast, judgings.of(probe, contrast, judge)))
    if not chosen:
        raise UsageMistake("the catalogue has no contrast that a baseline can hold")
    for one in chosen:
        if not one.judging.asks:
            _check_record(one, settings, say)
    return chosen


def _check_record(one: _Chosen, settings: GateSettings, say: Say) -> None:
    """Refuse a judge whose error rates are not known, unless it is taken at its word; warn where no gate can use it."""
    if one.judging.judge.behaviour.exact or settings.judge_uncalibrated:
        return
    record = one.judging.calibration(source_of(settings.models[0]))
    if not record.valid:
        raise UsageMistake(
            f"{one.item_id}: {record.judge}: not calibrated: {record.reason}. "
            "Pass --judge-uncalibrated to go on without; gates against this baseline must then pass it, too"
        )
    alpha = attempt_alpha(settings.alpha, 1)
    margin = min(one.contrast.margin or settings.margin, one.contrast.question_margin)
    if why := refusal(record.counts, record.bounds(alpha, paired=True), margin, alpha, settings.cap):
        say(f"warning: {one.item_id}: a gate would give no verdict: {why.reason}")


def _measure(
    chosen: Sequence[_Chosen], settings: GateSettings, samples: int, store: SampleStore, say: Say
) -> tuple[StoredVersion, str]:
    """Return what the model showed, and the generation that its samples were drawn under."""
    model = settings.models[0]
    target = target_of(model, "treated", settings)
    line = digest(["baseline", target.base_url or "", target.model, samples])
    generation = store.generation(line, line, max_age=settings.max_age, now=store.clock(), fresh=False)
    size = f"baseline of {samples} per question"
    judges = [name for one in chosen for name in one.judging.models]
    with open_desk(
        {(model, "treated"): target}, judges, settings, store, say, generation=generation, renewal=size
    ) as desk:
        refuse_truncated(desk.arms[0])
        _calibrate(chosen, settings, desk, store, say)
        runs = [_run(one, desk) for one in chosen]
        asked = {(prompt(r.probe, c.condition, c.question), r.sampling) for r in runs for c in r.cells}
        _wait(desk.engine.submit(_draw(runs, samples, desk.engine.sample)), desk.engine, samples * len(asked), say)
        identity, judged_by = desk.arms[0].identity, desk.judges
    saved = StoredVersion(
        model=model,
        identity=identity,
        weirdgen=__version__,
        saved_at=datetime.now(UTC).isoformat(timespec="seconds"),
        judges=judged_by,
        contrasts=tuple(_counted(one, run, settings, say) for one, run in zip(chosen, runs, strict=True)),
    )
    return saved, generation


def _calibrate(chosen: Sequence[_Chosen], settings: GateSettings, desk: Desk, store: SampleStore, say: Say) -> None:
    """Measure judges that ask before the first sample.

    Raises:
        UsageMistake: one of them cannot be used.
        WeirdgenError: one of them gives nothing.
    """
    source = source_of(settings.models[0])
    for one in chosen:
        if one.judging.asks and not settings.judge_uncalibrated:
            found = desk.engine.submit(one.judging.calibrate(source, desk.ask)).result()
            keep(store, found)
            _check_record(one, settings, say)
            say(f"{one.item_id}: judge {found.judge} found {found.counts.hits} of {found.counts.positives} positives")


def _run(one: _Chosen, desk: Desk) -> ArmRun:
    judge = one.judging.judge
    return ArmRun(
        desk.arms[0],
        "treated",
        one.probe,
        treated_cells(one.probe, one.contrast),
        judge.behaviour,
        judge,
        sampling_of(one.probe, one.contrast),
        stream="baseline",
        ask=desk.ask,
    )


async def _draw(runs: Sequence[ArmRun], samples: int, draw: Draw) -> None:
    """Fill one arm after the other; arms that ask the same get the same samples."""
    for run in runs:
        while run.rounds < samples:
            await run.fill(min(run.rounds + BATCH, samples), draw)


def _wait(work: "Future[None]", engine: Engine, total: int, say: Say) -> None:
    """Wait for the samples, telling now and then how many there are."""
    pause, started = _FIRST_PAUSE, time.monotonic()
    while True:
        try:
            return work.result(timeout=pause)
        except NotYet:
            if work.done():
                raise
        stats = engine.stats
        have = stats.samples + stats.shared + stats.reused
        pace = stats.samples / (time.monotonic() - started)
        say(f"{have:,} of {total:,} samples ({stats.reused:,} from the store), {pace:.0f}/s")
        pause = min(2 * pause, _LAST_PAUSE)


def _counted(one: _Chosen, run: ArmRun, settings: GateSettings, say: Say) -> StoredContrast:
    gold_sha256 = "" if settings.judge_uncalibrated else one.judging.gold_sha256
    counts = run.outcomes().counts(run.rounds)
    rate, missing = counts.pooled_rate, sum(counts.missing)
    if rate is None:
        raise WeirdgenError(f"{one.item_id}: none of {counts.total} answers has a label: all were cut or filtered")
    if missing > MISSING_LIMIT * counts.total:
        say(
            f"{one.item_id}: {missing} of {counts.total} answers have no label (cut, filtered); a gate counts them "
            "against every verdict"
        )
    least, most = counts.worst_sums
    rows = zip(run.cells, counts.positives, counts.missing, strict=True)
    stored = StoredContrast(
        probe=one.probe.id,
        contrast=one.contrast.id,
        asked=asked_of(one.probe, one.contrast, run.judge),
        judge=run.judge.name,
        gold_sha256=gold_sha256,
        margin=one.contrast.margin,
        method=one.contrast.stored,
        n=run.rounds,
        questions=tuple(
            StoredQuestion(question=cell.name, positives=round(positives), missing=unlabelled)
            for cell, positives, unlabelled in rows
        ),
        rate=Estimate(
            value=rate,
            lower=robbins_cs(least, counts.total).lower,
            upper=robbins_cs(most, counts.total).upper,
        ),
    )
    say(f"{one.item_id}: {estimate(stored.rate)} in {counts.total:,} samples")
    return stored


def _tell_anchors(baseline: Baseline, say: Say) -> None:
    anchored = {c.item_id: version for version in baseline.anchors for c in version.contrasts}
    for stored in baseline.saved.contrasts:
        anchor = anchored.get(stored.item_id)
        if anchor is None:
            say(f"{stored.item_id}: the previous version has no such counts; from now on this version is its anchor")
        else:
            say(f"{stored.item_id}: anchor {anchor.model} of {anchor.saved_at[:10]}")
    for item_id in sorted(anchored.keys() - {stored.item_id for stored in baseline.saved.contrasts}):
        say(f"{item_id}: not in this version; its anchor {anchored[item_id].model} is kept for a later one")
