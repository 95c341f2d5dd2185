"""Who runs the gates of a fleet: processes of this machine, or (`ray_crew`) workers of a Ray cluster."""

from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Protocol

from weirdgen.fleet.gating import Done, Halt, Job, run_gate


class Crew(Protocol):
    """Runs gates somewhere."""

    name: str
    """For people."""
    at_once: int
    """Gates that are handed to it at the same time."""

    def submit(self, job: Job, folder: Path) -> "Future[Done]":
        """Start a gate. Its folder is made, here or where it runs."""

    def tell(self, halt: Halt) -> None:
        """Tell all gates that run to end."""

    def close(self) -> None:
        """End all that is left."""


class LocalCrew:
    """Processes of this machine, each watched by a thread."""

    def __init__(self, at_once: int) -> None:
        self.name = "this machine"
        self.at_once = at_once
        self._pool = ThreadPoolExecutor(at_once)
        self._halt = Halt.GO_ON

    def submit(self, job: Job, folder: Path) -> "Future[Done]":
        """Start a gate."""
        return self._pool.submit(run_gate, job, folder, lambda: self._halt)

    def tell(self, halt: Halt) -> None:
        """Tell all gates that run to end."""
        self._halt = halt

    def close(self) -> None:
        """Kill what still runs."""
        self._halt = Halt.KILL
        self._pool.shutdown(cancel_futures=True)
