"""One gate of a fleet: pytest in a process of its own, on whatever machine this runs."""

import contextlib
import io
import os
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Literal

from weirdgen import __version__

REPORT, JUNIT, OUTPUT = "report", "junit.xml", "output.txt"
"""What lies in a gate's folder."""
GRACE = 60.0
"""Seconds that an interrupted gate has to write its record."""
_LOOK = 0.2
Ended = Literal["itself", "timeout", "stopped"]


class Halt(IntEnum):
    """What a fleet tells its gates."""

    GO_ON = 0
    INTERRUPT = 1
    """As Ctrl-C does: what was measured is kept."""
    KILL = 2


@dataclass(frozen=True, slots=True)
class Job:
    """What a worker needs to know of a gate. Nothing in it is secret: keys are in the worker's own environment."""

    arguments: tuple[str, ...]
    """Of pytest, but for what names the gate's own files."""
    store: str = ""
    """Sample store; empty: as the worker's settings have it."""
    timeout: float | None = None
    """Seconds; None: as long as it takes."""
    cwd: str = "."
    """Folder in which pytest is started, where it is there."""
    program: tuple[str, ...] = ("-m", "pytest")
    """What Python runs."""
    weirdgen: str = __version__
    """Version of the fleet, which that of the worker must be."""


@dataclass(frozen=True, slots=True)
class Done:
    """How the process of a gate ended."""

    status: int
    """Negative: the signal that killed it."""
    ended: Ended
    seconds: float
    archive: bytes = b""
    """The gate's folder as a ZIP file, from a worker that may be on another machine."""


def run_gate(job: Job, folder: Path, halt: Callable[[], Halt]) -> Done:
    """Run a gate to its end.

    Args:
        job: the gate.
        folder: its own; made here, and left with its report, its JUnit file and what it printed.
        halt: what the fleet says now; asked some times a second.

    Raises:
        OSError: the process cannot be started, or the folder not be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    folder = folder.resolve()
    own = [f"--gate-report={folder / REPORT}", f"--junitxml={folder / JUNIT}"]
    cwd = Path(job.cwd)
    started = time.monotonic()
    with (folder / OUTPUT).open("wb") as output:
        with _interruptible():
            # A session of its own: Ctrl-C at a terminal would reach it beside the fleet, which tells it by itself.
            process = subprocess.Popen(
                [sys.executable, *job.program, *job.arguments, *own],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=cwd if cwd.is_dir() else folder,
                env=_environment(job),
                start_new_session=True,
            )
        try:
            ended = _waited(process, job.timeout, halt)
        finally:
            _kill(process)
    return Done(process.returncode, ended, time.monotonic() - started)


def hand_on_interrupts() -> None:
    """See to it that gates hear SIGINT: a process that ignores it, as in a shell's background, hands that on to them.

    On the main thread, before a gate is started. The process itself ignores it as before.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, lambda number, frame: None)


@contextlib.contextmanager
def _interruptible() -> Iterator[None]:
    """Start inside what is to hear SIGINT: Ray's workers block it, and whom they start would, too."""
    before = signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _environment(job: Job) -> dict[str, str]:
    """Return the worker's own environment; the summary of a GitHub job is the fleet's to write."""
    kept = {name: value for name, value in os.environ.items() if name != "GITHUB_STEP_SUMMARY"}
    return kept | ({"WEIRDGEN_GATE_STORE": job.store} if job.store else {})


def _waited(process: "subprocess.Popen[bytes]", timeout: float | None, halt: Callable[[], Halt]) -> Ended:
    """Wait for a process; interrupt it when its time is over or the fleet says so, and kill it if that is in vain."""
    ended: Ended = "itself"
    late = time.monotonic() + timeout if timeout is not None else None
    killed_at: float | None = None
    while True:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_LOOK)
            return ended
        now, told = time.monotonic(), halt()
        if killed_at is None and (told or (late is not None and now > late)):
            ended, killed_at = ("stopped" if told else "timeout"), now + GRACE
            process.send_signal(signal.SIGINT)
        if told is Halt.KILL or (killed_at is not None and now > killed_at):
            _kill(process)


def _kill(process: "subprocess.Popen[bytes]") -> None:
    """Kill a process that still runs, with what it started."""
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def packed(folder: Path) -> bytes:
    """Return a folder as a ZIP file."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            archive.write(path, path.relative_to(folder))
    return buffer.getvalue()


def unpack(archive: bytes, folder: Path) -> None:
    """Write what `packed` returned into a folder.

    Raises:
        OSError: it cannot be written.
    """
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        opened.extractall(folder)
