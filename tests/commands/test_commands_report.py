"""`weirdgen report`: the page of a run, with texts from a store or a cassette, or without."""

import hashlib
from pathlib import Path

import pytest
from page_facts import PageFacts
from run_records import full_verdict, record
from stored import asked, fill

from weirdgen.cli import main
from weirdgen.reporting.record import write_record
from weirdgen.schema.answers import CellAnswers, JudgedAnswer
from weirdgen.schema.run import Replayed, RunRecord


def run_of(key: str, **changes: object) -> RunRecord:
    answer = JudgedAnswer(key=key, label="archaic", score=1.0)
    cell = CellAnswers(arm=0, cell="money", condition="plain", question="money", rounds=(answer,))
    return record(full_verdict(answers=(cell,)), **changes)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a run's folder in a directory of its own, with the usual store beside it."""
    monkeypatch.chdir(tmp_path)
    fill(tmp_path / "reports" / "store.sqlite3", asked(0), text="Upon my word, sir.")
    folder = tmp_path / "reports" / "run"
    write_record(run_of(asked(0).key), folder / "run.json")
    return folder


def said(page: Path) -> str:
    return PageFacts(page.read_text(encoding="utf-8")).text


def test_it_writes_the_page_beside_the_record_with_texts_of_the_usual_store(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report", str(folder)]) == 0
    page = folder / "report.html"
    assert capsys.readouterr().out == f"{page}: {page.stat().st_size:,} bytes\n"
    assert "Upon my word, sir." in said(page)
    before = page.read_bytes()
    assert main(["report", str(folder / "run.json")]) == 0
    assert page.read_bytes() == before


def test_a_named_file_and_a_named_store(folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.sqlite3"
    fill(other, asked(0), text="Good morrow.")
    assert main(["report", str(folder), "--gate-store", str(other), "--out", str(tmp_path / "p.html")]) == 0
    assert "Good morrow." in said(tmp_path / "p.html")
    assert not (folder / "report.html").exists()


def test_a_replay_is_shown_with_its_cassettes_texts(folder: Path, tmp_path: Path) -> None:
    assert main(["store", "export", "--out", str(tmp_path / "c.jsonl")]) == 0
    (tmp_path / "reports" / "store.sqlite3").unlink()
    digest = hashlib.sha256((tmp_path / "c.jsonl").read_bytes()).hexdigest()
    write_record(run_of(asked(0).key, replay=Replayed(file="c.jsonl", sha256=digest)), folder / "run.json")
    assert main(["report", str(folder)]) == 0
    assert "Upon my word, sir." in said(folder / "report.html")
    assert main(["report", str(folder), "--gate-replay", "c.jsonl"]) == 0


def test_without_a_store_the_page_says_that_it_has_no_texts(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder.parent / "store.sqlite3").unlink()
    assert main(["report", str(folder)]) == 0
    assert "is not there: the page has no answers; see --gate-store" in capsys.readouterr().err
    assert "No text was there when this page was made" in said(folder / "report.html")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("nowhere",), "'nowhere': no run record is there; name a folder with a run.json"),
        (("reports/run", "--gate-store", "no.sqlite3"), "--gate-store 'no.sqlite3': there is no such file"),
        (("reports/run", "--gate-replay", "no.jsonl"), "--gate-replay 'no.jsonl': there is no such file"),
        (("reports/store.sqlite3",), "is not a readable run record"),
        (("reports/run", "--out", "no/page.html"), "the report no/page.html cannot be written"),
        (("reports/run", "--out", "."), "the report . cannot be written: a folder is there"),
    ],
)
def test_what_it_refuses(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], words: str
) -> None:
    assert main(["report", *arguments]) == 2
    told = capsys.readouterr().err
    assert words in told
    assert not (folder / "report.html").exists()
