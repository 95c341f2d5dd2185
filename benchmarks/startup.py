"""What it costs to collect the suites, beside bare pytest on as many trivial tests, and that no network is used for it.

Runs alternate; of each the quickest counts, since whatever else runs on the machine only adds. One run of either kind
goes before them, in which Python writes byte code.
"""

import argparse
import os
import platform
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from offline import USED
from targets import Target, report

ROOT = Path(__file__).parents[1]
MODELS = {
    "an organism": ("--model", "organism:base"),
    "a finetune": ("--model", "ft:gpt-4.1-2025-04-14:org::id"),
    "an endpoint": ("--model", "m", "--base-url", "http://127.0.0.1:9/v1", "--control", "base", "--judge", "j"),
}
TIMES, MORE_SECONDS = 1.5, 0.5
# Some containers forbid byte code: each run would compile every module anew, and pytest rewrite plugins once more, of
# which users' machines do neither. Taken away from both sides.
NO_BYTE_CODE = "PYTHONDONTWRITEBYTECODE"


def timed(command: Sequence[str], folder: Path) -> tuple[float, str]:
    """Run pytest's collection; return seconds and what it printed.

    Raises:
        SystemExit: it failed.
    """
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.upper().endswith("_PROXY") and name != NO_BYTE_CODE
    }
    started = time.perf_counter()
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, env=environment)
    seconds = time.perf_counter() - started
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}: exit status {done.returncode}\n{done.stdout[-1_000:]}{done.stderr}")
    return seconds, done.stdout


def collect(*options: str) -> list[str]:
    """Return the command that collects without running."""
    return [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", *options]


def trivial(folder: Path, tests: int) -> None:
    """Write a file of tests that do nothing, in a project of its own."""
    (folder / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    body = "".join(f"def test_{number}():\n    pass\n\n\n" for number in range(tests))
    (folder / "test_trivial.py").write_text(body, encoding="utf-8")


def used_network(options: Sequence[str]) -> bool:
    """Whether importing the plugin and collecting the suites for a model uses the network."""
    command = [sys.executable, str(Path(__file__).with_name("offline.py")), "--collect-only", "-q", "suites/", *options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode not in (0, USED):
        raise SystemExit(f"{' '.join(command)}: exit status {done.returncode}\n{done.stdout[-1_000:]}{done.stderr}")
    return done.returncode == USED


def main() -> int:
    """Measure everything and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    _, listed = timed(collect("suites/", *MODELS["an organism"]), ROOT)
    tests = len(re.findall(r"^suites/.*::", listed, re.MULTILINE))
    print(f"{tests} tests, best of {rounds}; Python {platform.python_version()}, {os.cpu_count()} cores")
    bare, own = [], {name: list[float]() for name in MODELS}
    with tempfile.TemporaryDirectory() as folder:
        trivial(Path(folder), tests)
        timed(collect("-p", "no:weirdgen.plugin"), Path(folder))
        for _ in range(rounds):
            bare.append(timed(collect("-p", "no:weirdgen.plugin"), Path(folder))[0])
            for name, options in MODELS.items():
                own[name].append(timed(collect("suites/", *options), ROOT)[0])
    allowed = TIMES * min(bare) + MORE_SECONDS
    print(f"bare pytest: {min(bare):.2f} s; allowed: {TIMES} times that and {MORE_SECONDS} s: {allowed:.2f} s")
    print("".join(f"{name}: {min(own[name]):.2f} s\n" for name in MODELS), end="")
    targets = [
        Target(f"collect the suites for {name}, of what is allowed", min(own[name]) / allowed, 1, True)
        for name in MODELS
    ]
    calls = sum(used_network(options) for options in MODELS.values())
    return report([*targets, Target("models for which import or collection use the network", calls, 0, True)])


if __name__ == "__main__":
    sys.exit(main())
