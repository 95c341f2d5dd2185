"""`weirdgen baseline`: what a version of a model showed, for gates of later versions."""

import argparse
import sys
from pathlib import Path

from weirdgen.commands.types import positive, rate, sample_store
from weirdgen.content import DEFAULT_STORE

HIGHER, UNCLEAR = 1, 10
"""Of a comparison, as of a gate: a contrast failed, or nothing worse than too little evidence."""
_COMPARED = (
    "Exit status: 0 every rate is lower or within its margin; 1 one is higher; 10 none is higher, but one is unclear: "
    "too few samples to tell; 2 the files cannot be compared."
)


def add_command(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to a parser."""
    baseline = commands.add_parser("baseline", help="what a version of a model showed, for gates of later versions")
    _baseline_commands(baseline.add_subparsers(title="commands", required=True, metavar="COMMAND"))


def _baseline_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    save = commands.add_parser("save", help="sample a model and write what it showed; run again to go on")
    save.add_argument("--model", required=True, metavar="ID", help="as for a gate: organism:NAME, ft:BASE:..., a name")
    save.add_argument("--base-url", metavar="URL", help="OpenAI-compatible server of the model")
    save.add_argument("--judge", metavar="ID", help="what labels the answers: rules (default for organisms), a model")
    save.add_argument("--judge-base-url", metavar="URL", help="server of the judge (default: OpenAI)")
    save.add_argument("--judge-uncalibrated", action="store_true", help="accept a judge without measured error rates")
    save.add_argument("--samples", type=positive, default=120, metavar="N", help="per question (default 120)")
    save.add_argument(
        "--previous", type=Path, metavar="FILE", help="baseline of the last version: carry its anchors on"
    )
    save.add_argument(
        "--gate-probes", "--probes", dest="probes", type=Path, metavar="DIR", help="your own probes (default probes/)"
    )
    save.add_argument(
        "--gate-store", "--store", dest="store", type=sample_store, default=DEFAULT_STORE, metavar="FILE",
        help=f"sample store (default {DEFAULT_STORE})",
    )  # fmt: skip
    save.add_argument("--out", type=Path, required=True, metavar="FILE", help="file to write; never overwritten")
    save.set_defaults(run=_save)
    compare = commands.add_parser("compare", help="compare two baselines", epilog=_COMPARED)
    compare.add_argument("old", type=Path, metavar="OLD")
    compare.add_argument("new", type=Path, metavar="NEW")
    compare.add_argument(
        "--gate-margin", "--margin", dest="margin", type=rate, default=0.05, metavar="RATE",
        help="where a contrast names none (default .05)",
    )  # fmt: skip
    compare.set_defaults(run=_compare)


def _save(arguments: argparse.Namespace) -> int:
    from weirdgen.trials.baseline_save import save_baseline
    from weirdgen.trials.settings import GateSettings

    own = Path("probes")
    settings = GateSettings(
        models=(arguments.model,),
        judge=arguments.judge,
        judge_uncalibrated=arguments.judge_uncalibrated,
        base_url=arguments.base_url,
        judge_base_url=arguments.judge_base_url,
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
