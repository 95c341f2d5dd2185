"""The store's tables in PostgreSQL: the steps of `steps.py` in its words, made by one process at a time."""

import re
from typing import Any, NamedTuple

import psycopg

from weirdgen.errors import StoreError
from weirdgen.store.place import PostgresUrl, named
from weirdgen.store.steps import SCHEMA_VERSION, STEPS

_OURS = 0x77656972 << 32
"""`weir`: the upper half of our advisory locks; the lower one is the schema's number, 0 while tables are made."""
_WORDS = {
    r"\) WITHOUT ROWID": ")",
    r"\bREAL\b": "DOUBLE PRECISION",
    r"\bINTEGER\b": "BIGINT",
    r"\bTEXT\b": 'TEXT COLLATE "C"',
}
"""What SQLite says otherwise. Its order of texts is that of their code points, and so is an export's."""
_FIRST = (
    "CREATE TABLE weirdgen_store (version BIGINT NOT NULL)",
    "INSERT INTO weirdgen_store VALUES (0)",
    "CREATE FUNCTION moment() RETURNS double precision LANGUAGE sql AS "
    "'SELECT extract(epoch FROM clock_timestamp())::double precision'",
)
_Raw = psycopg.Connection[tuple[Any, ...]]


def make_tables(raw: _Raw, url: PostgresUrl) -> None:
    """Make the schema and the tables, or bring them up to date; nothing is locked where they are.

    Raises:
        StoreError: the schema is another program's, or newer.
    """
    if version_of(raw, url) == SCHEMA_VERSION:
        return
    with raw.transaction():
        raw.execute("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")
        raw.execute("SELECT pg_advisory_xact_lock(%s::bigint)", (_OURS,))
        version = version_of(raw, url)
        if not _standing(raw, url).number:
            raw.execute(f'CREATE SCHEMA "{url.schema}"'.encode())
        # Nobody writes while the tables change.
        raw.execute("SELECT pg_advisory_xact_lock(%s::bigint)", (lock_of(raw, url),))
        if not has_tables(raw, url):
            for statement in _FIRST:
                raw.execute(statement.encode())
        for statement in "".join(STEPS[version:]).split(";\n"):
            if statement.strip():
                raw.execute(_translated(statement))
        raw.execute("UPDATE weirdgen_store SET version = %s", (SCHEMA_VERSION,))


def version_of(raw: _Raw, url: PostgresUrl) -> int:
    """Return the version of our tables, 0 where there are none.

    Raises:
        StoreError: the schema is another program's, or newer.
    """
    standing = _standing(raw, url)
    if not standing.ours:
        if standing.tables:
            raise StoreError(
                f"{named(url)}: the schema {url.schema!r} is another program's; name another one with "
                "?options=-csearch_path%3DNAME, or another database"
            )
        return 0
    row = raw.execute("SELECT version FROM weirdgen_store").fetchone()
    version = int(row[0]) if row else 0
    if version > SCHEMA_VERSION:
        raise StoreError(
            f"{named(url)}: written by a newer weirdgen (store version {version}, this one reads {SCHEMA_VERSION}); "
            "upgrade pytest-weirdgen or name another store with --gate-store"
        )
    return version


def has_tables(raw: _Raw, url: PostgresUrl) -> bool:
    """Whether the schema is there, and ours."""
    return _standing(raw, url).ours


def lock_of(raw: _Raw, url: PostgresUrl) -> int:
    """Return the advisory lock of whoever writes in a schema."""
    return _OURS | _standing(raw, url).number


class _Standing(NamedTuple):
    number: int
    """Of the schema; 0: there is none."""
    tables: int
    """In it, of whomever."""
    ours: bool


def _standing(raw: _Raw, url: PostgresUrl) -> _Standing:
    """Look at a schema in one statement: another process may be making it at this moment."""
    row = raw.execute(
        "SELECT coalesce(max(n.oid::bigint), 0), count(c.oid), coalesce(bool_or(c.relname = 'weirdgen_store'), false) "
        "FROM pg_namespace n LEFT JOIN pg_class c ON c.relnamespace = n.oid WHERE n.nspname = %s",
        (url.schema,),
    ).fetchone()
    return _Standing(*row) if row else _Standing(0, 0, False)


def _translated(statement: str) -> bytes:
    for word, other in _WORDS.items():
        statement = re.sub(word, other, statement)
    return statement.encode()
