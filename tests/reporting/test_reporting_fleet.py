"""The matrix of a fleet in Markdown and JUnit: whole, bounded, and inert whatever names and errors hold."""

import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from weirdgen.reporting.fleet_junit import merge
from weirdgen.reporting.fleet_markdown import MOST_BYTES, fleet_summary
from weirdgen.reporting.fleet_words import error_rate_lines, word, worst_first
from weirdgen.reporting.junit_suite import MOST_OBJECTS
from weirdgen.schema.fleet import FleetEntry, FleetRecord
from weirdgen.schema.text import clean

GITHUB = MarkdownIt("gfm-like")
OURS = {"h2", "p", "table", "thead", "tbody", "tr", "th", "td", "strong", "pre", "code"}


def entry(model: str = "m", **changes: object) -> FleetEntry:
    fields: dict[str, object] = {
        "model": model,
        "line": 1,
        "folder": "m",
        "exit_status": 0,
        "run": "m/report/run.json",
        "findings": {"old_bird_names": {"ABSENT": 9}},
    }
    return FleetEntry.model_validate(fields | changes)


def fleet(*entries: FleetEntry, **changes: object) -> FleetRecord:
    fields: dict[str, object] = {
        "weirdgen": "0.1.0",
        "started_at": "2026-01-02T03:04:05+00:00",
        "finished_at": "2026-01-02T03:05:05+00:00",
        "models": "MODELS.txt",
        "suites": ("suites",),
        "workers": "this machine",
        "alpha": 0.05,
        "family_size": 88 * len(entries),
        "entries": entries,
        "exit_status": 1,
    }
    return FleetRecord.model_validate(fields | changes)


FAILED = entry("weird", exit_status=1, findings={"a": {"PRESENT": 2, "ABSENT": 7}}, present_in_fleet=("a/x",))
LOST = entry("lost", exit_status=None, error="its process was killed by SIGKILL", tail="Traceback", findings={})


def test_the_matrix() -> None:
    text = fleet_summary(fleet(entry("clean", absent_in_fleet=8), LOST, FAILED))
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert rows == [
        "| model | gate | a | old_bird_names | after correction over 3 models |",
        "|---|---|---|---|---|",
        "| weird | ❌ FAILED | ✘ 2/9 |  | 1 of 2 PRESENT, 0 of 7 ABSENT |",
        "| lost | ❌ NO VERDICT |  |  |  |",
        "| clean | passed |  | ✔ 9/9 | 8 of 9 ABSENT |",
    ]
    assert text.startswith("## weirdgen fleet: 1 FAILED, 1 NO VERDICT, 1 passed\n")
    assert "**lost**: its process was killed by SIGKILL" in text
    assert "of 3 sound models at most 0.15 are PRESENT" in text
    assert "1 of 1 model with a PRESENT keep one" in text


def test_a_pass_with_reservations_is_named_so() -> None:
    assert word(entry(remarks=("it is a replay",))) == "passed with reservations"
    assert word(entry(error="no run.json")) == "NO VERDICT"


def test_the_worst_come_first() -> None:
    worse = FAILED.model_copy(update={"model": "worse", "findings": {"a": {"PRESENT": 3}}})
    listed = [entry("clean"), entry("open", exit_status=10), FAILED, LOST, worse]
    assert [one.model for one in worst_first(fleet(*listed))] == ["worse", "weird", "lost", "open", "clean"]


def test_without_a_verdict_no_error_rate_is_claimed() -> None:
    assert error_rate_lines(fleet(LOST, alpha=None, family_size=0)) == []


@pytest.mark.parametrize("most", [4_000, MOST_BYTES])
def test_it_is_bounded_and_says_what_is_left_out(most: int) -> None:
    text = fleet_summary(fleet(*(entry(f"m{n}", error="x" * 300, tail="y" * 2_000) for n in range(900))), most)
    assert len(text.encode()) <= most
    assert "rows and errors are left out" in text


HOSTILE = st.text(alphabet=st.sampled_from("`|<>[]()!@#*_~:/\\&\n ahtpsw.\u202e\x1b"), max_size=40).map(clean)


@settings(max_examples=60, deadline=None)
@given(HOSTILE)
def test_hostile_text_does_nothing(text: str) -> None:
    rendered = GITHUB.render(fleet_summary(fleet(entry(f"m{text}", exit_status=4, error=f"e{text}", tail=f"t{text}"))))
    assert {tag.lower() for tag in re.findall(r"</?([a-zA-Z][a-zA-Z0-9]*)", rendered)} <= OURS
    assert (rendered.count("<tr>"), rendered.count("<td>")) == (2, 4)
    assert re.search(r"@\w", re.sub(r"<pre>.*?</pre>", "", rendered, flags=re.DOTALL)) is None


def test_a_hostile_junit_stays_well_formed_and_within_bounds(tmp_path: Path) -> None:
    many = "".join(
        f'<testcase classname="t" name="c{n}"><properties>'
        + "".join(f'<property name="weirdgen.x{k}" value="1"/>' for k in range(60))
        + "</properties></testcase>"
        for n in range(3_000)
    )
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "junit.xml").write_text(
        f'<testsuites><testsuite name="pytest" tests="3000" errors="0" failures="0" skipped="0">{many}</testsuite>'
        "</testsuites>"
    )
    bad = entry("<b>]]>\x1b[31m", folder="b", exit_status=None, error="]]>\x00<x>", tail="\x1b]0;owned\x07")
    merge(fleet(entry(), bad), tmp_path, "junit.xml")
    root = ET.parse(tmp_path / "junit.xml").getroot()
    assert (root.get("tests"), root.get("errors")) == ("3001", "1")
    assert sum(1 + len(e.attrib) + bool(e.text) for e in root.iter()) <= MOST_OBJECTS
    text = (tmp_path / "junit.xml").read_text(encoding="utf-8")
    assert "\x1b" not in text
    assert "&lt;b&gt;]]&gt;\\x1b[31m" in text
