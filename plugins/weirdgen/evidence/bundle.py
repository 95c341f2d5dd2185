"""A bundle: one folder with everything that a gate's verdicts rest on, written whole or not at all."""

import os
import shutil
import tempfile
from collections.abc import Collection
from pathlib import Path

from weirdgen import __version__
from weirdgen.catalog import Catalog
from weirdgen.errors import EvidenceError, UsageMistake
from weirdgen.evidence.manifest import (
    BASELINE,
    GOLD,
    LEAVES,
    MANIFEST,
    PLAN,
    PROBES,
    RUN,
    SAMPLES,
    STATEMENT,
    line_hashes,
    make_manifest,
)
from weirdgen.evidence.recompute import recompute
from weirdgen.evidence.statement import statement
from weirdgen.evidence.stored import stored
from weirdgen.evidence.verify import MANY, verify
from weirdgen.reporting.record import write_record
from weirdgen.schema.canonical import canonical_json
from weirdgen.schema.run import RunRecord
from weirdgen.store.cassette import (
    CalibrationRecord,
    Cassette,
    Record,
    SampleRecord,
    StopRecord,
    read_cassette,
)
from weirdgen.store.database import Database
from weirdgen.store.exporting import export
from weirdgen.store.loading import load
from weirdgen.store.place import StorePlace, named


def write_bundle(
    out: Path, record: RunRecord, catalog: Catalog, store: StorePlace, baseline: Path | None = None
) -> None:
    """Write the bundle of a run, and verify it.

    Args:
        out: folder to make; must not be there, or be empty.
        record: of the run.
        catalog: the probes that it ran.
        store: the sample store that it used, or of a replay its cassette.
        baseline: the file that it was compared with; None: there was none.

    Raises:
        UsageMistake: the folder is in use.
        EvidenceError: the bundle cannot be written, or the run's verdicts do not come out of it.
        StoreError: the store cannot be read.
    """
    if not out.name:
        raise UsageMistake(f"{str(out)!r}: has no name of its own; name the folder to make")
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UsageMistake(f"{str(out)!r}: is not an empty folder; evidence of two runs is never mixed")
    half = out.with_name(f".{out.name}.{os.getpid()}.partial")
    try:
        half.mkdir(parents=True)
        try:
            _fill(half, record, catalog, store, baseline)
            if problems := verify(half).problems:
                raise EvidenceError(f"evidence of {record.plan_sha256[:8]}: {'; '.join(problems[:MANY])}")
            if out.exists():
                out.rmdir()
            half.replace(out)
        finally:
            shutil.rmtree(half, ignore_errors=True)
    except OSError as error:
        raise EvidenceError(f"the evidence bundle {out} could not be written: {error.strerror or error}") from error


def _fill(folder: Path, record: RunRecord, catalog: Catalog, store: StorePlace, baseline: Path | None) -> None:
    write_record(record, folder / RUN)
    (folder / PLAN).write_text(canonical_json(record.plan.model_dump(mode="json")) + "\n", "ascii")
    _copy_probes(folder, catalog)
    if baseline is not None:
        shutil.copyfile(baseline, folder / BASELINE)
    with tempfile.TemporaryDirectory(prefix="weirdgen-evidence-", ignore_cleanup_errors=True) as scratch:
        whole = _cassette(store, Path(scratch), record)
        with stored(whole) as found:
            used = recompute(record, found, catalog, baseline).used
        _write_samples(whole, used, record, Path(scratch), folder / SAMPLES)
    (folder / LEAVES).write_text("".join(f"{leaf}\n" for leaf in line_hashes(folder / SAMPLES)), "ascii")
    manifest = make_manifest(folder, __version__)
    (folder / MANIFEST).write_text(canonical_json(manifest.model_dump(mode="json")) + "\n", "ascii")
    (folder / STATEMENT).write_text(statement(folder, manifest, record), "ascii")


def _cassette(store: StorePlace, scratch: Path, record: RunRecord) -> Cassette:
    """Return the store's rows of the run's gate; a cassette as it is."""
    if record.replay is not None:
        if not isinstance(store, Path):
            raise UsageMistake(f"{named(store)}: the run was replayed; name its cassette with --gate-store")
        return read_cassette(store)
    database = Database(store)
    try:
        export(database, scratch / "gate.jsonl", gate=record.generation)
    finally:
        database.close()
    return read_cassette(scratch / "gate.jsonl")


def _write_samples(whole: Cassette, used: Collection[str], record: RunRecord, scratch: Path, out: Path) -> None:
    """Write what was used, in the one order that an export has.

    Attempts go along whole, as digests: a trial that never began has the number after the last one at its line.
    """
    trials = {trial.trial_id for verdict in record.verdicts for trial in verdict.trials}
    judges = {one.judge_identity for one in record.judges}
    database = Database(scratch / "used.sqlite3")
    try:
        load(database, (one for one in whole.records() if _belongs(one, used, trials, judges)))
        export(database, out)
    finally:
        database.close()


def _belongs(one: Record, used: Collection[str], trials: Collection[str], judges: Collection[str]) -> bool:
    match one:
        case SampleRecord():
            return one.sample.key in used
        case StopRecord():
            return one.trial_id in trials
        case CalibrationRecord():
            return one.judge_identity in judges
    return True


def _copy_probes(folder: Path, catalog: Catalog) -> None:
    """Copy the probe files as they are, with their gold sets, into folders whose numbers keep the catalogue's order."""
    places: dict[Path, int] = {}
    for name, file in catalog.files.items():
        number = places.setdefault(file.resolve().parent, len(places))
        _copy(file, folder / PROBES / str(number) / file.name)
        for behaviour, one in catalog.probe(name).behaviours.items():
            if one.gold and not one.exact:
                _copy(catalog.gold_file(name, behaviour), folder / GOLD / str(number) / one.gold)


def _copy(file: Path, to: Path) -> None:
    try:
        content = file.read_bytes()
    except OSError as error:
        raise EvidenceError(f"{file}: {error.strerror or error}") from error
    to.parent.mkdir(parents=True, exist_ok=True)
    to.write_bytes(content)  # what fails here is the bundle's folder, not the file
