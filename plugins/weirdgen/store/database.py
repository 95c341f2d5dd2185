"""The SQLite file: opened, checked, locked. Every sqlite3 error leaves here as a StoreError that names the file."""

import contextlib
import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from weirdgen.errors import StoreError

APPLICATION_ID = 0x77656972
"""`weir`: in the file's header, so that another program's database is never written to."""
SCHEMA_VERSION = 6
BUSY_SECONDS = 30.0
QUICK_CHECK_BYTES = 256 * 1024 * 1024
"""Size up to which a gate checks its store at the opening: 6 ms per 10 MB (measured)."""
_SCHEMA = """
CREATE TABLE samples (
    key TEXT PRIMARY KEY,
    role TEXT NOT NULL,
    kind TEXT NOT NULL,
    model TEXT NOT NULL,
    base_url TEXT NOT NULL,
    generation TEXT NOT NULL,
    replicate INTEGER NOT NULL,
    request TEXT NOT NULL,
    sample TEXT NOT NULL,
    arrived REAL NOT NULL,
    prompt_tokens INTEGER NOT NULL,
    completion_tokens INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX samples_arrived ON samples (arrived);
CREATE TABLE leases (key TEXT PRIMARY KEY, owner TEXT NOT NULL, expires REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE attempts (
    line TEXT NOT NULL,
    trial_id TEXT NOT NULL,
    number INTEGER NOT NULL,
    PRIMARY KEY (line, trial_id),
    UNIQUE (line, number)
) WITHOUT ROWID;
CREATE TABLE gates (
    token TEXT PRIMARY KEY,
    line TEXT NOT NULL,
    plan_sha256 TEXT NOT NULL,
    started_at REAL NOT NULL,
    outcome TEXT
) WITHOUT ROWID;
CREATE INDEX gates_line ON gates (line, started_at);
"""
_SINCE_VERSION_2 = """
ALTER TABLE gates ADD COLUMN fresh INTEGER NOT NULL DEFAULT 0;
CREATE TABLE undecided (token TEXT NOT NULL, contrast TEXT NOT NULL, PRIMARY KEY (token, contrast)) WITHOUT ROWID;
"""
_SINCE_VERSION_3 = """
CREATE TABLE stops (trial_id TEXT PRIMARY KEY, stop TEXT NOT NULL) WITHOUT ROWID;
"""
_SINCE_VERSION_4 = """
CREATE TABLE calibrations (
    judge_identity TEXT NOT NULL,
    gold_sha256 TEXT NOT NULL,
    source TEXT NOT NULL,
    made REAL NOT NULL,
    record TEXT NOT NULL,
    PRIMARY KEY (judge_identity, gold_sha256, source)
) WITHOUT ROWID;
"""
_SINCE_VERSION_5 = """
CREATE TABLE accounts (name TEXT PRIMARY KEY, dollars REAL NOT NULL, requests INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE holds (
    key TEXT NOT NULL,
    owner TEXT NOT NULL,
    account TEXT NOT NULL,
    dollars REAL NOT NULL,
    requests INTEGER NOT NULL,
    PRIMARY KEY (key, owner)
) WITHOUT ROWID;
CREATE INDEX holds_account ON holds (account);
"""
_SINCE_VERSION_6 = """
CREATE TABLE openings (
    token TEXT NOT NULL,
    arms TEXT NOT NULL,
    line TEXT NOT NULL,
    opened_at REAL NOT NULL,
    opening TEXT NOT NULL,
    PRIMARY KEY (token, arms)
) WITHOUT ROWID;
"""
_STEPS = (_SCHEMA, _SINCE_VERSION_2, _SINCE_VERSION_3, _SINCE_VERSION_4, _SINCE_VERSION_5, _SINCE_VERSION_6)


class Database:
    """One connection to the file, shared by the threads of a process under a lock."""

    def __init__(self, path: Path) -> None:
        """Open the file; make it, and its folder, if there is none.

        Raises:
            StoreError: it is not ours, newer, damaged, or cannot be written.
        """
        self.path = path
        self._lock = threading.RLock()
        with explained(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(
                path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
            )
        try:
            self._prepare()
        except BaseException:
            self._connection.close()
            raise

    @contextlib.contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Give the connection for single statements that only read."""
        with self._lock, self._explained():
            yield self._connection

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[sqlite3.Connection]:
        """Give the connection inside one read transaction: all statements see the same moment, whoever writes."""
        with self._lock, self._explained():
            self._connection.execute("BEGIN")
            try:
                yield self._connection
            finally:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")

    @contextlib.contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Give the connection inside one write transaction: all of it happens, or nothing."""
        with self._lock, self._explained():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                # A commit that fails may leave the transaction open, and the next would fail for that.
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def check(self) -> None:
        """Look for damage in the file's structure, where that takes a moment only.

        Raises:
            StoreError: there is some.
        """
        if self.path.stat().st_size > QUICK_CHECK_BYTES:
            return
        with self.reading() as connection:
            found = str(connection.execute("PRAGMA quick_check(1)").fetchone()[0])
        if found != "ok":
            raise StoreError(
                f"{self._name}: is damaged ({found}); `weirdgen store info {self.path}` says what can still be read. "
                "Move it away, or name another with --gate-store"
            )

    def shrink(self) -> None:
        """Give the room of deleted rows back to the file system.

        Raises:
            StoreError: another process holds the file, or there is no room for the copy that SQLite makes meanwhile.
        """
        with self._lock, self._explained():
            self._connection.execute("VACUUM")
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Close the connection; closing twice is fine."""
        with self._lock:
            self._connection.close()

    @property
    def _name(self) -> str:
        return named(self.path)

    def _prepare(self) -> None:
        with self._explained():
            # One snapshot: another worker may be making the file at this moment.
            self._connection.execute("BEGIN")
            self._check()
            self._connection.execute("COMMIT")
            self._use_wal()
            # A kill of the process loses nothing; only a power cut may lose the last transactions.
            self._connection.execute("PRAGMA synchronous = NORMAL")
        with self.writing() as connection:
            missing = _STEPS[self._check() :]
            for statement in "".join(missing).split(";\n"):
                connection.execute(statement)
            if missing:
                connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")

    def _check(self) -> int:
        """Return the version of our schema in the file, 0 for a new file. Call it inside a transaction."""
        connection = self._connection
        tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        application = connection.execute("PRAGMA application_id").fetchone()[0]
        version = int(connection.execute("PRAGMA user_version").fetchone()[0])
        if application != APPLICATION_ID and (tables or version or application):
            raise StoreError(f"{self._name}: an SQLite file of another program; name another file with --gate-store")
        if version > SCHEMA_VERSION:
            raise StoreError(
                f"{self._name}: written by a newer weirdgen (store version {version}, this one reads "
                f"{SCHEMA_VERSION}); upgrade pytest-weirdgen or name another file with --gate-store"
            )
        return version

    def _use_wal(self) -> None:
        # Changing the mode needs the file alone and does not wait by itself: workers open it at the same time.
        deadline = time.monotonic() + BUSY_SECONDS
        while True:
            try:
                mode = self._connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
            except sqlite3.OperationalError as error:
                if "locked" not in str(error) or time.monotonic() > deadline:
                    raise
                time.sleep(0.02)
                continue
            if mode != "wal":
                raise StoreError(
                    f"{self._name}: its file system does not support SQLite's WAL mode (got {mode!r}); "
                    "name a file on a local disk with --gate-store"
                )
            return

    def _explained(self) -> contextlib.AbstractContextManager[None]:
        return explained(self.path)


@contextlib.contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn every error of SQLite and of the file system inside into a StoreError that names the file."""
    name = named(path)
    try:
        yield
    except sqlite3.ProgrammingError as error:
        raise StoreError(f"{name}: used after it was closed ({error})") from None
    except sqlite3.OperationalError as error:
        raise StoreError(
            f"{name}: {error}; check that the folder can be written, the disk has room and no other "
            "program holds the file, or name another with --gate-store"
        ) from None
    except sqlite3.DatabaseError as error:
        raise StoreError(
            f"{name}: {error}; the file is damaged or no sample store: move it away, or name another with --gate-store"
        ) from None
    except OSError as error:
        raise StoreError(
            f"{name}: {error.strerror or error}; name a file that can be written with --gate-store"
        ) from None


def named(path: Path) -> str:
    """Return what a store is called in messages."""
    return f"sample store {str(path)!r}"
