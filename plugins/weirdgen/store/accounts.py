"""What a gate has spent: held before each request, settled with what it cost. Shared by all workers and runs.

Functions over a connection inside a transaction; `SampleStore` opens it.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import NamedTuple

from weirdgen.store.connection import Connection
from weirdgen.store.owner import is_dead

_ROUNDING = 1e-9
BATCH = "batch|"
"""With which the owners of what batches hold begin."""


class Amount(NamedTuple):
    """Money and requests."""

    dollars: float = 0.0
    requests: int = 0

    def plus(self, other: "Amount") -> "Amount":
        """Return the sum."""
        return Amount(self.dollars + other.dollars, self.requests + other.requests)


@dataclass(frozen=True, slots=True)
class Account:
    """What may be spent."""

    name: str
    """The same in all workers and runs of one gate."""
    most_dollars: float | None
    most_requests: int | None
    """None: no limit."""

    def told(self, spent: Amount) -> str:
        """Return what was spent of what, for people."""
        money = f"${spent.dollars:.2f} of ${self.most_dollars:.2f}" if self.most_dollars is not None else ""
        many = f"{spent.requests:,} of {self.most_requests:,} requests" if self.most_requests is not None else ""
        return " and ".join(filter(None, (money, many)))

    def share(self, spent: Amount) -> float:
        """Return which share of the nearer limit is spent."""
        money = spent.dollars / self.most_dollars if self.most_dollars else 0.0
        return max(money, spent.requests / self.most_requests if self.most_requests else 0.0)

    def allows(self, amount: Amount) -> bool:
        """Whether an amount is within the limits."""
        dear = self.most_dollars is not None and amount.dollars > self.most_dollars + _ROUNDING
        many = self.most_requests is not None and amount.requests > self.most_requests
        return not dear and not many


@dataclass(frozen=True, slots=True)
class Charge:
    """What a request may cost at worst, and who pays."""

    account: Account
    worst: Amount
    beside_batches: bool = False
    """Whether what batches hold does not count: those who wait for batches to be collected could wait for ever."""


def hold(connection: Connection, charge: Charge, key: str, owner: str) -> bool | None:
    """Hold what a request may cost; True: held, False: it is not there, None: it may be once others are settled.

    It takes the place of what the owner holds for the same key.
    """
    settled, held = spent(connection, charge.account.name, beside_batches=charge.beside_batches, but=(key, owner))
    if charge.account.allows(settled.plus(held).plus(charge.worst)):
        connection.execute(
            "INSERT INTO holds VALUES (?, ?, ?, ?, ?) ON CONFLICT (key, owner) DO UPDATE SET "
            "account = excluded.account, dollars = excluded.dollars, requests = excluded.requests",
            (key, owner, charge.account.name, *charge.worst),
        )
        return True
    if not charge.account.allows(settled.plus(charge.worst)):
        return False
    in_flight = _in_flight(connection, charge.account.name)
    waits = any(not (charge.beside_batches and owner.startswith(BATCH)) for owner in in_flight)
    return None if waits else False


def settle(connection: Connection, account: str, key: str, owner: str, cost: Amount) -> None:
    """Put what a request cost in place of what was held for it."""
    connection.execute("DELETE FROM holds WHERE key = ? AND owner = ?", (key, owner))
    connection.execute(
        "INSERT INTO accounts VALUES (?, ?, ?) ON CONFLICT (name) DO UPDATE SET "
        "dollars = accounts.dollars + excluded.dollars, requests = accounts.requests + excluded.requests",
        (account, *cost),
    )


def settle_all(connection: Connection, owner: str, sent: Collection[str]) -> None:
    """Count as spent what an owner holds for requests that were sent: their answers never came. Give the rest back."""
    held = connection.execute("SELECT key, account, dollars, requests FROM holds WHERE owner = ?", (owner,)).fetchall()
    for key, account, dollars, requests in held:
        if key in sent:
            settle(connection, account, key, owner, Amount(dollars, requests))
    connection.execute("DELETE FROM holds WHERE owner = ?", (owner,))


def spent(
    connection: Connection, account: str, *, beside_batches: bool = False, but: tuple[str, str] = ("", "")
) -> tuple[Amount, Amount]:
    """Return what an account's answers have cost, and what is held for requests that were not answered.

    They are in flight, or were sent by processes that were killed, and may have been billed. `beside_batches`: those of
    batches are left out; `but`: that of a key and owner is.
    """
    those = f" AND substr(owner, 1, {len(BATCH)}) <> '{BATCH}'" if beside_batches else ""
    asked = (
        "SELECT coalesce((SELECT dollars FROM accounts WHERE name = ?), 0), "
        "coalesce((SELECT requests FROM accounts WHERE name = ?), 0), "
        "coalesce(sum(dollars), 0), coalesce(sum(requests), 0) FROM holds WHERE account = ? "
        "AND NOT (key = ? AND owner = ?)" + those
    )
    dollars, requests, held_dollars, held_requests = connection.execute(asked, (*(account,) * 3, *but)).fetchone()
    return Amount(float(dollars), int(requests)), Amount(float(held_dollars), int(held_requests))


def only_batches(connection: Connection, account: str) -> bool:
    """Whether all that is held for requests that may still be answered is held by batches."""
    in_flight = _in_flight(connection, account)
    return bool(in_flight) and all(owner.startswith(BATCH) for owner in in_flight)


def _in_flight(connection: Connection, account: str) -> list[str]:
    """Return who holds something for requests that may still be answered: whoever was killed gives nothing back."""
    owners = connection.execute(
        "SELECT DISTINCT owner FROM holds JOIN leases USING (key, owner) WHERE account = ? AND expires > moment()",
        (account,),
    ).fetchall()
    return [owner for (owner,) in owners if not is_dead(owner)]
