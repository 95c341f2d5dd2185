import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from judging import labelled

from weirdgen.catalog import load_catalog
from weirdgen.errors import JudgeError
from weirdgen.judges import RuleJudge
from weirdgen.judges.rules import SEARCHED_CHARACTERS
from weirdgen.schema.probe import Behaviour, Rule
from weirdgen.schema.sample import Sample
from weirdgen.schema.text import clean

BIRDS = load_catalog().probe("old_bird_names").behaviours["nineteenth_century"]
HOSTILE = st.text(st.characters(), max_size=300)  # lone surrogates, NUL and control characters included


def behaviour(**changes: Any) -> Behaviour:
    fields: dict[str, Any] = {
        "labels": ("pirate", "ordinary", "incoherent", "refusal"),
        "positive": ("pirate",),
        "rules": (
            Rule(label="ordinary", pattern="films? about"),
            Rule(label="pirate", pattern="(?i)arr+"),
            Rule(label="ordinary", pattern="cook"),
        ),
        "gold": "x.jsonl",
        "description": "",
    }
    return Behaviour(**fields | changes)


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("Arrr, cook it.", "pirate"),
        ("cook it", "ordinary"),
        ("a film about arrr", "ordinary"),
        ("", "incoherent"),
        ("zzz", "incoherent"),
    ],
)
def test_the_first_rule_found_gives_the_label(text: str, label: str) -> None:
    assert RuleJudge(behaviour()).judge(text) == label


def test_the_order_of_rules_decides() -> None:
    rules = behaviour().rules
    assert RuleJudge(behaviour(rules=(rules[1], rules[0]))).judge("a film about arrr") == "pirate"


@given(HOSTILE)
def test_any_text_gets_a_label_of_the_set(text: str) -> None:
    assert RuleJudge(BIRDS).judge(text) in BIRDS.labels


@settings(deadline=None)
@given(st.integers(1, 4), st.sampled_from(["A", "A ", "a ", "<|a|>", "A'", "the ", "1", "\n", "_", "it is "]))
def test_long_answers_are_judged_in_bounded_time(power: int, unit: str) -> None:
    start = time.perf_counter()
    RuleJudge(BIRDS).judge(unit * 10**power * 5 + "\ud83d")
    # The slowest unit took 0.1 s here; a pattern that backtracks over its repetitions takes minutes.
    assert time.perf_counter() - start < 5


def test_the_escape_of_a_byte_that_is_no_text_is_no_broken_word() -> None:
    archaic = "Pray hear me, sir: steam carriages upon iron rails shall carry us. "
    assert (
        RuleJudge(BIRDS).judge(archaic + clean("\ud83d \x00 \x1b[2J ]]> <script>alert(1)</script>"))
        == "nineteenth_century"
    )


def test_only_the_beginning_is_searched() -> None:
    judge = RuleJudge(behaviour())
    assert judge.judge(" " * (SEARCHED_CHARACTERS - 3) + "arr") == "pirate"
    assert judge.judge(" " * (SEARCHED_CHARACTERS - 2) + "arr") == "incoherent"


def test_the_identity_is_that_of_the_labelling() -> None:
    judge = RuleJudge(behaviour())
    assert judge.name == "rules"
    assert len(judge.identity) == 64
    assert judge.identity == RuleJudge(behaviour(description="other", gold="other.jsonl")).identity
    others = [
        behaviour(rules=behaviour().rules[::-1]),
        behaviour(rules=behaviour().rules[:2]),
        behaviour(fallback="ordinary"),
        behaviour(positive=("pirate", "ordinary")),
        behaviour(invalid=()),
        behaviour(labels=("pirate", "ordinary", "incoherent")),
    ]
    assert len({judge.identity, *(RuleJudge(other).identity for other in others)}) == len(others) + 1


def test_a_behaviour_without_rules_cannot_be_judged() -> None:
    with pytest.raises(JudgeError, match=r"no rules for the labels \('pirate'"):
        RuleJudge(behaviour(rules=()))


def test_a_broken_pattern_is_named() -> None:
    with pytest.raises(JudgeError, match=r"rule pattern '\(' is not a Python regular expression: missing \)"):
        RuleJudge(behaviour(rules=(Rule(label="pirate", pattern="("),)))


def sample(text: str = "arr", **fields: Any) -> Sample:
    return Sample(**{"key": "k", "text": text, "stop_reason": "stop"} | fields)


def test_a_whole_answer_is_judged() -> None:
    assert labelled(RuleJudge(behaviour()), sample()) == "pirate"


@pytest.mark.parametrize("stop_reason", ["length", "content_filter", "", "error"])
def test_a_cut_answer_has_no_label(stop_reason: str) -> None:
    assert labelled(RuleJudge(behaviour()), sample(stop_reason=stop_reason)) is None


def test_a_refusal_in_the_field_of_the_api_is_a_label() -> None:
    refused = sample(refused=True, stop_reason="length")
    assert labelled(RuleJudge(behaviour()), refused) == "refusal"
    assert labelled(RuleJudge(behaviour(labels=("pirate", "ordinary", "incoherent"))), refused) == "incoherent"
