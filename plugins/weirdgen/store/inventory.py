"""What a store holds and whether it is sound, read without changing the file: also of one that is damaged."""

import contextlib
import os
import sqlite3
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from weirdgen.errors import StoreError, UsageMistake
from weirdgen.schema.sample import Sample, SampleRequest
from weirdgen.store.connection import BUSY_SECONDS, Connection
from weirdgen.store.database import Database, is_there
from weirdgen.store.exporting import label_of
from weirdgen.store.place import PostgresUrl, StorePlace, named, nothing_at
from weirdgen.store.pruning import PRUNED
from weirdgen.store.sqlite import APPLICATION_ID, explained, give_clock
from weirdgen.store.steps import SCHEMA_VERSION

_MOST_FINDINGS = 5
_SINCE = {
    "attempts": 1,
    "undecided": 2,
    "stops": 3,
    "calibrations": 4,
    "accounts": 5,
    "openings": 6,
    "cut_gates": 8,
    "shards": 8,
    "batches": 9,
    "batch_lines": 9,
}
"""Versions of the store that brought a table."""


@dataclass(frozen=True, slots=True)
class ModelCount:
    """The samples of a model in a role."""

    model: str
    """As a user names it."""
    base_url: str
    role: str
    samples: int
    prompt_tokens: int
    completion_tokens: int
    oldest: float
    newest: float
    """UNIX times of arrival."""


@dataclass(frozen=True, slots=True)
class GateCount:
    """A gate, or the time for which a judge's replies are used again."""

    token: str
    line: str
    started_at: float
    outcome: str | None
    """None: never ended."""
    undecided: int
    kind: Literal["gate", "judge", "renewal"]
    """judge: for how long a judge's replies are used again; renewal: what follows upon `weirdgen store prune`."""


@dataclass(slots=True)
class Inventory:
    """Everything that `weirdgen store info` tells. Mutable: it is filled until the store gives no more."""

    place: StorePlace
    bytes: int
    version: int = 0
    damage: list[str] = field(default_factory=list)
    """What is wrong with the store; empty: it is sound."""
    bad_rows: int = 0
    """Samples that cannot be used."""
    first_bad: str = ""
    models: list[ModelCount] = field(default_factory=list)
    gates: list[GateCount] = field(default_factory=list)
    accounts: list[tuple[str, float, int, float, int]] = field(default_factory=list)
    """(name, dollars spent, requests spent, dollars held, requests held)."""
    counts: Counter[str] = field(default_factory=Counter)
    """Rows of the other tables."""

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong."""
        return not self.damage and not self.bad_rows


def take_inventory(place: StorePlace) -> Inventory:
    """Read a whole store.

    Raises:
        UsageMistake: there is none.
        StoreError: it is of another program or a newer version, or cannot be opened.
    """
    if not is_there(place):
        raise UsageMistake(f"{named(place)}: there is {nothing_at(place)}; name one with --gate-store")
    return _of_server(place) if isinstance(place, PostgresUrl) else _of_file(place)


def _of_server(url: PostgresUrl) -> Inventory:
    database = Database(url, prepared=False)
    try:
        with database.snapshot() as connection:
            inventory = Inventory(url, database.size(), database.version())
            for part in _PARTS:
                part(connection, inventory)
    finally:
        database.close()
    return inventory


def _of_file(path: Path) -> Inventory:
    inventory = Inventory(path, _size(path))
    with explained(path), contextlib.closing(_opened(path)) as connection:
        if not _readable(connection, inventory):
            return inventory
        for part in (_check_structure, *_PARTS):
            try:
                part(connection, inventory)
            except sqlite3.OperationalError:
                raise
            except sqlite3.DatabaseError as error:
                inventory.damage.append(f"{part.__name__.strip('_').replace('_', ' ')}: {error}")
    return inventory


def _size(path: Path) -> int:
    """Return the bytes of the file and of what SQLite has not put into it yet."""
    log = _log_of(path)
    return path.stat().st_size + (log.stat().st_size if log.is_file() else 0)


def _log_of(path: Path) -> Path:
    return path.with_name(path.name + "-wal")


def _opened(path: Path) -> sqlite3.Connection:
    # Beside a file in WAL mode SQLite makes two others, unless it is told that nobody writes.
    still = not os.access(path.parent, os.W_OK) and not _log_of(path).exists()
    address = f"{path.absolute().as_uri()}?mode=ro{'&immutable=1' if still else ''}"
    connection = sqlite3.connect(address, uri=True, timeout=BUSY_SECONDS)
    give_clock(connection)
    # Text that is no UTF-8 is damage, to be counted and not to be fallen over.
    connection.text_factory = lambda raw: raw.decode("utf-8", "backslashreplace")
    return connection


def _readable(connection: sqlite3.Connection, inventory: Inventory) -> bool:
    """Read what kind of file it is; False if it cannot be told."""
    try:
        application = connection.execute("PRAGMA application_id").fetchone()[0]
        inventory.version = int(connection.execute("PRAGMA user_version").fetchone()[0])
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.OperationalError:
        raise
    except sqlite3.DatabaseError as error:
        inventory.damage.append(f"{error}: damaged, or no sample store")
        return False
    if application != APPLICATION_ID:
        raise StoreError(f"{named(inventory.place)}: an SQLite file of another program; name another with --gate-store")
    if inventory.version > SCHEMA_VERSION:
        raise StoreError(
            f"{named(inventory.place)}: written by a newer weirdgen (store version {inventory.version}, this one reads "
            f"{SCHEMA_VERSION}); upgrade pytest-weirdgen"
        )
    return True


def _check_structure(connection: Connection, inventory: Inventory) -> None:
    found = [str(row[0]) for row in connection.execute(f"PRAGMA integrity_check({_MOST_FINDINGS})")]
    inventory.damage += [line for line in found if line != "ok"]


def _check_samples(connection: Connection, inventory: Inventory) -> None:
    columns = "key, role, kind, model, base_url, generation, replicate, request, sample"
    for row in connection.execute(f"SELECT {columns} FROM samples"):
        if why := _wrong(row):
            inventory.bad_rows += 1
            inventory.first_bad = inventory.first_bad or f"{row[0]}: {why}"


def _wrong(row: tuple[Any, ...]) -> str:
    """Return why a row of samples cannot be used; empty if it can."""
    key, *columns, request_text, sample_text = row
    try:
        request = SampleRequest.model_validate_json(request_text)
    except ValueError:
        return "its request cannot be read"
    if request.key != key:
        return "its key is not the digest of its request"
    identity = request.identity
    if columns != [
        request.role, identity.kind, identity.model, identity.base_url, identity.generation, request.replicate
    ]:  # fmt: skip
        return "its columns are not those of its request"
    try:
        sample = Sample.model_validate_json(sample_text)
    except ValueError:
        return "its sample cannot be read"
    return "" if sample.key == key else "its sample is of another request"


def _count_models(connection: Connection, inventory: Inventory) -> None:
    rows = connection.execute(
        "SELECT kind, model, base_url, role, count(*), CAST(sum(prompt_tokens) AS BIGINT), "
        "CAST(sum(completion_tokens) AS BIGINT), min(arrived), max(arrived) FROM samples "
        "GROUP BY kind, model, base_url, role ORDER BY kind, model, base_url, role DESC"
    )
    inventory.models = [ModelCount(label_of(kind, model), *rest) for kind, model, *rest in rows]


def _count_gates(connection: Connection, inventory: Inventory) -> None:
    left: Counter[str] = Counter()
    if _has(inventory, "undecided"):
        left.update(token for (token,) in connection.execute("SELECT token FROM undecided"))
    rows = connection.execute("SELECT token, line, started_at, outcome, plan_sha256 FROM gates ORDER BY started_at")
    inventory.gates = [
        GateCount(
            token, line, started, outcome, left[token], "renewal" if plan == PRUNED else "gate" if plan else "judge"
        )
        for token, line, started, outcome, plan in rows
    ]


def _count_accounts(connection: Connection, inventory: Inventory) -> None:
    if not _has(inventory, "accounts"):
        return
    held: dict[str, tuple[float, int]] = {
        name: (dollars, requests)
        for name, dollars, requests in connection.execute(
            "SELECT account, sum(dollars), CAST(sum(requests) AS BIGINT) FROM holds GROUP BY account"
        )
    }
    spent = {row[0]: row[1:] for row in connection.execute("SELECT name, dollars, requests FROM accounts")}
    inventory.accounts = [
        (name, *spent.get(name, (0.0, 0)), *held.get(name, (0.0, 0))) for name in sorted(spent.keys() | held.keys())
    ]


def _count_others(connection: Connection, inventory: Inventory) -> None:
    for table in ("attempts", "stops", "calibrations", "openings", "cut_gates", "shards", "batches", "batch_lines"):
        if _has(inventory, table):
            inventory.counts[table] = int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])
    leased = "SELECT count(*) FROM leases WHERE expires > moment()"
    inventory.counts["leases"] = int(connection.execute(leased).fetchone()[0])


def _has(inventory: Inventory, table: str) -> bool:
    """Whether a table is there: stores of earlier versions lack some."""
    return inventory.version >= _SINCE[table]


_PARTS = (_check_samples, _count_models, _count_gates, _count_accounts, _count_others)
