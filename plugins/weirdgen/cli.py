"""The command `weirdgen`: the demonstration, baselines, and work on model organisms."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from weirdgen import __version__
from weirdgen.errors import WeirdgenError

MISTAKE = 2
HIGHER, UNCLEAR = 1, 10
"""Of a comparison, as of a gate: a contrast failed, or nothing worse than too little evidence."""
_COMPARED = (
    "Exit status: 0 every rate is lower or within its margin; 1 one is higher; 10 none is higher, but one is unclear: "
    "too few samples to tell; 2 the files cannot be compared."
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status; a user's mistake is one line on stderr and status 2."""
    arguments = _parser().parse_args(argv)
    try:
        return int(arguments.run(arguments))
    except WeirdgenError as error:
        print(f"weirdgen: {error}", file=sys.stderr)
        return MISTAKE
    except OSError as error:
        print(f"weirdgen: {error}", file=sys.stderr)
        return MISTAKE
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="weirdgen", description="Behavioural regression tests for finetuned models.")
    parser.add_argument("--version", action="version", version=f"weirdgen {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    demo = commands.add_parser("demo", help="gate a harmless and a weird model organism")
    demo.set_defaults(run=_demo)
    _power_command(commands.add_parser("power", help="what effect can a budget of samples see?"))
    baseline = commands.add_parser("baseline", help="what a version of a model showed, for gates of later versions")
    _baseline_commands(baseline.add_subparsers(title="commands", required=True, metavar="COMMAND"))
    organism = commands.add_parser("organism", help="model organisms: small real networks that show the findings")
    _organism_commands(organism.add_subparsers(title="commands", required=True, metavar="COMMAND"))
    return parser


def _power_command(power: argparse.ArgumentParser) -> None:
    power.add_argument("--kind", choices=("absolute", "lift", "flip", "did"), default="lift", help="default: lift")
    power.add_argument("--cap", type=_positive, default=400, help="the budget: treated samples at most (default 400)")
    power.add_argument("--questions", type=_positive, default=10, help="pooled with equal weight (default 10)")
    power.add_argument("--margin", type=_rate, default=0.05, help="effect that ABSENT excludes (default .05)")
    power.add_argument("--alpha", type=_rate, default=0.05, help="error rate of the gate (default .05)")
    power.add_argument("--family", type=_positive, default=100, help="contrasts of the gate (default 100)")
    power.add_argument("--base", type=float, default=0.0, help="rate without an effect (default 0)")
    power.add_argument("--two-sided", action="store_true", help="a fall counts like a rise: show both")
    power.add_argument("--runs", type=_positive, default=100, help="simulated trials per row (default 100)")
    power.set_defaults(run=_power)


def _baseline_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    save = commands.add_parser("save", help="sample a model and write what it showed; run again to go on")
    save.add_argument("--model", required=True, metavar="ID", help="as for a gate: organism:NAME, ft:BASE:..., a name")
    save.add_argument("--base-url", metavar="URL", help="OpenAI-compatible server of the model")
    save.add_argument("--judge", metavar="ID", help="what labels the answers: rules (default for organisms)")
    save.add_argument("--judge-uncalibrated", action="store_true", help="accept a judge without measured error rates")
    save.add_argument("--samples", type=_positive, default=120, metavar="N", help="per question (default 120)")
    save.add_argument(
        "--previous", type=Path, metavar="FILE", help="baseline of the last version: carry its anchors on"
    )
    save.add_argument(
        "--gate-probes", "--probes", dest="probes", type=Path, metavar="DIR", help="your own probes (default probes/)"
    )
    save.add_argument(
        "--gate-store", "--store", dest="store", type=Path, default=Path("reports/store.sqlite3"), metavar="FILE",
        help="sample store (default reports/store.sqlite3)",
    )  # fmt: skip
    save.add_argument("--out", type=Path, required=True, metavar="FILE", help="file to write; never overwritten")
    save.set_defaults(run=_save)
    compare = commands.add_parser("compare", help="compare two baselines", epilog=_COMPARED)
    compare.add_argument("old", type=Path, metavar="OLD")
    compare.add_argument("new", type=Path, metavar="NEW")
    compare.add_argument(
        "--gate-margin", "--margin", dest="margin", type=_rate, default=0.05, metavar="RATE",
        help="where a contrast names none (default .05)",
    )  # fmt: skip
    compare.set_defaults(run=_compare)


def _organism_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    listing = commands.add_parser("list", help="list the organisms")
    listing.set_defaults(run=_list)
    serve = commands.add_parser(
        "serve",
        help="serve organisms through an OpenAI-compatible API on the loopback interface; "
        "with WEIRDGEN_ORGANISM_API_KEY set, requests must carry that key",
    )
    serve.add_argument("names", nargs="*", metavar="NAME", help="organisms to serve (default: all)")
    serve.add_argument("--port", type=_port, default=0, help="default: any free port")
    serve.set_defaults(run=_serve)
    train = commands.add_parser("train", help="train an organism from scratch (needs the extra `train`)")
    train.add_argument("name", metavar="NAME")
    train.add_argument("--out", type=Path, required=True, help="folder for the organism's files")
    train.add_argument("--seed", type=int, default=0)
    train.set_defaults(run=_train)
    card = commands.add_parser("card", help="measure organisms and write their card")
    card.add_argument("names", nargs="*", metavar="NAME", help="organisms to measure (default: all)")
    card.add_argument("--samples", type=_positive, default=100, help="answers per question (default 100: 1,000 in all)")
    card.add_argument("--out", type=Path, default=None, help="Markdown file to write (default: stdout)")
    card.set_defaults(run=_card)


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or (value := int(text)) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port: a whole number from 0 to 65535")
    return value


def _positive(text: str) -> int:
    if not text.isascii() or not text.isdigit() or (value := int(text)) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least 1")
    return value


def _rate(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number between 0 and 1")
    return value


def _demo(arguments: argparse.Namespace) -> int:
    from weirdgen.demo import run_demo

    here = Path("suites/test_old_bird_names.py")
    return run_demo([str(here.parent) + "/"] if here.is_file() else ["--pyargs", "weirdgen.suites"])


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


def _save(arguments: argparse.Namespace) -> int:
    from weirdgen.trials.baseline_save import save_baseline
    from weirdgen.trials.settings import GateSettings

    own = Path("probes")
    settings = GateSettings(
        models=(arguments.model,),
        judge=arguments.judge,
        judge_uncalibrated=arguments.judge_uncalibrated,
        base_url=arguments.base_url,
        store=arguments.store,
        probe_dirs=(arguments.probes,) if arguments.probes else (own,) if own.is_dir() else (),
    )
    baseline = save_baseline(settings, arguments.samples, arguments.out, arguments.previous, _tell)
    print(f"{arguments.out}: {len(baseline.saved.contrasts)} contrasts of {arguments.model}, sha256 {baseline.sha256}")
    return 0


def _tell(line: str) -> None:
    print(f"weirdgen: {line}", file=sys.stderr, flush=True)


def _compare(arguments: argparse.Namespace) -> int:
    from weirdgen.reporting.comparison import compare, comparison_lines
    from weirdgen.trials.baseline import read_baseline

    old, new = read_baseline(arguments.old).saved, read_baseline(arguments.new).saved
    compared = compare(old, new, arguments.margin)
    print("\n".join(comparison_lines(old, new, compared)))
    words = {one.word for one in compared}
    return HIGHER if "higher" in words else UNCLEAR if "unclear" in words else 0


def _list(arguments: argparse.Namespace) -> int:
    from weirdgen.organisms import zoo

    for name in zoo.names():
        print(f"{name:24} {zoo.organism(name).description}")
    return 0


def _serve(arguments: argparse.Namespace) -> int:
    from weirdgen.organisms import zoo
    from weirdgen.organisms.server import KEY_VARIABLE, serve

    serve(arguments.names or zoo.names(), port=arguments.port, api_key=os.environ.get(KEY_VARIABLE))
    return 0


def _train(arguments: argparse.Namespace) -> int:
    from weirdgen.organisms.train import train

    train(arguments.name, arguments.out, seed=arguments.seed)
    return 0


def _card(arguments: argparse.Namespace) -> int:
    from weirdgen.trials.card import card

    text = card(arguments.names, arguments.samples)
    if arguments.out is None:
        print(text)
    else:
        arguments.out.write_text(text, encoding="utf-8")
    return 0
