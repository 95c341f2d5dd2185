"""Samples deleted, and nothing else: what keeps a retried trial at a smaller error rate stays for ever.

A trial whose samples are deleted would begin anew under its old number, at its old error rate. So whatever could draw
them again is another one from then on: their gate is closed, and a finetune gets a generation, as by --gate-fresh.
Organisms draw the same samples again.
"""

import contextlib
import secrets
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from weirdgen.schema.canonical import digest
from weirdgen.schema.sample import Identity, SampleRequest
from weirdgen.store.connection import Connection
from weirdgen.store.database import Database
from weirdgen.store.exporting import label_of
from weirdgen.store.openings import identities, openings

PRUNED = "pruned"
"""In place of a plan's digest: of what follows upon deleted samples of a finetune."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Which samples are to be deleted: those that every given condition holds for."""

    before: float | None = None
    """UNIX time: those that arrived earlier."""
    models: tuple[str, ...] = ()
    """As a user names them; empty: any."""
    generation: str | None = None
    """Of the gate that drew them; an empty one: drawn under none."""


@dataclass(frozen=True, slots=True)
class Pruned:
    """What was deleted, or would be."""

    samples: int
    bytes: int
    """Of their requests and answers."""
    kept: int
    """Samples that were chosen, and that an unfinished gate may go on with."""


def prune(database: Database, choice: Choice, *, gates_since: float, force: bool, dry_run: bool) -> Pruned:
    """Delete samples. Accounts, attempts, stop rules, gates, openings and judges' records stay.

    Args:
        database: of the store.
        choice: which samples.
        gates_since: UNIX time; a gate that began earlier cannot be continued any more.
        force: delete also what an unfinished gate may go on with.
        dry_run: delete nothing.

    Raises:
        StoreError: the store cannot be read or written; nothing was deleted.
    """
    with database.snapshot() if dry_run else database.writing() as connection:
        kept_for = Unfinished() if force else unfinished(connection, gates_since)
        chosen = list(_chosen(connection, choice))
        doomed = [row for row in chosen if not kept_for.holds(row.generation, row.request)]
        if not dry_run:
            connection.executemany("DELETE FROM samples WHERE key = ?", [(row.key,) for row in doomed])
            _end(connection, doomed)
    return Pruned(len(doomed), sum(row.bytes for row in doomed), len(chosen) - len(doomed))


def renewal_line(model: str, base_url: str) -> str:
    """Return under what it is kept that samples of a finetune were deleted; see `SampleStore.renewal`."""
    return digest([PRUNED, model, base_url])


def _end(connection: Connection, deleted: Iterable["_Row"]) -> None:
    """Let no gate and no finetune go on as if its deleted samples had never been."""
    generations = {row.generation for row in deleted}
    connection.executemany("UPDATE gates SET outcome = 'DECIDED' WHERE token = ?", [(one,) for one in generations])
    for model, base_url in sorted({(row.model, row.base_url) for row in deleted if row.kind == "finetune"}):
        row = secrets.token_hex(16), renewal_line(model, base_url), PRUNED
        connection.execute("INSERT INTO gates VALUES (?, ?, ?, moment(), 'DECIDED', 1)", row)


@dataclass(frozen=True, slots=True)
class Unfinished:
    """What gates may be continued with."""

    generations: Collection[str] = ()
    who: Collection[Identity] = ()

    def holds(self, generation: str, request: str) -> bool:
        """Whether a gate may go on with a sample, given the generation and the JSON of its request."""
        if generation in self.generations:
            return True
        if not self.who:
            return False
        with contextlib.suppress(ValueError):  # of a row that cannot be read nobody can go on
            return SampleRequest.model_validate_json(request).identity in self.who
        return False


def unfinished(connection: Connection, since: float) -> Unfinished:
    """Return what the gates may be continued with that began since a moment and left something undecided."""
    rows = connection.execute(
        "SELECT line, token, started_at FROM gates WHERE plan_sha256 != '' ORDER BY started_at, token DESC"
    )
    last = {line: (token, started) for line, token, started in rows}
    latest = {token for token, started in last.values() if started >= since}
    open_now = {
        str(token)
        for (token,) in connection.execute(
            "SELECT token FROM gates WHERE coalesce(outcome, 'INCONCLUSIVE') != 'DECIDED'"
        )
        if token in latest
    }
    return Unfinished(open_now, identities(one for one in openings(connection) if one.token in open_now))


class _Row(NamedTuple):
    key: str
    kind: str
    model: str
    base_url: str
    generation: str
    request: str
    bytes: int


def _chosen(connection: Connection, choice: Choice) -> Iterator[_Row]:
    rows = connection.execute(
        "SELECT key, kind, model, base_url, generation, request, length(request) + length(sample) FROM samples "
        "WHERE arrived < coalesce(?, 9e99) AND generation = coalesce(?, generation)",
        (choice.before, choice.generation),
    )
    for row in map(_Row._make, rows):
        if not choice.models or label_of(row.kind, row.model) in choice.models:
            yield row
