"""GitHub's annotations and the badge: the worst ten, at the right lines, one command a line."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from records import run_of
from verdicts import verdict

from weirdgen.pages.limits import limits
from weirdgen.reporting.annotations import MOST, annotations
from weirdgen.reporting.badge import badge
from weirdgen.reporting.inert import inert
from weirdgen.reporting.markdown import summary
from weirdgen.reporting.passing import reservations
from weirdgen.schema.text import clean
from weirdgen.schema.verdict import Outcome, Verdict

COMMAND = re.compile(r"::(error|warning) (?:file=([^,:]*),line=(\d+),)?title=([^,:]*)::[^\r\n]*")


def accepted(*verdicts: Verdict) -> list[str]:
    record = run_of(*verdicts)
    return annotations(
        record.model_copy(update={"expected": [e.model_copy(update={"met": True}) for e in record.expected]})
    )


def test_each_failure_is_an_error_at_its_line() -> None:
    lines = annotations(run_of(verdict(), verdict(Outcome.PRESENT, contrast="x")))
    (line,) = lines
    found = COMMAND.fullmatch(line)
    assert found is not None
    assert found.groups() == ("error", "suites/test_p.py", "8", "PRESENT%3A p/x on m")
    assert line.endswith("(family of 2).")


def test_a_rootdir_below_the_repository_stands_before_the_file() -> None:
    (line,) = annotations(run_of(verdict(Outcome.PRESENT)), "gates/mine")
    assert "file=gates/mine/suites/test_p.py,line=7," in line


def test_only_the_worst_ten_are_told() -> None:
    many = [verdict(Outcome.INCONCLUSIVE, contrast=f"u{n}") for n in range(9)]
    many += [verdict(Outcome.PRESENT, contrast=f"c{n}") for n in range(5)]
    lines = annotations(run_of(*many))
    assert len(lines) == MOST
    assert ["PRESENT" in line for line in lines] == [True] * 5 + [False] * 5


def test_what_passes_undecided_is_a_warning() -> None:
    (line,) = accepted(verdict(), verdict(Outcome.INCONCLUSIVE))
    assert line.startswith("::warning ")


def test_without_a_place_there_is_no_file() -> None:
    (line,) = annotations(run_of(verdict(Outcome.PRESENT), places=()))
    assert line.startswith("::error title=PRESENT")


@given(text=st.text(alphabet=st.characters(), max_size=40).map(clean))
def test_no_text_begins_another_command(text: str) -> None:
    (line,) = annotations(run_of(verdict(Outcome.INVALID, model=f"m{text}", detail=text, claim=text)))
    assert COMMAND.fullmatch(line)


@pytest.mark.parametrize(
    ("verdicts", "changes", "message", "colour"),
    [
        ((verdict(),), {}, "passed 1", "brightgreen"),
        ((verdict(),), {"not_run": ("m p/d",)}, "passed 1 of 2", "yellowgreen"),
        ((verdict(Outcome.PRESENT), verdict(Outcome.INVALID, contrast="d")), {}, "1 PRESENT, 1 INVALID", "red"),
        ((verdict(Outcome.INCONCLUSIVE),), {}, "1 INCONCLUSIVE", "orange"),
        ((verdict(Outcome.INCONCLUSIVE),), {"exit_status": 0}, "passed 1", "yellow"),
        ((verdict(),), {"exit_status": 12}, "exit status 12", "lightgrey"),
        ((), {"exit_status": 5}, "exit status 5", "lightgrey"),
    ],
)
def test_the_badge(verdicts: tuple[Verdict, ...], changes: dict[str, object], message: str, colour: str) -> None:
    record = run_of(*verdicts, **changes)
    told = json.loads(badge(record))
    assert (told["schemaVersion"], told["label"], told["message"], told["color"]) == (1, "weirdgen", message, colour)
    assert told["isError"] == (record.exit_status != 0)


def test_what_is_only_reported_is_told_and_passes_nothing() -> None:
    record = run_of(verdict(), verdict(Outcome.PRESENT, contrast="d"), exit_status=0)
    judged, other = record.expected
    reported = other.model_copy(update={"judged": False, "met": True})
    told = record.model_copy(update={"expected": (judged, reported)})
    assert json.loads(badge(told))["message"] == "passed 1"
    assert json.loads(badge(told))["color"] == "brightgreen"
    line = f"judged by nothing: {verdict(contrast='d').item_id} on m PRESENT."
    assert any(line in limit for limit in limits(told))
    assert inert(line) in summary(told)
    nothing = told.model_copy(update={"expected": (judged.model_copy(update={"judged": False}), reported)})
    assert json.loads(badge(nothing))["message"] == "passed 0"
    assert reservations(nothing) == ["nothing that was measured is judged"]


def test_the_badge_of_a_replication_is_no_pass_of_a_gate() -> None:
    record = run_of(verdict())
    plan = record.plan.model_copy(update={"mode": "replicate"})
    assert json.loads(badge(record.model_copy(update={"plan": plan})))["label"] == "weirdgen replication"
