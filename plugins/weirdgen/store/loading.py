"""A cassette put into a store: all of it or nothing, and what was there stays."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from weirdgen.schema.canonical import canonical_json
from weirdgen.store.cassette import (
    AttemptRecord,
    CalibrationRecord,
    GateRecord,
    OpeningRecord,
    Record,
    SampleRecord,
    StopRecord,
)
from weirdgen.store.connection import Connection
from weirdgen.store.database import Database
from weirdgen.store.openings import keep_opening
from weirdgen.store.rows import sample_row

NEW, KNOWN, CONFLICTING = "new", "known", "conflicting"


@dataclass(slots=True)
class Loaded:
    """What became of the records, counted by kind."""

    counts: dict[str, Counter[str]] = field(default_factory=dict)
    """Per kind of record: new, known (the same was there) and conflicting (another was there, and stays)."""

    def add(self, kind: str, what: str) -> None:
        """Count a record."""
        self.counts.setdefault(kind, Counter())[what] += 1

    def total(self, what: str) -> int:
        """Return how many records of all kinds were new, known or conflicting."""
        return sum(counted[what] for counted in self.counts.values())


def load(database: Database, records: Iterable[Record]) -> Loaded:
    """Put records into a store, in one transaction.

    Raises:
        UsageMistake: from the records, while they are read.
        StoreError: the store cannot be written; nothing of the records is in it.
    """
    loaded = Loaded()
    with database.writing() as connection:
        for record in records:
            loaded.add(record.record, _put(connection, record))
    return loaded


def _put(connection: Connection, record: Record) -> str:
    match record:
        case SampleRecord():
            row = sample_row(record.request, record.sample, record.arrived)
            return _insert(connection, "samples", row, "key = ?", (record.sample.key,), "sample", row[8])
        case OpeningRecord():
            # Who answered makes it what it is, so that one that is there is the same.
            return NEW if keep_opening(connection, record, replace=False) else KNOWN
        case GateRecord():
            return _put_gate(connection, record)
        case AttemptRecord():
            return _put_attempt(connection, record)
        case StopRecord():
            row = (record.trial_id, record.stop)
            return _insert(connection, "stops", row, "trial_id = ?", row[:1], "stop", record.stop)
        case CalibrationRecord():
            text = canonical_json(record.found)
            row = (record.judge_identity, record.gold_sha256, record.source, record.made, text)
            where = "(judge_identity, gold_sha256, source) = (?, ?, ?)"
            return _insert(connection, "calibrations", row, where, row[:3], "made", record.made)


def _insert(
    connection: Connection,
    table: str,
    row: tuple[str | int | float | None, ...],
    where: str,
    key: tuple[str | int | float | None, ...],
    column: str,
    value: str | int | float | None,
) -> str:
    """Insert a row unless its key is there, and say whether the same one is."""
    marks = ", ".join("?" * len(row))
    if connection.execute(f"INSERT INTO {table} VALUES ({marks}) ON CONFLICT DO NOTHING", row).rowcount:
        return NEW
    there = connection.execute(f"SELECT {column} FROM {table} WHERE {where}", key).fetchone()
    return KNOWN if there == (value,) else CONFLICTING


def _put_gate(connection: Connection, gate: GateRecord) -> str:
    row = (gate.token, gate.line, gate.plan_sha256, gate.started_at, gate.outcome, int(gate.fresh))
    became = _insert(connection, "gates", row, "token = ?", row[:1], "outcome", gate.outcome)
    if became == NEW:
        connection.executemany("INSERT INTO undecided VALUES (?, ?)", [(gate.token, name) for name in gate.undecided])
    return became


def _put_attempt(connection: Connection, attempt: AttemptRecord) -> str:
    """Keep a trial's number; where another trial has it, take the next: a smaller error rate, never a larger one."""
    key = attempt.line, attempt.trial_id
    there = connection.execute("SELECT number FROM attempts WHERE (line, trial_id) = (?, ?)", key).fetchone()
    if there is not None:
        return KNOWN if there == (attempt.number,) else CONFLICTING
    taken, last = connection.execute(
        "SELECT count(*) FILTER (WHERE number = ?), coalesce(max(number), 0) FROM attempts WHERE line = ?",
        (attempt.number, attempt.line),
    ).fetchone()
    connection.execute("INSERT INTO attempts VALUES (?, ?, ?)", (*key, last + 1 if taken else attempt.number))
    return CONFLICTING if taken else NEW
