"""The base of all values."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any, Self

from pydantic import BaseModel, ConfigDict

from weirdgen.schema.canonical import canonical_json


class Frozen(BaseModel):
    """A value: immutable, unknown keys refused, no silent conversion."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Canonical(Frozen):
    """A value that is part of digests so often that its JSON is kept."""

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Return a copy; what was computed from the fields is computed again."""
        copy = super().model_copy(update=update, deep=deep)
        for name in copy.__dict__.keys() - type(self).model_fields.keys():
            del copy.__dict__[name]
        return copy

    @cached_property
    def canonical(self) -> str:
        """The value's canonical JSON: arms share one identity and one sampling among thousands of requests."""
        return canonical_json(self.model_dump(mode="json"))
