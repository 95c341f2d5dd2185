"""The repository's Markdown pages: their fences, links and anchors, read as GitHub reads them."""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
_PATTERNS = ("*.md", "docs/**/*.md", "*/README.md", "*/*/README.md")
_BUILT = {"site", "build", "dist"}
PAGES = sorted(
    path
    for path in {found for pattern in _PATTERNS for found in ROOT.glob(pattern)}
    if not (first := path.relative_to(ROOT).parts[0]).startswith(".") and first not in _BUILT
)
_FENCE = re.compile(r"^(?P<indent> *)```(?P<info>\S[^\n]*)\n(?P<body>.*?)^(?P=indent)```$", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"^ *```.*?^ *```$|(?<!`)(`+)(?!`).*?(?<!`)\1(?!`)", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[[^\]]*\]\(([^()\s]+)\)")
_HEADING = re.compile(r"^#{1,6} +(.+?) *$", re.MULTILINE)


@dataclass(frozen=True)
class Fence:
    """A fenced block."""

    page: Path
    language: str
    title: str
    """Name of the file that it is, from ``title="..."``; empty: none."""
    body: str
    line: int
    """On which it begins, from 1."""

    @property
    def name(self) -> str:
        """For test ids."""
        return f"{shown(self.page)}:{self.line}"


def shown(page: Path) -> str:
    """Return a page's path in the repository."""
    return page.relative_to(ROOT).as_posix()


def fences(page: Path, *languages: str) -> list[Fence]:
    """Return a page's fenced blocks in some languages; none named: all."""
    found = []
    text = page.read_text(encoding="utf-8")
    for match in _FENCE.finditer(text):
        language, _, rest = match["info"].partition(" ")
        title = re.search(r'title="([^"]+)"', rest)
        body = re.sub(rf"^{match['indent']}", "", match["body"], flags=re.MULTILINE)
        found.append(Fence(page, language, title[1] if title else "", body, text.count("\n", 0, match.start()) + 1))
    return [one for one in found if not languages or one.language in languages]


def links(page: Path) -> list[str]:
    """Return where a page's links lead, those to other sites left out."""
    text = _CODE.sub(lambda code: re.sub(r"[^\n]", "x", code[0]), page.read_text(encoding="utf-8"))
    return [target for target in _LINK.findall(text) if not re.match(r"[a-z]+:", target)]


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings."""
    text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    found: list[str] = []
    for heading in _HEADING.findall(text):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "").lower()
        slug = re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")
        found.append(f"{slug}-{found.count(slug)}" if slug in found else slug)
    return set(found)
