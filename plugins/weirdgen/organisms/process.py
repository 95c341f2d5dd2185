"""Organisms served by a child process."""

import contextlib
import http.client
import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

from weirdgen.errors import UsageMistake, WeirdgenError
from weirdgen.organisms.server import KEY_VARIABLE

if TYPE_CHECKING:
    from weirdgen.organisms.variants import Variant

#: Seconds. A start takes about one; the rest is for a loaded machine.
_START_DEADLINE = 20.0
_STOP_DEADLINE = 5.0
_REQUEST_TIMEOUT = 10.0
_TAIL = 2000


class ChildServer:
    """A server process on a free loopback port, running from construction to ``close``; a context manager.

    The child ends with this process however that ends, for its standard input is a pipe held here.

    Attributes:
        ready: what the child said when it was ready.
        url: where it is.
    """

    def __init__(
        self, command: Sequence[str], api_key: str | None, *, told: str = "", deadline: float | None = None
    ) -> None:
        """Start and wait until ready.

        Args:
            command: arguments of the interpreter.
            api_key: if given, requests must carry it.
            told: one line that the child reads from its standard input first; empty: none.
            deadline: seconds until it must be ready; None: what organisms take.

        Raises:
            UsageMistake: the server would not start; the message says what it said.
            WeirdgenError: it was not ready in time.
        """
        self._api_key = api_key
        self._deadline = deadline or _START_DEADLINE
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - lives until close()
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env=_environment(api_key),
            # Ctrl-C is for the parent alone, which still needs the server while it finishes.
            start_new_session=True,
        )
        try:
            if told:
                _write_line(self._process.stdin, told)
            self.ready: dict[str, Any] = self._ready()
            self.url: str = self.ready["url"]
        except BaseException:
            self.close()
            raise

    def _ready(self) -> dict[str, Any]:
        """Wait for the line that says where the server is."""
        lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        threading.Thread(target=_read_line, args=(self._process.stdout, lines), daemon=True).start()
        try:
            line = lines.get(timeout=self._deadline)
        except queue.Empty:
            raise WeirdgenError(
                f"the server of networks was not ready after {self._deadline:.0f} s.{self._said()}"
            ) from None
        if not line:
            status = self._process.wait()
            raise UsageMistake(f"the server of networks did not start (status {status}).{self._said()}")
        ready: dict[str, Any] = json.loads(line)
        return ready

    def _said(self) -> str:
        """Return the end of what the child wrote to stderr."""
        self._errors.seek(0)
        text = self._errors.read().decode(errors="replace").strip()
        return f" It said: {text[-_TAIL:]}" if text else ""

    def stats(self) -> dict[str, Any]:
        """Return what the server counted since its start: ``requests``, ``choices``, and both for each of ``models``.

        Raises:
            WeirdgenError: the server does not answer.
        """
        address = urlsplit(self.url)
        connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=_REQUEST_TIMEOUT)
        headers = {"Authorization": f"Bearer {self._api_key}"} if self._api_key else {}
        try:
            connection.request("GET", "/stats", headers=headers)
            counted: dict[str, Any] = json.loads(connection.getresponse().read())
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise WeirdgenError(f"the server of networks at {self.url} does not answer: {error!r}") from None
        finally:
            connection.close()
        return counted

    def close(self) -> None:
        """Stop the server and wait for its end; a second call does nothing."""
        if self._errors.closed:
            return
        self._process.terminate()
        try:
            self._process.wait(_STOP_DEADLINE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for stream in (self._process.stdin, self._process.stdout, self._errors):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class OrganismServer(ChildServer):
    """Organisms, served by a child process."""

    def __init__(
        self,
        names: Sequence[str],
        api_key: str | None = None,
        *,
        root: Path | None = None,
        variants: "Sequence[Variant]" = (),
    ) -> None:
        """Start and wait until ready.

        Args:
            names: of the zoo.
            api_key: if given, requests must carry it.
            root: the folder that holds every organism's folder; by default the shipped one.
            variants: of organisms, served beside these under their own names.

        Raises:
            UsageMistake: the server would not start, for example because a name is unknown.
            WeirdgenError: it was not ready in time.
        """
        self._folder = tempfile.TemporaryDirectory(prefix="weirdgen-organisms-")
        command = ["weirdgen.organisms.server", "--watch-stdin"]
        command += ["--root", str(root)] if root else []
        command += _told(variants, Path(self._folder.name)) if variants else []
        super().__init__([*command, "--", *names], api_key)

    def close(self) -> None:
        """Stop the server and wait for its end; a second call does nothing."""
        super().close()
        self._folder.cleanup()


def _told(variants: "Sequence[Variant]", folder: Path) -> list[str]:
    """Write variants where the child reads them, and return the arguments that say where; needs the extra."""
    from weirdgen.organisms.variants import write_variants

    write_variants(variants, folder / "variants.json")
    return ["--variants", str(folder / "variants.json")]


def _environment(api_key: str | None) -> dict[str, str]:
    """Return the child's environment: this package findable, its key out of sight of the argument list."""
    environment = {name: value for name, value in os.environ.items() if name != KEY_VARIABLE}
    path = [str(Path(__file__).resolve().parents[2]), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment["PYTHONPATH"] = os.pathsep.join(path)
    return environment | ({KEY_VARIABLE: api_key} if api_key is not None else {})


def _write_line(pipe: IO[bytes] | None, line: str) -> None:
    # A child that is gone already says why at its end.
    with contextlib.suppress(OSError):
        if pipe is not None:
            pipe.write(line.encode("utf-8") + b"\n")
            pipe.flush()


def _read_line(pipe: IO[bytes] | None, lines: "queue.SimpleQueue[bytes]") -> None:
    # A closed pipe ends the wait like a child that ended: with no line.
    with contextlib.suppress(ValueError, OSError):
        lines.put(pipe.readline() if pipe else b"")
