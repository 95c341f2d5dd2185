"""`weirdgen evidence`, `verify` and `diff`: bundles written, checked offline, and compared."""

import argparse
from pathlib import Path

from weirdgen.commands.types import sample_store
from weirdgen.content import DEFAULT_STORE
from weirdgen.errors import UsageMistake
from weirdgen.reporting.numbers import count
from weirdgen.reporting.worst import counted
from weirdgen.schema.text import shown
from weirdgen.store.place import named, nothing_at

DIFFERENT = 1
_SHOWN = 2_000
_VERIFY = "Exit status: 0 every byte, label, verdict and e-value is as recorded; 1 something is not; 2 no bundle."
_DIFF = "Exit status: 0 the same verdicts; 1 another one; 2 no run record."


def add_command(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the commands to a parser."""
    evidence = commands.add_parser("evidence", help="write the evidence bundle of a run that is over")
    evidence.add_argument("folder", type=Path, metavar="RUN", help="the run's report folder, or its run.json")
    evidence.add_argument("--out", type=Path, metavar="DIR", help="folder to make (default RUN/evidence)")
    evidence.add_argument(
        "--gate-store", "--store", dest="store", type=sample_store, default=DEFAULT_STORE, metavar="FILE",
        help=f"the store that the gate used, or the cassette that it was replayed from (default {DEFAULT_STORE})",
    )  # fmt: skip
    evidence.add_argument("--gate-probes", dest="probes", type=Path, metavar="DIR", help="folder with your own probes")
    evidence.add_argument("--gate-baseline", dest="baseline", type=Path, metavar="FILE", help="it was gated against")
    evidence.set_defaults(run=_evidence)
    verify = commands.add_parser("verify", help="make every verdict of a bundle again, offline", epilog=_VERIFY)
    verify.add_argument("bundle", type=Path, metavar="BUNDLE")
    verify.set_defaults(run=_verify)
    diff = commands.add_parser("diff", help="compare the verdicts of two bundles or report folders", epilog=_DIFF)
    diff.add_argument("old", type=Path, metavar="OLD")
    diff.add_argument("new", type=Path, metavar="NEW")
    diff.set_defaults(run=_diff)


def _evidence(arguments: argparse.Namespace) -> int:
    from weirdgen.catalog import load_catalog
    from weirdgen.evidence.bundle import write_bundle
    from weirdgen.evidence.diff import read_run
    from weirdgen.store.database import is_there

    record = read_run(arguments.folder)
    if not is_there(arguments.store):
        told = nothing_at(arguments.store)
        raise UsageMistake(f"{named(arguments.store)}: there is {told}; name one with --gate-store")
    if record.options.get("baseline") and arguments.baseline is None:
        raise UsageMistake("this gate was compared with a baseline: name its file with --gate-baseline")
    probes = arguments.probes or Path("probes")
    catalog = load_catalog([probes] if arguments.probes or probes.is_dir() else [])
    out = arguments.out or (arguments.folder if arguments.folder.is_dir() else arguments.folder.parent) / "evidence"
    write_bundle(out, record, catalog, arguments.store, arguments.baseline)
    print(f"{shown(str(out))}: evidence of {count(len(record.verdicts), 'verdict')}, verified")
    return 0


def _verify(arguments: argparse.Namespace) -> int:
    from weirdgen.evidence.verify import verify

    found = verify(arguments.bundle)
    for line in (*found.problems, *(f"note: {note}" for note in found.notes)):
        print(shown(line, _SHOWN))
    if found.problems or found.record is None:
        print(f"{shown(str(arguments.bundle))}: NOT VERIFIED: {count(len(found.problems), 'problem')}")
        return DIFFERENT
    record = found.record
    outcomes = ", ".join(f"{number} {outcome}" for outcome, number in counted(record.verdicts))
    made, left_out = count(len(record.verdicts), "verdict"), count(len(record.not_run), "contrast")
    print(
        f"{shown(str(arguments.bundle))}: verified: {made} made again from {found.samples:,} samples and replies, "
        f"plan {record.plan_sha256}: {outcomes}; {left_out} not run; the run ended with {record.exit_status}"
    )
    return 0


def _diff(arguments: argparse.Namespace) -> int:
    from weirdgen.evidence.diff import asked_otherwise, read_run, rows

    old, new = read_run(arguments.old), read_run(arguments.new)
    found = rows(old, new)
    changed = [row for row in found if row.changed]
    for row in changed:
        print(shown(row.text, _SHOWN))
    for line in asked_otherwise(old, new):
        print(shown(f"asked otherwise: {line}", _SHOWN))
    print(f"{len(found) - len(changed)} contrasts with the same verdict, {len(changed)} with another one")
    return DIFFERENT if changed else 0
