"""What the gates of a fleet run: the shipped suites, those of probes, or files of the user's."""

from collections.abc import Sequence
from pathlib import Path

from weirdgen.errors import UsageMistake, nearest

PYARGS = "--pyargs"
PACKAGE = "weirdgen.suites"
_INSTALLED = Path(__file__).resolve().parents[1] / "suites"
_TAKEN = {
    "--model": "models stand in the file",
    "--model-group": "models stand in the file; gate a group with pytest",
    "--gate-store": "say --store",
    "--gate-report": "each gate has a folder of its own, see --out",
    "--gate-sarif": "every gate would write the same file",
    "--gate-shard": "a fleet has whole gates; its gates are its parts",
    "--gate-plan": "a plan is no verdict; price one model with pytest --gate-plan",
    "--junitxml": "each gate writes one, and the fleet one of all",
    "--junit-xml": "each gate writes one, and the fleet one of all",
    "--collect-only": "a fleet gates",
    "--co": "a fleet gates",
}


def suite_arguments(named: Sequence[str], here: Path) -> list[str]:
    """Return what pytest is told to run.

    Args:
        named: files or folders of tests, or probes with a shipped suite; empty: all shipped suites.
        here: folder in which files are looked for; of a checkout its suites are run, else those of the package, which
            lie where every worker's own pytest finds them.

    Raises:
        UsageMistake: something is neither.
    """
    checkout = here / "suites"
    ours = checkout if (checkout / "__init__.py").is_file() else None
    probes = [path.stem.removeprefix("test_") for path in sorted((ours or _INSTALLED).glob("test_*.py"))]
    found = []
    for name in named:
        if (here / name).exists():
            found.append(str((here / name).resolve()))
        elif name in probes:
            found.append(str(ours / f"test_{name}.py") if ours else f"{PACKAGE}.test_{name}")
        else:
            raise UsageMistake(f"--suites {name!r}: no such file, and no probe with a suite.{nearest(name, probes)}")
    everything = [str(ours) if ours else PACKAGE]
    return [*([] if ours else [PYARGS]), *(found or everything)]


def check_options(options: Sequence[str]) -> None:
    """Refuse options that are the fleet's own.

    Raises:
        UsageMistake: one of them is given.
    """
    for option in options:
        word = option.partition("=")[0]
        if why := _TAKEN.get(word):
            raise UsageMistake(f"{word} after --: {why}")
