"""What outlives a run besides samples: numbered attempts, and gates with their generation.

Functions over a connection inside a transaction; `SampleStore` opens it.
"""

import secrets
import sqlite3

CONTINUABLE = "INCONCLUSIVE"
"""The one outcome after which a gate may go on with its own samples."""


def attempt_of(connection: sqlite3.Connection, line: str, trial_id: str) -> int:
    """Return the number of a trial among the attempts at its line, giving the next one to a new trial."""
    old = connection.execute("SELECT number FROM attempts WHERE line = ? AND trial_id = ?", (line, trial_id)).fetchone()
    if old is not None:
        return int(old[0])
    connection.execute(
        "INSERT INTO attempts SELECT ?, ?, coalesce(max(number), 0) + 1 FROM attempts WHERE line = ?",
        (line, trial_id, line),
    )
    return attempt_of(connection, line, trial_id)


def generation(
    connection: sqlite3.Connection, line: str, plan_sha256: str, *, max_age: float, now: float, fresh: bool
) -> str:
    """Return the token of the gate that goes on, or of a new one."""
    latest = connection.execute(
        "SELECT token, started_at, outcome FROM gates WHERE line = ? ORDER BY started_at DESC, token LIMIT 1",
        (line,),
    ).fetchone()
    if latest is not None and not fresh:
        token, started_at, outcome = latest
        if outcome in (None, CONTINUABLE) and now - started_at <= max_age:
            return str(token)
    token = secrets.token_hex(16)
    connection.execute("INSERT INTO gates VALUES (?, ?, ?, ?, NULL)", (token, line, plan_sha256, now))
    return token


def finish_gate(connection: sqlite3.Connection, token: str, outcome: str) -> bool:
    """Write how a gate ended; False if there is no such gate."""
    return connection.execute("UPDATE gates SET outcome = ? WHERE token = ?", (outcome, token)).rowcount == 1
