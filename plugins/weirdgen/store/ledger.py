"""What outlives a run besides samples: numbered attempts, gates with their generation, judges' records.

Functions over a connection inside a transaction; `SampleStore` opens it.
"""

import secrets
from collections.abc import Collection

from weirdgen.store.connection import Connection

_OPEN, _DECIDED = "INCONCLUSIVE", "DECIDED"


def attempt_of(connection: Connection, line: str, trial_id: str, *, begin: bool) -> int:
    """Return the number of a trial among the attempts at its line; a new trial takes the next one if it begins."""
    old = connection.execute("SELECT number FROM attempts WHERE line = ? AND trial_id = ?", (line, trial_id)).fetchone()
    if old is not None:
        return int(old[0])
    last = connection.execute("SELECT coalesce(max(number), 0) FROM attempts WHERE line = ?", (line,)).fetchone()[0]
    if begin:
        connection.execute("INSERT INTO attempts VALUES (?, ?, ?)", (line, trial_id, last + 1))
    return int(last) + 1


def first_stop(connection: Connection, trial_id: str, stop: str) -> str:
    """Return the stop rule that a trial first began with: the one given, if it begins now."""
    connection.execute("INSERT INTO stops VALUES (?, ?) ON CONFLICT DO NOTHING", (trial_id, stop))
    return str(connection.execute("SELECT stop FROM stops WHERE trial_id = ?", (trial_id,)).fetchone()[0])


def generation(connection: Connection, line: str, plan_sha256: str, *, max_age: float, now: float, fresh: bool) -> str:
    """Return the token of the gate that goes on, or of a new one."""
    latest = connection.execute(
        "SELECT token, started_at, outcome FROM gates WHERE line = ? ORDER BY started_at DESC, token LIMIT 1",
        (line,),
    ).fetchone()
    if latest is not None and not fresh:
        token, started_at, outcome = latest
        if outcome in (None, _OPEN) and now - started_at <= max_age:
            return str(token)
    token = secrets.token_hex(16)
    connection.execute("INSERT INTO gates VALUES (?, ?, ?, ?, NULL, ?)", (token, line, plan_sha256, now, int(fresh)))
    return token


def renewal(connection: Connection, line: str) -> str:
    """Return the token of the line's latest gate that was asked for fresh samples; empty if none was."""
    latest = connection.execute(
        "SELECT token FROM gates WHERE line = ? AND fresh = 1 ORDER BY started_at DESC, token LIMIT 1", (line,)
    ).fetchone()
    return str(latest[0]) if latest else ""


def finish_gate(
    connection: Connection, token: str, decided: Collection[str], undecided: Collection[str], *, whole: bool = False
) -> bool:
    """Write which contrasts a gate has decided and which not; False if there is no such gate.

    A session that had the whole gate waits for nothing of earlier ones: not for a shard that never came, either.
    """
    if whole:
        connection.execute("DELETE FROM undecided WHERE token = ?", (token,))
    connection.executemany("DELETE FROM undecided WHERE token = ? AND contrast = ?", [(token, c) for c in decided])
    kept = "INSERT INTO undecided VALUES (?, ?) ON CONFLICT DO NOTHING"
    connection.executemany(kept, [(token, c) for c in undecided])
    left = connection.execute("SELECT count(*) FROM undecided WHERE token = ?", (token,)).fetchone()[0]
    outcome = _OPEN if left else _DECIDED
    return connection.execute("UPDATE gates SET outcome = ? WHERE token = ?", (outcome, token)).rowcount == 1


def keep_calibration(connection: Connection, key: tuple[str, str, str], record: str) -> None:
    """Keep a judge's latest record: of its identity, its gold set and a kind of answers."""
    connection.execute(
        "INSERT INTO calibrations VALUES (?, ?, ?, moment(), ?) ON CONFLICT (judge_identity, gold_sha256, source) "
        "DO UPDATE SET made = excluded.made, record = excluded.record",
        (*key, record),
    )


def calibration(connection: Connection, key: tuple[str, str, str]) -> tuple[float, str] | None:
    """Return when a judge's record was made, and the record; None if there is none."""
    found = connection.execute(
        "SELECT made, record FROM calibrations WHERE (judge_identity, gold_sha256, source) = (?, ?, ?)", key
    ).fetchone()
    return (float(found[0]), str(found[1])) if found else None
