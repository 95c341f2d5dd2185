"""Batches that were submitted and are not collected yet: who has which keys, whatever becomes of the process.

A batch stands here before its server hears of it, under a token of ours. From then on its lines are leased to the batch
itself and not to a process, so that nobody asks for them again; what they may cost is held until they are collected.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from weirdgen.schema.sample import Sample, SampleRequest
from weirdgen.store import accounts
from weirdgen.store.accounts import Amount
from weirdgen.store.connection import Connection
from weirdgen.store.database import Database
from weirdgen.store.rows import add_sample

_NEVER = 1e12
"""UNIX time at which leases of batches expire."""


@dataclass(frozen=True, slots=True)
class KeptBatch:
    """A batch as the store knows it."""

    token: str
    """Our own name of it, which its server has in its metadata."""
    id: str
    """The server's; empty: nobody has heard yet whether there is one."""
    base_url: str
    """Empty for organisms."""
    model: str
    submitter: str
    """Owner, see `store.owner`."""
    begun: float
    """UNIX time."""


@dataclass(frozen=True, slots=True)
class KeptLine:
    """A request in a batch."""

    request: SampleRequest
    parameters: Mapping[str, str | int | float | bool | None]
    """That were sent."""


@dataclass(frozen=True, slots=True)
class Collected:
    """What became of a line."""

    request: SampleRequest
    sample: Sample | None
    """None: it brought none, and may be asked again."""
    cost: Amount | None
    """None: what was held for it."""


class BatchBook:
    """The batches of a store. Every method is one transaction, or part of a shared one."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(self, batch: KeptBatch, lines: Sequence[KeptLine]) -> None:
        """Keep a batch that is about to be submitted; its lines' leases and holds go from the submitter to the batch.

        Args:
            batch: without an id.
            lines: whose keys the submitter has claimed.
        """
        mine, rows = _owner(batch.token), [(line.request.key, batch.submitter) for line in lines]
        with self._database.writing() as connection:
            connection.execute(
                "INSERT INTO batches VALUES (?, ?, ?, ?, ?, ?)",
                (batch.token, batch.id, batch.base_url, batch.model, batch.submitter, batch.begun),
            )
            for line in lines:
                request = line.request
                connection.execute(
                    "INSERT INTO batch_lines VALUES (?, ?, ?, ?, ?)",
                    (
                        request.key,
                        batch.token,
                        request.identity.generation,
                        request.canonical,
                        json.dumps(dict(line.parameters)),
                    ),
                )
            for key, submitter in rows:
                connection.execute(
                    "UPDATE leases SET owner = ?, expires = ? WHERE key = ? AND owner = ?",
                    (mine, _NEVER, key, submitter),
                )
                connection.execute("UPDATE holds SET owner = ? WHERE key = ? AND owner = ?", (mine, key, submitter))

    def name(self, token: str, batch_id: str) -> None:
        """Keep what the server calls a batch."""
        with self._database.writing() as connection:
            connection.execute("UPDATE batches SET id = ? WHERE token = ?", (batch_id, token))

    def pending(self, base_url: str, model: str) -> list[KeptBatch]:
        """Return the batches of a model that are not collected, oldest first."""
        with self._database.reading() as connection:
            rows = connection.execute(
                "SELECT token, id, base_url, model, submitter, begun FROM batches "
                "WHERE base_url = ? AND model = ? ORDER BY begun, token",
                (base_url, model),
            ).fetchall()
        return [KeptBatch(*row) for row in rows]

    def waiting(self, base_url: str, model: str, generation: str) -> int:
        """Return how many lines of a model, drawn under a generation, are not collected."""
        with self._database.reading() as connection:
            asked = (
                "SELECT count(*) FROM batch_lines JOIN batches USING (token) "
                "WHERE base_url = ? AND model = ? AND generation = ?"
            )
            return int(connection.execute(asked, (base_url, model, generation)).fetchone()[0])

    def keys(self, token: str) -> list[str]:
        """Return the keys of a batch's lines."""
        with self._database.reading() as connection:
            rows = connection.execute("SELECT key FROM batch_lines WHERE token = ?", (token,)).fetchall()
        return [str(key) for (key,) in rows]

    def lines(self, token: str) -> dict[str, KeptLine]:
        """Return the lines of a batch by key."""
        with self._database.reading() as connection:
            rows = connection.execute(
                "SELECT key, request, parameters FROM batch_lines WHERE token = ?", (token,)
            ).fetchall()
        return {
            key: KeptLine(SampleRequest.model_validate_json(request), json.loads(parameters))
            for key, request, parameters in rows
        }

    def collect(self, token: str, lines: Sequence[Collected]) -> list[str]:
        """Keep what came of lines, once, whoever else collects the same; return the keys that were still open.

        The sample is stored, what it cost put in place of what was held, and the lease given back.
        """
        mine = _owner(token)
        found = []
        with self._database.writing() as connection:
            for line in lines:
                key = line.request.key
                place = (key, token)
                if not connection.execute("DELETE FROM batch_lines WHERE key = ? AND token = ?", place).rowcount:
                    continue
                found.append(key)
                if line.sample is not None:
                    add_sample(connection, line.request, line.sample)
                _settle(connection, key, mine, line.cost)
                connection.execute("DELETE FROM leases WHERE key = ? AND owner = ?", (key, mine))
        return found

    def end(self, token: str) -> None:
        """Forget a batch that is collected, or that never came to be; lines that are left may be asked again."""
        with self._database.writing() as connection:
            connection.execute("DELETE FROM leases WHERE owner = ?", (_owner(token),))
            connection.execute("DELETE FROM holds WHERE owner = ?", (_owner(token),))
            connection.execute("DELETE FROM batch_lines WHERE token = ?", (token,))
            connection.execute("DELETE FROM batches WHERE token = ?", (token,))


def _owner(token: str) -> str:
    """Return as whom a batch holds leases: nobody's process, so that no death of one frees them."""
    return f"{accounts.BATCH}0|0|{token}"


def _settle(connection: Connection, key: str, owner: str, cost: Amount | None) -> None:
    """Put what a line cost in place of what is held for it, if somebody counts."""
    asked = "SELECT account, dollars, requests FROM holds WHERE key = ? AND owner = ?"
    row = connection.execute(asked, (key, owner)).fetchone()
    if row is not None:
        account, dollars, requests = row
        accounts.settle(connection, account, key, owner, Amount(dollars, requests) if cost is None else cost)
