"""The SQLite file: opened, checked, locked. Every sqlite3 error leaves here as a StoreError that names the file."""

import contextlib
import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

from weirdgen.errors import StoreError

APPLICATION_ID = 0x77656972
"""`weir`: in the file's header, so that another program's database is never written to."""
SCHEMA_VERSION = 8
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
# Rows of kilobytes inside the tree of keys cost 65 microseconds of CPU per sample, beside it 20 (measured).
_SINCE_VERSION_7 = """
ALTER TABLE samples RENAME TO samples_in_keys;
CREATE TABLE samples (
    key TEXT NOT NULL PRIMARY KEY,
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
);
INSERT INTO samples SELECT * FROM samples_in_keys;
DROP TABLE samples_in_keys;
CREATE INDEX samples_arrived ON samples (arrived);
"""
_SINCE_VERSION_8 = """
CREATE TABLE batches (
    token TEXT PRIMARY KEY,
    id TEXT NOT NULL,
    base_url TEXT NOT NULL,
    model TEXT NOT NULL,
    submitter TEXT NOT NULL,
    begun REAL NOT NULL
) WITHOUT ROWID;
CREATE TABLE batch_lines (
    key TEXT PRIMARY KEY,
    token TEXT NOT NULL,
    generation TEXT NOT NULL,
    request TEXT NOT NULL,
    parameters TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX batch_lines_token ON batch_lines (token);
"""
_STEPS = (
    _SCHEMA,
    _SINCE_VERSION_2,
    _SINCE_VERSION_3,
    _SINCE_VERSION_4,
    _SINCE_VERSION_5,
    _SINCE_VERSION_6,
    _SINCE_VERSION_7,
    _SINCE_VERSION_8,
)


class StoreBusy(StoreError):
    """Another thread or process uses the file, and nobody was to wait for it."""


class Spoilt(StoreError):
    """A part of a shared transaction failed, so that all of it was undone."""


class Database:
    """One connection to the file, shared by the threads of a process under a lock."""

    def __init__(self, path: Path) -> None:
        """Open the file; make it, and its folder, if there is none.

        Raises:
            StoreError: it is not ours, newer, damaged, or cannot be written.
        """
        self.path = path
        self._lock = threading.RLock()
        self._guard = _Guard(self._lock, self._name)
        self._together = self._begun = self._spoilt = False
        with self._guard:
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
        with self._guard:
            yield self._connection

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[sqlite3.Connection]:
        """Give the connection inside one read transaction: all statements see the same moment, whoever writes."""
        with self._guard:
            self._connection.execute("BEGIN")
            try:
                yield self._connection
            finally:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")

    @contextlib.contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Give the connection inside one write transaction: all of it happens, or nothing.

        Within `together` it is a part of that one, and what fails spoils it.
        """
        with self._guard:
            if not self._together:
                self._connection.execute("BEGIN IMMEDIATE")
            elif not self._begun:
                # Before it is true: where the file cannot be locked, no other part must wait for the lock again.
                self._begun = True
                self._connection.execute("BEGIN IMMEDIATE")
            elif not self.written:
                raise sqlite3.OperationalError("its transaction could not be begun")
            try:
                yield self._connection
                if not self._together:
                    self._connection.execute("COMMIT")
            except BaseException:
                self._spoilt = self._together
                # A commit that fails may leave the transaction open, and the next would fail for that.
                if not self._together and self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    @property
    def written(self) -> bool:
        """Whether a write transaction is under way, so that what is read now holds until its end."""
        return self._connection.in_transaction

    @contextlib.contextmanager
    def together(self, *, wait: bool = True) -> Iterator[None]:
        """Make one transaction of all that is written inside, begun with the first write: nothing holds before the end.

        A commit costs more than all that a sample writes, so what comes at the same time shares one.

        Args:
            wait: for another thread or process that uses the file.

        Raises:
            StoreBusy: not `wait`, and another one does; nothing was written.
            Spoilt: a part failed; nothing was written.
            StoreError: nothing was written.
        """
        if not self._lock.acquire(blocking=wait):
            raise StoreBusy(f"{self._name}: in use")
        try:
            with self._guard, contextlib.nullcontext() if wait else self._impatient(), self._shared():
                yield
                # None was begun in a file that is locked, or SQLite gave all of it up for one error (a full disk).
                if self._begun and not self.written:
                    if not wait:
                        raise StoreBusy(f"{self._name}: in use")
                    raise sqlite3.OperationalError("its transaction could not be begun or ended")
                if self._spoilt:
                    raise Spoilt(f"{self._name}: a part failed")
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
                self._connection.execute("COMMIT")
        finally:
            self._together = self._begun = self._spoilt = False
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")

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
        with self._guard:
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
        with self._guard:
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


@contextlib.contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn every error of SQLite and of the file system inside into a StoreError that names the file."""
    with _Guard(threading.RLock(), named(path)):
        yield


def named(path: Path) -> str:
    """Return what a store is called in messages."""
    return f"sample store {str(path)!r}"


class _Guard:
    """Holds the lock, and tells sqlite3's errors as our own. May be entered again inside."""

    def __init__(self, lock: threading.RLock, name: str) -> None:
        self._lock, self._name = lock, name

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lock.release()
        if told := _told(error):
            raise StoreError(f"{self._name}: {told}") from None


def _told(error: BaseException | None) -> str:
    """Return what to do about an error of sqlite3 or of the file; empty for any other."""
    match error:
        case sqlite3.ProgrammingError():
            return f"used after it was closed ({error})"
        case sqlite3.OperationalError():
            return (
                f"{error}; check that the folder can be written, the disk has room and no other program holds the "
                "file, or name another with --gate-store"
            )
        case sqlite3.DatabaseError():
            return f"{error}; the file is damaged or no sample store: move it away, or name another with --gate-store"
        case OSError():
            return f"{error.strerror or error}; name a file that can be written with --gate-store"
        case _:
            return ""
