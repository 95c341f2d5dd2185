"""What stands in a page of HTML: its elements and texts, as a parser reads them."""

from collections.abc import Iterator
from html.parser import HTMLParser

_VOID = {"meta", "link", "br", "wbr", "img", "input", "hr"}


class PageFacts(HTMLParser):
    """All start tags with their attributes, and the text outside of style and script."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.raw: dict[str, list[str]] = {"style": [], "script": []}
        self.pieces: list[str] = []
        self.rows: list[list[str]] = []
        self._open: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th") and self.rows:
            self.rows[-1].append("")
        if tag not in _VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in self._open:
            while self._open.pop() != tag:
                pass

    def handle_data(self, data: str) -> None:
        inside = self._open[-1] if self._open else ""
        if inside in self.raw:
            self.raw[inside].append(data)
            return
        self.pieces.append(data)
        if "tr" in self._open and self.rows and self.rows[-1]:
            self.rows[-1][-1] += data

    @property
    def text(self) -> str:
        """All text, spaces made single."""
        return " ".join("".join(self.pieces).split())

    def attributes(self, name: str) -> Iterator[str]:
        """Yield the values of an attribute wherever it stands."""
        yield from (attributes[name] for _, attributes in self.tags if name in attributes)

    def table_rows(self) -> list[list[str]]:
        """Return the cells of all rows."""
        return [[" ".join(cell.split()) for cell in row] for row in self.rows]
