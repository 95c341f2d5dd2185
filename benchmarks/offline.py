"""Run pytest and tell every use of the network: `python offline.py ARGUMENTS OF PYTEST`.

Exit status 99 if the network was used, else pytest's own. What stays inside the process (a socket pair of an event
loop) is no network.
"""

import sys
from typing import Any

USED = 99
_NETWORK = ("connect", "bind", "sendto", "sendmsg", "getaddrinfo", "gethostbyname", "gethostbyaddr", "getnameinfo")


def _watched(used: list[str]) -> None:
    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event.startswith("socket.") and event.removeprefix("socket.") in _NETWORK:
            used.append(f"{event} {arguments[1:] if event != 'socket.getaddrinfo' else arguments}")

    sys.addaudithook(hook)


def main(arguments: list[str]) -> int:
    """Run pytest in this process; return the exit status."""
    used: list[str] = []
    _watched(used)
    import pytest

    # A tool of our own tests, which binds a port of its own at every start.
    status = int(pytest.main(["-p", "no:rerunfailures", *arguments]))
    for line in used:
        print(f"network: {line}", file=sys.stderr)
    return USED if used else status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
