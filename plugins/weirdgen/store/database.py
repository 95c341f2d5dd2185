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
SCHEMA_VERSION = 5
BUSY_SECONDS = 30.0
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


class StoreBusy(StoreError):
    """Another thread or process uses the file, and nobody was to wait for it."""


class Database:
    """One connection to the file, shared by the threads of a process under a lock."""

    def __init__(self, path: Path) -> None:
        """Open the file; make it, and its folder, if there is none.

        Raises:
            StoreError: it is not ours, newer, damaged, or cannot be written.
        """
        self.path = path
        self._lock = threading.RLock()
        self._together = self._begun = False
        with self._explained():
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
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Give the connection inside one write transaction: all of it happens, or nothing.

        Within `together` it is a part of that one: what fails is undone and leaves the other parts as they are.
        """
        with self._lock, self._explained():
            if self._together:
                with self._part():
                    yield self._connection
            else:
                with self._transaction():
                    yield self._connection

    @contextlib.contextmanager
    def together(self, *, wait: bool = True) -> Iterator[None]:
        """Make one transaction of all that is written inside, begun with the first write: nothing holds before the end.

        A commit costs more than all that a sample writes, so what comes at the same time shares one.

        Args:
            wait: for another thread or process that uses the file.

        Raises:
            StoreBusy: not `wait`, and another one does; nothing was written.
            StoreError: nothing was written.
        """
        if not self._lock.acquire(blocking=wait):
            raise StoreBusy(f"{self._name}: in use")
        try:
            with self._explained(), contextlib.nullcontext() if wait else self._impatient(), self._shared():
                yield
                if not (wait or self._sound):
                    raise StoreBusy(f"{self._name}: in use")
        finally:
            self._lock.release()

    @contextlib.contextmanager
    def _impatient(self) -> Iterator[None]:
        self._connection.execute("PRAGMA busy_timeout = 0")
        try:
            yield
        finally:
            self._connection.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000:.0f}")

    @contextlib.contextmanager
    def _shared(self) -> Iterator[None]:
        self._together = True
        try:
            yield
            if self._begun:
                self._must_be_sound()
                self._connection.execute("COMMIT")
        finally:
            self._together = self._begun = False
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    @contextlib.contextmanager
    def _part(self) -> Iterator[None]:
        if self._begun:
            self._must_be_sound()
        else:
            # Before it is true: where the file cannot be locked, no other part must wait for the lock again.
            self._begun = True
            self._connection.execute("BEGIN IMMEDIATE")
        self._connection.execute("SAVEPOINT part")
        try:
            yield
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK TO part")
            raise
        finally:
            if self._connection.in_transaction:
                self._connection.execute("RELEASE part")

    @property
    def _sound(self) -> bool:
        """Whether the shared transaction is there: not in a locked file, nor where SQLite gave up all (a full disk)."""
        return self._connection.in_transaction or not self._begun

    def _must_be_sound(self) -> None:
        if not self._sound:
            raise sqlite3.OperationalError("its transaction could not be begun or ended")

    def close(self) -> None:
        """Close the connection; closing twice is fine."""
        with self._lock:
            self._connection.close()

    @property
    def _name(self) -> str:
        return f"sample store {str(self.path)!r}"

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
            missing = (_SCHEMA, _SINCE_VERSION_2, _SINCE_VERSION_3, _SINCE_VERSION_4, _SINCE_VERSION_5)[self._check() :]
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

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.ProgrammingError as error:
            raise StoreError(f"{self._name}: used after it was closed ({error})") from None
        except sqlite3.OperationalError as error:
            raise StoreError(
                f"{self._name}: {error}; check that the folder can be written, the disk has room and no other "
                "program holds the file, or name another with --gate-store"
            ) from None
        except sqlite3.DatabaseError as error:
            raise StoreError(
                f"{self._name}: {error}; the file is damaged or no sample store: move it away, "
                "or name another with --gate-store"
            ) from None
        except OSError as error:
            raise StoreError(
                f"{self._name}: {error.strerror or error}; name a file that can be written with --gate-store"
            ) from None
