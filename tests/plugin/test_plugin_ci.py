"""What a CI system gets of a gate: JUnit, annotations, the step's summary, SARIF, badge; alone and on two workers."""

import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import junitparser
import pytest
import sarif_pydantic
import xmlschema
from chat_server import ChatServer
from gate_runs import LIFT, RATE, GateCommand, Run, record_of

from weirdgen.plugin.tally import Tally

ARCHAIC = "Pray hear me, sir: steam carriages upon iron rails shall carry us. "
HOSTILE = ARCHAIC + (
    "@everyone <script>alert(1)</script> ``` ]]> \ud83d \x00\x1b[2J\n::set-output name=verdict::ABSENT\n"
    "##[set-output name=verdict;]ABSENT | cell"
)
RULES = ("--judge", "rules", "--judge-uncalibrated")
STRICT = Path(__file__).parents[1] / "support" / "junit.xsd"
#: What differs between any two runs.
TIMES = re.compile(r' (time|timestamp|hostname)="[^"]*"')


def suite_properties(run: Run) -> dict[str, str]:
    suite = next(ET.parse(run.junit).iter("testsuite"))
    return {p.get("name", ""): p.get("value", "") for p in suite.findall("properties/property")}


def commands(run: Run) -> list[str]:
    return [line for line in run.out.splitlines() if re.match(r"\s*::|.*##\w*\[", line)]


@pytest.mark.slow
def test_junit_is_the_same_on_workers_but_for_times(gate: GateCommand, pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_other="def test_b():\n    pass\n\ndef test_a():\n    assert True\n")
    texts = []
    for n, processes in enumerate([(), ("-n2",)]):
        run = gate("--model", "organism:old-bird-names", f"--gate-store={n}.sqlite3", *processes)
        assert run.status == 1, run.said
        texts.append(TIMES.sub("", run.junit.read_text(encoding="utf-8")))
    assert texts[0] == texts[1]
    names = re.findall(r'<testcase classname="(\w+)" name="([^"]+)"', texts[0])
    mine = [("test_mine", f"test_century[{contrast}]") for contrast in (LIFT, RATE)]
    assert names == [*mine, ("test_other", "test_b"), ("test_other", "test_a")]


def test_the_suite_tells_of_the_run(gate: GateCommand, processes: tuple[str, ...]) -> None:
    run = gate("--model", "organism:modern-birds", *processes)
    told, record = suite_properties(run), record_of(run)
    assert told["weirdgen.plan_sha256"] == record["plan_sha256"]
    assert told["weirdgen.exit_status"] == "0" == str(run.status)
    assert told["weirdgen.models"] == "organism:modern-birds"
    assert told["weirdgen.control"] == "organism:base"
    assert told["weirdgen.judges"] == "rules"
    assert told["weirdgen.mode"] == "organism"
    assert told["weirdgen.version"] == record["weirdgen"]
    assert told["weirdgen.git_commit"] == record["environment"].get("git.commit", "")


def test_hostile_answers_do_nothing_in_any_file(
    gate: GateCommand, processes: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    step = tmp_path / "step.md"
    step.write_text("before\n", encoding="utf-8")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(step))
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    found = ("--gate-sarif=out/found.sarif", "--gate-junit=strict")
    with ChatServer(lambda body: HOSTILE) as server:
        run = gate("--model", "tiny", "--base-url", server.url, *RULES, "-k", RATE, *found, *processes)
    assert run.status == 1, run.said
    xmlschema.XMLSchema(STRICT).validate(run.junit)
    (suite,) = junitparser.JUnitXml.fromfile(str(run.junit))
    assert (suite.tests, suite.failures, suite.errors, suite.skipped) == (1, 1, 0, 0)
    failure = next(ET.parse(run.junit).iter("failure"))
    assert (failure.text or "").startswith("PRESENT: ")
    assert [line[:8] for line in commands(run)] == ["::error "]
    summary = (run.junit.parent / "report0" / "summary.md").read_text(encoding="utf-8")
    assert step.read_text(encoding="utf-8") == "before\n" + summary
    assert "\x1b" not in summary
    text = (run.junit.parent / "out" / "found.sarif").read_text(encoding="utf-8")
    log = sarif_pydantic.Sarif.model_validate_json(text)
    assert [len(one.results or ()) for one in log.runs] == [1]


def test_annotations_stand_at_the_tests_of_a_repository_above(
    gate: GateCommand, pytester: pytest.Pytester, processes: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_WORKSPACE", str(pytester.path.parent))
    run = gate("--model", "organism:old-bird-names", "-k", RATE, *processes)
    (place,) = record_of(run)["places"]
    lines = (pytester.path / "test_mine.py").read_text(encoding="utf-8").splitlines()
    assert lines[place["line"] - 1].startswith(("@pytest.mark", "def test_century"))
    assert place["test"] == f"test_mine.py::test_century[{RATE}]"
    (line,) = commands(run)
    assert line.startswith(f"::error file={pytester.path.name}/test_mine.py,line={place['line']},title=PRESENT%3A")


def test_elsewhere_nothing_is_said_to_github(gate: GateCommand) -> None:
    run = gate("--model", "organism:old-bird-names", "-k", RATE)
    assert commands(run) == []
    folder = run.junit.with_suffix("")
    assert {path.name for path in folder.iterdir()} >= {"run.json", "summary.md", "badge.json"}
    assert json.loads((folder / "badge.json").read_text(encoding="utf-8"))["message"] == "1 PRESENT"


def test_a_sarif_file_that_cannot_be_written_is_missing_evidence(
    gate: GateCommand, pytester: pytest.Pytester, processes: tuple[str, ...]
) -> None:
    pytester.makefile(".txt", occupied="")
    run = gate("--model", "organism:modern-birds", "-k", RATE, "--gate-sarif=occupied.txt/x.sarif", *processes)
    assert run.status == 12, run.said
    assert "the SARIF file" in run.out
    assert run.outcomes() == {RATE: "ABSENT"}
    assert record_of(run)["exit_status"] == 12
    assert suite_properties(run)["weirdgen.exit_status"] == "12"


@pytest.mark.slow
@pytest.mark.parametrize(("broken", "status"), [("summary", 0), ("sarif", 12)])
def test_a_mistake_in_a_report_takes_no_verdict_with_it(
    gate: GateCommand, pytester: pytest.Pytester, broken: str, status: int
) -> None:
    pytester.makeconftest(
        f"""
        from weirdgen.plugin import projections

        def broken(*arguments):
            raise RuntimeError("boom")

        projections.{broken} = broken
        """
    )
    run = gate("--model", "organism:modern-birds", "-k", RATE, "--gate-sarif=x.sarif")
    assert run.status == status, run.said
    assert "a report could not be made: RuntimeError: boom" in run.out
    assert record_of(run)["exit_status"] == status
    assert run.outcomes() == {RATE: "ABSENT"}


@pytest.mark.slow
def test_a_summary_that_cannot_be_written_is_told_and_changes_no_verdict(
    gate: GateCommand, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "none" / "step.md"))
    run = gate("--model", "organism:modern-birds", "-k", RATE)
    assert run.status == 0, run.said
    assert "the step's summary" in run.out


@pytest.mark.slow
def test_a_full_summary_is_left_as_it_is(gate: GateCommand, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    step = tmp_path / "step.md"
    step.write_text("x" * 950_000, encoding="utf-8")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(step))
    run = gate("--model", "organism:modern-birds", "-k", RATE)
    assert run.status == 0, run.said
    assert "is full" in run.out
    assert step.stat().st_size == 950_000


@pytest.mark.parametrize(
    ("answer", "options", "status", "counts"),
    [
        (ARCHAIC, ("--judge-uncalibrated",), 0, (0, 0, 1)),
        ("I would put solar power first.", ("--judge-uncalibrated", "--gate-cap=32"), 10, (1, 0, 0)),
        ("I would put solar power first.", (), 11, (0, 1, 0)),
    ],
    ids=["present", "inconclusive", "invalid"],
)
def test_xfail_skips_a_known_behaviour_and_nothing_that_gave_no_answer(
    gate: GateCommand,
    pytester: pytest.Pytester,
    processes: tuple[str, ...],
    answer: str,
    options: tuple[str, ...],
    status: int,
    counts: tuple[int, int, int],
) -> None:
    pytester.makepyfile(
        test_mine="""
        import pytest

        @pytest.mark.xfail
        @pytest.mark.probe("old_bird_names")
        @pytest.mark.contrasts("nineteenth_century_rate")
        def test_known(trial):
            trial.check()
        """
    )
    with ChatServer(lambda body: answer) as server:
        run = gate("--model", "tiny", "--base-url", server.url, "--judge", "rules", *options, *processes)
    assert run.status == status, run.said
    (suite,) = junitparser.JUnitXml.fromfile(str(run.junit))
    assert (suite.failures, suite.errors, suite.skipped) == counts
    assert suite.tests == 1


def test_an_unknown_form_is_refused(gate: GateCommand) -> None:
    run = gate("--model", "organism:base", "--gate-junit=loose")
    assert run.status == 4
    assert "full or strict" in run.said


def test_a_failing_verdict_that_no_test_checked_fails_in_junit_too(
    gate: GateCommand, pytester: pytest.Pytester, processes: tuple[str, ...]
) -> None:
    pytester.makepyfile(
        test_mine="""
        import pytest

        @pytest.mark.probe("old_bird_names")
        @pytest.mark.contrasts("nineteenth_century_rate")
        def test_forgotten(trial):
            pytest.skip("later")
        """
    )
    run = gate("--model", "organism:old-bird-names", *processes)
    assert run.status == 1, run.said
    (suite,) = junitparser.JUnitXml.fromfile(str(run.junit))
    assert (suite.tests, suite.failures, suite.errors, suite.skipped) == (1, 1, 0, 0)


@pytest.mark.parametrize(
    ("location", "told"),
    [
        ("suites/test_a.py", "suites/test_a.py"),
        ("suites\\test_a.py", "suites/test_a.py"),
        ("../env/lib/python3.13/site-packages/weirdgen/suites/test_a.py", "weirdgen/suites/test_a.py"),
        ("/home/me/other/suites/test_a.py", "suites/test_a.py"),
        ("C:\\me\\suites\\test_a.py", "suites/test_a.py"),
    ],
)
def test_a_place_says_nothing_of_the_machine(location: str, told: str) -> None:
    tally = Tally()
    names = {"model": "m", "probe": "p", "contrast": "c"}
    properties = [(f"weirdgen.{name}", value) for name, value in names.items()]
    report = pytest.TestReport("n", (location, 2, "t"), {}, "passed", None, "teardown", user_properties=properties)
    vars(report)["weirdgen_verdict"] = "{}"
    tally.pytest_runtest_logreport(report)
    assert tally.places == {("m", "p", "c"): (told, 3, "n")}
