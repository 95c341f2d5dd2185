"""A store in a schema of a PostgreSQL database, for gates on many machines.

One transaction writes at a time, as in a file: it takes an advisory lock first, and each of its statements sees all
that was committed before. So leases, holds, attempts and generations are as right as they are there. Since all wait for
the one that writes, what it writes is sent without waiting for an answer: it is its reads that cost round trips.
"""

import contextlib
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeVar

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.pq import PipelineStatus, TransactionStatus

from weirdgen.errors import StoreError
from weirdgen.schema.text import shown
from weirdgen.store.connection import BUSY_SECONDS, Cursor
from weirdgen.store.place import PostgresUrl, named
from weirdgen.store.postgres_rows import Answer, Rows, translated
from weirdgen.store.postgres_tables import has_tables, lock_of, make_tables, version_of

T = TypeVar("T")
_Raw = psycopg.Connection[tuple[Any, ...]]
IDLE_SECONDS = 20.0
"""After which the server ends a transaction of a machine that is gone: sooner than another one gives up waiting."""
_PAUSE = 0.2
_DEFAULTS: dict[str, Any] = {
    "fallback_application_name": "weirdgen",
    "connect_timeout": 10,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 25_000,
    "client_encoding": "UTF8",
}
"""Parameters of a connection, where the address names no others: a network that is gone is noticed in 25 s."""


class PostgresServer:
    """One connection to the server, made anew when it was lost; see `connection.Driver`."""

    waits = True
    advice = "check the server, its disk and the role's rights, or name another store with --gate-store"

    def __init__(self, url: PostgresUrl) -> None:
        """Connect.

        Raises:
            StoreError: the server cannot be reached, or refuses.
        """
        self.url = url
        self._closed = self._looks = False
        self._lock = 0
        self._transaction: tuple[_Raw, int] | None = None
        """The connection on which a transaction was begun, and its number."""
        self._sending = contextlib.ExitStack()
        """While a transaction writes: nothing that is sent waits for its answer."""
        self._pipeline: psycopg.Pipeline | None = None
        try:
            self.raw = self._connected()
        except psycopg.Error as error:
            raise StoreError(f"{named(url)}: {self.told(error)}") from None

    @property
    def connection(self) -> "PostgresServer":
        """Where SQL runs."""
        return self

    def execute(self, sql: str, parameters: Sequence[Any] = (), /) -> Cursor:
        """Run a statement; one that only reads, outside a transaction, again where the connection was lost."""
        statement = translated(sql)
        if self._looks:
            return Rows(self.raw, statement, parameters)
        if self.raw.closed or self.raw.info.transaction_status is TransactionStatus.IDLE:
            return self.repeated(lambda: self.raw.execute(statement, parameters))
        return Answer(self.raw.execute(statement, parameters), self._receive)

    def executemany(self, sql: str, parameters: Iterable[Sequence[Any]], /) -> object:
        """Run a statement once for each sequence of parameters; they are sent without waiting in between."""
        cursor = self.raw.cursor()
        cursor.executemany(translated(sql), parameters)
        return cursor

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is under way, and of no statement that was answered the answer is that it failed."""
        if self.raw.closed or self.raw.pgconn.pipeline_status == PipelineStatus.ABORTED:
            return False
        return self.raw.info.transaction_status in (TransactionStatus.INTRANS, TransactionStatus.ACTIVE)

    def prepare(self) -> None:
        """Make the schema and its tables, or bring them up to date.

        Raises:
            StoreError: the schema is another program's, or newer.
        """
        make_tables(self.raw, self.url)
        self._lock = lock_of(self.raw, self.url)

    def begin(self, *, write: bool) -> None:
        """Begin a transaction; one that writes waits until it is the only one."""
        self._transaction = None
        try:
            number = self.repeated(self._begun if write else self._looking)
        except BaseException:  # an interrupt, too: what it leaves behind would hold the lock
            self.rollback()
            raise
        self._transaction, self._looks = (self.raw, number), not write
        if write:
            self._pipeline = self._sending.enter_context(self.raw.pipeline())

    def commit(self) -> None:
        """End a transaction. Where the connection is lost meanwhile, the server is asked what became of it."""
        if self._transaction is None:
            raise psycopg.OperationalError("its transaction was not begun")
        raw, number = self._transaction
        try:
            ended = raw.execute(b"COMMIT")
            self._sending.close()
        except psycopg.Error:
            if not raw.closed:
                raise
            self._transaction = None  # while it is not known what became of it, nothing may be tried again
            outcome = self._outcome(number)
            if outcome == "aborted":
                self._transaction = self.raw, number
                raise
            if outcome != "committed":
                raise psycopg.OperationalError("what became of a transaction is not known") from None
        else:
            if ended.statusmessage != "COMMIT":  # of a transaction that has failed it is ROLLBACK, and no error
                raise psycopg.OperationalError("one of its statements has failed")

    def rollback(self) -> None:
        """Undo the transaction, if there is one: a server undoes it by itself when the connection is lost."""
        self._transaction, self._looks = None, False
        with contextlib.suppress(psycopg.Error):
            self._sending.close()
        with contextlib.suppress(psycopg.OperationalError):
            if not self.raw.closed and self.raw.info.transaction_status is not TransactionStatus.IDLE:
                self.raw.execute(b"ROLLBACK")

    def undone(self) -> bool:
        """Whether the transaction is undone, and its parts may be tried again: then there is a connection."""
        if self._transaction is None:
            return False
        self.rollback()
        self.repeated(lambda: self.raw.execute(b"SELECT 1"))
        return True

    @contextlib.contextmanager
    def impatient(self) -> Iterator[None]:
        """Do nothing: a network is always waited for."""
        yield

    def told(self, error: BaseException | None) -> str:
        """Return what to do about an error of psycopg; empty for any other."""
        if not isinstance(error, psycopg.Error):
            return ""
        if self._closed:
            return "used after it was closed"
        primary = error.diag.message_primary or str(error)
        what = shown(" ".join(primary.split()))
        match error:
            case psycopg.errors.LockNotAvailable():
                return f"another process has been writing for {BUSY_SECONDS:.0f} s ({what}); {self.advice}"
            case psycopg.errors.InsufficientPrivilege():
                return f"{what}; give the role its rights (docs/store.md), or name another store with --gate-store"
            case _:
                return f"{what}; {self.advice}"

    def check(self) -> None:
        """Do nothing: the server looks after its files itself (data checksums, amcheck)."""

    def shrink(self) -> None:
        """Let the server use the room of deleted rows again."""
        self.raw.execute(b"VACUUM samples")

    def size(self) -> int:
        """Return the bytes of the schema's tables with their indexes."""
        asked = (
            b"SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint FROM pg_class c "
            b"JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = %s AND c.relkind = 'r'"
        )
        row = self.raw.execute(asked, (self.url.schema,)).fetchone()
        return int(row[0]) if row else 0

    def close(self) -> None:
        """Close the connection; closing twice is fine."""
        self._closed = True
        self.raw.close()

    def version(self) -> int:
        """Return the version of the tables, 0 where there are none."""
        return version_of(self.raw, self.url)

    def repeated(self, make: Callable[[], T]) -> T:
        """Do something outside a transaction; where the connection is lost, connect and do it again."""
        deadline = time.monotonic() + BUSY_SECONDS
        while True:
            try:
                if self.raw.closed and not self._closed:
                    self.raw = self._connected()
                return make()
            except psycopg.Error:
                if self._closed or not self.raw.closed or time.monotonic() > deadline:
                    raise
            time.sleep(_PAUSE)

    def _receive(self) -> None:
        """Wait for the answers to all that was sent."""
        if self._pipeline is not None:
            self._pipeline.sync()

    def _connected(self) -> _Raw:
        try:
            given = conninfo_to_dict(self.url.secret)
        except psycopg.Error:  # which would repeat a part of the address
            raise StoreError(
                f"{named(self.url)}: the driver cannot read the address; see 'Connection URIs' in PostgreSQL's manual"
            ) from None
        # Of what a pipeline that fails was to prepare, psycopg remembers that it is: nothing is prepared.
        raw = psycopg.connect(autocommit=True, prepare_threshold=None, **(_DEFAULTS | given))
        raw.execute(
            b"SELECT set_config('search_path', %s, false), set_config('lock_timeout', %s, false), "
            b"set_config('idle_in_transaction_session_timeout', %s, false)",
            (f'"{self.url.schema}"', f"{BUSY_SECONDS:.0f}s", f"{IDLE_SECONDS:.0f}s"),
        )
        return raw

    def _begun(self) -> int:
        """Begin to write in one round trip, and return the transaction's number.

        By name: under another isolation level than this one statements would not see what the last writer wrote.
        """
        cursor = self.raw.execute(
            f"BEGIN ISOLATION LEVEL READ COMMITTED; SELECT pg_advisory_xact_lock({self._lock}); "
            "SELECT txid_current()".encode()
        )
        while cursor.nextset():
            pass
        row = cursor.fetchone()
        return int(row[0]) if row else 0

    def _looking(self) -> int:
        self.raw.execute(b"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        return 0

    def _outcome(self, number: int) -> str:
        """Return what became of a transaction whose commit was not answered."""
        deadline = time.monotonic() + IDLE_SECONDS + BUSY_SECONDS
        while True:
            row = self.repeated(lambda: self.raw.execute(b"SELECT txid_status(%s::bigint)", (number,)).fetchone())
            outcome = str(row[0]) if row else ""
            if outcome != "in progress":
                return outcome
            if time.monotonic() > deadline:
                raise psycopg.OperationalError("a transaction whose connection was lost does not end")
            time.sleep(_PAUSE)


def has_store(url: PostgresUrl) -> bool:
    """Whether there is a store at an address.

    Raises:
        StoreError: the server cannot be reached.
    """
    server = PostgresServer(url)
    try:
        return has_tables(server.raw, url)
    finally:
        server.close()
