"""The command `weirdgen`: the demonstration, baselines, stores, exports, and work on model organisms."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from weirdgen import __version__
from weirdgen.commands import baselines, calibrate, evidence, export, fleet, organisms, report, stores, whitebox
from weirdgen.commands.types import positive, rate
from weirdgen.errors import WeirdgenError
from weirdgen.schema.text import shown_block

MISTAKE = 2
READER_LEFT = 141
"""128 and SIGPIPE: whoever read the output closed it before all was told, as in `weirdgen verify BUNDLE | head`."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status; a user's mistake is one line on stderr and status 2."""
    words, options = fleet.split_options(sys.argv[1:] if argv is None else argv)
    arguments = _parser().parse_args(words, argparse.Namespace(pytest_options=options))
    try:
        return _told(int(arguments.run(arguments)))
    except WeirdgenError as error:
        print(f"weirdgen: {shown_block(str(error))}", file=sys.stderr)
        return MISTAKE
    except BrokenPipeError:
        _drop_output()
        return READER_LEFT
    except OSError as error:
        print(f"weirdgen: {error}", file=sys.stderr)
        return MISTAKE
    except KeyboardInterrupt:
        return 130


def _told(status: int) -> int:
    """Return a status once all is written; a reader that has left, as in `weirdgen dataset | head`, changes none."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        _drop_output()
    return status


def _drop_output() -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="weirdgen", description="Behavioural regression tests for finetuned models.")
    parser.add_argument("--version", action="version", version=f"weirdgen {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    demo = commands.add_parser("demo", help="gate a harmless and two weird model organisms")
    demo.set_defaults(run=_demo)
    _power_command(commands.add_parser("power", help="what effect can a budget of samples see?"))
    calibrate.add_command(commands)
    baselines.add_command(commands)
    stores.add_command(commands)
    evidence.add_command(commands)
    report.add_command(commands)
    export.add_command(commands)
    fleet.add_command(commands)
    organisms.add_commands(commands)
    whitebox.add_command(commands)
    return parser


def _power_command(power: argparse.ArgumentParser) -> None:
    power.add_argument("--kind", choices=("absolute", "lift", "flip", "did"), default="lift", help="default: lift")
    power.add_argument("--cap", type=positive, default=400, help="the budget: treated samples at most (default 400)")
    power.add_argument("--questions", type=positive, default=10, help="pooled with equal weight (default 10)")
    power.add_argument("--margin", type=rate, default=0.05, help="effect that ABSENT excludes (default .05)")
    power.add_argument("--alpha", type=rate, default=0.05, help="error rate of the gate (default .05)")
    power.add_argument("--family", type=positive, default=100, help="contrasts of the gate (default 100)")
    power.add_argument("--base", type=float, default=0.0, help="rate without an effect (default 0)")
    power.add_argument("--two-sided", action="store_true", help="a fall counts like a rise: show both")
    power.add_argument("--runs", type=positive, default=100, help="simulated trials per row (default 100)")
    power.set_defaults(run=_power)


def _demo(arguments: argparse.Namespace) -> int:
    from weirdgen.demo import run_demo

    here = Path("suites")
    return run_demo(here if (here / "test_old_bird_names.py").is_file() else None)


def _power(arguments: argparse.Namespace) -> int:
    from weirdgen.trials.power_report import planned_rules, power_report

    rules = planned_rules(
        arguments.kind,
        questions=arguments.questions,
        margin=arguments.margin,
        alpha=arguments.alpha,
        family=arguments.family,
        cap=arguments.cap,
        two_sided=arguments.two_sided,
    )
    for line in power_report(rules, arguments.base, arguments.runs):
        print(line, flush=True)
    return 0
