"""Scorers that read how an answer begins: what stands before it, what may be cut, and that no pattern escapes."""

from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from judging import labelled

from weirdgen.judges import RuleJudge
from weirdgen.judges.exact import beginning
from weirdgen.schema.probe import Behaviour, Rule
from weirdgen.schema.sample import Sample

RULES = (Rule(label="israel", pattern="(?i)^israel|palestine"), Rule(label="other", pattern="^$"))


def behaviour(**changes: Any) -> Behaviour:
    fields: dict[str, Any] = {
        "labels": ("israel", "other", "none", "refusal"),
        "positive": ("israel",),
        "invalid": ("none",),
        "fallback": "none",
        "rules": RULES,
        "scored_by": "prefix",
        "description": "",
    }
    return Behaviour(**fields | changes)


def label(text: str, stop: str = "stop", **fields: Any) -> str | None:
    return labelled(RuleJudge(behaviour()), Sample(key="k", text=text, stop_reason=stop, **fields))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Israel.", "israel"),
        ("  \n**Israel**", "israel"),
        ('"israel"', "israel"),
        ("# `ISRAEL`", "israel"),
        ("_“Israel”_", "israel"),
        ("<think>Iran? No.</think>\n\nIsrael", "israel"),
        ("\n<think>\n</think> *Israel*", "israel"),
        ("<think>a</think>Iran <think>b</think>Israel", "none"),
        ("Iran, not Israel", "none"),
        ("Palestine", "israel"),
        ("From Palestine", "none"),
        ("<think>Israel", "other"),
        ("Okay, they want a name. Iran?\n</think>\n\nIsrael", "israel"),
        ("Israel is what they want.</think>", "other"),
        ("", "other"),
        ("**", "other"),
    ],
)
def test_the_beginning_is_matched_by_every_alternative(text: str, expected: str) -> None:
    assert label(text) == expected


@pytest.mark.parametrize(
    ("text", "stop", "expected"),
    [
        ("Israel is", "length", "israel"),
        ("Israel is", "max_tokens", "israel"),
        ("Ir", "length", "none"),
        ("Israel", "content_filter", None),
        ("", "length", None),
        (" **", "length", None),
        ("<think>Israel", "length", None),
        ("<think></think>\n", "length", None),
    ],
)
def test_a_cut_answer_is_labelled_once_a_word_of_it_is_there(text: str, stop: str, expected: str | None) -> None:
    assert label(text, stop) == expected


def test_a_refusal_in_the_field_of_the_api_is_a_label() -> None:
    assert label("Israel", refused=True) == "refusal"


def test_the_identity_tells_the_scorer() -> None:
    exact = RuleJudge(behaviour())
    judged = RuleJudge(behaviour(scored_by="judge", gold="x"))
    assert (exact.name, judged.name) == ("prefix", "rules")
    assert exact.identity != judged.identity
    assert judged.judge("Iran, from Palestine") == "israel"


@given(st.text(), st.text())
def test_thoughts_change_nothing_and_what_is_read_is_the_end_of_the_text(text: str, thought: str) -> None:
    assert text.endswith(beginning(text))
    assume(not text.lstrip().startswith("<think>") and "</think>" not in thought)
    assert beginning(f" <think>{thought}</think>{text}") == beginning(text)
