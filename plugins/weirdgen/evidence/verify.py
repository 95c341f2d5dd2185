"""A bundle checked offline: every byte against its manifest, every label, verdict and e-value against the samples."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import JsonValue

from weirdgen import __version__
from weirdgen.catalog import Catalog, load_catalog
from weirdgen.catalog.catalog import read_catalog
from weirdgen.errors import WeirdgenError
from weirdgen.evidence.compare import differences
from weirdgen.evidence.manifest import BASELINE, GOLD, PROBES, RUN, SAMPLES, Manifest, read_manifest, refuse_odd
from weirdgen.evidence.recompute import Recomputed, recompute
from weirdgen.evidence.sealed import seal_problems
from weirdgen.evidence.stored import Stored, stored
from weirdgen.evidence.told import impossible, untold
from weirdgen.reporting.passing import reservations
from weirdgen.reporting.record import read_record
from weirdgen.schema.canonical import canonical_json
from weirdgen.schema.run import RunRecord
from weirdgen.schema.text import shown
from weirdgen.store.cassette import read_cassette
from weirdgen.store.exporting import EVERYTHING
from weirdgen.trials.expectation import expectation, expected_of
from weirdgen.trials.findings import finding_record
from weirdgen.trials.inside import left_out
from weirdgen.trials.judge_use import judge_records
from weirdgen.trials.settings import recorded

MANY = 5
"""Problems that one message tells."""


@dataclass(slots=True)
class Verified:
    """What a verification found."""

    problems: list[str] = field(default_factory=list)
    """Each one line that names the spot; empty: all is as it was written, and comes out again."""
    notes: list[str] = field(default_factory=list)
    """What could not be made again, and is no problem."""
    record: RunRecord | None = None
    samples: int = 0
    """Samples and judges' replies that the verdicts were made again from."""


def verify(folder: Path) -> Verified:
    """Check a bundle, without any network: bytes first, then every number.

    Raises:
        EvidenceError: the folder holds no manifest, or something that is no ordinary file.
    """
    manifest = read_manifest(folder)
    refuse_odd(folder)
    found = Verified()
    if manifest.weirdgen != __version__:
        found.notes.append(f"written by weirdgen {shown(manifest.weirdgen, 40)}, verified by {__version__}")
    try:
        found.problems += seal_problems(folder, manifest)
        found.record = record = read_record(folder / RUN)
        if record.weirdgen != manifest.weirdgen:
            found.notes.append(f"the gate was run by weirdgen {shown(record.weirdgen, 40)}")
        catalog = read_catalog(_folders(folder))
        found.problems += _unnamed_gold(folder, catalog)
        found.notes += _foreign_probes(catalog)
        baseline = folder / BASELINE if (folder / BASELINE).is_file() else None
        with stored(read_cassette(folder / SAMPLES)) as samples:
            found.problems += [*_header(samples, manifest), *_order(samples), *_missing(record, samples)]
            found.problems += impossible(record, samples.openings)
            again = recompute(record, samples, catalog, baseline)
            found.problems += _recomputed(record, again, catalog)
            found.problems += _unused(samples, again)
        found.notes += untold(record, samples.openings)
        found.notes += [f"not made again, because the trial was cut short: {one}" for one in again.cut_short]
        if record.exit_status == 0 and (accepted := reservations(record)):
            found.notes.append(f"passed with reservations: {', '.join(accepted)}")
        found.samples = len(again.used)
    except (WeirdgenError, OSError) as error:
        found.problems.append(str(error).replace(str(folder) + "/", ""))
    except Exception as error:  # whoever forged it may have made anything of it
        found.problems.append(f"cannot be made again: {type(error).__name__}")
    found.problems = list(dict.fromkeys(found.problems))
    return found


def _foreign_probes(catalog: Catalog) -> Iterator[str]:
    """Yield where the bundle's catalogue is not the one that this version ships."""
    for name, shipped in load_catalog().probes.items():
        there = catalog.probes.get(name)
        if there is None:
            yield f"the shipped probe {name} is not in the bundle"
        elif there.sha256 != shipped.sha256:
            yield f"the probe {name} is not the one that weirdgen {__version__} ships"


def _unnamed_gold(folder: Path, catalog: Catalog) -> Iterator[str]:
    """Yield gold sets that no probe of the bundle names: what nothing rests on is nothing that was verified."""
    named = {
        (file.parent.name, behaviour.gold)
        for name, file in catalog.files.items()
        for behaviour in catalog.probe(name).behaviours.values()
    }
    for path in sorted((folder / GOLD).glob("*/*")):
        if (path.parent.name, path.name) not in named:
            yield f"{path.relative_to(folder).as_posix()}: no probe of the bundle names it"


def _folders(folder: Path) -> list[tuple[Path, tuple[Path, ...]]]:
    numbers = sorted(int(path.name) for path in (folder / PROBES).iterdir() if path.name.isdecimal())
    return [(folder / PROBES / str(one), (folder / GOLD / str(one),)) for one in numbers]


def _recomputed(record: RunRecord, again: Recomputed, catalog: Catalog) -> Iterator[str]:
    """Yield every number of the record that does not come out again."""
    for old, new in zip(record.verdicts, again.verdicts, strict=True):
        name = f"verdict {old.item_id} on {old.model}"
        yield from differences(old.model_dump(mode="json"), new.model_dump(mode="json"), name)
    ran = {(v.model, v.probe, v.contrast) for v in record.verdicts}
    made: dict[str, JsonValue] = {
        "not_run": [f"{m} {p}/{c}" for m, p, c in again.asked if (m, p, c) not in ran],
        "judges": [one.model_dump(mode="json") for one in judge_records(again.verdicts)],
        "reused": sum(v.n_reused for v in again.verdicts),
        "whitebox": [one.model_dump(mode="json") for one in again.whitebox],
        "left_out": dict(left_out(catalog, again.settings)),
        "options": _options(record, again),
        "findings": {
            name: finding_record(catalog.probe(name)).model_dump(mode="json")
            for name in sorted({v.probe for v in record.verdicts})
        },
        "expected": [
            expected_of(v, expectation(one.probe, one.contrast, one.name, again.settings)).model_dump(mode="json")
            for v in again.verdicts
            for one in (again.asked[v.model, v.probe, v.contrast],)
        ],
    }
    dumped = record.model_dump(mode="json")
    for name, value in made.items():
        yield from differences(dumped[name], value, f"{RUN}: {name}")


def _options(record: RunRecord, again: Recomputed) -> dict[str, JsonValue]:
    """Return the options; a baseline's file has another name in a bundle, which says nothing of what it holds."""
    options, named = recorded(again.settings), record.options.get("baseline")
    if options["baseline"] is not None and isinstance(named, str) and named and Path(named).name == named:
        options["baseline"] = named
    return options


def _missing(record: RunRecord, found: Stored) -> Iterator[str]:
    """Yield which samples the verdicts name that are not there."""
    for trial in (one for verdict in record.verdicts for one in verdict.trials):
        named = [answer.key for cell in trial.answers for answer in (*cell.rounds, *cell.extras)]
        if gone := [key for key in named if key not in found.lines]:
            yield f"{SAMPLES}: {len(gone)} samples of {trial.item_id} on {trial.model} are missing: {gone[0]}"


def _header(found: Stored, manifest: Manifest) -> Iterator[str]:
    header = found.cassette.header
    with found.cassette.path.open("rb") as file:
        as_written = file.readline() == (canonical_json(header.model_dump(mode="json")) + "\n").encode("ascii")
    if not as_written or header.what != EVERYTHING or header.weirdgen != manifest.weirdgen:
        yield f"{SAMPLES}: line 1 is not the header that weirdgen {shown(manifest.weirdgen, 40)} writes"


def _order(found: Stored) -> Iterator[str]:
    if (number := found.first_misplaced()) is not None:
        yield f"{SAMPLES}: line {number} is out of order, or not written as weirdgen writes it"


def _unused(found: Stored, again: Recomputed) -> Iterator[str]:
    for key, number in found.lines.items():
        if key not in again.used:
            yield f"{SAMPLES}: line {number}: no verdict rests on this sample"
