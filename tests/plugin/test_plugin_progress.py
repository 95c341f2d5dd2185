"""The live line: on a terminal it is seen while samples are drawn, elsewhere there is none."""

import os
import pty
import subprocess
import sys

import pytest
from gate_runs import RATE, GateCommand

LIVE = "trials decided"


def on_a_terminal(*arguments: str) -> str:
    """Run pytest with a terminal for its output; return what that was sent."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "pytest", *arguments, "-p", "no:cacheprovider"]
    with subprocess.Popen(command, stdout=theirs, stderr=theirs, stdin=subprocess.DEVNULL):
        os.close(theirs)
        sent = b""
        while True:
            try:
                part = os.read(ours, 65_536)
            except OSError:  # how Linux says that nobody writes any more
                break
            if not part:
                break
            sent += part
    os.close(ours)
    return sent.decode(errors="replace")


@pytest.mark.usefixtures("gate")
def test_it_is_seen_while_samples_are_drawn_and_in_no_report(pytester: pytest.Pytester) -> None:
    """pytest captures what is printed in a test's setup, where items wait: it showed up below their failures only."""
    sent = on_a_terminal(str(pytester.path), "--model", "organism:old-bird-names", "-k", RATE)
    assert LIVE in sent
    assert "FAILURES" in sent
    assert sent.rindex(LIVE) < sent.index("FAILURES")


def test_there_is_none_where_nobody_looks(gate: GateCommand) -> None:
    run = gate("--model", "organism:old-bird-names", "-k", RATE)
    assert LIVE not in run.said
