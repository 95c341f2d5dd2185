"""`weirdgen report`: the page of a run that was made without one."""

import argparse
import sys
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

from weirdgen.commands import merge as merging
from weirdgen.commands.types import sample_store
from weirdgen.content import DEFAULT_STORE
from weirdgen.errors import UsageMistake
from weirdgen.schema.run import RunRecord
from weirdgen.schema.sample import Sample
from weirdgen.schema.text import shown
from weirdgen.store.place import nothing_at


def add_command(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to a parser."""
    report = commands.add_parser(
        "report",
        help="make the page of a run, or merge the shards of a gate",
        epilog=f"{merging.ABOUT} A page needs pip install 'pytest-weirdgen[report]'.",
    )
    report.add_argument(
        "folder", type=Path, nargs="?", metavar="RUN_FOLDER", help="a run's report folder, or its run.json"
    )
    where = report.add_mutually_exclusive_group()
    where.add_argument(
        "--gate-store", "--store", dest="store", type=sample_store, metavar="FILE",
        help=f"sample store with the answers' texts (default {DEFAULT_STORE}, if it is there)",
    )  # fmt: skip
    where.add_argument(
        "--gate-replay", "--replay", dest="replay", type=Path, metavar="CASSETTE", help="cassette with the texts"
    )
    report.add_argument("--out", type=Path, metavar="FILE", help="file to write (default report.html in the folder)")
    merging.add_arguments(report)
    report.set_defaults(run=_report)


def _report(arguments: argparse.Namespace) -> int:
    if arguments.folder is None:
        return merging.merge(arguments)
    merging.refuse_arguments(arguments)
    from weirdgen.pages.report import NAME, write_report
    from weirdgen.reporting.record import read_record

    path = arguments.folder / "run.json" if arguments.folder.is_dir() else arguments.folder
    if not path.is_file():
        raise UsageMistake(f"{str(arguments.folder)!r}: no run record is there; name a folder with a run.json")
    record = read_record(path)
    out = arguments.out or path.with_name(NAME)
    size = write_report(record, _source(arguments, record), out)
    print(f"{shown(str(out))}: {size:,} bytes")
    return 0


def _source(arguments: argparse.Namespace, record: RunRecord) -> Callable[[Collection[str]], Mapping[str, Sample]]:
    """Return where texts come from: what is named, else the cassette of a replay, else the usual store."""
    from weirdgen.pages.texts import recorded, stored
    from weirdgen.store.database import is_there

    for given, option in ((arguments.store, "--gate-store"), (arguments.replay, "--gate-replay")):
        if given is not None and not is_there(given):
            raise UsageMistake(f"{option} {str(given)!r}: there is {nothing_at(given)}")
    cassette = arguments.replay
    if cassette is None and arguments.store is None and record.replay is not None:
        cassette = Path(record.replay.file)
    if cassette is not None and cassette.is_file():
        return lambda keys: recorded(cassette, keys)
    place = arguments.store or DEFAULT_STORE
    if is_there(place):
        return lambda keys: stored(place, keys)
    print(f"weirdgen: {str(place)!r} is not there: the page has no answers; see --gate-store", file=sys.stderr)
    return lambda keys: {}
