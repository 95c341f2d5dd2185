"""The Markdown summary: worst first, bounded, true to the record, and nothing in it is alive."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from records import run_of
from verdicts import verdict

from weirdgen.reporting.markdown import MOST_BYTES, summary
from weirdgen.schema.run import Replayed
from weirdgen.schema.text import clean
from weirdgen.schema.verdict import Excerpt, Outcome

GITHUB = MarkdownIt("gfm-like")
OURS = {
    *("h2", "p", "code", "pre", "details", "summary", "table", "thead", "tbody", "tr", "th", "td"),
}


def rows(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("| ") and "verdict |" not in line]


def test_the_worst_stand_first() -> None:
    verdicts = [
        verdict(contrast="fine"),
        verdict(Outcome.INCONCLUSIVE, contrast="undecided"),
        verdict(Outcome.INVALID, contrast="broken", reason="judge"),
        verdict(Outcome.PRESENT, contrast="shown"),
    ]
    text = summary(run_of(*verdicts))
    assert re.findall(r"p/(\w+)", "\n".join(rows(text))) == ["shown", "broken", "undecided", "fine"]
    assert "❌ INVALID (judge)" in text
    assert "Verdicts: 1 PRESENT, 1 INVALID, 1 INCONCLUSIVE, 1 ABSENT; exit status 1." in text
    assert text.count("<details>") == 3


def test_a_lifted_verdict_is_told_as_it_ended() -> None:
    text = summary(run_of(verdict(Outcome.INCONCLUSIVE, session_outcome=Outcome.PRESENT)))
    assert "❌ PRESENT (session)" in text


def test_a_run_without_a_verdict_says_so() -> None:
    text = summary(run_of(exit_status=5, not_run=("m p/c",)))
    assert text.startswith("## weirdgen: no verdict: no contrast was run\n")
    assert "nothing is claimed of them" in text


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"replay": Replayed(file="x.jsonl", sha256="0")}, "no model was asked"),
        ({"interrupted": True, "exit_status": 2}, "interrupted"),
    ],
)
def test_what_weakens_a_run_is_told(changes: dict[str, object], said: str) -> None:
    assert said in summary(run_of(verdict(), **changes))


@pytest.mark.parametrize("most", [4_000, 60_000, MOST_BYTES])
def test_it_is_bounded_and_says_what_is_left_out(most: int) -> None:
    excerpt = Excerpt(key="k", question="q", label="l", text="ü" * 2_000)
    many = [verdict(Outcome.PRESENT, contrast=f"c{n}", excerpts=(excerpt,) * 3) for n in range(600)]
    text = summary(run_of(*many), most)
    assert len(text.encode()) <= most
    assert "Left out to stay within" in text
    assert rows(text)
    assert text.count("<details>") == text.count("</details>") > 0 or most == 4_000


HOSTILE = st.text(alphabet=st.sampled_from("`|<>[]()!@#*_~:/\\&\n ahtpsw.\u202e\x1b"), max_size=40).map(clean)


@settings(max_examples=100, deadline=None)
@given(text=HOSTILE)
def test_hostile_text_does_nothing(text: str) -> None:
    excerpt = Excerpt(key="k", question="q", label=text, text=text)
    told = verdict(
        Outcome.INVALID, model=f"m{text}", reason="drift", detail=text, claim=text, rule=text, excerpts=(excerpt,)
    )
    rendered = GITHUB.render(summary(run_of(told)))
    found = {tag.lower() for tag in re.findall(r"</?([a-zA-Z][a-zA-Z0-9]*)", rendered)}
    assert found <= OURS
    assert rendered.count("<tr>") == 2
    assert rendered.count("<td>") == 6
    assert re.search(r"@\w", re.sub(r"<pre>.*?</pre>", "", rendered, flags=re.DOTALL)) is None
