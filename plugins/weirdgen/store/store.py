"""Samples by key, each asked for once: a process leases the key it draws, the others wait for the row.

A sample is committed before anyone sees it, so a kill at any moment loses only what was in flight.
"""

import enum
from collections.abc import Callable, Collection, Sequence
from types import TracebackType
from typing import Any, Self

from weirdgen.errors import StoreError
from weirdgen.schema.sample import Sample, SampleRequest, Usage
from weirdgen.schema.shard import Shard
from weirdgen.store import accounts, ledger, shards
from weirdgen.store.accounts import Amount, Charge
from weirdgen.store.connection import Connection
from weirdgen.store.database import Database, Spoilt, StoreBusy
from weirdgen.store.nearest import nearest_sample
from weirdgen.store.openings import KeptOpening, keep_opening, openings
from weirdgen.store.owner import is_dead
from weirdgen.store.place import StorePlace, named
from weirdgen.store.rows import add_sample
from weirdgen.store.shards import Asked, Cut, CutGate

LEASE_SECONDS = 60.0
"""Renewed while in flight. Only an owner on another machine is waited for that long: see `owner.is_dead`."""


class Claim(enum.Enum):
    """The answer to a claim on a key that has no sample yet."""

    MINE = "mine"
    """Draw it, then `put` or `release`."""
    BUSY = "busy"
    """Another owner draws it, or what is held for others must be settled first: ask again soon."""
    SPENT = "spent"
    """What it may cost is not there."""


class SampleStore:
    """The store of one file or server. Safe to use from several threads, processes and, on a server, machines."""

    def __init__(self, place: StorePlace) -> None:
        """Open the store, making it if there is none.

        Raises:
            UsageMistake: what it needs is not installed.
            StoreError: it is no sample store, newer than this program, damaged, or cannot be reached or written.
        """
        self._database = Database(place)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the store; closing twice is fine."""
        self._database.close()

    @property
    def database(self) -> Database:
        """What other books of the same file are kept in."""
        return self._database

    def together(self, calls: Sequence[Callable[[], Any]], *, wait: bool = True) -> list[Any]:
        """Make calls of this store's methods in one transaction; return what each gave, or its Exception.

        Args:
            calls: are made in this order, and again if nothing was written: each by itself, if one of them failed.
            wait: for another thread or process that uses the store, and for a network.

        Raises:
            StoreBusy: not `wait`, and it would have to be waited for; nothing was written.
            StoreError: nothing was written.
        """
        try:
            with self._database.together(wait=wait):
                return [_ended(call) for call in calls]
        except Spoilt:
            if not wait:
                raise StoreBusy("one of the calls failed") from None
            return [_ended(call) for call in calls]

    def get(self, key: str) -> Sample | None:
        """Return the sample of a key, None if there is none."""
        with self._database.reading() as connection:
            row = connection.execute("SELECT sample FROM samples WHERE key = ?", (key,)).fetchone()
        return None if row is None else self._sample(key, row[0])

    def claim(
        self, key: str, owner: str, lease_seconds: float = LEASE_SECONDS, charge: Charge | None = None
    ) -> Sample | Claim:
        """Return the sample of a key, or whose turn it is to draw it.

        Args:
            key: of the request.
            owner: see `owner.new_owner`.
            lease_seconds: how long the claim holds without `renew`.
            charge: what the draw may cost; held until `put` or `release`. None: nobody counts.
        """
        with self._database.reading() as connection:
            surely = self._database.written
            text, busy = _standing(connection, key, owner)
        if text is None and not busy:
            with self._database.writing() as connection:
                if not surely:
                    text, busy = _standing(connection, key, owner)
                if text is None and not busy:
                    return _take(connection, key, owner, lease_seconds, charge)
        return Claim.BUSY if text is None else self._sample(key, text)

    def renew(self, owner: str, lease_seconds: float = LEASE_SECONDS) -> None:
        """Extend all leases of an owner, in one statement."""
        with self._database.writing() as connection:
            connection.execute("UPDATE leases SET expires = moment() + ? WHERE owner = ?", (lease_seconds, owner))

    def put(self, request: SampleRequest, sample: Sample, owner: str, cost: tuple[str, Amount] | None = None) -> Sample:
        """Store a sample, drop the owner's lease on it, and return what the store holds now.

        If another owner was faster (this one's lease had expired), the first sample stays: every reader sees the same.

        Args:
            request: that was sent.
            sample: that came of it.
            owner: who claimed it.
            cost: who pays, and what it cost; in place of what was held.

        Raises:
            ValueError: the sample belongs to another request.
        """
        if sample.key != request.key:
            raise ValueError(f"sample of key {sample.key!r} put under the request of key {request.key!r}")
        with self._database.writing() as connection:
            added = add_sample(connection, request, sample)
            connection.execute("DELETE FROM leases WHERE key = ? AND owner = ?", (sample.key, owner))
            if cost is not None:
                accounts.settle(connection, cost[0], sample.key, owner, cost[1])
            if added:
                return sample
            text = connection.execute("SELECT sample FROM samples WHERE key = ?", (sample.key,)).fetchone()[0]
        return self._sample(sample.key, text)

    def release(self, key: str, owner: str) -> None:
        """Give a lease back without a sample, and what is held for it."""
        with self._database.writing() as connection:
            connection.execute("DELETE FROM leases WHERE key = ? AND owner = ?", (key, owner))
            connection.execute("DELETE FROM holds WHERE key = ? AND owner = ?", (key, owner))

    def release_all(self, owner: str, sent: Collection[str] = ()) -> None:
        """Give all leases of an owner back; what was in flight, keys in `sent`, counts as spent."""
        with self._database.writing() as connection:
            connection.execute("DELETE FROM leases WHERE owner = ?", (owner,))
            accounts.settle_all(connection, owner, sent)

    def hold(self, key: str, owner: str, charge: Charge) -> bool | None:
        """Hold what another attempt may cost, or a request that nobody else sends; see `accounts.hold`."""
        with self._database.writing() as connection:
            held = accounts.hold(connection, charge, key, owner)
            if held:
                # Without a lease nobody would wait for what is held.
                lease = "INSERT INTO leases VALUES (?, ?, moment() + ?) ON CONFLICT DO NOTHING"
                connection.execute(lease, (key, owner, LEASE_SECONDS))
            return held

    def waits_for_batches(self, key: str, account: str) -> bool:
        """Whether a key that nobody may claim now waits for batches: one has it, or they alone hold money.

        Args:
            key: of the request.
            account: that pays; empty: nobody counts.
        """
        with self._database.reading() as connection:
            lease = connection.execute("SELECT owner FROM leases WHERE key = ?", (key,)).fetchone()
            if lease is not None:
                return str(lease[0]).startswith(accounts.BATCH)
            return accounts.only_batches(connection, account)

    def settle(self, key: str, owner: str, account: str, cost: Amount) -> None:
        """Put what a request cost in place of what is held for it; who claimed its key keeps the claim."""
        with self._database.writing() as connection:
            accounts.settle(connection, account, key, owner, cost)

    def spent(self, account: str) -> Amount:
        """Return what an account has spent, what is held for requests in flight included."""
        with self._database.reading() as connection:
            settled, held = accounts.spent(connection, account)
        return settled.plus(held)

    def count_since(self, moment: float, *, judges: bool = False) -> int:
        """Return how many samples arrived at or after a UNIX time: the arms' own, or judges' replies."""
        asked = "SELECT count(*) FROM samples WHERE arrived >= ? AND (role = 'judge') = ?"
        with self._database.reading() as connection:
            return int(connection.execute(asked, (moment, judges)).fetchone()[0])

    def usage_since(self, moment: float) -> Usage:
        """Return the tokens of all samples that arrived at or after a UNIX time."""
        asked = "SELECT sum(prompt_tokens), sum(completion_tokens) FROM samples WHERE arrived >= ?"
        with self._database.reading() as connection:
            prompt, completion = connection.execute(asked, (moment,)).fetchone()
        return Usage(prompt_tokens=int(prompt or 0), completion_tokens=int(completion or 0))

    def attempt_of(self, line: str, trial_id: str, *, begin: bool) -> int:
        """Return the number of a trial among the attempts at its line, from 1.

        Args:
            line: stable name of model, base URL, probe and contrast.
            trial_id: identity of the trial. A known one keeps its number, in every process; a new one gets the next.
            begin: whether a new trial takes its number now; else another trial may take it first.
        """
        with self._database.writing() as connection:
            return ledger.attempt_of(connection, line, trial_id, begin=begin)

    def first_stop(self, trial_id: str, stop: str) -> str:
        """Return the stop rule that a trial first began with, in any run: the one given, if it begins now.

        A trial that goes on under another rule (a higher cap) was continued by choice, and the choice may have seen its
        evidence: its e-value at the new stop is not the one that was declared.

        Args:
            trial_id: identity of the trial.
            stop: digest of all that decides when it stops.
        """
        with self._database.writing() as connection:
            return ledger.first_stop(connection, trial_id, stop)

    def generation(self, line: str, plan_sha256: str, *, max_age: float, now: float, fresh: bool) -> str:
        """Return the token under which a gate draws from models that may change behind their name.

        The line's latest gate goes on if it never ended or left a contrast undecided, and is not older than `max_age`;
        else a new one begins, with new samples. Call it once per run and hand the token to the workers.

        Args:
            line: what is asked of whom (`Plan.line`); a gate with a higher cap is in the same line.
            plan_sha256: digest of this run's plan, kept with a gate that begins now.
            max_age: seconds.
            now: UNIX time in seconds.
            fresh: begin a new one in any case.
        """
        with self._database.writing() as connection:
            return ledger.generation(connection, line, plan_sha256, max_age=max_age, now=now, fresh=fresh)

    def renewal(self, line: str) -> str:
        """Return under which token models that cannot change are drawn from: that of the latest fresh gate, or none.

        A gate with fresh samples stays the line's latest attempt: later runs go on with it.
        """
        with self._database.reading() as connection:
            return ledger.renewal(connection, line)

    def finish_gate(
        self, token: str, *, decided: Collection[str], undecided: Collection[str], whole: bool = False
    ) -> None:
        """Write how a session of a gate ended: while a contrast is undecided, a later run goes on with its samples.

        Args:
            token: from `generation`.
            decided: names of the contrasts that this session decided.
            undecided: of those that it left without a verdict; earlier ones stay until they are decided.
            whole: it had all contrasts of the gate, so that nothing else is waited for.

        Raises:
            StoreError: there is no such gate: the file was replaced during the run.
        """
        with self._database.writing() as connection:
            if not ledger.finish_gate(connection, token, decided, undecided, whole=whole):
                raise StoreError(f"gate {token!r}: not in the {named(self._database.place)}")

    def keep_calibration(self, key: tuple[str, str, str], record: str) -> None:
        """Keep a judge's record, in place of an earlier one.

        Args:
            key: identity of the judge, digest of its gold set, kind of answers.
            record: JSON.
        """
        with self._database.writing() as connection:
            ledger.keep_calibration(connection, key, record)

    def calibration(self, key: tuple[str, str, str]) -> tuple[float, str] | None:
        """Return when a judge's record was made (UNIX time) and the record; None if there is none."""
        with self._database.reading() as connection:
            return ledger.calibration(connection, key)

    def keep_opening(self, opening: KeptOpening) -> None:
        """Keep who answered when a gate was opened, in place of an earlier opening that found the same."""
        with self._database.writing() as connection:
            keep_opening(connection, opening)

    def openings(self, token: str) -> list[KeptOpening]:
        """Return who answered at the openings of a gate, oldest first.

        Raises:
            StoreError: one cannot be read.
        """
        with self._database.reading() as connection:
            try:
                return openings(connection, token)
            except ValueError as error:
                raise StoreError(f"{named(self._database.place)}: a gate's opening: {error}") from None

    def begin_shard(self, asked: Asked, shard: Shard, session: str, *, max_age: float, fresh: bool) -> Cut:
        """Begin a shard, and return the gate that it is a part of; see `shards.begin`."""
        with self._database.writing() as connection:
            return shards.begin(connection, asked, shard, session, max_age=max_age, now=self.clock(), fresh=fresh)

    def cut_opening(self, cut: Cut) -> str:
        """Return the opening that the shards of a gate share, as it was kept; empty: it is not there yet."""
        with self._database.reading() as connection:
            return shards.opening(connection, cut)

    def keep_cut_opening(self, cut: Cut, text: str) -> str:
        """Keep the opening that the shards of a gate share, and return the one that counts: the first."""
        with self._database.writing() as connection:
            return shards.keep_opening(connection, cut, text)

    def end_shard(self, cut: Cut, shard: Shard, session: str, record: str) -> bool:
        """Keep what a shard leaves; False if it was begun a second time meanwhile, and nothing was kept."""
        with self._database.writing() as connection:
            return shards.end(connection, cut, shard, session, record, self.clock())

    def cut_gates(self) -> list[CutGate]:
        """Return all gates that were cut into shards, oldest first."""
        with self._database.reading() as connection:
            return shards.cut_gates(connection)

    def shard_records(self, cut: Cut) -> dict[int, str]:
        """Return what the shards of a gate have left, by their numbers."""
        with self._database.reading() as connection:
            return shards.records(connection, cut)

    def note_merge(self, cut: Cut) -> None:
        """Note that the shards of a gate were merged."""
        with self._database.writing() as connection:
            shards.note_merge(connection, cut, self.clock())

    def nearest_to(self, request: SampleRequest) -> str:
        """Return, for people, what of the store comes nearest to a request that it has no sample of."""
        with self._database.reading() as connection:
            return nearest_sample(connection, request)

    def clock(self) -> float:
        """Return the UNIX time that the store goes by: of a server its own, since machines' clocks differ."""
        with self._database.reading() as connection:
            return float(connection.execute("SELECT moment()").fetchone()[0])

    def check(self) -> None:
        """Look for damage in the store's structure; see `Database.check`."""
        self._database.check()

    def _sample(self, key: str, text: str) -> Sample:
        try:
            return Sample.model_validate_json(text)
        except ValueError:
            raise StoreError(
                f"{named(self._database.place)}: sample {key} cannot be read; move it away, or name another store with "
                "--gate-store"
            ) from None


def _ended(call: Callable[[], Any]) -> Any:
    try:
        return call()
    except Exception as error:
        return error


def _standing(connection: Connection, key: str, owner: str) -> tuple[str | None, bool]:
    """Return the sample of a key, None if there is none, and whether another owner draws it."""
    asked = (
        "SELECT (SELECT sample FROM samples WHERE key = ?), owner, expires > moment() "
        "FROM (SELECT 1 AS one) AS always LEFT JOIN leases ON leases.key = ?"
    )
    text, holder, holds = connection.execute(asked, (key, key)).fetchone()
    return text, holder not in (None, owner) and bool(holds) and not is_dead(holder)


def _take(connection: Connection, key: str, owner: str, lease_seconds: float, charge: Charge | None) -> Claim:
    if charge is not None and not (held := accounts.hold(connection, charge, key, owner)):
        return Claim.BUSY if held is None else Claim.SPENT
    connection.execute(
        "INSERT INTO leases VALUES (?, ?, moment() + ?) ON CONFLICT (key) DO UPDATE SET owner = excluded.owner, "
        "expires = excluded.expires",
        (key, owner, lease_seconds),
    )
    return Claim.MINE
