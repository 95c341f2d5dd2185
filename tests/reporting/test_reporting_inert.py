"""Nothing in untrusted text does anything where it is shown; a renderer that others wrote is the oracle."""

import html
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from weirdgen.reporting.inert import command_data, command_property, fenced, inert, inert_html
from weirdgen.schema.text import shown

GITHUB = MarkdownIt("gfm-like")
DANGEROUS = (
    "![x](https://example.org/beacon.png)",
    "[click](javascript:alert(1))",
    "<img src=x onerror=alert(1)>",
    "<script>alert(1)</script>",
    "https://example.org/a?b",
    "www.example.org",
    "WWW.example.org",
    "mail@example.org",
    "@everyone",
    "`code` ~~gone~~ **bold** _slanted_ __bold__",
    "a | b \\| c \\\\| d",
    "&lt;b&gt; &amp;",
    "<!-- comment",
    "[ref]\n\n[ref]: https://example.org",
    "\\",
    "``` \n# head",
)
PIECES = st.lists(
    st.sampled_from([*DANGEROUS, *"\\`*_{}[]()<>#+-.!|~:/@&\n \"'$^=", "www", "http", "a", "ü"]), max_size=12
)


def shown_text(rendered: str) -> str:
    return html.unescape(re.sub(r"<[^>]*>", "", rendered)).replace("\u200a", "")


def tags(rendered: str) -> set[str]:
    return set(re.findall(r"<(/?[a-zA-Z][^ >]*|!--)", rendered))


@pytest.mark.parametrize("text", DANGEROUS)
def test_dangerous_text_is_shown_and_nothing_else(text: str) -> None:
    check(text)


@settings(max_examples=300, deadline=None)
@given(text=PIECES.map("".join))
def test_any_mixture_is_shown_and_nothing_else(text: str) -> None:
    check(text)


def check(text: str) -> None:
    rendered = GITHUB.render(f"Told: {inert(text)}.\n\n| a | b |\n|---|---|\n| x {inert(text)} y | z |\n")
    assert tags(rendered) <= {
        *("p", "/p", "table", "/table", "thead", "/thead", "tbody", "/tbody"),
        *("tr", "/tr", "th", "/th", "td", "/td"),
    }
    assert rendered.count("<td>") == 2
    assert re.search(r"@\w", rendered) is None
    assert "".join(shown_text(rendered).split()).startswith("".join(f"Told: {shown(text, 2000)}.".split()))


@given(text=PIECES.map("".join))
def test_inside_an_element_it_is_only_text(text: str) -> None:
    safe = inert_html(text)
    assert "<" not in safe
    assert shown_text(safe) == shown(text, 2000)
    assert re.search(r"@\w", safe) is None


@given(text=PIECES.map("".join))
def test_no_line_ends_a_fence(text: str) -> None:
    rendered = GITHUB.render(f"before\n\n{fenced(text)}\n\nafter\n")
    assert tags(rendered) == {"p", "/p", "pre", "code", "/code", "/pre"}
    assert rendered.endswith("<p>after</p>\n")


@given(text=st.text(alphabet=st.sampled_from("%\r\n:,a;="), max_size=30))
def test_commands_carry_any_text_on_one_line(text: str) -> None:
    data, value = command_data(text), command_property(text)
    for escaped in (data, value):
        assert "\n" not in escaped
        assert "\r" not in escaped
    assert ":" not in value
    assert "," not in value
    back = data.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%")
    assert back == text
    again = value.replace("%0D", "\r").replace("%0A", "\n").replace("%3A", ":").replace("%2C", ",").replace("%25", "%")
    assert again == text
