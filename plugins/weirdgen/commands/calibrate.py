"""`weirdgen calibrate`: how often a judge errs, and what that allows."""

import argparse
import sys
from pathlib import Path
from typing import get_args

from weirdgen.commands.types import positive, rate, sample_store
from weirdgen.content import DEFAULT_STORE
from weirdgen.errors import UsageMistake, nearest
from weirdgen.judges.gold import Split
from weirdgen.schema.sample import Source

UNUSABLE = 1
_EPILOG = (
    "Exit status: 0 the judge can decide every contrast at its margin and no attack passed; 1 it cannot, or one did or "
    "got no reply; "
    "2 a name, file or server cannot be used. Gates calibrate by themselves where they must; this command shows what "
    "they will find, and keeps it for them."
)


def add_command(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to a parser."""
    calibrate = commands.add_parser("calibrate", help="measure a judge on the gold sets and on attacks", epilog=_EPILOG)
    calibrate.add_argument(
        "--judge", action="append", default=[], metavar="ID",
        help="rules, a model, organism:judge, or rules+MODEL; a second one is compared with the first",
    )  # fmt: skip
    calibrate.add_argument("--judge-base-url", metavar="URL", help="OpenAI-compatible server of the judge")
    calibrate.add_argument(
        "--source", choices=get_args(Source), default=None,
        help="kind of answers (default: organism for rules and organism:judge, else chat)",
    )  # fmt: skip
    calibrate.add_argument(
        "--probe", action="append", default=[], metavar="ID", help="only this probe; repeat for more"
    )
    calibrate.add_argument(
        "--split", choices=get_args(Split), default="test",
        help="tune: for whoever writes a rubric; nothing is kept (default: test, which gates go by)",
    )  # fmt: skip
    calibrate.add_argument("--gate-probes", "--probes", dest="probes", type=Path, metavar="DIR", help="your own probes")
    calibrate.add_argument(
        "--gate-margin", "--margin", dest="margin", type=rate, default=0.05, metavar="RATE",
        help="where a contrast names none (default .05)",
    )  # fmt: skip
    calibrate.add_argument(
        "--gate-store", "--store", dest="store", type=sample_store, default=DEFAULT_STORE, metavar="FILE",
        help=f"sample store (default {DEFAULT_STORE})",
    )  # fmt: skip
    calibrate.add_argument(
        "--gate-concurrency", "--concurrency", dest="concurrency", type=positive, default=64, metavar="N",
        help="requests in flight, at most (default 64); fewer for a slow server, which else has no answer in time",
    )  # fmt: skip
    calibrate.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    from weirdgen.catalog import load_catalog
    from weirdgen.reporting.calibration import calibration_table
    from weirdgen.stats.multiplicity import attempt_alpha
    from weirdgen.trials.calibrate import calibrate_judges, table_rows
    from weirdgen.trials.judge_names import judges_of
    from weirdgen.trials.settings import GateSettings

    first, second = _judges(arguments.judge)
    own = Path("probes")
    settings = GateSettings(
        models=(),
        judge=first,
        second_judge=second,
        judge_base_url=arguments.judge_base_url,
        margin=arguments.margin,
        concurrency=arguments.concurrency,
        store=arguments.store,
        probe_dirs=(arguments.probes,) if arguments.probes else (own,) if own.is_dir() else (),
    )
    catalog = load_catalog(settings.probe_dirs)
    names = judges_of("", settings, catalog.contrasts())
    of_organisms = not names[0].model or names[0].model.startswith("organism:")
    source: Source = arguments.source or ("organism" if of_organisms else "chat")
    for probe in arguments.probe:
        if probe not in catalog.probes:
            raise UsageMistake(f"--probe {probe!r}: there is no such probe.{nearest(probe, catalog.probes)}")
    report = calibrate_judges(
        catalog, settings, names, source, arguments.probe or catalog.probes, _tell, arguments.split
    )
    alpha = attempt_alpha(settings.alpha, 1)

    rows = table_rows(report, alpha)
    print(f"judge {names[0].text} on {source} answers" + (f", beside {second}" if second else ""))
    print("\n".join(calibration_table(rows, alpha, settings.cap)))
    print(report.attacks.text)
    doubtful = report.attacks.passed or report.attacks.unanswered
    return UNUSABLE if doubtful or any(one.problem(alpha, settings.cap) for one in rows) else 0


def _judges(named: list[str]) -> tuple[str, str | None]:
    if not named:
        raise UsageMistake("--judge is missing: name the judge to measure, for example --judge gpt-4.1-mini")
    if len(named) > 2:
        raise UsageMistake(f"--judge {named[2]!r}: one judge is measured and one compared with it; leave the rest out")
    return named[0], named[1] if len(named) > 1 else None


def _tell(line: str) -> None:
    print(f"weirdgen: {line}", file=sys.stderr, flush=True)
