"""From data to one file of HTML: escaping, the policy that lets nothing run or leave, style and script in place."""

import base64
import hashlib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from weirdgen.pages.bounds import BLOCK, NAME
from weirdgen.schema.text import clean, shown, shown_block

if TYPE_CHECKING:
    from jinja2 import Environment

_ICONS = {"PRESENT": "✘", "ABSENT": "✔", "INCONCLUSIVE": "?", "INVALID": "!", "yes": "✔", "no": "✘"}


def render(values: dict[str, Any], template: str = "report.html.j2") -> str:
    """Return the page.

    Args:
        values: what the template shows. Every string of it is made printable and escaped, whoever wrote it.
        template: its file.
    """
    from markupsafe import Markup

    style, script = _part("style.css"), _part("filter.js")
    policy = (
        f"default-src 'none'; style-src '{_sha256(style)}'; script-src '{_sha256(script)}'; base-uri 'none'; "
        "form-action 'none'"
    )
    # Only these two go in as they are: both are files of this package, and without a closing tag in them.
    parts = {"style": Markup(style), "script": Markup(script), "policy": policy}
    return _environment().get_template(template).render(values | parts)


@cache
def _environment() -> "Environment":
    from jinja2 import Environment, PackageLoader, StrictUndefined

    made = Environment(
        loader=PackageLoader("weirdgen.pages", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_printable,
    )
    made.filters["one"] = _one_line
    made.filters["breakable"] = _breakable
    made.filters["icon"] = lambda word: _ICONS.get(str(word), "?")
    return made


def _printable(value: object) -> object:
    """Return what a template prints of a value: a string without control and direction characters, nothing for None."""
    from markupsafe import Markup

    if isinstance(value, Markup):
        return value
    return "" if value is None else shown_block(clean(str(value)), 4 * BLOCK)


def _one_line(value: object, limit: int = BLOCK) -> str:
    return shown(clean(str(value)), limit)


def _breakable(name: object) -> object:
    """Return a name that a line may be broken in after each underscore."""
    from markupsafe import Markup, escape

    return Markup("_<wbr>").join(map(escape, _one_line(name, NAME).split("_")))


def _part(name: str) -> str:
    return (files("weirdgen.pages") / "templates" / name).read_text(encoding="utf-8")


def _sha256(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")
