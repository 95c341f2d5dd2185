"""What a JUnit file says of the run, and that readers others wrote take it: counts, schemas, sizes."""

import xml.etree.ElementTree as ET
from collections.abc import Sequence
from pathlib import Path

import junitparser
import pytest
import xmlschema
from gitlab_junit import gitlab_cases
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from records import run_of
from verdicts import verdict

from weirdgen.reporting import junit_suite
from weirdgen.reporting.junit import finalise
from weirdgen.reporting.junit_suite import MOST_CHARACTERS, MOST_OBJECTS, describe, suite_properties
from weirdgen.reporting.properties import properties
from weirdgen.reporting.record import read_record
from weirdgen.schema.run import Replayed
from weirdgen.schema.text import clean
from weirdgen.schema.verdict import Outcome, Verdict

ROOT = Path(__file__).parents[2]
STRICT = xmlschema.XMLSchema(Path(__file__).parents[1] / "support" / "junit.xsd")
OUTCOMES = tuple(Outcome)


def several(number: int) -> list[Verdict]:
    return [verdict(OUTCOMES[n % 4], contrast=f"c{n}") for n in range(number)]


def written(path: Path, verdicts: Sequence[Verdict], text: str = "why") -> Path:
    """Write a file as pytest does: cases in the order given, each with its properties and what went wrong."""
    suites = ET.Element("testsuites", name="pytest tests")
    suite = ET.SubElement(suites, "testsuite", name="pytest", time="0.1", hostname="h")
    for one in verdicts:
        case = ET.SubElement(suite, "testcase", classname="suites.test_p", name=f"test_c[{one.contrast}]", time="0.1")
        listed = ET.SubElement(case, "properties")
        for name, value in properties(one):
            ET.SubElement(listed, "property", name=name, value=str(value))
        if one.outcome is not Outcome.ABSENT:
            tag = "error" if one.outcome is Outcome.INVALID else "failure"
            ET.SubElement(case, tag, message="why").text = text
    ET.ElementTree(suites).write(path, encoding="utf-8", xml_declaration=True)
    finalise(path, verdicts)
    return path


def names(path: Path) -> list[str]:
    return [case.get("name", "") for case in ET.parse(path).iter("testcase")]


def test_it_tells_of_the_run(tmp_path: Path) -> None:
    verdicts = [verdict(Outcome.PRESENT, judge="rules")]
    path = written(tmp_path / "r.xml", verdicts)
    record = run_of(*verdicts, environment={"git.commit": "abc"}, replay=Replayed(file="x.jsonl", sha256="0"))
    describe(path, record)
    suite = next(ET.parse(path).iter("testsuite"))
    assert suite[0].tag == "properties"
    told = {p.get("name"): p.get("value") for p in suite[0]}
    assert told == suite_properties(record)
    assert told["weirdgen.mode"] == "replay"
    assert told["weirdgen.models"] == "m"
    assert told["weirdgen.judges"] == "rules"
    assert told["weirdgen.git_commit"] == "abc"
    assert told["weirdgen.exit_status"] == "1"
    assert told["weirdgen.plan_sha256"] == record.plan_sha256


@pytest.mark.parametrize(("mode", "told"), [("live", "live"), ("organism", "organism")])
def test_it_tells_what_was_measured(mode: str, told: str) -> None:
    assert suite_properties(run_of(verdict(mode=mode)))["weirdgen.mode"] == told
    assert suite_properties(run_of())["weirdgen.mode"] == "live"


def test_properties_that_a_user_recorded_stay(tmp_path: Path) -> None:
    path = written(tmp_path / "r.xml", [verdict()])
    tree = ET.parse(path)
    suite = next(tree.iter("testsuite"))
    suite.insert(0, listed := ET.Element("properties"))
    ET.SubElement(listed, "property", name="theirs", value="1")
    tree.write(path)
    describe(path, run_of(verdict()))
    assert next(p.get("value") for p in ET.parse(path).iter("property") if p.get("name") == "theirs") == "1"
    assert len(list(next(ET.parse(path).iter("testsuite")).findall("properties"))) == 1


def test_cases_stand_in_the_order_of_their_items(tmp_path: Path) -> None:
    verdicts = several(4)
    path = written(tmp_path / "r.xml", list(reversed(verdicts)))
    order = [("suites.test_p", f"test_c[{one.contrast}]") for one in verdicts[:3]]
    describe(path, run_of(*verdicts), order=order)
    assert names(path) == ["test_c[c0]", "test_c[c1]", "test_c[c2]", "test_c[c3]"]


@pytest.mark.parametrize("form", ["full", "strict"])
def test_doing_it_twice_is_once(tmp_path: Path, form: str) -> None:
    verdicts = several(5)
    path = written(tmp_path / "r.xml", verdicts, "x" * 50_000)
    describe(path, run_of(*verdicts), form="strict" if form == "strict" else "full")
    once = path.read_bytes()
    describe(path, run_of(*verdicts), form="strict" if form == "strict" else "full")
    assert path.read_bytes() == once


def test_a_later_exit_status_takes_the_place_of_the_first(tmp_path: Path) -> None:
    path = written(tmp_path / "r.xml", [verdict()])
    for status in (0, 12):
        describe(path, run_of(verdict(), exit_status=status))
    statuses = [p.get("value") for p in ET.parse(path).iter("property") if p.get("name") == "weirdgen.exit_status"]
    assert statuses == ["12"]


@pytest.mark.parametrize("form", ["full", "strict"])
def test_another_reader_counts_the_same(tmp_path: Path, form: str) -> None:
    verdicts = several(8)
    path = written(tmp_path / "r.xml", verdicts)
    describe(path, run_of(*verdicts), form="strict" if form == "strict" else "full")
    (suite,) = junitparser.JUnitXml.fromfile(str(path))
    assert (suite.tests, suite.failures, suite.errors, suite.skipped) == (8, 4, 2, 0)
    results = {case.name: [type(result).__name__ for result in case.result] for case in suite}
    assert results["test_c[c0]"] == ["Failure"]
    assert results["test_c[c1]"] == []
    assert results["test_c[c2]"] == ["Failure"]
    assert results["test_c[c3]"] == ["Error"]
    keys = [(case.classname, case.name) for case in suite]
    assert len(set(keys)) == len(keys), "GitLab keeps the first of two cases with one name"
    told = {p.name: p.value for p in suite.properties()}  # type: ignore[no-untyped-call]
    assert told["weirdgen.version"] == "1.2.3"


@pytest.mark.parametrize("form", ["full", "strict"])
def test_gitlab_counts_the_same_and_shows_the_verdict(tmp_path: Path, form: str) -> None:
    verdicts = several(8)
    path = written(tmp_path / "r.xml", verdicts, "PRESENT: why")
    describe(path, run_of(*verdicts), form="strict" if form == "strict" else "full")
    cases = gitlab_cases(path)
    assert [case.status for case in cases] == ["failed", "success", "failed", "error"] * 2
    assert len({case.key for case in cases}) == 8
    assert {type(case.output) for case in cases if case.status != "success"} == {str}
    assert str(cases[0].output).startswith("PRESENT: ")


def test_gitlab_reads_the_sample_report() -> None:
    cases = gitlab_cases(ROOT / "reports" / "sample" / "junit.xml")
    record = read_record(ROOT / "reports" / "sample" / "run.json")
    assert len({case.key for case in cases}) == len(record.verdicts)
    absent = [one.final is Outcome.ABSENT for one in record.verdicts]
    assert [case.status for case in cases].count("success") == sum(absent)
    for case in cases:
        assert case.status == "success" or "PRESENT" in str(case.output) or "INCONCLUSIVE" in str(case.output)


def test_a_schema_that_knows_no_properties_in_cases_takes_the_strict_form(tmp_path: Path) -> None:
    verdicts = several(8)
    path = written(tmp_path / "r.xml", verdicts)
    describe(path, run_of(*verdicts))
    assert not STRICT.is_valid(path)
    describe(path, run_of(*verdicts), form="strict")
    STRICT.validate(path)
    case = next(ET.parse(path).iter("testcase"))
    lines = (case.findtext("system-out") or "").splitlines()
    assert "[[PROPERTY|weirdgen.verdict=PRESENT]]" in lines
    assert len(lines) == len(properties(verdicts[0]))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50, deadline=None)
@given(text=st.text(alphabet=st.characters(), max_size=60))
def test_hostile_text_is_safe_in_both_forms(tmp_path: Path, text: str) -> None:
    hostile = verdict(Outcome.INCONCLUSIVE, detail=clean(text), session_outcome=Outcome.PRESENT)
    path = written(tmp_path / "r.xml", [verdict(Outcome.INCONCLUSIVE)])
    tree = ET.parse(path)
    case = next(tree.iter("testcase"))
    case.remove(next(case.iter("failure")))
    tree.write(path)
    finalise(path, [hostile], [hostile])
    record = run_of(hostile, environment={"git.commit": clean(text)}, weirdgen=clean(text))
    describe(path, record, form="strict")
    STRICT.validate(path)
    assert next(ET.parse(path).iter("failure")).text


def test_a_long_failure_is_cut_and_says_so(tmp_path: Path) -> None:
    path = written(tmp_path / "r.xml", [verdict(Outcome.PRESENT)], "ü" * 1_000_000)
    describe(path, run_of(verdict(Outcome.PRESENT)))
    text = next(ET.parse(path).iter("failure")).text or ""
    assert len(text) == MOST_CHARACTERS
    assert text.endswith("(cut here; pytest's own output has the rest)")


def test_a_gate_of_many_models_stays_within_what_gitlab_takes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(junit_suite, "MOST_OBJECTS", MOST_OBJECTS // 50)
    verdicts = several(80)
    path = written(tmp_path / "r.xml", verdicts)
    describe(path, run_of(*verdicts))
    root = ET.parse(path).getroot()
    assert sum(1 + len(e.attrib) + bool(e.text) for e in root.iter()) <= MOST_OBJECTS // 50
    assert len(names(path)) == 80
    first = {p.get("name") for p in next(root.iter("testcase")).iter("property")}
    assert "weirdgen.verdict" in first
    assert "weirdgen.e_present" not in first


def test_a_file_of_too_many_bytes_is_made_smaller(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(junit_suite, "MOST_BYTES", 50_000)
    verdicts = several(40)
    path = written(tmp_path / "r.xml", verdicts)
    assert path.stat().st_size > 50_000
    describe(path, run_of(*verdicts))
    assert path.stat().st_size < 50_000
