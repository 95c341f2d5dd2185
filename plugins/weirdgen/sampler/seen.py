"""Which keys were counted already, in 8 bytes each."""

from array import array

_BUCKETS = 1_024
"""A look takes as long as a bucket has entries: 1 microsecond after 50,000 keys."""


class Seen:
    """A set of keys that only grows.

    A set of numbers takes ten times as much, and its small objects, which stay among many that go, keep the memory
    around them in use.
    """

    def __init__(self) -> None:
        self._buckets = tuple(array("Q") for _ in range(_BUCKETS))

    def add(self, key: str) -> bool:
        """Add a key, 64 hexadecimal digits of a digest, by its first 16; return whether it is new."""
        mark = int(key[:16], 16)
        bucket = self._buckets[mark % _BUCKETS]
        if mark in bucket:
            return False
        bucket.append(mark)
        return True
