"""Model output is hostile input: make it safe to store, and separately safe to show."""

import re
import unicodedata

_KEPT = {"\n", "\t"}
_RUNNER_COMMAND = re.compile(r"##(?=\w*\[)|^(?=[^\S\n]*::)", re.MULTILINE)
"""How a line of a log becomes a command to the CI runner that shows it: ``::`` at its start, or ``##[`` and ``##vso[``
anywhere in it. An answer that sets a job's outputs would decide over its own deployment."""


def clean(text: str) -> str:
    r"""Return text that UTF-8 can encode: lone surrogates become ``\ud83d``-like escapes, all else stays.

    A lone surrogate in a report can turn a failing pytest-xdist run green, so every string of a model
    passes here on arrival.
    """
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def shown(text: str, limit: int = 240) -> str:
    r"""Return one printable line for people: no control or direction characters, at most `limit` characters.

    Line breaks become ``\n``; anything of the Unicode categories C (control, format, surrogate, private, unassigned)
    or a line separator becomes an escape, and what a CI runner would take for a command gets a backslash. A cut is
    marked with the number of characters left out.
    """
    head = text[:limit]
    safe = _defused("".join(_shown_char(c) for c in head))
    rest = len(text) - len(head)
    return f"{safe}… (+{rest} characters)" if rest else safe


def shown_block(text: str, limit: int = 100_000) -> str:
    """Like `shown`, but line breaks and tabs stay: for failure messages of several lines."""
    head = text[:limit]
    safe = _defused("".join(c if c in _KEPT else _shown_char(c) for c in head))
    rest = len(text) - len(head)
    return f"{safe}… (+{rest} characters)" if rest else safe


def _shown_char(char: str) -> str:
    if unicodedata.category(char)[0] == "C" or char in "\u2028\u2029":
        return char.encode("unicode_escape").decode("ascii")
    return char


def _defused(text: str) -> str:
    return _RUNNER_COMMAND.sub(lambda found: "#\\#" if found[0] else "\\", text)
