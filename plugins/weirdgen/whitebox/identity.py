"""Who answers with readings: the identity that binds them to the network and to the features that were found in it."""

from weirdgen.schema.canonical import digest

READ = ("top", "lowest", "reverse", "random", "matched", "directions")
"""Sets that are read; the others are the same features as `top`."""
READING_VERSION = 1
"""Raised whenever the same activation could be told otherwise."""


def reading_identity(network: str, study: str) -> str:
    """Return the identity of a network's readings.

    Args:
        network: digest of its files.
        study: digest of what the features follow from, and of the features.
    """
    return digest({"network": network, "study": study, "read": READ, "version": READING_VERSION})
