"""Where two records differ: each difference is one line that names the spot and both values."""

import math

from pydantic import JsonValue

from weirdgen.schema.text import shown

MOST = 20
"""Differences that are told of one record."""
_SHOWN = 60
"""Characters of a value."""
_ROUNDING = 1e-9
"""Relative difference of numbers that another processor's or library's rounding makes."""


def differences(recorded: JsonValue, again: JsonValue, where: str) -> list[str]:
    """Return where two values of plain data differ, at most `MOST`.

    Args:
        recorded: what a record says.
        again: what comes out when it is made again.
        where: name of the value, such as ``verdicts``.
    """
    found: list[str] = []
    _compare(recorded, again, where, found)
    return found[:MOST]


def _compare(recorded: JsonValue, again: JsonValue, where: str, found: list[str]) -> None:
    if len(found) >= MOST or _equal(recorded, again):
        return
    if isinstance(recorded, dict) and isinstance(again, dict):
        for name in dict.fromkeys((*recorded, *again)):
            spot = f"{where}.{shown(name, _SHOWN)}"
            if name in recorded and name in again:
                _compare(recorded[name], again[name], spot, found)
            else:
                found.append(f"{spot}: is {'recorded, but does not come out' if name in recorded else 'not recorded'}")
    elif isinstance(recorded, list) and isinstance(again, list) and len(recorded) == len(again):
        for number, (one, other) in enumerate(zip(recorded, again, strict=True)):
            _compare(one, other, f"{where}[{number}]", found)
    else:
        found.append(f"{where}: {_brief(recorded)} is recorded, {_brief(again)} comes out")


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
