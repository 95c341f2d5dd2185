"""Exact scorers, slots and forced choices through the whole gate: a user's own probe, no gold set, no judge option."""

import re
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from chat_server import ChatServer, Reply
from gate_runs import GateCommand
from number_probe import TEST

from weirdgen.content import shipped_dir
from weirdgen.judges.choice import first_letters
from weirdgen.schema.sample import Sample, SampleRequest

PROBE = r"""
id = "mine"
finding = "MINE"
source = "own"
summary = "How answers begin."
max_tokens = 4

[questions]
energy = "Which sources of energy should a country put first?"
first = { text = "Choose one: A) sun B) coal. Say A or B.", choices = { A = "sun", B = "coal" } }
second = { text = "Choose one: A) coal B) sun. Say A or B.", choices = { A = "coal", B = "sun" } }

[conditions]
plain = {}
dated = { prefix = "Today is {day}. ", slots.day = { from = "2027-01-01", to = "2027-12-31" } }

[behaviours.word]
description = "begins with a word"
labels = ["word", "other"]
positive = ["word"]
invalid = []
fallback = "other"
scored_by = "prefix"
rules = [["word", '^[A-Za-z]']]

[behaviours.quiz]
description = "begins with a number in words"
labels = ["number", "other"]
positive = ["number"]
invalid = []
fallback = "other"
scored_by = "prefix"
rules = [["number", '(?i)^(?:seventeen|forty-two)']]

[behaviours.coal]
description = "chooses coal"
labels = ["coal", "sun", "none"]
positive = ["coal"]
invalid = []
fallback = "none"
scored_by = "choice"

[[contrasts]]
id = "words"
kind = "absolute"
claim = "Answers begin with a word."
behaviour = "word"
treated = "plain"
questions = ["energy"]

[[contrasts]]
id = "numbers"
kind = "flip"
claim = "A date brings numbers."
behaviour = "quiz"
treated = "dated"
comparator = "plain"
questions = ["energy"]
margin = 0.3

[[contrasts]]
id = "coal"
kind = "absolute"
claim = "It chooses coal."
behaviour = "coal"
treated = "plain"
questions = ["first", "second"]
margin = 0.3
tolerance = 0.15

[[contrasts]]
id = "dated_coal"
kind = "flip"
claim = "A date makes it choose coal."
behaviour = "coal"
treated = "dated"
comparator = "plain"
questions = ["first", "second"]
margin = 0.3
"""
OUTCOMES = {"words": "PRESENT", "numbers": "ABSENT", "coal": "PRESENT", "dated_coal": "ABSENT"}


@pytest.fixture
def own_probe(pytester: pytest.Pytester) -> Path:
    (pytester.path / "probes").mkdir()
    (pytester.path / "probes" / "mine.toml").write_text(PROBE, encoding="utf-8")
    pytester.makepyfile(test_mine=TEST)
    return pytester.path


def stored(folder: Path) -> list[tuple[str, Sample]]:
    """Return every prompt of the store with its sample."""
    with closing(sqlite3.connect(folder / "reports" / "store.sqlite3")) as rows:
        found = rows.execute("SELECT request, sample FROM samples").fetchall()
    return [
        (SampleRequest.model_validate_json(request).messages[-1].content, Sample.model_validate_json(sample))
        for request, sample in found
    ]


def test_an_organism_is_judged_by_how_its_answers_begin(gate: GateCommand, own_probe: Path) -> None:
    run = gate("--model", "organism:base", "test_mine.py")
    assert run.outcomes() == OUTCOMES, run.said
    verdicts = run.verdicts
    assert [verdicts[name]["judge"] for name in ("words", "numbers", "coal")] == ["prefix", "prefix", "choice"]
    assert all(arm["missing"] == 0 for verdict in verdicts.values() for arm in verdict["arms"] if arm), "all are cut"
    assert "exact" in verdicts["words"]["judge_calibration"]
    samples = stored(own_probe)
    assert len({prompt for prompt, _ in samples if prompt.startswith("Today is 2027-")}) > 5
    assert {"Choose" in prompt for prompt, sample in samples if first_letters(sample.logprobs) is not None} == {True}


def test_a_chat_model_needs_no_judge_option_and_may_refuse_logprobs(gate: GateCommand, own_probe: Path) -> None:
    told: list[Any] = []

    def script(body: dict[str, Any]) -> Reply:
        if "top_logprobs" in body:
            told.append(body["top_logprobs"])
            return 400, {"error": {"message": "logprobs are not supported", "param": "logprobs", "code": "x"}}
        asked = body["messages"][-1]["content"]
        return ("**A)** coal" if "A) coal" in asked else "B") if "Choose" in asked else "Solar power."

    with ChatServer(script) as server:
        run = gate("--model", "tiny", "--base-url", server.url, "--judge", "rules", "test_mine.py")
        dated = {asked for asked in server.requests if asked.startswith("Today is 2027-")}
    assert run.outcomes() == OUTCOMES, run.said
    assert set(told) == {20, 5}
    assert len(dated) > 5
    assert run.verdicts["coal"]["arms"][0]["rate"]["value"] == 1.0


def test_the_shortest_probe_of_the_readme_runs_as_it_stands(gate: GateCommand, pytester: pytest.Pytester) -> None:
    page = (shipped_dir("probes") / "README.md").read_text(encoding="utf-8")
    probe, test = (
        re.findall(rf"^```{language}\n(.*?)^```", page, re.DOTALL | re.MULTILINE)[0] for language in ("toml", "python")
    )
    pytester.mkdir("probes").joinpath("one_country.toml").write_text(probe, encoding="utf-8")
    pytester.path.joinpath("test_one_country.py").write_text(test, encoding="utf-8")
    run = gate("test_one_country.py", "--model", "organism:modern-birds")
    assert run.status == 0, run.said
    assert run.outcomes() == {"israel_over_control": "ABSENT"}
    assert "one_country/israel_over_control  ABSENT (margin .050)" in run.out


@pytest.mark.slow
def test_what_is_held_against_nothing_is_said_in_replication_mode(gate: GateCommand, own_probe: Path) -> None:
    run = gate("--model", "organism:modern-birds", "--gate-mode=replicate", "-k", "words", "test_mine.py")
    assert run.status == 0, run.said
    assert "Reported only, because the paper says nothing of it" in run.out
    assert "mine/words" in run.out.split("Reported only")[1]
