"""What a server says of its models in `/v1/models`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from weirdgen.schema.text import clean, shown


@dataclass(frozen=True, slots=True)
class Listing:
    """Models by name."""

    created: Mapping[str, int | None] = field(default_factory=dict)
    """UNIX seconds, where the server says."""
    owners: Mapping[str, str] = field(default_factory=dict)
    """What it calls the owner: local servers name themselves there."""
    shutdowns: Mapping[str, str] = field(default_factory=dict)
    """When it stops to serve a model, as it says it."""

    def owner_of(self, model: str) -> str:
        """Return the owner of a model; of one that is not listed that of the first, because the server is the same."""
        return self.owners.get(model) or next(iter(self.owners.values()), "")


def read_listing(data: Mapping[str, Any]) -> Listing:
    """Read the body of a list of models; what is not as expected is left out."""
    rows = data.get("data")
    listed = rows if isinstance(rows, list) else []
    named = [row for row in listed if isinstance(row, dict) and isinstance(row.get("id"), str)]
    owners = {clean(row["id"]): row.get("owned_by") for row in named}
    return Listing(
        {clean(row["id"]): _moment(row.get("created")) for row in named},
        {name: clean(owner) if isinstance(owner, str) else "" for name, owner in owners.items()},
        {clean(row["id"]): shown(clean(str(row["shutdown_date"])), 40) for row in named if row.get("shutdown_date")},
    )


def _moment(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**53 else None
