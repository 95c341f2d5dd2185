"""What statements give in PostgreSQL: waited for when it is asked for, and not held whole where it may be a store."""

import functools
import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import psycopg

_Cursor = psycopg.Cursor[tuple[Any, ...]]
_AT_ONCE = 500
"""Rows that are fetched in one round trip."""
_NUMBERS = itertools.count()


@functools.cache
def translated(sql: str) -> bytes:
    """Return SQL with psycopg's placeholders."""
    return sql.replace("%", "%%").replace("?", "%s").encode()


class Answer:
    """What a statement gives that was sent and not waited for; see `connection.Cursor`."""

    def __init__(self, cursor: _Cursor, receive: Callable[[], None]) -> None:
        """Remember the statement.

        Args:
            cursor: of the statement.
            receive: waits for the answers to all that was sent.
        """
        self._cursor, self._receive = cursor, receive
        self.fetchone, self.fetchall = cursor.fetchone, cursor.fetchall

    @property
    def rowcount(self) -> int:
        """Rows that were changed."""
        if self._cursor.pgresult is None:
            self._receive()
        return self._cursor.rowcount

    def __iter__(self) -> Iterator[Any]:
        return iter(self._cursor)


class Rows:
    """What a statement of a read transaction gives, some rows at a time where it is iterated; see `connection.Cursor`.

    psycopg's own cursor has all rows in memory, and samples may be gigabytes; its `stream`, left before the end,
    cancels the statement, which ends the transaction.
    """

    def __init__(self, raw: psycopg.Connection[tuple[Any, ...]], statement: bytes, parameters: Sequence[Any]) -> None:
        self._raw, self._asked = raw, (statement, parameters)

    @property
    def rowcount(self) -> int:
        """Rows that were changed: none."""
        return 0

    def fetchone(self) -> Any:
        """Return the first row, None if there is none."""
        return self._raw.execute(*self._asked).fetchone()

    def fetchall(self) -> list[Any]:
        """Return all rows."""
        return self._raw.execute(*self._asked).fetchall()

    def __iter__(self) -> Iterator[Any]:
        with self._raw.cursor(f"rows_{next(_NUMBERS)}") as cursor:
            cursor.itersize = _AT_ONCE
            cursor.execute(*self._asked)
            yield from cursor
