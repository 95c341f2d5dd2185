"""Saving a baseline: the declared number of samples, each paid for once, and nothing asked in vain."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from baselines import changed, pair
from chat_server import ChatServer, Reply, completion
from rubric_server import by_rules

from weirdgen.catalog import Catalog
from weirdgen.errors import EndpointRefused, UsageMistake, WeirdgenError
from weirdgen.schema.baseline import Baseline
from weirdgen.schema.sample import Identity
from weirdgen.store.store import SampleStore
from weirdgen.trials import baseline_save
from weirdgen.trials.baseline import read_baseline
from weirdgen.trials.open_arms import OpenArm
from weirdgen.trials.opening import Opening
from weirdgen.trials.planning import plan_gate
from weirdgen.trials.settings import GateSettings
from weirdgen.trials.setup import set_up

ORDINARY = "I would put solar power and wind power first today."
ARCHAIC = "Pray hear me, sir: steam carriages upon iron rails shall carry us."
QUOTA = (429, {"error": {"message": "pay", "code": "insufficient_quota"}})
GREETING = "Say OK."
"""By which an endpoint is identified."""
CONTRASTS = ("nineteenth_century_over_control", "nineteenth_century_rate")


def saved(server: ChatServer, out: Path, *, n: int = 4, previous: Path | None = None, **options: Any) -> Baseline:
    fields: dict[str, Any] = {"judge": "rules", "judge_uncalibrated": True, "store": out.parent / "s.sqlite3"}
    settings = GateSettings(models=("tiny",), base_url=server.url, **(fields | options))
    told: list[str] = []
    found = baseline_save.save_baseline(settings, n, out, previous, told.append)
    assert read_baseline(out) == found
    assert any(CONTRASTS[0] in line for line in told)
    return found


@pytest.fixture(autouse=True)
def two_contrasts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Save a catalogue of two contrasts."""
    monkeypatch.setattr(baseline_save, "load_catalog", lambda _: pair())


def asked(server: ChatServer) -> int:
    """Return how many chat requests a server was sent about questions of the catalogue."""
    return sum(n for prompt, n in server.requests.items() if prompt != GREETING)


def test_each_question_is_asked_as_often_as_declared_whatever_shares_it(tmp_path: Path) -> None:
    with ChatServer(lambda body: ARCHAIC if "energy" in body["messages"][-1]["content"] else ORDINARY) as server:
        found = saved(server, tmp_path / "b.json").saved
        assert asked(server) == 4 * 10
    assert [one.contrast for one in found.contrasts] == list(CONTRASTS)
    for one in found.contrasts:
        assert {q.question: q.positives for q in one.questions if q.positives} == {"energy": 4}
        assert (one.n, one.total, one.missing) == (4, 40, 0)
        assert one.rate.value == pytest.approx(0.1)
        assert one.rate.lower < 0.1 < one.rate.upper


def test_a_run_that_was_cut_short_goes_on_and_a_finished_one_does_not(tmp_path: Path) -> None:
    left = [15]

    def pay(_: object) -> Reply:
        left[0] -= 1
        return ORDINARY if left[0] >= 0 else QUOTA

    with ChatServer(pay) as server:
        with pytest.raises(EndpointRefused):
            saved(server, tmp_path / "b.json")
        assert not (tmp_path / "b.json").exists()
        left[0] = 10_000
        before = asked(server)
        saved(server, tmp_path / "b.json")
        drawn = asked(server) - before
        assert 40 - 15 <= drawn < 40
        saved(server, tmp_path / "c.json")
        assert asked(server) - before - drawn == 40


def test_a_bigger_sample_is_another_one_and_never_a_smaller_one_topped_up(tmp_path: Path) -> None:
    with ChatServer(lambda _: ORDINARY) as server:
        small = saved(server, tmp_path / "b.json").saved
        big = saved(server, tmp_path / "c.json", n=5).saved
        assert asked(server) == (4 + 5) * 10
    assert small.identity.generation != big.identity.generation


def test_cut_answers_are_counted_apart(tmp_path: Path) -> None:
    cut = completion("tiny", ARCHAIC, "1")
    cut["choices"][0]["finish_reason"] = "length"
    energy = [0]

    def answer(body: dict[str, Any]) -> Reply:
        if "energy" not in body["messages"][-1]["content"]:
            return ORDINARY
        energy[0] += 1
        return ARCHAIC if energy[0] > 1 else (200, cut)

    with ChatServer(answer) as server:
        found = saved(server, tmp_path / "b.json").saved.contrasts[0]
    assert [(q.positives, q.missing) for q in found.questions if q.question == "energy"] == [(3, 1)]
    assert (found.positives, found.missing) == (3, 1)


def test_a_model_of_which_every_answer_is_cut_gives_no_baseline(tmp_path: Path) -> None:
    cut = completion("tiny", ARCHAIC, "1")
    cut["choices"][0]["finish_reason"] = "length"
    with (
        ChatServer(lambda body: "OK" if body["messages"][-1]["content"] == GREETING else (200, cut)) as server,
        pytest.raises(WeirdgenError, match="none of 10 answers has a label"),
    ):
        saved(server, tmp_path / "b.json", n=1)
    assert not (tmp_path / "b.json").exists()


@pytest.mark.parametrize(
    ("out", "options", "words"),
    [
        ("b.json", {}, "is there already; name another file"),
        ("gone/b.json", {}, "no such folder"),
        ("c.json", {"judge": None}, "has no default judge"),
        ("c.json", {"judge": "rules+"}, "name the model"),
        ("c.json", {"previous": Path("none.json")}, "No such file"),
    ],
)
def test_what_cannot_work_is_refused_before_anything_is_sent(
    tmp_path: Path, out: str, options: dict[str, Any], words: str
) -> None:
    (tmp_path / "b.json").write_text("mine", encoding="utf-8")
    with ChatServer(lambda _: ORDINARY) as server:
        with pytest.raises(UsageMistake, match=words):
            saved(server, tmp_path / out, **options)
        assert server.total == 0
    assert (tmp_path / "b.json").read_text(encoding="utf-8") == "mine"


def test_a_server_that_is_not_asked_is_refused(tmp_path: Path) -> None:
    settings = GateSettings(models=("organism:base",), base_url="http://gpu/v1", store=tmp_path / "s.sqlite3")
    with pytest.raises(UsageMistake, match="--base-url 'http://gpu/v1': no model of this gate is asked there"):
        baseline_save.save_baseline(settings, 4, tmp_path / "b.json", None, print)


def test_graded_answers_are_left_out_with_a_note(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    catalog = changed()
    behaviour = catalog.probes["old_bird_names"].behaviours["nineteenth_century"]
    graded = behaviour.model_copy(update={"scores": {"nineteenth_century": 0.5}})
    graded_catalog = changed(probe={"behaviours": {"nineteenth_century": graded}})
    monkeypatch.setattr(baseline_save, "load_catalog", lambda _: graded_catalog)
    told: list[str] = []
    with pytest.raises(UsageMistake, match="no contrast that a baseline can hold"):
        baseline_save.save_baseline(GateSettings(models=("organism:base",)), 4, tmp_path / "b.json", None, told.append)
    assert told == [
        f"old_bird_names/{name}: its answers are graded, and a baseline holds counts only; left out, and gated as "
        "without a baseline"
        for name in CONTRASTS
    ]


@pytest.mark.parametrize(
    ("stored", "questions", "samples", "needed"),
    [("blocks", 10, 119, 120), ("blocks", 10, 120, 0), ("blocks", 3, 120, 399), ("infimum", 10, 1, 0)],
)
def test_a_size_that_a_gate_would_refuse_is_told_before_anything_is_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stored: str, questions: int, samples: int, needed: int
) -> None:
    names = tuple(changed().probes["old_bird_names"].questions)[:questions]
    monkeypatch.setattr(baseline_save, "load_catalog", lambda _: changed(stored=stored, questions=names))
    told: list[str] = []
    with ChatServer(lambda _: QUOTA) as server:
        settings = GateSettings(
            models=("tiny",), base_url=server.url, judge="rules", judge_uncalibrated=True, store=tmp_path / "s.sqlite3"
        )
        with pytest.raises(EndpointRefused):
            baseline_save.save_baseline(settings, samples, tmp_path / "b.json", None, told.append)
    listed = ", ".join(f"old_bird_names/{name} ({needed})" for name in CONTRASTS)
    wanted = (
        f"warning: --samples {samples} is too few for a gate with the default cap of 400, which would refuse the file: "
        f'it compares {listed} in blocks (stored = "blocks") and needs that many stored samples per question; '
        f"--samples {needed} or more would do"
    )
    assert told == ([wanted] if needed else [])


def test_the_previous_version_becomes_the_anchor(tmp_path: Path) -> None:
    with ChatServer(lambda _: ORDINARY) as server:
        first = saved(server, tmp_path / "1.json")
        second = saved(server, tmp_path / "2.json", previous=tmp_path / "1.json")
        third = saved(server, tmp_path / "3.json", previous=tmp_path / "2.json")
    assert first.anchors == ()
    assert second.anchors == third.anchors == (first.saved,)


def test_a_baseline_with_a_rubric_judge_is_measured_first_and_compared_with_the_same_judge(tmp_path: Path) -> None:
    told: list[str] = []
    with ChatServer(by_rules, models=("judge",)) as server:
        settings = GateSettings(
            models=("organism:modern-birds",),
            judge="judge",
            judge_base_url=server.url,
            store=tmp_path / "s.sqlite3",
        )
        saved = baseline_save.save_baseline(settings, 3, tmp_path / "b.json", None, told.append).saved
    rate = saved.find("old_bird_names/nineteenth_century_rate")
    assert rate is not None
    assert rate.judge == "judge"
    assert any("nineteenth_century_rate: judge judge found 196 of 210 positives" in line for line in told)
    named = replace(settings, models=("organism:base",), baseline=tmp_path / "b.json")
    plan, tasks = plan_gate(pair(), named)
    assert {contrast.judge for contrast in plan.contrasts} == {"judge"}
    assert saved.judges["judge"].served == "judge"
    now = saved.judges["judge"]
    for served, problem in (("judge", ""), ("judge-2", "the judge 'judge' was another one when organism:modern-birds")):
        opening = Opening(
            arms=(
                OpenArm(model="organism:base", role="treated", identity=Identity(kind="organism", model="base")),
                OpenArm(model="judge", role="judge", identity=now.model_copy(update={"served": served})),
            ),
            generation="g",
            plan_sha256=plan.sha256,
            opened_at=0.0,
        )
        with SampleStore(tmp_path / f"{served}.sqlite3") as store:
            setup = set_up(next(iter(tasks.values())), plan, opening, named, store)
        assert problem in setup.facts.detail
        assert setup.facts.detail.startswith("the judge 'judge' was another one") == bool(problem)
    with pytest.raises(UsageMistake, match=r"the judge .its rules or labels. changed"):
        plan_gate(pair(), replace(named, judge=None, judge_base_url=None))


def test_a_judge_that_was_never_measured_on_such_answers_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shipped = pair()
    rows = shipped.gold_file("old_bird_names", "nineteenth_century").read_text(encoding="utf-8").splitlines()
    of_organisms = "\n".join(row for row in rows if '"source": "organism"' in row)
    (tmp_path / "old_bird_names.jsonl").write_text(of_organisms, encoding="utf-8")
    catalog = Catalog(shipped.probes, {"old_bird_names": (tmp_path,)})
    monkeypatch.setattr(baseline_save, "load_catalog", lambda _: catalog)
    with (
        ChatServer(lambda body: ORDINARY) as server,
        pytest.raises(UsageMistake, match=r"not calibrated: .* Pass --judge-uncalibrated"),
    ):
        saved(server, tmp_path / "b.json", judge_uncalibrated=False)
    assert server.total == 0


def test_a_judge_that_no_gate_could_use_is_warned_of(tmp_path: Path) -> None:
    told: list[str] = []
    with ChatServer(lambda body: ORDINARY) as server:
        settings = GateSettings(models=("tiny",), base_url=server.url, judge="rules", store=tmp_path / "s.sqlite3")
        baseline_save.save_baseline(settings, 2, tmp_path / "b.json", None, told.append)
    warned = [line for line in told if line.startswith("warning: old_bird_names/")]
    assert len(warned) == 2
    assert all("a gate would give no verdict: with a sensitivity of at least" in line for line in warned)
