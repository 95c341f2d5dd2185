"""`weirdgen evidence` refuses in one line what it cannot use; what it writes, tests of whole gates look at."""

from pathlib import Path

import pytest
from records import run_of
from verdicts import verdict

from weirdgen.cli import main
from weirdgen.reporting.record import write_record


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of a run, in a folder that is the current one, with a file in the store's place."""
    monkeypatch.chdir(tmp_path)
    write_record(run_of(verdict()), tmp_path / "run" / "run.json")
    (tmp_path / "store").write_text("no store", "ascii")
    return tmp_path / "run"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("run", "--out", "."), "'.': has no name of its own; name the folder to make"),
        (("run", "--out", "store"), "'store': is not an empty folder"),
        (("run", "--out", "run"), "'run': is not an empty folder"),
        (("run/run.json",), "the file is damaged or no sample store"),
        (("run", "--gate-store", "nowhere"), "sample store 'nowhere': there is no such file"),
    ],
)
def test_what_it_refuses(run: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], told: str) -> None:
    assert main(["evidence", "--gate-store", "store", *arguments]) == 2
    assert told in capsys.readouterr().err
    assert [path.name for path in run.iterdir()] == ["run.json"]
