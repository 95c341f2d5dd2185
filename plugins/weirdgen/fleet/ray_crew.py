"""Gates on the workers of a Ray cluster. Of this package only this module imports Ray, and only when it is asked for.

What travels is a gate's arguments one way and its folder as bytes the other way, so that no file system need be shared.
Nothing of the environment travels: Ray writes what it is told into its logs and its dashboard.
"""

import os
import socket
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from weirdgen import __version__
from weirdgen.errors import UsageMistake, WeirdgenError
from weirdgen.fleet.gating import Done, Halt, Job, packed, run_gate
from weirdgen.schema.text import shown

INSTALL = "pip install 'pytest-weirdgen[fleet]'"
LOCAL = "local"
_ASK_AGAIN = 1.0
"""Seconds between two questions of a worker whether it is to end."""
_ANSWER = 10.0


class Bell:
    """An actor that workers ask whether they are to end."""

    def __init__(self) -> None:
        self._halt = 0

    def ring(self, halt: int) -> None:
        """Tell them."""
        self._halt = halt

    def heard(self) -> int:
        """Return what they are told."""
        return self._halt


class RayCrew:
    """Workers of a cluster; each gate takes one of its CPUs."""

    def __init__(self, address: str, at_once: int | None, store: str) -> None:
        """Join a cluster, or with ``local`` start one on this machine for as long as the fleet runs.

        Args:
            address: as ``ray.init`` takes it.
            at_once: gates at the same time; None: as many as there are CPUs.
            store: that all gates use.

        Raises:
            UsageMistake: Ray is not installed, no cluster answers, or its machines could not share the store.
        """
        if find_spec("ray") is None:
            raise UsageMistake(f"--address: ray is not installed: {INSTALL}; without --address this machine is used")
        refuse_silence(address)
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        ray: Any = import_module("ray")
        self._ray = ray
        own: dict[str, Any] = {"num_cpus": at_once, "include_dashboard": False} if address == LOCAL else {}
        try:
            ray.init(address=address, log_to_driver=False, configure_logging=False, **own)
        except (ConnectionError, RuntimeError, ValueError, OSError) as error:
            raise UsageMistake(f"--address {address!r}: no Ray cluster there: {shown(str(error))}") from None
        try:
            machines = {str(node["NodeManagerHostname"]) for node in ray.nodes() if node["Alive"]}
            refuse_own_stores(machines, store)
            self.at_once = at_once or max(1, int(ray.cluster_resources().get("CPU", 1)))
            self.name = f"Ray at {address}, {len(machines)} machine{'s' if len(machines) > 1 else ''}"
            # Not run again by Ray: what a gate that was lost had drawn is in the store, and the user's to go on with.
            self._task = ray.remote(num_cpus=1, max_retries=0)(gate_on_worker)
            self._bell = ray.remote(num_cpus=0)(Bell).remote()
        except BaseException:
            ray.shutdown()
            raise

    def submit(self, job: Job, folder: Path) -> "Future[Done]":
        """Hand a gate to the cluster."""
        future: Future[Done] = self._task.remote(job, self._bell).future()
        return future

    def tell(self, halt: Halt) -> None:
        """Tell all gates that run to end."""
        self._bell.ring.remote(int(halt))

    def close(self) -> None:
        """Leave the cluster; a local one ends."""
        self._ray.shutdown()


def refuse_silence(address: str) -> None:
    """Refuse an address where nobody listens, at which Ray would knock for minutes.

    Raises:
        UsageMistake: nobody does.
    """
    host, _, port = address.rpartition("://")[2].rpartition(":")
    if host and port.isdecimal():
        try:
            socket.create_connection((host, int(port)), _ANSWER).close()
        except (OSError, OverflowError) as error:
            raise UsageMistake(f"--address {address!r}: no Ray cluster there: {error}") from None


def refuse_own_stores(machines: set[str], store: str) -> None:
    """Refuse a file as the store of several machines: each would draw by itself what another one has paid for.

    Raises:
        UsageMistake: they could not share it.
    """
    if "://" not in store and machines != {socket.gethostname()}:
        raise UsageMistake(
            f"--store {store or 'FILE'!r}: {', '.join(sorted(machines)[:5])} would each have a file of their own; "
            "name one store for all, --store postgresql://..."
        )


def gate_on_worker(job: Job, bell: Any) -> Done:
    """Run a gate where Ray calls this, and return its folder with it.

    Raises:
        WeirdgenError: another version of weirdgen is installed here.
    """
    if job.weirdgen != __version__:
        raise WeirdgenError(f"{socket.gethostname()} has weirdgen {__version__}, the fleet {job.weirdgen}")
    with tempfile.TemporaryDirectory(prefix="weirdgen-fleet-") as name:
        folder = Path(name, "gate")
        done = run_gate(job, folder, _listener(bell))
        return replace(done, archive=packed(folder))


def _listener(bell: Any) -> Callable[[], Halt]:
    ray: Any = import_module("ray")
    asked, heard = 0.0, Halt.GO_ON

    def halt() -> Halt:
        nonlocal asked, heard
        if time.monotonic() - asked > _ASK_AGAIN:
            try:
                heard = Halt(ray.get(bell.heard.remote(), timeout=_ANSWER))
            except ray.exceptions.GetTimeoutError:
                pass
            except ray.exceptions.RayError:  # the fleet is gone
                heard = max(heard, Halt.INTERRUPT)
            asked = time.monotonic()
        return heard

    return halt
