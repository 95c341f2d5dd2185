"""`weirdgen report --store`: the shards of a gate merged into one verdict, one JUnit file, one bundle."""

import argparse
import os
import sys
import time
from pathlib import Path

from weirdgen.errors import ShardsUnfit, UsageMistake
from weirdgen.plugin.provenance import environment_of_ci
from weirdgen.schema.shard import ci_run
from weirdgen.schema.text import shown_block
from weirdgen.store.place import StorePlace, nothing_at, place_of

INVALID = 11
VARIABLE = "WEIRDGEN_GATE_STORE"
_MERGED = (0, 1, 10, 11)
ABOUT = (
    "Without RUN_FOLDER it merges the shards of a gate (--gate-shard I/N) in the store that they share (--store, else "
    f"{VARIABLE}) into one record, JUnit file and bundle; run it where the same probes are. Its exit status is that "
    "of the gate: 0, 1, 10, 11 (also where a shard is missing or does not fit), 12."
)


def add_arguments(report: argparse.ArgumentParser) -> None:
    """Add what the merge takes to the parser of `weirdgen report`."""
    merge = report.add_argument_group("merging shards")
    merge.add_argument("--junitxml", type=Path, metavar="FILE", help="JUnit file (default junit.xml in the folder)")
    merge.add_argument(
        "--gate-report", dest="report", type=Path, metavar="DIR",
        help="the gate's report folder, new or empty (default reports/TIME-PLAN-merged)",
    )  # fmt: skip
    merge.add_argument("--gate-html", dest="html", action="store_true", help="write report.html into it")
    merge.add_argument("--gate-evidence", dest="evidence", action="store_true", help="write an evidence bundle into it")
    merge.add_argument("--gate-sarif", dest="sarif", type=Path, metavar="FILE", help="write SARIF 2.1.0")
    merge.add_argument("--gate-junit", dest="junit", choices=("full", "strict"), help="form of JUnit")
    merge.add_argument("--gate-probes", dest="probes", type=Path, metavar="DIR", help="folder with your own probes")
    merge.add_argument("--gate-baseline", dest="baseline", type=Path, metavar="FILE", help="it was gated against")
    merge.add_argument("--plan", default="", metavar="SHA256", help="of several gates the one with this plan")
    merge.add_argument(
        "--any-run", action="store_true", help="take shards that another run of CI left, or that were merged before"
    )


def merge(arguments: argparse.Namespace) -> int:
    """Merge the shards in a store, and return the gate's exit status."""
    import pytest

    import weirdgen.plugin
    from weirdgen.plugin.merging import Merge
    from weirdgen.store.store import SampleStore
    from weirdgen.trials.merge import chosen, left, opening_of

    if given := [f"--{name}" for name in ("out", "replay") if getattr(arguments, name)]:
        raise UsageMistake(f"{given[0]}: belongs to the page of a run; name the run's folder, or leave it out")
    place = _store(arguments)
    ours = "" if arguments.any_run else ci_run(environment_of_ci())
    try:
        with SampleStore(place) as store:
            gate = chosen(store, plan=arguments.plan, ci_run=ours, any_run=arguments.any_run)
            shards = left(store, gate, ours, any_run=arguments.any_run)
            opening = opening_of(store, gate)
    except ShardsUnfit as error:
        print(f"weirdgen: INVALID: {shown_block(str(error))}", file=sys.stderr)
        return INVALID
    print(f"weirdgen: merging {len(shards)} shards of plan {gate.cut.plan_sha256}", flush=True)
    os.environ.pop("PYTEST_ADDOPTS", None)  # meant for tests: --collect-only, in it, would end this with 0
    folder = arguments.report or Path("reports", f"{_now()}-{gate.cut.plan_sha256[:8]}-merged")
    merging = Merge(shards, opening, place)
    status = int(pytest.main(_session(arguments, folder.resolve()), plugins=[weirdgen.plugin, merging]))
    if status in _MERGED:
        with SampleStore(place) as store:
            store.note_merge(gate.cut)
    return status


def _store(arguments: argparse.Namespace) -> StorePlace:
    """Return the store whose shards are to be merged; an address with a password is better kept in the variable."""
    from weirdgen.store.database import is_there

    named, variable = arguments.store, os.environ.get(VARIABLE)
    place: StorePlace | None = named or (place_of(variable) if variable else None)
    if place is None:
        raise UsageMistake(
            f"name a run's folder for its page, or with --store or {VARIABLE} the store whose shards are to be merged"
        )
    if not is_there(place):
        raise UsageMistake(f"{'--store' if named else VARIABLE} {str(place)!r}: there is {nothing_at(place)}")
    return place


def _now() -> str:
    return time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())


def _session(arguments: argparse.Namespace, folder: Path) -> list[str]:
    """Return the arguments of the session: the repository's configuration holds, but for the options it adds."""
    named = {
        "--junitxml": arguments.junitxml or folder / "junit.xml",
        "--gate-report": folder,
        "--gate-sarif": arguments.sarif,
        "--gate-probes": arguments.probes,
        "--gate-baseline": arguments.baseline,
    }
    given = [f"{option}={path.resolve()}" for option, path in named.items() if path is not None]
    given += [] if arguments.junit is None else [f"--gate-junit={arguments.junit}"]
    given += [f"--gate-{name}" for name in ("html", "evidence") if getattr(arguments, name)]
    return ["--noconftest", "-p", "no:cacheprovider", "-o", "addopts=", "--no-header", *given]


def refuse_arguments(arguments: argparse.Namespace) -> None:
    """Refuse what belongs to a merge beside the folder of a run.

    Raises:
        UsageMistake: there is some.
    """
    names = ("junitxml", "report", "html", "evidence", "sarif", "junit", "probes", "baseline", "plan", "any_run")
    if given := [name for name in names if getattr(arguments, name)]:
        option = "--" + given[0].replace("_", "-")
        raise UsageMistake(f"{option}: belongs to the merge of shards; leave it out, or leave out the run's folder")
