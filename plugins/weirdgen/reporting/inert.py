"""Text of models, probes and users where it could do something: in Markdown, and in commands to a CI runner.

Whoever writes the text is not trusted: a link would lead away, an image would tell a server who reads the report, a
mention would call people, and a line break would begin a command of its own.
"""

import re
from html import escape

from weirdgen.schema.text import shown

_HTML = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_MARKDOWN = re.compile(r"[\\`*\[\]|~$]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])|:(?=//)|\.(?=[^\W\d])")
_HAIR_SPACE = "\u200a"


def inert(text: str, limit: int = 2000) -> str:
    """Return text that GitHub-flavoured Markdown shows as it is inside a line or a cell, and that does nothing.

    Nothing of it is a link, an image, code or HTML, and no bare address becomes a link; behind ``@`` stands a hair
    space, so that nobody is called and no address of mail remains.

    Args:
        text: anything.
        limit: characters of the text, at most.
    """
    safe = _MARKDOWN.sub(r"\\\g<0>", shown(text, limit))
    safe = "".join(_HTML.get(char, char) for char in safe)
    return safe.replace("@", "@" + _HAIR_SPACE)


def inert_html(text: str, limit: int = 2000) -> str:
    """Return one line for the inside of an HTML element in Markdown, which is not read as Markdown."""
    return escape(shown(text, limit)).replace("@", "@" + _HAIR_SPACE)


def fenced(text: str) -> str:
    """Return lines as a block of code that no line in them can end."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{text}\n{fence}"


def command_data(text: str) -> str:
    """Return text as the data of a GitHub workflow command."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def command_property(text: str) -> str:
    """Return text as a property of a GitHub workflow command."""
    return command_data(text).replace(":", "%3A").replace(",", "%2C")
