"""`weirdgen export`: a run as a log of Inspect and as SARIF; a log with holes is refused.

WEIRDGEN_INSPECT may name a Python in whose environment inspect-ai is installed (`pip install inspect-ai`, run with
0.3.285): then Inspect itself reads the log.
"""

import json
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from real_servers import installed
from records import run_of
from stored import asked, fill
from verdicts import verdict

from weirdgen.cli import main
from weirdgen.reporting.inspect_log import eval_log
from weirdgen.reporting.record import write_record
from weirdgen.schema.answers import CellAnswers, JudgedAnswer
from weirdgen.schema.run import RunRecord
from weirdgen.schema.sample import Sample
from weirdgen.schema.text import clean
from weirdgen.schema.verdict import Outcome, Verdict
from weirdgen.store.database import Database
from weirdgen.store.exporting import export as export_cassette

HOSTILE = "\\ud83d \u202e <script>alert(1)</script> \x1b[2J"
READ = """
import json, sys
from inspect_ai.log import read_eval_log, read_eval_log_sample_summaries
log = read_eval_log(sys.argv[1])
print(json.dumps({
    "model": log.eval.model,
    "status": log.status,
    "rate": log.results.scores[0].metrics["treated_rate"].value,
    "asked": [sample.input[0].text for sample in log.samples],
    "answers": [sample.output.completion for sample in log.samples],
    "labels": [sample.scores["label"].value for sample in log.samples],
    "arms": [sample.metadata["arm"] for sample in log.samples],
    "summaries": [summary.id for summary in read_eval_log_sample_summaries(sys.argv[1])],
}))
"""


def judged(model: str = "m") -> Verdict:
    """Return a verdict that rests on a labelled, a missing and an extra answer."""
    cell = CellAnswers(
        arm=0,
        cell="q1",
        condition="plain",
        question="q1",
        rounds=(JudgedAnswer(key=asked(0).key, label="bad", score=1.0), JudgedAnswer(key=asked(1).key)),
        extras=(JudgedAnswer(key=asked(2).key, label="good", score=0.0, doubt="cached"),),
    )
    return verdict(Outcome.PRESENT, answers=(cell,), model=model)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """Return a report folder with a run record."""
    return recorded(tmp_path / "run", run_of(judged()))


@pytest.fixture
def store(tmp_path: Path) -> Path:
    path = tmp_path / "s.sqlite3"
    fill(path, *map(asked, range(3)), text=HOSTILE)
    return path


def recorded(folder: Path, record: RunRecord) -> Path:
    write_record(record, folder / "run.json")
    return folder


def export(*arguments: object) -> int:
    return main(["export", *map(str, arguments)])


def read_log(path: Path) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return the header and the samples of a log."""
    with zipfile.ZipFile(path) as log:
        assert log.testzip() is None
        names = log.namelist()
        assert len(set(names)) == len(names)
        samples = [json.loads(log.read(name)) for name in names if name.startswith("samples/")]
        assert [s["id"] for s in json.loads(log.read("summaries.json"))] == [s["id"] for s in samples]
        return json.loads(log.read("header.json")), samples


def test_a_log_holds_every_answer_with_its_label(run: Path, store: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.eval"
    assert export(run, "--inspect", out, "--gate-store", store) == 0
    header, samples = read_log(out)
    assert (header["eval"]["model"], header["eval"]["dataset"]["samples"]) == ("m", 3)
    assert header["results"]["scores"][0]["metadata"]["verdict"] == "PRESENT"
    assert [s["scores"]["label"]["value"] for s in samples] == ["bad", "missing", "good"]
    assert [s["scores"].get("shows", {}).get("value") for s in samples] == [1.0, None, 0.0]
    assert {s["output"]["completion"] for s in samples} == {HOSTILE}
    assert [s["metadata"]["stream"] for s in samples] == ["round", "round", "extra"]
    told = samples[0]["metadata"]
    assert (told["probe"], told["contrast"], told["arm"], told["condition"], told["question"]) == (
        *("p", "c", "treated", "plain", "q1"),
    )


def test_the_same_run_gives_the_same_bytes(run: Path, store: Path, tmp_path: Path) -> None:
    for name in ("a.eval", "b.eval"):
        assert export(run / "run.json", "--inspect", tmp_path / name, "--gate-store", store) == 0
    assert (tmp_path / "a.eval").read_bytes() == (tmp_path / "b.eval").read_bytes()


def test_several_models_get_a_log_each_in_a_folder(
    store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = recorded(tmp_path / "run", run_of(judged("ft:a/b::1"), judged("ft:a/b::2")))
    assert export(run, "--inspect", tmp_path / "one.eval", "--gate-store", store) == 2
    assert "name a folder" in capsys.readouterr().err
    assert export(run, "--inspect", tmp_path / "logs", "--gate-store", store) == 0
    logs = sorted((tmp_path / "logs").iterdir())
    assert [read_log(path)[0]["eval"]["model"] for path in logs] == ["ft:a/b::1", "ft:a/b::2"]


def test_a_cassette_gives_the_same_log(run: Path, store: Path, tmp_path: Path) -> None:
    database = Database(store)
    export_cassette(database, tmp_path / "c.jsonl")
    database.close()
    for name, source in (("a.eval", store), ("b.eval", tmp_path / "c.jsonl")):
        assert export(run, "--inspect", tmp_path / name, "--gate-store", source) == 0
    assert (tmp_path / "a.eval").read_bytes() == (tmp_path / "b.eval").read_bytes()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("{run}",), "name what to write"),
        (("{none}", "--inspect", "{out}"), "not a readable run record"),
        (("{run}", "--inspect", "{out}", "--gate-store", "{none}"), "No such file"),
        (("{run}", "--inspect", "{out}", "--gate-store", "{part}"), "1 of the run's 3 samples are not there"),
        (("{run}", "--inspect", "{there}", "--gate-store", "{store}"), "is there already"),
        (("{empty}", "--inspect", "{out}", "--gate-store", "{store}"), "no verdict"),
        (("{run}", "--sarif", "."), "the SARIF file . cannot be written: a folder is there"),
        (("{run}", "--inspect", "{there}/in.eval", "--gate-store", "{store}"), "could not be written: "),
    ],
)
def test_what_cannot_be_written_whole_is_refused(
    run: Path, store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], said: str
) -> None:
    fill(tmp_path / "part", asked(0), asked(1))
    (tmp_path / "there.eval").write_text("kept", encoding="utf-8")
    names = {name: tmp_path / name for name in ("none", "part")} | {"out": tmp_path / "out.eval", "run": run}
    names |= {"there": tmp_path / "there.eval", "store": store, "empty": recorded(tmp_path / "empty", run_of())}
    assert export(*(argument.format(**names) for argument in arguments)) == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "out.eval").exists()
    assert (tmp_path / "there.eval").read_text(encoding="utf-8") == "kept"


def test_a_log_that_cannot_be_written_whole_is_not_there(
    run: Path, store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The half of one would open in no viewer, and stand in the way of the next try."""

    def full(self: Path, content: bytes) -> int:
        self.touch()
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    assert export(run, "--inspect", tmp_path / "logs" / "a.eval", "--gate-store", store) == 2
    assert "No space left on device" in capsys.readouterr().err
    assert list((tmp_path / "logs").iterdir()) == []


def test_a_run_is_written_as_sarif_afterwards_too(run: Path, tmp_path: Path) -> None:
    assert export(run, "--sarif", tmp_path / "found.sarif") == 0
    log = json.loads((tmp_path / "found.sarif").read_text(encoding="utf-8"))
    assert [result["ruleId"] for result in log["runs"][0]["results"]] == ["p.c"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30, deadline=None)
@given(text=st.text(alphabet=st.characters(), max_size=40).map(clean))
def test_any_answer_survives(tmp_path: Path, text: str) -> None:
    drawn = {
        asked(n).key: (asked(n), Sample(key=asked(n).key, text=text, stop_reason=text, thoughts=text)) for n in range(3)
    }
    path = tmp_path / "log.eval"
    path.write_bytes(eval_log(run_of(judged()), "m", drawn))
    _, samples = read_log(path)
    assert {s["messages"][-1]["content"] for s in samples} == {text}


@pytest.mark.slow
def test_inspect_reads_it(run: Path, store: Path, tmp_path: Path) -> None:
    python = installed("WEIRDGEN_INSPECT")
    assert export(run, "--inspect", tmp_path / "out.eval", "--gate-store", store) == 0
    command = [python, "-c", READ, str(tmp_path / "out.eval")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert len(told.pop("summaries")) == 3
    assert told == {
        "model": "m",
        "status": "success",
        "rate": 0.0,
        "asked": ["q"] * 3,
        "answers": [HOSTILE] * 3,
        "labels": ["bad", "missing", "good"],
        "arms": ["treated"] * 3,
    }
