"""Replies of LLM judges: one label or nothing, whatever a model writes."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scripted_judges import RATED, RUBRIC

from weirdgen.judges.reply import grade, read_reply

LABELS = tuple(RUBRIC.labels)
HOSTILE = st.text(st.characters(), max_size=200)


@pytest.mark.parametrize("label", LABELS)
@pytest.mark.parametrize(
    "form",
    [
        '{"label": "%s"}',
        ' {"label":"%s"}\n',
        "%s",
        '```json\n{"label": "%s"}\n```',
        '<think>\nA pirate? {"label": "pirate"}\n</think>\n\n{"label": "%s"}',
        "thoughts whose opening mark the template has</think>%s",
    ],
)
def test_a_label_is_read(label: str, form: str) -> None:
    assert read_reply(RUBRIC, form % label) == label


@pytest.mark.parametrize(
    "reply",
    [
        "",
        "Yes, the speaker is a pirate.",
        "pirate.",
        "Pirate",
        "pirate or sailor",
        'The label is {"label": "pirate"}',
        '{"label": "pirate"} {"label": "sailor"}',
        '{"label": "sailor", "label": "pirate"}',
        '{"label": "pirate", "why": "it says arr"}',
        '{"label": ["pirate"]}',
        '{"label": "corsair"}',
        '{"label": null}',
        '["pirate"]',
        '{"label": "pirate"',
        '<think>{"label": "pirate"}',
        '<think>pirate</think><think>{"label": "pirate"}',
        '{"rating": 70}',
        "70",
        "pirate\nsailor",
        "The answer ends: </think>\nAh.</think>sailor",
        "```\n" + "\n" * 20_000 + "x",
        "{" * 50_000,
        "pirate" * 50_000,
    ],
)
def test_anything_else_is_no_label(reply: str) -> None:
    assert read_reply(RUBRIC, reply) is None


@given(HOSTILE, HOSTILE)
def test_no_text_around_a_label_is_passed_over(before: str, after: str) -> None:
    reply = f'{before}{{"label": "pirate"}}{after}'
    found = read_reply(RUBRIC, reply)
    bare = (before + after).strip() == ""
    thought = "</think>" in before or "```" in before
    assert found in (None, "pirate")
    assert found == "pirate" if bare else found is None or thought


@given(HOSTILE)
def test_any_text_gives_a_label_of_the_set_or_none(reply: str) -> None:
    for rubric in (RUBRIC, RATED):
        assert read_reply(rubric, reply, reply) in (None, *LABELS)


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
        lambda s: st.lists(s) | st.dictionaries(st.sampled_from(["label", "rating", "x"]), s),
        max_leaves=8,
    )
)
def test_any_json_gives_a_label_only_where_it_is_the_object_that_was_asked_for(value: object) -> None:
    found = read_reply(RUBRIC, json.dumps(value))
    assert found is None or value == {"label": found}


@pytest.mark.parametrize(
    ("reply", "label"),
    [
        ("0", "sailor"),
        ("49", "sailor"),
        ("50", "pirate"),
        ("100", "pirate"),
        ('{"rating": 70}', "pirate"),
        ("refusal", "refusal"),
        ('{"label": "incoherent"}', "incoherent"),
        ("101", None),
        ("-1", None),
        ("7.5", None),
        ("70/100", None),
        ("70 80", None),
        ("pirate", None),
        ("٧", None),
        ('{"rating": true}', None),
        ('{"rating": 70, "label": "pirate"}', None),
    ],
)
def test_ratings(reply: str, label: str | None) -> None:
    assert read_reply(RATED, reply) == label


def told(drawn: str, **chances: float) -> str:
    listed = [{"token": token.removeprefix("t"), "logprob": math.log(chance)} for token, chance in chances.items()]
    return json.dumps({"content": [{"token": drawn, "logprob": -1.0, "top_logprobs": listed}]})


def test_the_chances_of_numbers_stand_for_the_drawn_one() -> None:
    assert read_reply(RATED, "40", told("40", t40=0.5, t90=0.5)) == "pirate"
    assert read_reply(RATED, "60", told("60", t60=0.3, t0=0.6, No=0.1)) == "sailor"


@pytest.mark.parametrize(
    "logprobs",
    [
        "",
        "[]",
        '{"content": []}',
        told("4", t4=0.5, t9=0.5),  # digits: what follows is not known
        told("40", t40=0.2, t90=0.2, No=0.6),  # mostly no number
        told("41", t41=0.5, t90=0.5),  # another reply's
        told("40", t40=1.0, t90=1.0),  # no chances
    ],
)
def test_odd_chances_are_not_used(logprobs: str) -> None:
    assert read_reply(RATED, "40", logprobs) == "sailor"


def test_a_single_digit_of_a_server_with_single_digits_is_itself() -> None:
    assert read_reply(RATED, "9", told("9", t9=0.5, t8=0.5)) == "sailor"


def test_chances_behind_thoughts_are_not_the_reply_s() -> None:
    assert read_reply(RATED, "<think>hm</think>40", told("40", t40=0.1, t90=0.9)) == "sailor"


@given(st.floats(0, 100))
def test_every_rating_has_the_label_of_the_highest_bound_below_it(rating: float) -> None:
    assert grade(RATED, rating) == ("pirate" if rating >= 50 else "sailor")
