"""What the store asks of a database: a connection to run SQL on, and a driver that begins and ends transactions.

SQL is written once, for both: `?` for parameters, `INSERT ... ON CONFLICT`, and `moment()` for the database's clock, a
UNIX time in seconds. Machines' clocks differ; leases go by one.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

BUSY_SECONDS = 30.0
"""How long another process that writes is waited for, and a server that is gone."""


class Cursor(Protocol):
    """What a statement gave."""

    @property
    def rowcount(self) -> int:
        """Rows that were changed."""

    def fetchone(self) -> Any:
        """Return the next row, None after the last."""

    def fetchall(self) -> list[Any]:
        """Return all rows."""

    def __iter__(self) -> Iterator[Any]:
        """Yield the rows."""


class Connection(Protocol):
    """Runs SQL."""

    def execute(self, sql: str, parameters: Sequence[Any] = (), /) -> Cursor:
        """Run a statement."""

    def executemany(self, sql: str, parameters: Iterable[Sequence[Any]], /) -> object:
        """Run a statement once for each sequence of parameters."""


class Driver(Protocol):
    """One connection to one database. Its errors leave it as they are; `told` says what they mean."""

    waits: bool
    """Whether each statement may wait for a network: then nothing is asked on the thread of an event loop."""
    advice: str
    """What to do where a transaction fails."""

    @property
    def connection(self) -> Connection:
        """Where SQL runs."""

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is under way, and sound."""

    def prepare(self) -> None:
        """Make the tables, or bring them up to date; refuse what is not ours or is newer."""

    def version(self) -> int:
        """Return the version of the tables, 0 where there are none; refuse what is not ours or is newer."""

    def begin(self, *, write: bool) -> None:
        """Begin a transaction: the only one that writes, or one whose statements all see the same moment."""

    def commit(self) -> None:
        """End a transaction. Where it fails, nothing was written."""

    def rollback(self) -> None:
        """Undo the transaction, if one is under way."""

    def undone(self) -> bool:
        """Whether the transaction that was begun is undone, and its parts may be tried again, one by one."""

    def impatient(self) -> AbstractContextManager[None]:
        """Wait for no other process inside."""

    def told(self, error: BaseException | None) -> str:
        """Return what to do about an error of the database; empty for any other."""

    def check(self) -> None:
        """Look for damage, where that takes a moment only."""

    def shrink(self) -> None:
        """Give the room of deleted rows back."""

    def size(self) -> int:
        """Return the bytes that the store takes."""

    def close(self) -> None:
        """Close the connection; closing twice is fine."""
