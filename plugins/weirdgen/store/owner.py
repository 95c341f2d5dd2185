"""Who holds a lease, named so that another process on the same machine can see whether it still lives.

After SIGKILL nothing gives its leases back; the next run must not wait for them to expire.
"""

import os
import platform
import secrets
import uuid
from pathlib import Path


def new_owner() -> str:
    """Return a new owner of this process: ``machine|pid|start|token``. Each engine has its own."""
    return "|".join((_machine(), str(os.getpid()), _start(os.getpid()) or "", secrets.token_hex(8)))


def is_dead(owner: str) -> bool:
    """Whether an owner's process surely no longer runs. False for other machines, and wherever one cannot tell."""
    machine, pid, start, _ = owner.split("|")
    if machine != _machine() or os.name != "posix":
        return False
    now = _start(int(pid))
    if now is not None:
        return now != start
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


def _machine() -> str:
    """Return host, boot and process namespace: a container sees other processes under the same numbers.

    Machines that were made from one image share their name and, outside containers, the namespace's number.
    """
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        boot = f"{uuid.getnode():x}"
    try:
        namespace = str(Path("/proc/self/ns/pid").stat().st_ino)
    except OSError:
        namespace = ""
    return f"{platform.node()}/{boot}/{namespace}".replace("|", "_")


def _start(pid: int) -> str | None:
    """Return when a process started (clock ticks since boot), "gone" for a zombie, None without process or /proc."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    # The name in parentheses may hold anything, so fields are counted from its end: state is the 3rd, start the 22nd.
    fields = stat.rpartition(")")[2].split()
    return "gone" if fields[0] in "ZX" else fields[19]
