"""The run record: what is written reads back the same, or there is an error."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from records import run_of
from verdicts import verdict

from weirdgen.errors import EvidenceError
from weirdgen.reporting.record import read_record, write_record
from weirdgen.schema.text import clean
from weirdgen.schema.verdict import Outcome


@settings(deadline=None)
@given(text=st.text(alphabet=st.characters(), max_size=50))
def test_any_cleaned_text_survives(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.mktemp("record") / "run.json"
    written = run_of(verdict(detail=clean(text)))
    write_record(written, path)
    assert read_record(path) == written


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(EvidenceError, match="could not be written"):
        write_record(run_of(), tmp_path / "file" / "run.json")


@pytest.mark.parametrize("content", ["", "{}", '{"version": 3}', "[1]", "[" * 100_000])
def test_anything_else_is_not_a_record(tmp_path: Path, content: str) -> None:
    path = tmp_path / "run.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(EvidenceError, match="not a readable run record"):
        read_record(path)


def test_a_record_that_lost_an_expectation_is_none(tmp_path: Path) -> None:
    """Paired with what is there, the last verdict would be in no table, and it may be the one that fails."""
    path = tmp_path / "run.json"
    short = run_of(verdict(), verdict(Outcome.PRESENT, contrast="d"))
    path.write_text(short.model_copy(update={"expected": short.expected[:1]}).model_dump_json(), encoding="utf-8")
    with pytest.raises(EvidenceError, match="2 verdicts and 1 expectations"):
        read_record(path)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"places": run_of(verdict()).places}, "2 verdicts and 1 places of tests"),
        (
            {"expected": run_of(verdict(), verdict(contrast="e")).expected},
            "expectation of another contrast in the place",
        ),
    ],
)
def test_a_record_whose_parts_are_not_one_for_each_verdict_is_none(
    tmp_path: Path, changes: dict[str, Any], told: str
) -> None:
    """A verdict would be shown as what is expected of another, or an export end in a traceback."""
    path = tmp_path / "run.json"
    whole = run_of(verdict(), verdict(Outcome.PRESENT, contrast="d"))
    path.write_text(whole.model_copy(update=changes).model_dump_json(), encoding="utf-8")
    with pytest.raises(EvidenceError, match=told):
        read_record(path)


@pytest.mark.parametrize("version", ["1", "2", "9", '"3"'])
def test_a_record_of_another_version_is_told_by_its_version_alone(tmp_path: Path, version: str) -> None:
    path = tmp_path / "run.json"
    path.write_text(f'{{"version": {version}, "future": 1}}', encoding="utf-8")
    with pytest.raises(EvidenceError) as caught:
        read_record(path)
    told = version.replace('"', "'")
    assert str(caught.value) == (
        f"{path} is not a readable run record: it is of version {told}, and this weirdgen reads version 3; use the "
        "weirdgen that wrote it, or gate again"
    )


def test_a_disk_that_fails_leaves_the_record_that_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "run.json"
    write_record(run_of(verdict()), path)
    before = path.read_bytes()

    def full(self: Path, content: bytes) -> int:
        self.touch()
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(EvidenceError, match="could not be written: No space left on device"):
        write_record(run_of(), path)
    assert [file.read_bytes() for file in tmp_path.iterdir()] == [before]
