"""The run record: what is written reads back the same, or there is an error."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from plans import empty_plan
from verdicts import verdict

from weirdgen.errors import EvidenceError
from weirdgen.reporting.record import read_record, write_record
from weirdgen.schema.run import RunRecord
from weirdgen.schema.text import clean
from weirdgen.schema.verdict import Verdict


def record(*verdicts: Verdict) -> RunRecord:
    plan = empty_plan(2)
    return RunRecord(
        weirdgen="0",
        started_at="a",
        finished_at="b",
        plan=plan,
        plan_sha256=plan.sha256,
        verdicts=verdicts,
        exit_status=0,
    )


@given(text=st.text(alphabet=st.characters(), max_size=50))
def test_any_cleaned_text_survives(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.mktemp("record") / "run.json"
    written = record(verdict(detail=clean(text)))
    write_record(written, path)
    assert read_record(path) == written


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(EvidenceError, match="could not be written"):
        write_record(record(), tmp_path / "file" / "run.json")


@pytest.mark.parametrize("content", ["", "{}", '{"version": 2}', "[1]"])
def test_anything_else_is_not_a_record(tmp_path: Path, content: str) -> None:
    path = tmp_path / "run.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(EvidenceError, match="not a readable run record"):
        read_record(path)
