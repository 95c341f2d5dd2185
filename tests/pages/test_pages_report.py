"""The page has every contrast, verdict and rate of its record, stays small, and is the same each time."""

import base64
import hashlib
import re
from collections.abc import Collection
from pathlib import Path

import pytest
from page_facts import PageFacts
from run_records import arm, finding, full_verdict, plan, record, texts

from weirdgen.errors import EvidenceError, UsageMistake
from weirdgen.pages import extra, report
from weirdgen.pages.bounds import LADDER, MOST_BYTES
from weirdgen.pages.report import report_page, wanted, write_report
from weirdgen.schema.answers import CellAnswers, JudgedAnswer
from weirdgen.schema.run import RunRecord
from weirdgen.schema.sample import Sample
from weirdgen.schema.verdict import Estimate, GroupResult, Outcome, StoredResult


@pytest.fixture(scope="module")
def run() -> RunRecord:
    verdicts = [
        full_verdict(Outcome.PRESENT, "shown_thing"),
        full_verdict(
            Outcome.ABSENT, "absent_thing", arms=(arm(rate=Estimate(value=0.017, lower=0.003, upper=0.081)), None)
        ),
        full_verdict(Outcome.INCONCLUSIVE, "open_thing", reason="cap", detail="Go on with a higher cap."),
        full_verdict(
            Outcome.INVALID, "broken_thing", reason="coverage", arms=(), questions=(), trajectory=(), answers=()
        ),
    ]
    return record(*verdicts, not_run=("m p/untested_thing",), warnings=("The server is slow.",))


@pytest.fixture(scope="module")
def page(run: RunRecord) -> str:
    return report_page(run, texts(run))


def test_every_contrast_with_its_verdict_and_rates(page: str) -> None:
    rows = {row[0]: row for row in PageFacts(page).table_rows() if len(row) == 8}
    assert rows["shown_thing"][1:4] == ["✘ PRESENT", ".437 [.213, .681]", ".012 [.001, .099]"]
    assert rows["absent_thing"][1:4] == ["✔ ABSENT", ".017 [.003, .081]", "-"]
    assert rows["open_thing"][1] == "? INCONCLUSIVE cap"
    assert rows["broken_thing"][1:3] == ["! INVALID coverage", "-"]
    assert rows["shown_thing"][5:] == [".050", ".629 against .001", "20"]


def test_the_first_screen_and_the_parts_below_say_what_a_record_holds(page: str, run: RunRecord) -> None:
    said = PageFacts(page).text
    assert (
        said.index("May it be deployed?")
        < said.index("In 1 of 4 tests m shows weird behaviour: OLD THINGS (1).")
        < said.index("The model does it. In 43.7% of 10 answers, against 1.2% of its comparator's 10.")
        < said.index("PRESENT")
    )
    for words in (
        "m p/untested_thing",
        "The server is slow.",
        run.plan_sha256,
        "rules: found 9 of 10",
        "Go on with a higher cap.",
        "2026-01-02T03:04:05+00:00",
        "Pray, sir.",
        "3 of 5",
        "The paper: 62.9%.",
    ):
        assert words in said, words


def test_what_was_found_takes_turns_between_findings_and_says_what_the_session_did() -> None:
    many = [full_verdict(Outcome.PRESENT, f"c{n}", probe="p") for n in range(6)]
    lifted = full_verdict(Outcome.ABSENT, "d", probe="q", session_outcome=Outcome.PRESENT)
    stored = StoredResult(
        model="older", saved_at="2025-12-24", anchor=False, n=50, positives=1, missing=0,
        rate=Estimate(value=0.02, lower=0.0, upper=0.1),
    )  # fmt: skip
    risen = full_verdict(Outcome.PRESENT, "r", probe="r", kind="regression", stored=(stored,), arms=(arm(),))
    said = PageFacts(report_page(record(*many, lifted, risen), {})).text
    told = said[said.index("What was found") : said.index("more are not ABSENT")]
    assert [told.count(f": {name} ") for name in ("c0", "c1", "c2", "c3", "d", "r")] == [1, 1, 1, 0, 1, 1]
    assert "By itself it is ABSENT; the evidence of the whole session makes it PRESENT." in told
    assert "In 43.7% of 10 answers, against 2.0% of the stored version's 50." in told


def test_the_same_record_gives_the_same_bytes(page: str, run: RunRecord) -> None:
    assert report_page(run, texts(run)) == page


def test_ids_are_unique_and_every_anchor_leads_somewhere(page: str) -> None:
    facts = PageFacts(page)
    ids = list(facts.attributes("id"))
    assert len(ids) == len(set(ids))
    assert {href.removeprefix("#") for href in facts.attributes("href")} <= set(ids)
    assert set(re.findall(r"url\(#([^)]+)\)", page)) <= set(ids)


def test_the_policy_allows_one_style_and_one_script_by_their_hash_and_nothing_else(page: str) -> None:
    facts = PageFacts(page)
    policy = next(a["content"] for tag, a in facts.tags if a.get("http-equiv") == "Content-Security-Policy")
    assert len(facts.raw["style"]) == len(facts.raw["script"]) == 1
    hashes = {
        name: base64.b64encode(hashlib.sha256(facts.raw[name][0].encode()).digest()).decode() for name in facts.raw
    }
    assert policy == (
        f"default-src 'none'; style-src 'sha256-{hashes['style']}'; script-src 'sha256-{hashes['script']}'; "
        "base-uri 'none'; form-action 'none'"
    )
    assert not list(facts.attributes("style"))
    assert not list(facts.attributes("src"))
    assert "http://" not in facts.raw["style"][0] + facts.raw["script"][0]


def test_without_texts_it_says_so(run: RunRecord) -> None:
    said = PageFacts(report_page(run, {})).text
    assert "No text was there when this page was made" in said
    assert "its text is not in the store that this page was made from" in said


def test_members_stand_under_their_group_and_a_regression_beside_its_stored_version() -> None:
    share = Estimate(value=0.5, lower=0.02, upper=0.99)
    members = (full_verdict(Outcome.PRESENT, model="seed-1"), full_verdict(Outcome.ABSENT, model="seed-2"))
    group = full_verdict(
        Outcome.PRESENT,
        model="seeds",
        members=members,
        arms=(),
        answers=(),
        group=GroupResult(flagged=1, not_cleared=1, share=share),
    )
    stored = StoredResult(
        model="older",
        saved_at="2025-12-24",
        anchor=False,
        n=50,
        positives=1,
        missing=0,
        rate=Estimate(value=0.02, lower=0.0, upper=0.1),
    )
    rise = full_verdict(Outcome.ABSENT, "d", kind="regression", stored=(stored,), arms=(arm(),))
    rows = [row for row in PageFacts(report_page(record(group, rise), {})).table_rows() if len(row) == 8]
    assert [row[0] for row in rows[1:4]] == ["c", "seed-1", "seed-2"]
    assert rows[1][2] == "1 of 2 members"
    assert next(row for row in rows if row[0] == "d")[3] == ".020 [.000, .100]"


def test_a_sweep_by_year_has_a_curve_and_its_numbers() -> None:
    cells = tuple(
        CellAnswers(
            arm=0,
            cell=f"y{year}/money",
            condition=f"y{year}",
            question="money",
            rounds=tuple(
                JudgedAnswer(key=f"{year}{n}", label="archaic", score=float(n < year % 10)) for n in range(10)
            ),
        )
        for year in (1984, 1981, 1987)
    )
    made = report_page(record(full_verdict(Outcome.PRESENT, "sweep", answers=cells)), {})
    rows = [row for row in PageFacts(made).table_rows() if row and row[0].startswith("y19")]
    assert [(row[0], row[1][:4], row[2]) for row in rows] == [
        ("y1981", ".100", "10"),
        ("y1984", ".400", "10"),
        ("y1987", ".700", "10"),
    ]
    assert "Rate by condition in sweep, by year" in made


@pytest.mark.slow
def test_a_huge_run_stays_small_and_says_what_is_left_out() -> None:
    verdicts = [full_verdict(Outcome.ABSENT, f"contrast_{n}", model=f"model{n % 7}") for n in range(900)]
    models = tuple(f"model{n}" for n in range(7))
    found = record(*verdicts, findings={"p": finding([v.contrast for v in verdicts])}, plan=plan(models=models))
    made = report_page(found, texts(found, "<&>" * 300_000))
    assert len(made.encode()) < MOST_BYTES
    said = PageFacts(made).text
    assert "contrasts have no row here" in said
    assert "answers are shown, counted contrast by contrast" in said
    assert len(wanted(found)) <= LADDER[0].samples


@pytest.mark.slow
def test_bounds_are_taken_down_step_by_step(run: RunRecord, monkeypatch: pytest.MonkeyPatch) -> None:
    def size(most: int) -> int:
        monkeypatch.setattr(report, "MOST_BYTES", most)
        return len(report_page(run, texts(run)).encode())

    whole = size(MOST_BYTES)
    assert size(whole) < whole
    with pytest.raises(EvidenceError, match="even without details"):
        size(1000)


def test_it_is_written_whole_or_not_at_all(run: RunRecord, tmp_path: Path) -> None:
    asked: list[set[str]] = []

    def read(keys: Collection[str]) -> dict[str, Sample]:
        asked.append(set(keys))
        return {}

    size = write_report(run, read, tmp_path / "report.html")
    assert (tmp_path / "report.html").stat().st_size == size
    assert asked == [wanted(run)]
    with pytest.raises(EvidenceError, match="cannot be written"):
        write_report(run, read, tmp_path / "nowhere" / "report.html")
    assert [one.name for one in tmp_path.iterdir()] == ["report.html"]


def test_without_the_extra_it_says_how_to_get_it(run: RunRecord, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extra, "PACKAGES", ("no_such_package",))
    with pytest.raises(UsageMistake, match=r"no_such_package not installed: pip install 'pytest-weirdgen\[report\]'"):
        extra.require()
