"""What the site has beyond docs/: pages from elsewhere in the repository, and links that lead to them."""

import posixpath
import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[1]
OUTSIDE = {
    "README.md": "project/readme.md",
    "ARCHITECTURE.md": "project/architecture.md",
    "CONTRIBUTING.md": "project/contributing.md",
    "SECURITY.md": "project/security.md",
    "CHANGELOG.md": "project/changelog.md",
    "benchmarks/README.md": "project/benchmarks.md",
    "probes/README.md": "reference/probe_files.md",
    "fixtures/gold/README.md": "reference/gold_sets.md",
    "fixtures/organisms/README.md": "reference/organisms.md",
    "fixtures/attacks/README.md": "reference/attacks.md",
    "fixtures/lessons/README.md": "reference/lessons.md",
}
"""Pages outside docs/, by their path in the repository: what each is called in the site."""
_INSIDE = {site: repository for repository, site in OUTSIDE.items()}
_PARTS = re.compile(
    r"^(?P<fence>```+)(?!`).*?^(?P=fence)[ ]*$"
    r"|(?P<ticks>`+)(?!`).*?(?<!`)(?P=ticks)(?!`)"
    r"|(?P<bang>!?)\[(?P<text>[^\]]*)\]\((?P<target>[^()\s]+)\)",
    re.MULTILINE | re.DOTALL,
)
"""Code, in which nothing is a link, or a link."""


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Take the pages from outside docs/ into the site."""
    for repository, site in OUTSIDE.items():
        files.append(File.generated(config, site, abs_src_path=str(ROOT / repository)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Let a page's links, which are those of the repository, lead to pages of the site."""
    return with_site_links(markdown, page.file.src_uri)


def with_site_links(markdown: str, site: str) -> str:
    """Return a page with links of the site in place of those of the repository.

    Args:
        markdown: of the page as it stands in the repository.
        site: path of the page in the site's sources.
    """
    repository = _INSIDE.get(site, f"docs/{site}")
    return _PARTS.sub(lambda found: _part(found, site, repository), markdown)


def _part(found: re.Match[str], site: str, repository: str) -> str:
    target = found["target"]
    if target is None or target.startswith("#") or re.match(r"[a-z]+:", target):
        return found[0]
    path, hash_sign, anchor = target.partition("#")
    to = posixpath.normpath(posixpath.join(posixpath.dirname(repository), path))
    if (there := _in_site(to)) is not None:
        relative = posixpath.relpath(there, posixpath.dirname(site) or ".")
        return f"{found['bang']}[{found['text']}]({relative}{hash_sign}{anchor})"
    if (ROOT / to).exists():
        return _as_code(found["text"], to)
    return found[0]  # MkDocs says that it leads nowhere


def _in_site(path: str) -> str | None:
    """Return what a path of the repository is called in the site; None: it is not in it."""
    if path in OUTSIDE:
        return OUTSIDE[path]
    is_file = path.startswith("docs/") and (ROOT / path).suffix in {".md", ".svg", ".png"}
    return path.removeprefix("docs/") if is_file else None


def _as_code(text: str, path: str) -> str:
    """Return a file's name in place of a link to it: the site has no address of the repository."""
    return f"`{path}`" if text.strip("`") in path else f"{text} (`{path}`)"
