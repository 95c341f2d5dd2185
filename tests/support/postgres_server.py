"""A PostgreSQL server of the tests' own: made, started and removed with the session."""

import contextlib
import itertools
import os
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from weirdgen.store.place import PostgresUrl, place_of

PASSWORD = f"kept-out-of-sight-{secrets.token_hex(8)}"
"""Of this process alone: another one may show its own to a test that looks at all command lines."""
_SETTINGS = "fsync=off", "full_page_writes=off", "shared_buffers=16MB", "max_wal_size=256MB"
_START_SECONDS = 60.0


class Server:
    """A server that runs, and a schema of its own for each store that a test asks for."""

    def __init__(self, folder: Path, programs: Path, user: str | None) -> None:
        self.folder, self.port = folder, _free_port()
        self._programs, self._user = programs, user
        self._numbers = itertools.count(1)
        self._process: subprocess.Popen[bytes] | None = None

    def make(self) -> None:
        """Make the files, with a role that has a password."""
        (self.folder / "password").write_text(PASSWORD, "ascii")
        self._own(self.folder / "password")
        options = ("-D", "data", "-U", "tester", "-A", "scram-sha-256", "--pwfile", "password", "-E", "UTF8", "-N")
        self._run("initdb", *options, "--locale=C.UTF-8")

    def start(self) -> None:
        """Start the server, and wait until it answers."""
        settings = [f"-c{one}" for one in _SETTINGS]
        self._process = self._popen(
            "postgres", "-D", "data", "-h", "127.0.0.1", "-p", str(self.port), "-k", str(self.folder), *settings
        )
        deadline = time.monotonic() + _START_SECONDS
        while True:
            with contextlib.suppress(psycopg.OperationalError), psycopg.connect(self.url("none").secret):
                return
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"postgres does not start: {(self.folder / 'log').read_text()}")
            time.sleep(0.02)

    def stop(self) -> None:
        """End the server at once, as a crash of it would: connections are cut."""
        if self._process is not None:
            self._process.send_signal(3)  # SIGQUIT: immediate shutdown
            self._process.wait(30)
            self._process = None

    def url(self, schema: str = "") -> PostgresUrl:
        """Return the address of a schema; of a new one, if none is named."""
        schema = schema or f"store_{next(self._numbers)}"
        found = place_of(
            f"postgresql://tester:{PASSWORD}@127.0.0.1:{self.port}/postgres?options=-csearch_path%3D{schema}"
        )
        assert isinstance(found, PostgresUrl)
        return found

    def _run(self, program: str, *arguments: str) -> None:
        process = self._popen(program, *arguments)
        if process.wait(_START_SECONDS):
            raise RuntimeError(f"{program}: {(self.folder / 'log').read_text()}")

    def _popen(self, program: str, *arguments: str) -> "subprocess.Popen[bytes]":
        with (self.folder / "log").open("ab") as log:
            command = [str(self._programs / program), *arguments]
            return subprocess.Popen(command, cwd=self.folder, user=self._user, stdout=log, stderr=log)

    def _own(self, path: Path) -> None:
        if self._user is not None:
            shutil.chown(path, self._user)


@contextlib.contextmanager
def server() -> Iterator[Server]:
    """Run a server; skip the test where none is installed."""
    programs = _programs() if os.name == "posix" else None
    if programs is None:
        pytest.skip("no PostgreSQL server is installed (Debian: apt-get install postgresql)")
    user = _other_user() if os.getuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="weirdgen-postgres-", dir="/tmp" if user else None))
    try:
        if user is not None:
            shutil.chown(folder, user)
        one = Server(folder, programs, user)
        one.make()
        one.start()
        try:
            yield one
        finally:
            one.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _programs() -> Path | None:
    found = shutil.which("initdb")
    if found is not None:
        return Path(found).resolve().parent
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    return versions[-1].parent if versions else None


def _other_user() -> str:
    """Return as whom it runs where the tests run as root, which it refuses."""
    import pwd

    return "postgres" if any(one.pw_name == "postgres" for one in pwd.getpwall()) else "nobody"


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])
