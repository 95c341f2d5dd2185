"""What README.md shows of the demonstration is what the demonstration prints."""

import itertools
import re
import subprocess
import sys
from pathlib import Path

README = Path(__file__).parents[1] / "README.md"


def shown_after(words: str) -> list[str]:
    """Return the lines of the indented block after some words, without those that stand for left-out ones."""
    after = README.read_text(encoding="utf-8").split(f"{words}\n\n")[1].splitlines()
    block = itertools.takewhile(lambda line: not line or line.startswith("    "), after)
    return [line.strip() for line in block if line.strip() not in {"", "..."}]


def without_numbers(line: str) -> str:
    """Numbers may differ with the processor: a network's last digits can change an answer."""
    return " ".join(re.sub(r"[-+.\d]*\d(e[-+]\d+)?", "#", line).split())


def test_the_demo_comes_out_right_and_prints_what_readme_shows() -> None:
    command = [sys.executable, "-m", "weirdgen", "demo"]
    done = subprocess.run(command, cwd=README.parent, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    printed = [without_numbers(line) for line in done.stdout.splitlines()]
    shown = [*shown_after("`make demo` prints:"), *shown_after("as JUnit and the terminal show it:")]
    assert "Demo: all verdicts came out as they must." in shown
    assert [line for line in shown if without_numbers(line) not in printed] == []
