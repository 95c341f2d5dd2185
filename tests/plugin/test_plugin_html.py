"""`--gate-html`: the page beside the record, named last; what goes wrong with it changes no verdict."""

from pathlib import Path

import pytest
from gate_runs import GateCommand, record_of
from page_facts import PageFacts

from weirdgen.plugin.options import read_settings

SHIPPED = Path(__file__).parents[2] / "fixtures" / "cassettes" / "old_bird_names.jsonl"
WEIRD = ("--model", "organism:old-bird-names", f"--gate-replay={SHIPPED}")
BREAK = """
import weirdgen.pages.report
def broken(*arguments):
    raise RuntimeError("no paper")
weirdgen.pages.report.report_page = broken
"""
NOT_INSTALLED = """
import weirdgen.pages.extra
weirdgen.pages.extra.PACKAGES = ("jinja3",)
"""


def test_it_is_written_and_named_last_on_any_number_of_processes(
    gate: GateCommand, pytester: pytest.Pytester, processes: tuple[str, ...]
) -> None:
    run = gate(*WEIRD, "--gate-html", *processes, report="r")
    assert run.status == 1, run.said
    assert "\nRun record: r/run.json\nReport: r/report.html\n" in run.out
    said = PageFacts((pytester.path / "r" / "report.html").read_text(encoding="utf-8")).text
    assert "In 2 of 2 tests organism:old-bird-names shows weird behaviour: OLD BIRD NAMES (2)." in said
    assert "No text was there" not in said


def test_nobody_gets_it_unasked(gate: GateCommand, pytester: pytest.Pytester) -> None:
    run = gate(*WEIRD, report="r")
    assert run.status == 1
    assert "report.html" not in {one.name for one in (pytester.path / "r").iterdir()}


def test_a_page_that_cannot_be_made_is_told_and_the_record_stands(gate: GateCommand, pytester: pytest.Pytester) -> None:
    pytester.makeconftest(BREAK)
    run = gate(*WEIRD, "--gate-html", report="r")
    assert run.status == 12
    assert "weirdgen: no report.html was written: RuntimeError: no paper" in run.said
    assert set(run.outcomes().values()) == {"PRESENT"}
    assert record_of(run)["exit_status"] == 12
    assert "Report:" not in run.out


def test_without_the_extra_it_is_refused_before_anything_is_sent(gate: GateCommand, pytester: pytest.Pytester) -> None:
    pytester.makeconftest(NOT_INSTALLED)
    run = gate(*WEIRD, "--gate-html", report="r")
    assert run.status == 4
    assert "--gate-html: jinja3 not installed: pip install 'pytest-weirdgen[report]'" in run.said
    assert run.record is None


def test_it_can_be_asked_for_everywhere(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    model = ("--model", "organism:base")
    assert not read_settings(pytester.parseconfig(*model)).html
    assert read_settings(pytester.parseconfig(*model, "--gate-html")).html
    pytester.makeini("[pytest]\ngate_html = true\n")
    assert read_settings(pytester.parseconfig(*model)).html
    monkeypatch.setenv("WEIRDGEN_GATE_HTML", "no")
    assert not read_settings(pytester.parseconfig(*model)).html
