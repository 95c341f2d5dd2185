"""The JUnit file after pytest wrote it: complete, or an error."""

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from verdicts import verdict

from weirdgen.errors import EvidenceError
from weirdgen.reporting.junit import finalise
from weirdgen.reporting.properties import properties
from weirdgen.reporting.summary import failure_text
from weirdgen.schema.verdict import Outcome, Verdict


def written(path: Path, *verdicts: Verdict) -> Path:
    suites = ET.Element("testsuites")
    suite = ET.SubElement(suites, "testsuite", failures="0", tests=str(len(verdicts)))
    for one in verdicts:
        listed = ET.SubElement(ET.SubElement(suite, "testcase", name=one.contrast), "properties")
        for name, value in properties(one):
            ET.SubElement(listed, "property", name=name, value=str(value))
    ET.ElementTree(suites).write(path, encoding="utf-8", xml_declaration=True)
    return path


def session_value(path: Path) -> str:
    return next(
        p.get("value", "") for p in ET.parse(path).iter("property") if p.get("name") == "weirdgen.verdict_session"
    )


def test_the_session_verdict_is_filled_in(tmp_path: Path) -> None:
    path = written(tmp_path / "r.xml", verdict())
    finalise(path, [verdict(session_outcome=Outcome.ABSENT)])
    assert session_value(path) == "ABSENT"


def test_a_lifted_contrast_becomes_a_failure(tmp_path: Path) -> None:
    path = written(tmp_path / "r.xml", verdict(Outcome.INCONCLUSIVE))
    lifted = verdict(Outcome.INCONCLUSIVE, session_outcome=Outcome.PRESENT)
    finalise(path, [lifted], [lifted])
    assert session_value(path) == "PRESENT"
    (failure,) = ET.parse(path).iter("failure")
    assert failure.get("message") == "PRESENT by the evidence of the whole session: p/c on m"
    assert failure.text is not None
    assert failure.text.endswith(f"By itself:\n{failure_text(lifted)}")
    assert next(ET.parse(path).iter("testsuite")).get("failures") == "1"


@pytest.mark.parametrize("wrong", [verdict(contrast="other"), verdict(Outcome.PRESENT), verdict(model="other")])
def test_a_missing_or_different_verdict_is_an_error(tmp_path: Path, wrong: Verdict) -> None:
    path = written(tmp_path / "r.xml", wrong)
    with pytest.raises(EvidenceError, match="missing or different"):
        finalise(path, [verdict()])


@pytest.mark.parametrize("content", ["", "<testsuites>", "no xml"])
def test_a_broken_file_is_an_error(tmp_path: Path, content: str) -> None:
    path = tmp_path / "r.xml"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(EvidenceError, match="cannot be read back"):
        finalise(path, [verdict()])


def test_a_file_that_was_never_written_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(EvidenceError, match="cannot be read back"):
        finalise(tmp_path / "none.xml", [verdict()])


def test_a_disk_that_fails_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path / "r.xml", verdict())
    before = path.read_bytes()

    def full(self: Path, target: Path) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(EvidenceError, match=r"r\.xml cannot be written: no space"):
        finalise(path, [verdict(session_outcome=Outcome.ABSENT)])
    assert [file.read_bytes() for file in tmp_path.iterdir()] == [before]


@pytest.mark.parametrize(("outcome", "tag"), [(Outcome.INVALID, "error"), (Outcome.INCONCLUSIVE, "failure")])
def test_what_a_mark_excused_is_never_skipped(tmp_path: Path, outcome: Outcome, tag: str) -> None:
    path = written(tmp_path / "r.xml", verdict(outcome, reason="cap"))
    tree = ET.parse(path)
    ET.SubElement(next(tree.iter("testcase")), "skipped", type="pytest.xfail")
    tree.write(path)
    excused = verdict(outcome, reason="cap")
    finalise(path, [excused], overlooked=[excused])
    case = next(ET.parse(path).iter("testcase"))
    assert [child.tag for child in case] == ["properties", tag]
    (told,) = case.findall(tag)
    assert told.get("type") == f"weirdgen.{outcome}.cap"
    assert told.text is not None
    assert failure_text(excused) in told.text
    suite = next(ET.parse(path).iter("testsuite"))
    assert [suite.get(name) for name in ("tests", "errors", "failures", "skipped")] == [
        "1",
        *("1" if tag == name else "0" for name in ("error", "failure")),
        "0",
    ]


def test_what_reads_back_differently_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path / "r.xml", verdict())
    replace = Path.replace

    def spoilt(self: Path, target: Path) -> Path:
        self.write_text(self.read_text(encoding="utf-8").replace("weirdgen.kind", "weirdgen.kinds"), encoding="utf-8")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", spoilt)
    with pytest.raises(EvidenceError, match="reads back differently"):
        finalise(path, [verdict()])
