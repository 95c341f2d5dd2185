"""Benchmarks keep their promise: one line per target, the sum last, exit status 1 if any is short."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


def run(script: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, str(BENCHMARKS / script), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_error_rates_over_200_simulated_gates_stay_within_alpha() -> None:
    done = run("bench_error_rates.py", "--gates", "200")
    print(done.stdout)
    last = re.fullmatch(r"targets met: (\d+) of (\d+)", done.stdout.splitlines()[-1])
    assert last is not None, done.stderr
    assert last[1] == last[2], done.stdout
    assert done.returncode == 0


def test_a_short_target_is_said_and_fails(tmp_path: Path) -> None:
    script = tmp_path / "short.py"
    script.write_text(
        f"import sys; sys.path.insert(0, {str(BENCHMARKS)!r})\n"
        "from targets import Target, report\n"
        "sys.exit(report([Target('fast', 3.0, 2.0, False), Target('slow', 3.0, 2.0, True)]))\n",
        encoding="utf-8",
    )
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stdout.splitlines() == [
        "fast: 3, target >= 2, met",
        "slow: 3, target <= 2, short",
        "targets met: 1 of 2",
    ]
