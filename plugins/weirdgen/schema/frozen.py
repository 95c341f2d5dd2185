"""The base of all values."""

from pydantic import BaseModel, ConfigDict


class Frozen(BaseModel):
    """A value: immutable, unknown keys refused, no silent conversion."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)
