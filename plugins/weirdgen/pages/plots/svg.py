"""A matplotlib figure as an inline SVG: the same bytes for the same figure, no script, no style, text as text.

The page's policy forbids style attributes, so that what matplotlib writes there becomes plain attributes; ids are made
unique in the page, and what is not on the short lists below is dropped.
"""

import io
import re
import warnings
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from weirdgen.pages.plots.theme import STYLE, VARIABLES

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_TAGS = {"g", "path", "text", "tspan", "use", "defs", "clipPath", "rect", "line"}
_GEOMETRY = {"d", "x", "y", "width", "height", "transform", "clip-path", "href", "id"}
_PAINT = {
    *("fill", "stroke", "stroke-width", "stroke-linecap", "stroke-linejoin", "stroke-dasharray", "stroke-dashoffset"),
    *("opacity", "fill-opacity", "stroke-opacity", "text-anchor", "font-size", "font-weight"),
}
_NUMBER = re.compile(r"-?\d+\.\d{3,}")
_FONT_SIZE = re.compile(r"([\d.]+)px")


def draw(name: str, described: str, size: tuple[float, float], paint: Callable[["Figure"], None]) -> str:
    """Return a plot as an `svg` element.

    Args:
        name: prefix of its ids, unique in the page.
        described: what it shows, for those who do not see it.
        size: width and height in inches.
        paint: draws on the empty figure.
    """
    import matplotlib
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    with matplotlib.rc_context(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of glyphs that its font lacks: the reader's browser has its own
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(STYLE)
        figure = Figure(figsize=size)
        FigureCanvasSVG(figure)
        paint(figure)
        out = io.StringIO()
        nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        figure.savefig(out, format="svg", metadata=nothing)
    return _inline(ET.fromstring(out.getvalue()), name, described)


def _inline(root: ET.Element, name: str, described: str) -> str:
    used = {ref for element in root.iter() for ref in _references(element)}
    names = {old: f"{name}-{place}" for place, old in enumerate(sorted(used))}
    made = ET.Element("svg", {"viewBox": root.get("viewBox", "0 0 1 1"), "role": "img", "aria-label": described})
    made.set("stroke-linejoin", "round")
    for child in root:
        if (kept := _kept(child, names)) is not None:
            made.append(kept)
    return ET.tostring(made, encoding="unicode")


def _references(element: ET.Element) -> Iterator[str]:
    for key, value in element.attrib.items():
        if key.endswith("href"):
            yield value.removeprefix("#")
        elif key == "clip-path":
            yield value.removeprefix("url(#").removesuffix(")")


def _kept(element: ET.Element, names: dict[str, str]) -> ET.Element | None:
    """Return an element as it stands in the page; None: it has no place there."""
    tag = element.tag.rpartition("}")[2]
    if tag not in _TAGS:
        return None
    made = ET.Element(tag, _attributes(element, names))
    text = element.text or ""
    made.text = text if tag in ("text", "tspan") else None
    for child in element:
        if (kept := _kept(child, names)) is not None:
            made.append(kept)
    return made


def _attributes(element: ET.Element, names: dict[str, str]) -> dict[str, str]:
    made: dict[str, str] = {}
    for key, value in (*element.attrib.items(), *_declared(element.get("style", ""))):
        plain = key.rpartition("}")[2]
        if plain == "id":
            if value in names:
                made["id"] = names[value]
        elif plain == "href":
            made["href"] = f"#{names[value.removeprefix('#')]}"
        elif plain == "clip-path":
            made["clip-path"] = f"url(#{names[value.removeprefix('url(#').removesuffix(')')]})"
        elif plain in _PAINT:
            made[plain] = f"var({VARIABLES[value]})" if value in VARIABLES else value
        elif plain in _GEOMETRY:
            made[plain] = _NUMBER.sub(lambda found: f"{float(found[0]):.2f}", value).replace("\n", " ").strip()
    return made


def _declared(style: str) -> Iterator[tuple[str, str]]:
    """Yield a style attribute's properties; of fonts the size only, since the page has a family of its own."""
    for declaration in style.split(";"):
        key, _, value = declaration.partition(":")
        key, value = key.strip(), value.strip()
        if key == "font":
            if size := _FONT_SIZE.search(value):
                yield "font-size", size[1]
        elif key:
            yield key, value.removesuffix("px") if key == "font-size" else value
