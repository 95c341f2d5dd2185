"""A store in an SQLite file: opened, checked, locked."""

import contextlib
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

from weirdgen.errors import StoreError
from weirdgen.store.connection import BUSY_SECONDS
from weirdgen.store.place import named
from weirdgen.store.steps import SCHEMA_VERSION, STEPS

APPLICATION_ID = 0x77656972
"""`weir`: in the file's header, so that another program's database is never written to."""
QUICK_CHECK_BYTES = 256 * 1024 * 1024
"""Size up to which a gate checks its store at the opening: 6 ms per 10 MB (measured)."""


_ADVICE = (
    "check that the folder can be written, the disk has room and no other program holds the file, or name another with "
    "--gate-store"
)


class SqliteFile:
    """One connection to the file; see `connection.Driver`."""

    waits = False
    advice = _ADVICE

    def __init__(self, path: Path) -> None:
        """Open the file; make it, and its folder, if there is none.

        Raises:
            StoreError: it cannot be opened.
        """
        self.path = path
        with explained(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            self.connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
            give_clock(self.connection)

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is under way."""
        return self.connection.in_transaction

    def prepare(self) -> None:
        """Make the tables, or bring them up to date.

        Raises:
            StoreError: the file is not ours, or newer.
        """
        # One snapshot: another worker may be making the file at this moment.
        self.begin(write=False)
        self.version()
        self.commit()
        self._use_wal()
        # A kill of the process loses nothing; only a power cut may lose the last transactions.
        self.connection.execute("PRAGMA synchronous = NORMAL")
        self.begin(write=True)
        try:
            missing = STEPS[self.version() :]
            for statement in "".join(missing).split(";\n"):
                self.connection.execute(statement)
            if missing:
                self.connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                self.connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
            self.commit()
        finally:
            self.rollback()

    def begin(self, *, write: bool) -> None:
        """Begin a transaction; one that writes waits until it is the only one."""
        self.connection.execute("BEGIN IMMEDIATE" if write else "BEGIN")

    def commit(self) -> None:
        """End a transaction."""
        self.connection.execute("COMMIT")

    def rollback(self) -> None:
        """Undo the transaction; SQLite may have done so by itself."""
        if self.in_transaction:
            self.connection.execute("ROLLBACK")

    def undone(self) -> bool:
        """Return False: what SQLite gives up by itself, for a full disk, would fail again."""
        return False

    @contextlib.contextmanager
    def impatient(self) -> Iterator[None]:
        """Wait for no other process inside."""
        self.connection.execute("PRAGMA busy_timeout = 0")
        try:
            yield
        finally:
            self.connection.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000:.0f}")

    def told(self, error: BaseException | None) -> str:
        """Return what to do about an error of sqlite3 or of the file; empty for any other."""
        return _told(error)

    def check(self) -> None:
        """Look for damage in the file's structure, where that takes a moment only.

        Raises:
            StoreError: there is some.
        """
        if self.path.stat().st_size > QUICK_CHECK_BYTES:
            return
        found = str(self.connection.execute("PRAGMA quick_check(1)").fetchone()[0])
        if found != "ok":
            raise StoreError(
                f"{named(self.path)}: is damaged ({found}); `weirdgen store info {self.path}` says what can still be "
                "read. Move it away, or name another with --gate-store"
            )

    def shrink(self) -> None:
        """Give the room of deleted rows back to the file system; needs room for a copy meanwhile."""
        self.connection.execute("VACUUM")
        self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def size(self) -> int:
        """Return the bytes of the file."""
        return self.path.stat().st_size

    def close(self) -> None:
        """Close the connection; closing twice is fine."""
        self.connection.close()

    def version(self) -> int:
        """Return the version of our schema in the file, 0 for a new file. Call it inside a transaction."""
        tables = self.connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        application = self.connection.execute("PRAGMA application_id").fetchone()[0]
        version = int(self.connection.execute("PRAGMA user_version").fetchone()[0])
        if application != APPLICATION_ID and (tables or version or application):
            raise StoreError(
                f"{named(self.path)}: an SQLite file of another program; name another file with --gate-store"
            )
        if version > SCHEMA_VERSION:
            raise StoreError(
                f"{named(self.path)}: written by a newer weirdgen (store version {version}, this one reads "
                f"{SCHEMA_VERSION}); upgrade pytest-weirdgen or name another file with --gate-store"
            )
        return version

    def _use_wal(self) -> None:
        # Changing the mode needs the file alone and does not wait by itself: workers open it at the same time.
        deadline = time.monotonic() + BUSY_SECONDS
        while True:
            try:
                mode = self.connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
            except sqlite3.OperationalError as error:
                if "locked" not in str(error) or time.monotonic() > deadline:
                    raise
                time.sleep(0.02)
                continue
            if mode != "wal":
                raise StoreError(
                    f"{named(self.path)}: its file system does not support SQLite's WAL mode (got {mode!r}); "
                    "name a file on a local disk with --gate-store"
                )
            return


def give_clock(connection: sqlite3.Connection) -> None:
    """Let SQL on a connection say `moment()`."""
    connection.create_function("moment", 0, time.time)


@contextlib.contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn every error of SQLite and of the file system inside into a StoreError that names the file."""
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise StoreError(f"{named(path)}: {_told(error)}") from None


def _told(error: BaseException | None) -> str:
    match error:
        case sqlite3.ProgrammingError():
            return f"used after it was closed ({error})"
        case sqlite3.OperationalError():
            return f"{error}; {_ADVICE}"
        case sqlite3.DatabaseError():
            return f"{error}; the file is damaged or no sample store: move it away, or name another with --gate-store"
        case OSError():
            return f"{error.strerror or error}; name a file that can be written with --gate-store"
        case _:
            return ""
