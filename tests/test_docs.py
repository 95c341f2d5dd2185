"""The documentation: the site builds, links lead somewhere, made pages are fresh, and what a page shows is true."""

import ast
import importlib
import importlib.util
import itertools
import json
import os
import re
import subprocess
import sys
import tomllib
from html.parser import HTMLParser
from pathlib import Path
from types import ModuleType
from urllib.parse import unquote, urlsplit

import pytest
from markdown_pages import PAGES, ROOT, Fence, anchors, fences, links, shown

from weirdgen.catalog.load import load_probe

DOCS = ROOT / "docs"
EVERY_FENCE = [fence for page in PAGES for fence in fences(page)]
RUN = [page for page in PAGES if fences(page, "console")]
"""Pages whose console blocks are run."""
SLOW_RUNS = {"docs/howto/add_a_finding.md", "docs/evidence.md", "docs/reference/python_api.md"}
needs_mkdocs = pytest.mark.skipif(importlib.util.find_spec("mkdocs") is None, reason="mkdocs is not installed")


def of_language(*languages: str) -> list[Fence]:
    return [fence for fence in EVERY_FENCE if fence.language in languages]


def module(name: str) -> ModuleType:
    """Import a script of docs/."""
    spec = importlib.util.spec_from_file_location(name, DOCS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


# Links and made pages


@pytest.mark.parametrize("page", PAGES, ids=shown)
def test_every_link_leads_to_a_file_and_an_anchor_of_the_repository(page: Path) -> None:
    for target in links(page):
        path, _, anchor = target.partition("#")
        to = (page.parent / path).resolve() if path else page
        assert to.exists(), target
        if anchor:
            assert anchor in anchors(to), target


@pytest.mark.parametrize("name", ["options.md", "commands.md", "run_record.md"])
def test_the_reference_is_that_of_the_code(name: str) -> None:
    """`make docs-reference` writes it."""
    made = module("make_reference").pages()
    assert (DOCS / "reference" / name).read_text(encoding="utf-8") == made[name]


def test_every_made_page_is_tested() -> None:
    assert set(module("make_reference").pages()) == {"options.md", "commands.md", "run_record.md"}


# The site


class SitePage(HTMLParser):
    """Where a page of the site leads, what it fetches, and which anchors it has."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.fetched: list[str] = []
        self.ids: set[str] = set()
        self.classes: set[str] = set()
        self.tags: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        had = {name: value or "" for name, value in attrs}
        self.tags.add(tag)
        self.ids |= {had["id"]} if "id" in had else set()
        self.classes |= set(had.get("class", "").split())
        if tag == "a" and "href" in had:
            self.links.append(had["href"])
        self.fetched += [had[name] for name in ("src", "srcset") if name in had]
        if tag == "link" and had.get("rel") not in {"canonical", "next", "prev"}:
            self.fetched.append(had.get("href", ""))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> dict[Path, SitePage]:
    out = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(out)]
    environment = os.environ | {"NO_MKDOCS_2_WARNING": "1", "http_proxy": "http://127.0.0.1:9", "https_proxy": "x:9"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout + done.stderr == ""
    return {path: SitePage(path.read_text(encoding="utf-8")) for path in out.rglob("*.html")}


@needs_mkdocs
def test_the_site_builds_without_a_warning_and_its_links_lead_somewhere(site: dict[Path, SitePage]) -> None:
    for path, page in site.items():
        for target in page.links:
            url = urlsplit(target)
            if url.scheme or url.netloc or path.name == "404.html":
                continue
            to = (path.parent / unquote(url.path)).resolve() if url.path else path
            to = to / "index.html" if to.is_dir() else to
            assert to.is_file(), f"{path.name}: {target}"
            if url.fragment and to in site:
                assert unquote(url.fragment) in site[to].ids, f"{path.name}: {target}"


@needs_mkdocs
def test_the_site_fetches_nothing_from_elsewhere(site: dict[Path, SitePage]) -> None:
    assert [one for page in site.values() for one in page.fetched if urlsplit(one).netloc] == []
    assert not any("mermaid" in page.classes for page in site.values())


@needs_mkdocs
def test_every_page_of_the_repository_is_in_the_site(site: dict[Path, SitePage]) -> None:
    outside = set(module("hooks").OUTSIDE)
    for page in PAGES:
        name = shown(page)
        assert name.startswith("docs/") or name in outside | {
            *("reports/README.md", "tests/README.md", "tests/servers/README.md", "fixtures/cassettes/README.md")
        }, f"{name}: add it to docs/hooks.py, or here"


@needs_mkdocs
def test_lists_and_tables_are_read_as_such(site: dict[Path, SitePage]) -> None:
    """Unlike GitHub, Python-Markdown wants an empty line before them."""
    for path in site:
        text = path.read_text(encoding="utf-8")
        for paragraph in re.findall(r"<p>(.*?)</p>", text, re.DOTALL):
            assert not re.search(r"\n(?:[-*] |\d+\. |\|)", paragraph), f"{path.name}: {paragraph[:200]}"


@needs_mkdocs
def test_what_is_meant_as_text_is_no_tag(site: dict[Path, SitePage]) -> None:
    """A bare `<think>` would be an element of the page, and not be seen."""
    known = (
        "html head body title meta link base script style noscript svg path header footer nav main article aside div "
        "span h1 h2 h3 h4 h5 h6 p a b em strong code pre br hr ul ol li table thead tbody tr th td img blockquote "
        "button form input label del sup sub kbd dl dt dd"
    )
    for path, page in site.items():
        assert page.tags <= set(known.split()), path.name


# Blocks


@pytest.mark.parametrize("fence", of_language("python"), ids=lambda fence: fence.name)
def test_python_can_be_compiled(fence: Fence) -> None:
    assert ast.parse(fence.body, fence.name).body


@pytest.mark.parametrize("fence", of_language("toml"), ids=lambda fence: fence.name)
def test_toml_can_be_read_and_probes_loaded(fence: Fence, tmp_path: Path) -> None:
    document = tomllib.loads(fence.body)
    if "contrasts" not in document:
        return
    for behaviour in document["behaviours"].values():
        if "gold" in behaviour:
            (tmp_path / behaviour["gold"]).write_text("")
    file = tmp_path / f"{document['id']}.toml"
    file.write_text(fence.body, encoding="utf-8")
    assert load_probe(file, (tmp_path,)).contrasts
    assert fence.title in {"", f"probes/{file.name}"}


@pytest.mark.parametrize("fence", of_language("json"), ids=lambda fence: fence.name)
def test_json_can_be_read(fence: Fence) -> None:
    for text in fence.body.splitlines() if fence.title.endswith(".jsonl") else [fence.body]:
        assert isinstance(json.loads(text), dict | list)


@needs_mkdocs
@pytest.mark.parametrize("fence", of_language("yaml"), ids=lambda fence: fence.name)
def test_yaml_can_be_read(fence: Fence) -> None:
    yaml = importlib.import_module("yaml")  # without stubs
    assert yaml.safe_load(fence.body)


@pytest.mark.parametrize("fence", of_language("sh"), ids=lambda fence: fence.name)
def test_shell_is_shell(fence: Fence) -> None:
    done = subprocess.run(["bash", "-n"], input=fence.body, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr


def test_every_language_is_tested() -> None:
    assert {fence.language for fence in EVERY_FENCE} <= {"console", "python", "toml", "json", "yaml", "sh", "groovy"}


# What a page shows


def commands(body: str) -> str:
    """Return the commands of a console block, as one script."""
    return "".join(line.removeprefix("$ ") + "\n" for line in body.splitlines() if line.startswith("$ "))


def expected(body: str) -> list[str]:
    """Return what a console block shows as printed, without the lines that stand for left-out ones."""
    return [line for line in body.splitlines() if not line.startswith("$ ") and line.strip() not in {"", "..."}]


def alike(line: str) -> str:
    """Return a line without what may differ: digests, numbers, spaces and rules of `=` and `_`.

    Numbers differ with the processor: a network's last digits can change an answer.
    """
    without = re.sub(r"\b[0-9a-f]{64}\b", "#", line)
    without = re.sub(r"[-+.\d]*\d(e[-+]\d+)?", "#", without)
    return " ".join(re.sub(r"[=_]{2,}", "", without).split())


def first_not_printed(body: str, printed: str) -> str | None:
    """Return the first shown line that was not printed after the ones before it; None: all were."""
    left = iter([alike(line) for line in printed.splitlines()])
    for line in expected(body):
        wanted = alike(line)
        if not any(wanted == one for one in left):
            return line
    return None


@pytest.mark.parametrize(
    "page",
    [pytest.param(page, id=shown(page), marks=pytest.mark.slow if shown(page) in SLOW_RUNS else ()) for page in RUN],
)
def test_what_a_page_shows_is_what_its_commands_print(page: Path, tmp_path: Path) -> None:
    """Blocks with a title are files of one folder, console blocks are run in it, in the order of the page."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("WEIRDGEN_", "OPENAI_", "PYTEST_"))
    }
    environment |= {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}", "COLUMNS": "80"}
    for fence in fences(page):
        if fence.title:
            file = tmp_path / fence.title
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(fence.body, encoding="utf-8")
        if fence.language == "console":
            done = subprocess.run(
                ["bash", "-c", commands(fence.body)], cwd=tmp_path, env=environment, text=True, timeout=300,
                check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            )  # fmt: skip
            missed = first_not_printed(fence.body, done.stdout)
            assert missed is None, f"not printed: {missed}\n\n{done.stdout}"


def test_a_line_that_is_not_printed_is_found() -> None:
    body = "$ x\n...\none 1\n\ntwo   2e+03\n"
    assert commands(body) == "x\n"
    assert first_not_printed(body, "zero\none 7\nbetween\ntwo 5e-01\n") is None
    assert first_not_printed(body, "two 2\none 1\n") == "two   2e+03"


def test_exit_statuses_are_those_of_the_code() -> None:
    from weirdgen.plugin.tally import BEHAVIOUR, EVIDENCE, INCONCLUSIVE, INVALID

    page = (DOCS / "reference" / "exit_statuses.md").read_text(encoding="utf-8")
    told = {int(row): text for row, text in re.findall(r"^\| (\d+) \| ([^|]*) \|", page, re.MULTILINE)}
    words = {BEHAVIOUR: "behaviour", INCONCLUSIVE: "INCONCLUSIVE", INVALID: "INVALID", EVIDENCE: "evidence"}
    assert all(word in told[status] for status, word in words.items())
    assert set(told) == {*range(6), *words}
    assert "12, 1, 11, 10" in page


def test_keys_are_those_of_the_code() -> None:
    from weirdgen.endpoints.models import _MAIN_KEY, _OWN_KEY

    page = (DOCS / "reference" / "python_api.md").read_text(encoding="utf-8")
    assert all(f"`{name}`" in page for name in (_MAIN_KEY, *itertools.chain(*_OWN_KEY.values())))
