"""Types of command-line values that say what was expected."""

import argparse

from weirdgen.errors import UsageMistake
from weirdgen.store.place import StorePlace, place_of


def sample_store(text: str) -> StorePlace:
    """Read the name of a sample store."""
    try:
        return place_of(text)
    except UsageMistake as mistake:
        raise argparse.ArgumentTypeError(str(mistake)) from None


def port(text: str) -> int:
    """Read a port, 0 to 65535."""
    if not text.isascii() or not text.isdigit() or (value := int(text)) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port: a whole number from 0 to 65535")
    return value


def positive(text: str) -> int:
    """Read a whole number of at least 1."""
    if not text.isascii() or not text.isdigit() or (value := int(text)) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least 1")
    return value


def count(text: str) -> int:
    """Read a whole number of at least 0."""
    if not text.isascii() or not text.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least 0")
    return int(text)


def rate(text: str) -> float:
    """Read a number between 0 and 1, both excluded."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number between 0 and 1")
    return value


def amount(text: str) -> float:
    """Read a number of at least 0."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of at least 0")
    return value
