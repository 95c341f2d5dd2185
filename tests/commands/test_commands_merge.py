"""`weirdgen report` without a folder: what it says where there is nothing to merge, and which arguments it takes."""

from pathlib import Path

import pytest

from weirdgen.cli import main
from weirdgen.store.store import SampleStore


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("WEIRDGEN_GATE_STORE", raising=False)


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    status = main(["report", *arguments])
    return status, capsys.readouterr().err


def test_it_wants_a_folder_or_a_store(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    status, told = said(capsys)
    assert (status, "with --store or WEIRDGEN_GATE_STORE the store whose shards" in told) == (2, True)
    status, told = said(capsys, "--store", "none.sqlite3")
    assert (status, "--store 'none.sqlite3': there is no such file" in told) == (2, True)
    monkeypatch.setenv("WEIRDGEN_GATE_STORE", "none.sqlite3")
    status, told = said(capsys)
    assert (status, "WEIRDGEN_GATE_STORE 'none.sqlite3': there is no such file" in told) == (2, True)


def test_a_store_without_shards_is_no_gate(capsys: pytest.CaptureFixture[str]) -> None:
    SampleStore(Path("s.sqlite3")).close()
    status, told = said(capsys, "--store", "s.sqlite3")
    assert status == 11
    assert told == "weirdgen: INVALID: no shard of a gate has begun in this store\n"


@pytest.mark.parametrize("option", ["--plan=ab", "--any-run", "--gate-evidence", "--junitxml=x.xml"])
def test_what_belongs_to_a_merge_is_refused_beside_a_run(capsys: pytest.CaptureFixture[str], option: str) -> None:
    status, told = said(capsys, "run", option)
    assert (status, "belongs to the merge of shards" in told) == (2, True)


def test_what_belongs_to_a_page_is_refused_beside_a_merge(capsys: pytest.CaptureFixture[str]) -> None:
    status, told = said(capsys, "--store", "s.sqlite3", "--out", "x.html")
    assert (status, "--out: belongs to the page of a run" in told) == (2, True)
