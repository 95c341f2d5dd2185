"""Gates that are cut into shards: who has begun, the one opening that all share, and what each left for the merge.

Functions over a connection inside a transaction; `SampleStore` opens it. What a record holds belongs to the plugin.
"""

from dataclasses import dataclass
from typing import NamedTuple

from weirdgen.schema.shard import Shard
from weirdgen.store import ledger
from weirdgen.store.connection import Connection

_NAMED = "token = ? AND plan_sha256 = ? AND total = ?"


class Asked(NamedTuple):
    """What a shard's gate is, as it is told in the store."""

    line: str
    """Digest of what is asked of whom."""
    plan_sha256: str
    ci_run: str
    """Which run of a CI system the shard belongs to; empty: none."""


class Cut(NamedTuple):
    """A gate cut into parts: what its shards have in common."""

    token: str
    """Generation of the gate."""
    plan_sha256: str
    total: int
    """Shards."""


@dataclass(frozen=True, slots=True)
class Part:
    """One shard as the store knows it."""

    number: int
    ci_run: str
    """Which run of a CI system it belongs to; empty: none."""
    began: float
    """UNIX time in seconds; of the last time, where it was run again."""
    ended: float | None
    """None: it was not seen to end, and has left no record."""


@dataclass(frozen=True, slots=True)
class CutGate:
    """A gate that was cut, with those of its parts that have begun."""

    cut: Cut
    began: float
    merged: float | None
    """UNIX time of its merge; None: there was none, or a shard was run again since."""
    parts: tuple[Part, ...]

    @property
    def missing(self) -> list[int]:
        """Numbers of the shards that have left no record."""
        ended = {part.number for part in self.parts if part.ended is not None}
        return [number for number in range(1, self.cut.total + 1) if number not in ended]


def begin(
    connection: Connection,
    asked: Asked,
    shard: Shard,
    session: str,
    *,
    max_age: float,
    now: float,
    fresh: bool,
) -> Cut:
    """Begin a shard, and return the gate that it is a part of: the one that others have begun, or a new one.

    The gate stays open until each shard has ended, as it does while a contrast is undecided.

    Args:
        connection: in a transaction.
        asked: what the gate is.
        shard: that begins.
        session: names this run of it; a later one takes its place.
        max_age: seconds for which an unfinished gate is continued.
        now: UNIX time in seconds.
        fresh: of all shards; the first one begins a new gate.
    """
    fresh = fresh and not _awaited(connection, asked, shard, oldest=now - max_age)
    token = ledger.generation(connection, asked.line, asked.plan_sha256, max_age=max_age, now=now, fresh=fresh)
    cut = Cut(token, asked.plan_sha256, shard.total)
    if not _is_known(connection, cut):
        _cut(connection, cut, now)
    connection.execute(f"UPDATE cut_gates SET merged = NULL WHERE {_NAMED}", cut)
    connection.execute("INSERT INTO undecided VALUES (?, ?) ON CONFLICT DO NOTHING", (token, _awaits(shard)))
    connection.execute(f"DELETE FROM shards WHERE {_NAMED} AND number = ?", (*cut, shard.number))
    row = (*cut, shard.number, session, asked.ci_run, now)
    connection.execute("INSERT INTO shards VALUES (?, ?, ?, ?, ?, ?, ?, NULL, NULL)", row)
    return cut


def opening(connection: Connection, cut: Cut) -> str:
    """Return the opening of a cut gate as it was kept; empty: it has none yet."""
    return str(connection.execute(f"SELECT opening FROM cut_gates WHERE {_NAMED}", cut).fetchone()[0])


def keep_opening(connection: Connection, cut: Cut, text: str) -> str:
    """Keep the opening of a cut gate, and return the one that counts: the first."""
    connection.execute(f"UPDATE cut_gates SET opening = ? WHERE {_NAMED} AND opening = ''", (text, *cut))
    return opening(connection, cut)


def end(connection: Connection, cut: Cut, shard: Shard, session: str, record: str, now: float) -> bool:
    """Keep what a shard leaves; False if it was begun a second time meanwhile, and nothing was kept."""
    kept = connection.execute(
        f"UPDATE shards SET ended = ?, record = ? WHERE {_NAMED} AND number = ? AND session = ?",
        (now, record, *cut, shard.number, session),
    ).rowcount
    if kept:
        ledger.finish_gate(connection, cut.token, [_awaits(shard)], [])
    return kept == 1


def cut_gates(connection: Connection) -> list[CutGate]:
    """Return all gates that were cut, oldest first."""
    parts: dict[Cut, list[Part]] = {}
    asked = "SELECT token, plan_sha256, total, number, ci_run, began, ended FROM shards ORDER BY number"
    for token, plan_sha256, total, *part in connection.execute(asked).fetchall():
        parts.setdefault(Cut(token, plan_sha256, total), []).append(Part(*part))
    rows = connection.execute("SELECT token, plan_sha256, total, began, merged FROM cut_gates ORDER BY began, token")
    return [
        CutGate(cut := Cut(token, plan_sha256, total), began, merged, tuple(parts.get(cut, ())))
        for token, plan_sha256, total, began, merged in rows.fetchall()
    ]


def records(connection: Connection, cut: Cut) -> dict[int, str]:
    """Return what the shards of a gate have left, by their numbers."""
    asked = f"SELECT number, record FROM shards WHERE {_NAMED} AND record IS NOT NULL ORDER BY number"
    return {int(number): str(record) for number, record in connection.execute(asked, cut).fetchall()}


def note_merge(connection: Connection, cut: Cut, now: float) -> None:
    """Note that a gate was merged; a shard that begins after that makes it one to be merged again."""
    connection.execute(f"UPDATE cut_gates SET merged = ? WHERE {_NAMED}", (now, *cut))


def _is_known(connection: Connection, cut: Cut) -> bool:
    return connection.execute(f"SELECT 1 FROM cut_gates WHERE {_NAMED}", cut).fetchone() is not None


def _cut(connection: Connection, cut: Cut, now: float) -> None:
    """Cut a gate, and wait for all of its shards; for none of an earlier cut, since it is cut in one way at a time."""
    earlier = connection.execute("SELECT total FROM cut_gates WHERE token = ?", (cut.token,)).fetchall()
    for (total,) in earlier:
        names = [(cut.token, _awaits(Shard(number, total))) for number in range(1, total + 1)]
        connection.executemany("DELETE FROM undecided WHERE token = ? AND contrast = ?", names)
    connection.execute("INSERT INTO cut_gates VALUES (?, ?, ?, ?, '', NULL)", (*cut, now))
    awaited = [(cut.token, _awaits(Shard(number, cut.total))) for number in range(1, cut.total + 1)]
    connection.executemany("INSERT INTO undecided VALUES (?, ?)", awaited)


def _awaits(shard: Shard) -> str:
    """Return under which name a gate's undecided contrasts hold a shard that has not ended."""
    return f"shard {shard.name}"


def _awaited(connection: Connection, asked: Asked, shard: Shard, *, oldest: float) -> bool:
    """Whether the line's latest gate has fresh samples and waits for this shard, which then joins it."""
    latest = connection.execute(
        "SELECT token, fresh, started_at FROM gates WHERE line = ? ORDER BY started_at DESC, token LIMIT 1",
        (asked.line,),
    ).fetchone()
    if latest is None or not latest[1] or latest[2] < oldest:
        return False
    found = connection.execute(
        "SELECT 1 FROM undecided WHERE token = ? AND contrast = ?", (latest[0], _awaits(shard))
    ).fetchone()
    return found is not None and _is_known(connection, Cut(str(latest[0]), asked.plan_sha256, shard.total))
