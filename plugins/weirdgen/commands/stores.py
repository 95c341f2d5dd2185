"""`weirdgen store`: look into a sample store, move it, and make it smaller."""

import argparse
import sys
import time
from pathlib import Path

from weirdgen.commands.store_text import count_lines, inventory_lines
from weirdgen.commands.types import amount, sample_store
from weirdgen.content import DEFAULT_STORE
from weirdgen.errors import StoreError, UsageMistake
from weirdgen.schema.text import shown
from weirdgen.store.place import StorePlace, named, nothing_at

DAMAGED = 1
_DAY, _HOUR = 24 * 3600.0, 3600.0
_INFO = "Exit status: 0 sound; 1 damaged; 2 no such file, or no sample store of this version."
_PRUNE = (
    "Attempts, stop rules and accounts are never deleted: what was tried before counts, and what was spent is spent. A "
    "finetune whose samples are deleted is drawn anew as with --gate-fresh, as a new attempt."
)


def add_command(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to a parser."""
    parser = commands.add_parser("store", help="look into a sample store, move it, make it smaller")
    parts = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    info = parts.add_parser("info", help="tell what a store holds, and whether it is sound", epilog=_INFO)
    info.add_argument("file", nargs="?", type=sample_store, metavar="FILE", help=f"the store (default {DEFAULT_STORE})")
    info.set_defaults(run=_info)
    export = parts.add_parser("export", help="write a store, or a part of it, as a cassette (JSON Lines)")
    export.add_argument("--out", type=Path, required=True, metavar="CASSETTE", help="file to write; never overwritten")
    export.add_argument("--gate", metavar="TOKEN", default="", help="only this gate, with everybody it asked")
    export.add_argument("--model", action="append", default=[], metavar="NAME", help="only this model; repeat for more")
    export.set_defaults(run=_export)
    load = parts.add_parser("import", help="put a cassette into a store: all of it or nothing; what is there stays")
    load.add_argument("cassette", type=Path, metavar="CASSETTE")
    load.set_defaults(run=_import)
    prune = parts.add_parser("prune", help="delete samples", epilog=_PRUNE)
    prune.add_argument("--older-than", type=amount, metavar="DAYS", help="samples that arrived longer ago")
    prune.add_argument("--model", action="append", default=[], metavar="NAME", help="samples of this model")
    prune.add_argument("--generation", metavar="TOKEN", help="samples that this gate drew of models that may change")
    prune.add_argument(
        "--gate-max-age", type=amount, default=24.0, metavar="HOURS",
        help="age up to which an unfinished gate may be continued, and keeps its samples (default 24)",
    )  # fmt: skip
    prune.add_argument("--force", action="store_true", help="delete also what an unfinished gate may go on with")
    prune.add_argument("--dry-run", action="store_true", help="tell what would be deleted, and delete nothing")
    prune.set_defaults(run=_prune)
    for one in (info, export, load, prune):
        one.add_argument(
            "--gate-store",
            "--store",
            dest="store",
            type=sample_store,
            metavar="FILE",
            help=f"the store: a file (default {DEFAULT_STORE}) or postgresql://...",
        )


def _info(arguments: argparse.Namespace) -> int:
    from weirdgen.store.inventory import take_inventory

    if arguments.file is not None and arguments.store not in (None, arguments.file):
        raise UsageMistake(f"--gate-store {str(arguments.store)!r}: {str(arguments.file)!r} is named, too; name one")
    inventory = take_inventory(arguments.file or arguments.store or DEFAULT_STORE)
    print("\n".join(inventory_lines(inventory, time.time())))
    return 0 if inventory.sound else DAMAGED


def _export(arguments: argparse.Namespace) -> int:
    from weirdgen.store.database import Database
    from weirdgen.store.exporting import export

    if arguments.gate and arguments.model:
        raise UsageMistake("--gate and --model: name a gate or models, not both")
    database = Database(_there(arguments.store))
    try:
        header = export(database, arguments.out, gate=arguments.gate, models=arguments.model)
    finally:
        database.close()
    print(f"{shown(str(arguments.out))}: {header.records:,} records ({shown(header.what)})")
    return 0


def _import(arguments: argparse.Namespace) -> int:
    from weirdgen.store.cassette import read_cassette
    from weirdgen.store.database import Database
    from weirdgen.store.loading import load

    try:
        cassette = read_cassette(arguments.cassette)
    except UsageMistake as mistake:
        raise UsageMistake(f"{mistake}; nothing was imported") from None
    database = Database(arguments.store or DEFAULT_STORE)
    try:
        loaded = load(database, cassette.records())
    finally:
        database.close()
    print("\n".join(count_lines(loaded)))
    return 0


def _prune(arguments: argparse.Namespace) -> int:
    from weirdgen.store.database import Database
    from weirdgen.store.pruning import Choice, prune

    if arguments.older_than is None and not arguments.model and arguments.generation is None:
        raise UsageMistake("name what to delete: --older-than DAYS, --model NAME or --generation TOKEN")
    place, now = _there(arguments.store), time.time()
    before = None if arguments.older_than is None else now - arguments.older_than * _DAY
    database = Database(place)
    try:
        choice = Choice(before, tuple(arguments.model), arguments.generation)
        since = now - arguments.gate_max_age * _HOUR
        pruned = prune(database, choice, gates_since=since, force=arguments.force, dry_run=arguments.dry_run)
        size = after = database.size()
        if pruned.samples and not arguments.dry_run:
            try:
                database.shrink()
            except StoreError as error:
                print(f"weirdgen: deleted, but the store keeps its size: {error}", file=sys.stderr)
            after = database.size()
    finally:
        database.close()
    verb = "would delete" if arguments.dry_run else "deleted"
    print(f"{verb} {pruned.samples:,} samples, {pruned.bytes:,} bytes of requests and answers")
    if pruned.kept:
        print(f"kept {pruned.kept:,} that an unfinished gate may go on with (--force deletes them, too)")
    if not arguments.dry_run:
        print(f"{shown(str(place))}: {size:,} bytes before, {after:,} after")
    return 0


def _there(given: StorePlace | None) -> StorePlace:
    from weirdgen.store.database import is_there

    place = given or DEFAULT_STORE
    if not is_there(place):
        raise UsageMistake(f"{named(place)}: there is {nothing_at(place)}; name one with --gate-store")
    return place
