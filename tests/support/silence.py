"""Proof that nobody was asked: a listener that counts, and a user's conftest that lets nothing dial."""

import socket
import threading
from pathlib import Path
from types import TracebackType

import pytest

_NO_DIALLING = """
import socket
import sys
from pathlib import Path

_connect = socket.socket.connect

def _refuse(self, address, *more):
    if sys._getframe(1).f_globals["__name__"] == "pytest_rerunfailures":  # its workers dial their controller
        return _connect(self, address)
    with (Path(__file__).parent / "dialled.txt").open("a") as file:
        file.write(f"{address}\\n")
    raise AssertionError(f"dialled {address}")

socket.socket.connect = socket.socket.connect_ex = _refuse
"""


class Listener:
    """Listens where a server was, and counts who connects."""

    def __init__(self, url: str) -> None:
        port = int(url.rpartition(":")[2].partition("/")[0])
        self.connections = 0
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind(("127.0.0.1", port))
        self._socket.listen()
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def __enter__(self) -> "Listener":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.connections += 1
            connection.close()


def forbid_dialling(pytester: pytest.Pytester) -> Path:
    """Let no process of the next gates open a connection; return the file that names those that were tried."""
    pytester.makeconftest(_NO_DIALLING)
    return pytester.path / "dialled.txt"
