"""One mistake in a data file: where it is, and what to write instead."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from weirdgen.errors import CatalogError, nearest
from weirdgen.schema.text import shown

Loc = tuple[str | int, ...]
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is wrong at one key.

    Attributes:
        loc: keys and 0-based array indices from the top of the file; empty: the file as a whole.
        text: the value got, what was expected, the nearest valid name or the fix.
    """

    loc: Loc
    text: str


def key_path(loc: Loc) -> str:
    """Return a location as TOML readers write it: ``contrasts[1].behaviour``."""
    path = ""
    for part in loc:
        if isinstance(part, int):
            path += f"[{part}]"
        else:
            key = part if _BARE_KEY.fullmatch(part) else shown(repr(part), 80)
            path += f".{key}" if path else key
    return path


def quoted(value: object) -> str:
    """Return a value as Python writes it, printable and at most 80 characters long."""
    return shown(repr(value), 80)


def unknown_value(value: object, expected: str) -> str:
    """Return what is wrong with a value that is none of a few words.

    Args:
        value: as it was read.
        expected: the words, each in single quotes, as people read them: ``'a', 'b' or 'c'``.
    """
    text = f"{quoted(value)}: expected {expected}"
    close = nearest(value, re.findall(r"'([^']*)'", expected)) if isinstance(value, str) else ""
    # Without a near match `nearest` lists all words, and those stand there already.
    return f"{text}.{close}" if close.endswith("?") else text


def mistakes_error(where: str, mistakes: Iterable[Mistake]) -> CatalogError:
    """Return one error that lists all mistakes of a file, each on a line that begins with the file's name."""
    lines = (": ".join(filter(None, (where, key_path(m.loc), m.text))) for m in mistakes)
    return CatalogError("\n".join(dict.fromkeys(lines)))
