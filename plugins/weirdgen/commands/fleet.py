"""`weirdgen fleet`: gate every model of a file, each in a process of its own, here or on a Ray cluster."""

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn
from urllib.parse import parse_qs, urlsplit

from weirdgen.commands.types import amount, positive
from weirdgen.errors import UsageMistake
from weirdgen.schema.text import shown, shown_block

if TYPE_CHECKING:
    from weirdgen.fleet.conduct import Order
    from weirdgen.fleet.crew import Crew

_STATUSES = (
    "What stands after -- goes to every gate, as pytest takes it: weirdgen fleet MODELS --jobs 4 -- --gate-budget=5. "
    "Exit status, as of one gate over all: the first of 12, 1, 11, 10 that a gate ended with; a gate without a verdict "
    "counts as 11, and one whose files do not bear out its status as 12; 0 if every gate passed; 2 after a mistake, "
    "with nothing gated; 130 if it was interrupted."
)
_AFTER = "--"


def add_command(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to a parser."""
    fleet = commands.add_parser("fleet", help="gate every model of a file, here or on a Ray cluster", epilog=_STATUSES)
    fleet.add_argument("models", type=Path, metavar="MODELS", help="file with one model a line (docs/fleet.md)")
    fleet.add_argument(
        "--suites", nargs="+", default=[], metavar="PATH|PROBE", help="what is run (default: all shipped suites)"
    )
    fleet.add_argument(
        "--address", metavar="ADDR", help="Ray cluster, or local for one on this machine (default: no Ray, processes)"
    )
    fleet.add_argument(
        "--jobs", type=positive, metavar="N", help="gates at the same time (default: CPUs of this machine or cluster)"
    )
    fleet.add_argument(
        "--gate-store", "--store", dest="store", default="", metavar="FILE|URL",
        help="sample store of all gates (default: as for one gate); of several machines a URL",
    )  # fmt: skip
    fleet.add_argument("--timeout", type=amount, metavar="SECONDS", help="that one gate may take (default: no limit)")
    fleet.add_argument(
        "--out", type=Path, metavar="DIR", help="folder for reports; new or empty (default reports/fleet-<UTC time>)"
    )
    fleet.set_defaults(run=_fleet)


def split_options(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the command's own words, and those after ``--``, which argparse takes apart by its own rules."""
    if list(words[:1]) != ["fleet"] or _AFTER not in words:
        return list(words), []
    at = list(words).index(_AFTER)
    return list(words[:at]), list(words[at + 1 :])


def _fleet(arguments: argparse.Namespace) -> int:
    from weirdgen.fleet.conduct import conduct
    from weirdgen.fleet.entries import EVIDENCE
    from weirdgen.fleet.gating import hand_on_interrupts
    from weirdgen.fleet.progress import Progress, summary_lines
    from weirdgen.fleet.written import write_fleet
    from weirdgen.reporting.numbers import count

    order = _order(arguments)
    crew = _crew(arguments, order)
    before = signal.signal(signal.SIGTERM, _as_ctrl_c)  # how CI and clusters cancel a job; after Ray set its own
    hand_on_interrupts()
    try:
        try:
            _make(order.out)
            _say(f"weirdgen fleet: {count(len(order.models), 'model')} on {crew.name}, up to {crew.at_once} at a time")
            record = conduct(order, crew, Progress(order.models, _say).tell)
        finally:
            crew.close()
        troubles, notes = write_fleet(record, order.out)
        if troubles:
            record = record.model_copy(update={"exit_status": EVIDENCE})
            write_fleet(record, order.out, {})
    finally:
        signal.signal(signal.SIGTERM, before)
    for line in summary_lines(record, order.out):
        _say(line)
    for line in (*troubles, *notes):
        print(f"weirdgen: {shown_block(line)}", file=sys.stderr)
    return record.exit_status


def _order(arguments: argparse.Namespace) -> "Order":
    from weirdgen.fleet.conduct import Order
    from weirdgen.fleet.models_file import read_models
    from weirdgen.fleet.suites import check_options, suite_arguments

    check_options(arguments.pytest_options)
    models = read_models(arguments.models)
    here = Path.cwd()
    return Order(
        file=str(arguments.models),
        models=models,
        suites=tuple(suite_arguments(arguments.suites, here)),
        options=tuple(arguments.pytest_options),
        out=_unused(arguments.out or Path("reports", f"fleet-{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}")),
        store=_store(arguments.store or _shared_store(arguments.address)),
        timeout=arguments.timeout,
        cwd=str(here),
    )


def _crew(arguments: argparse.Namespace, order: "Order") -> "Crew":
    if arguments.address is None:
        from weirdgen.fleet.crew import LocalCrew

        return LocalCrew(min(arguments.jobs or os.cpu_count() or 1, len(order.models)))
    from weirdgen.fleet.ray_crew import RayCrew

    return RayCrew(arguments.address, arguments.jobs, order.store)


def _shared_store(address: str | None) -> str:
    """Return the store that workers elsewhere are to be told: on this machine they have this environment themselves."""
    from weirdgen.fleet.ray_crew import LOCAL

    named = os.environ.get("WEIRDGEN_GATE_STORE", "") if address not in (None, LOCAL) else ""
    return named if "://" in named else ""


def _store(named: str) -> str:
    """Return the store that gates are told: a file by its whole path, since they run elsewhere."""
    if "://" not in named:
        return str(Path(named).resolve()) if named else ""
    url = urlsplit(named)
    if url.password is not None or any(name.endswith("password") for name in parse_qs(url.query)):
        raise UsageMistake(
            "--store, WEIRDGEN_GATE_STORE: the address holds a password, which process lists and Ray's dashboard would "
            "show; leave it out, and set PGPASSWORD or ~/.pgpass where the gates run"
        )
    return named


def _unused(path: Path) -> Path:
    """Refuse a folder with something in it: reports of two runs are never mixed."""
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise UsageMistake(f"--out {shown(str(path))}: is not an empty folder; reports of two runs are never mixed")
    return path


def _make(path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageMistake(f"--out {shown(str(path))}: {error.strerror or error}; name a folder to be made") from None


def _as_ctrl_c(number: int, frame: object) -> NoReturn:
    raise KeyboardInterrupt


def _say(line: str) -> None:
    print(line, flush=True)
