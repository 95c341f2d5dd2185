"""A way to a PostgreSQL server that can be cut at a moment that matters: around the commit."""

import contextlib
import socket
import threading
from typing import Literal

Cut = Literal["", "before", "after"]


class CuttingProxy:
    """Passes bytes on. Once, when `cut` says so: ends the connection with a COMMIT not sent, or sent and unanswered."""

    def __init__(self, port: int) -> None:
        self.cut: Cut = ""
        self.cuts = 0
        self._server = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Take no more connections."""
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self._server))
                silent = threading.Event()
                for source, target, asks in ((client, server, True), (server, client, False)):
                    threading.Thread(target=self._pass, args=(source, target, asks, silent), daemon=True).start()

    def _pass(self, source: socket.socket, target: socket.socket, asks: bool, silent: threading.Event) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if silent.is_set():
                    break
                if asks and self.cut and b"COMMIT\0" in data:
                    cut, self.cut = self.cut, ""
                    self.cuts += 1
                    silent.set()
                    if cut == "before":
                        break
                target.sendall(data)
        for end in (source, target):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
