"""`weirdgen export`: a finished run in formats of others."""

import argparse
import re
from collections.abc import Iterator
from pathlib import Path

from weirdgen.commands.types import sample_store
from weirdgen.content import DEFAULT_STORE
from weirdgen.errors import UsageMistake
from weirdgen.schema.run import RunRecord
from weirdgen.schema.text import shown
from weirdgen.store.place import StorePlace

_EPILOG = (
    "A log of Inspect holds every answer that the verdicts rest on, with what was asked and what it was judged: "
    "treat it as you treat the store. A run that was replayed has its samples in its cassette (--gate-store CASSETTE)."
)


def add_command(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to a parser."""
    export = commands.add_parser("export", help="write a run for Inspect's viewer, or as SARIF", epilog=_EPILOG)
    export.add_argument("run_folder", type=Path, metavar="RUN_FOLDER", help="report folder of the run, or its run.json")
    export.add_argument(
        "--inspect", type=Path, metavar="OUT",
        help="OUT.eval for a run of one model, else a folder that gets one log per model; no file is overwritten",
    )  # fmt: skip
    export.add_argument("--sarif", type=Path, metavar="OUT", help="the contrasts that do not pass as SARIF 2.1.0")
    export.add_argument(
        "--gate-store", "--store", dest="store", type=sample_store, default=DEFAULT_STORE, metavar="FILE",
        help=f"sample store or cassette with the run's samples, for --inspect (default {DEFAULT_STORE})",
    )  # fmt: skip
    export.set_defaults(run=_export)


def _export(arguments: argparse.Namespace) -> int:
    from weirdgen.reporting.record import read_record

    if arguments.inspect is None and arguments.sarif is None:
        raise UsageMistake("name what to write: --inspect OUT.eval or --sarif OUT")
    folder: Path = arguments.run_folder
    record = read_record(folder / "run.json" if folder.is_dir() else folder)
    if arguments.sarif is not None:
        _write_sarif(record, arguments.sarif)
    if arguments.inspect is not None:
        _write_inspect(record, arguments.inspect, arguments.store)
    return 0


def _write_sarif(record: RunRecord, path: Path) -> None:
    from weirdgen.reporting.files import write_whole
    from weirdgen.reporting.sarif import sarif

    write_whole(path, sarif(record), "the SARIF file")
    print(shown(str(path)))


def _write_inspect(record: RunRecord, out: Path, store: StorePlace) -> None:
    from weirdgen.reporting.files import write_whole
    from weirdgen.reporting.inspect_log import answers_of, eval_log
    from weirdgen.store.lookup import look_up

    files = dict(_files(record, out))
    if there := [path for path in files.values() if path.exists()]:
        raise UsageMistake(f"--inspect {str(there[0])!r}: is there already; name another one")
    keys = {judged.key: None for model in files for *_, judged in answers_of(record, model)}
    drawn = look_up(store, keys)
    if missing := [key for key in keys if key not in drawn]:
        raise UsageMistake(
            f"samples {str(store)!r}: {len(missing):,} of the run's {len(keys):,} samples are not there, the first is "
            f"{missing[0]}; name the store or the cassette of that run with --gate-store"
        )
    for model, path in files.items():
        write_whole(path, eval_log(record, model, drawn), "the log")
        print(f"{shown(str(path))}: {len(answers_of(record, model)):,} samples of {shown(model)}")


def _files(record: RunRecord, out: Path) -> Iterator[tuple[str, Path]]:
    """Yield where the log of each model goes."""
    from weirdgen.reporting.inspect_log import gated_models

    models = gated_models(record)
    if not models:
        raise UsageMistake("the run has no verdict: there is nothing to write")
    if out.suffix == ".eval":
        if len(models) > 1:
            raise UsageMistake(
                f"--inspect {str(out)!r}: the run is of {len(models)} models; name a folder for one log each"
            )
        yield models[0], out
        return
    for number, model in enumerate(models, 1):
        slug = re.sub(r"[^A-Za-z0-9.]+", "-", model).strip("-.")[:60]
        yield model, out / f"{record.started_at[:19].replace(':', '-')}_weirdgen-{slug}_{number}.eval"
