"""Where two records differ: each difference is one line that names the spot and both values."""

import math
from dataclasses import dataclass

from pydantic import JsonValue

from weirdgen.schema.text import shown

MOST = 20
"""Differences that are told of one record."""
_SHOWN = 60
"""Characters of a value."""
_ROUNDING = 1e-9
"""Relative difference of numbers that another processor's or library's rounding makes."""


@dataclass(frozen=True, slots=True)
class Words:
    """How a difference is told."""

    both: str
    """Has places for the two values."""
    only_first: str
    only_second: str


RECORDED_AGAIN = Words("{} is recorded, {} comes out", "is recorded, but does not come out", "is not recorded")
BEFORE_AFTER = Words("{} before, {} after", "only before", "only after")


def differences(recorded: JsonValue, again: JsonValue, where: str, words: Words = RECORDED_AGAIN) -> list[str]:
    """Return where two values of plain data differ, at most `MOST`.

    Args:
        recorded: what a record says.
        again: what comes out when it is made again.
        where: name of the value, such as ``verdicts``.
        words: for what the two are.
    """
    found: list[str] = []
    _compare(recorded, again, where, found, words)
    return found[:MOST]


def _compare(recorded: JsonValue, again: JsonValue, where: str, found: list[str], words: Words) -> None:
    if len(found) >= MOST or _equal(recorded, again):
        return
    if isinstance(recorded, dict) and isinstance(again, dict):
        for name in dict.fromkeys((*recorded, *again)):
            spot = f"{where}.{shown(name, _SHOWN)}"
            if name in recorded and name in again:
                _compare(recorded[name], again[name], spot, found, words)
            else:
                found.append(f"{spot}: {words.only_first if name in recorded else words.only_second}")
    elif isinstance(recorded, list) and isinstance(again, list) and len(recorded) == len(again):
        for number, (one, other) in enumerate(zip(recorded, again, strict=True)):
            _compare(one, other, f"{where}[{number}]", found, words)
    else:
        found.append(f"{where}: {words.both.format(_brief(recorded), _brief(again))}")


def _equal(one: JsonValue, other: JsonValue) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=_ROUNDING)
    return type(one) is type(other) and not isinstance(one, dict | list) and one == other


def _brief(value: JsonValue) -> str:
    if isinstance(value, list):
        return f"a list of {len(value)}"
    if isinstance(value, dict):
        return f"an object of {len(value)} names"
    return shown(repr(value), _SHOWN)
