"""Model output and names as an attacker would write them: nothing becomes markup, nothing steers a reader's screen."""

import json
import unicodedata
from typing import Any

import pytest
from page_facts import PageFacts
from run_records import full_verdict, record, texts

from weirdgen.pages.report import report_page
from weirdgen.pages.samples import block
from weirdgen.schema.run import RunRecord
from weirdgen.schema.verdict import Excerpt, Outcome

ATTACK = (
    "\"'></pre></style></script><script>document.title='owned'</script><img src=x onerror=alert(1)>"
    "<svg onload=alert(2)><style>@import 'http://127.0.0.1:9/'</style>{{ 7*7 }}{% raw %}javascript:alert(3)"
    "\u202egnp.exe\u202c\u2066\u200f\x1b[31m\x00\x07\u2028$x^2$ <!-- --> ]]> &lt;b&gt;"
)
_FIXED = {
    *("kind", "outcome", "session_outcome", "mode", "inconclusive", "sampling", "status", "expect", "passing", "probe"),
    *("contrast", "cell", "behaviour", "key", "condition", "started_at", "finished_at", "question"),
}
TAGS = {
    *(
        "html",
        "head",
        "meta",
        "title",
        "style",
        "script",
        "body",
        "header",
        "nav",
        "main",
        "footer",
        "section",
        "article",
    ),
    *(
        "h1",
        "h2",
        "h3",
        "p",
        "div",
        "span",
        "a",
        "strong",
        "b",
        "em",
        "small",
        "code",
        "pre",
        "blockquote",
        "bdi",
        "wbr",
    ),
    *("ul", "li", "dl", "dt", "dd", "details", "summary", "figure", "figcaption"),
    *("table", "caption", "thead", "tbody", "tr", "th", "td"),
    *("svg", "g", "path", "text", "use", "defs", "clippath", "rect"),
}


def poisoned(value: Any, name: str = "") -> Any:
    """Return a JSON value with the attack behind every free string and in front of every key of a mapping of them."""
    if isinstance(value, dict):
        return {key: poisoned(one, key) for key, one in value.items()}
    if isinstance(value, list):
        return [poisoned(one, name) for one in value]
    return f"{value}{ATTACK}" if isinstance(value, str) and name not in _FIXED else value


@pytest.fixture(scope="module")
def attacked() -> RunRecord:
    excerpt = Excerpt(key="k", question="money", label="archaic", text="Sir")
    made = record(
        full_verdict(Outcome.PRESENT, excerpts=(excerpt,)),
        full_verdict(Outcome.INVALID, "d", reason="coverage", detail="x"),
        warnings=("warning",),
        not_run=("m p/e",),
        environment={"python": "3"},
    )
    return RunRecord.model_validate_json(json.dumps(poisoned(made.model_dump(mode="json"))))


def test_nothing_of_it_becomes_an_element_or_an_attribute(attacked: RunRecord) -> None:
    page = report_page(attacked, texts(attacked, ATTACK * 3))
    facts = PageFacts(page)
    assert {tag for tag, _ in facts.tags} <= TAGS
    names = {name for _, attributes in facts.tags for name in attributes}
    assert not {name for name in names if name.startswith("on") or name in ("style", "src", "srcset", "action")}
    assert all(href.startswith("#") for href in facts.attributes("href"))
    assert [tag for tag, _ in facts.tags].count("script") == 1
    assert page.count("</script>") == page.count("</style>") == 1
    assert "{{ 7*7 }}" in facts.text


def test_no_control_or_direction_character_is_left(attacked: RunRecord) -> None:
    page = report_page(attacked, texts(attacked, ATTACK))
    left = {c for c in page if unicodedata.category(c)[0] == "C" or c in "\u2028\u2029"} - {"\n", "\t"}
    assert left == set()
    assert "\\u202egnp.exe" in page


@pytest.mark.parametrize(
    ("text", "limit", "expected"),
    [
        ("a\ud83db", 20, "a\\ud83db"),
        ("one\ntwo\tthree", 20, "one\ntwo\tthree"),
        ("x" * 30, 20, "x" * 20 + "… (cut here; 30 characters in the store)"),
        ("\x1b[2J", 20, "\\x1b[2J"),
        ("", 20, ""),
    ],
)
def test_a_text_for_people(text: str, limit: int, expected: str) -> None:
    assert block(text, limit) == expected


def test_escapes_do_not_make_a_text_longer_than_it_may_be() -> None:
    assert len(block("\U000e0001" * 5_000_000, 100)) < 300
