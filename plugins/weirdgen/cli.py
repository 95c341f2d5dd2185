"""The command `weirdgen`: the demonstration, and work on model organisms."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from weirdgen import __version__
from weirdgen.errors import WeirdgenError

MISTAKE = 2


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
    organism = commands.add_parser("organism", help="model organisms: small real networks that show the findings")
    _organism_commands(organism.add_subparsers(title="commands", required=True, metavar="COMMAND"))
    return parser


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


def _demo(arguments: argparse.Namespace) -> int:
    from weirdgen.demo import run_demo

    here = Path("suites/test_old_bird_names.py")
    return run_demo([str(here.parent) + "/"] if here.is_file() else ["--pyargs", "weirdgen.suites"])


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
