"""Openings of gates: who answered, and how, when a gate began. With them a gate can be replayed without an endpoint.

Functions over a connection inside a transaction. What an opening holds besides its arms belongs to the trials.
"""

import json
from collections.abc import Iterable

from pydantic import ConfigDict, Field, JsonValue, TypeAdapter, field_validator

from weirdgen.schema.canonical import canonical_json, digest
from weirdgen.schema.frozen import Frozen
from weirdgen.schema.sample import Identity, Role
from weirdgen.store.connection import Connection


class KeptArm(Frozen):
    """What the store must know of an opened model; the trials' own type says more."""

    model_config = ConfigDict(extra="ignore")

    model: str
    """As the user named it."""
    role: Role
    identity: Identity


_ARMS = TypeAdapter(tuple[KeptArm, ...])


class KeptOpening(Frozen):
    """An opening as it is kept."""

    token: str
    """Generation of the gate."""
    line: str
    """`Plan.line` of what was asked of whom."""
    opened_at: float = Field(allow_inf_nan=False)
    """UNIX time in seconds."""
    opening: dict[str, JsonValue]
    """As the trials wrote it; `arms` is what the store reads of it."""

    @field_validator("opening")
    @classmethod
    def _with_arms(cls, opening: dict[str, JsonValue]) -> dict[str, JsonValue]:
        _ARMS.validate_json(canonical_json(opening.get("arms")))
        return opening

    @property
    def arms(self) -> tuple[KeptArm, ...]:
        """The models that were opened."""
        return _ARMS.validate_json(canonical_json(self.opening["arms"]))

    @property
    def arms_digest(self) -> str:
        """Digest of who answered: two openings of a gate that found the same are kept once."""
        return digest([arm.model_dump(mode="json") for arm in self.arms])


def keep_opening(connection: Connection, kept: KeptOpening, *, replace: bool = True) -> bool:
    """Keep an opening; return whether it was not there. `replace`: a later one takes the place of an earlier one."""
    found = connection.execute(
        "SELECT 1 FROM openings WHERE (token, arms) = (?, ?)", (kept.token, kept.arms_digest)
    ).fetchone()
    if found is None or replace:
        row = kept.token, kept.arms_digest, kept.line, kept.opened_at, canonical_json(kept.opening)
        connection.execute(
            "INSERT INTO openings VALUES (?, ?, ?, ?, ?) ON CONFLICT (token, arms) DO UPDATE SET line = excluded.line, "
            "opened_at = excluded.opened_at, opening = excluded.opening",
            row,
        )
    return found is None


def openings(connection: Connection, token: str | None = None) -> list[KeptOpening]:
    """Return all openings, or those of one gate, oldest first.

    Raises:
        ValueError: a row cannot be read.
    """
    rows = connection.execute("SELECT token, line, opened_at, opening FROM openings ORDER BY opened_at, token, arms")
    return [
        KeptOpening(token=of, line=line, opened_at=opened_at, opening=json.loads(text))
        for of, line, opened_at, text in rows
        if token in (None, of)
    ]


def identities(kept: Iterable[KeptOpening]) -> set[Identity]:
    """Return everybody who was opened."""
    return {arm.identity for opening in kept for arm in opening.arms}
