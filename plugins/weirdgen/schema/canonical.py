"""One way to turn a value into bytes, so that every digest in every report can be computed again."""

import hashlib
import json
from typing import Any

_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def canonical_json(value: Any) -> str:
    """Serialise plain data to its one canonical form: ASCII, keys sorted, no spaces, no NaN.

    Raises:
        ValueError: the value holds NaN or an infinity, which JSON cannot carry.
    """
    return _ENCODER.encode(value)


def digest(value: Any) -> str:
    """Return the SHA-256 of a value's canonical JSON, as 64 hexadecimal digits."""
    return hashlib.sha256(canonical_json(value).encode("ascii")).hexdigest()
