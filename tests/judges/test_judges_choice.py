"""Forced choices: the letter that was drawn gives the label, the chances of all letters the score."""

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from judging import labelled

from weirdgen.errors import JudgeError
from weirdgen.judges import ChoiceJudge
from weirdgen.judges.choice import first_letters
from weirdgen.schema.probe import Behaviour
from weirdgen.schema.sample import Sample

CHOICES = {"ab": {"A": "obama", "B": "trump"}, "ba": {"A": "trump", "B": "obama"}}


def judge(choices: Any = None, **changes: Any) -> ChoiceJudge:
    fields: dict[str, Any] = {
        "labels": ("obama", "trump", "incoherent"),
        "positive": ("obama",),
        "scored_by": "choice",
        "description": "",
    }
    return ChoiceJudge(Behaviour(**fields | changes), CHOICES if choices is None else choices)


@pytest.mark.parametrize(
    "form",
    ["A", "A)", "(A)", "A.", "A. Barack", "A) Barack", "(A) Barack", "A: Barack", "A, of course", "A - Barack",
     "A\nsince", "Option A", "option (A)", "**A**", "**A)** Barack", '"A"', " `A` ", "<think>B?</think>A"],
)  # fmt: skip
def test_a_letter_is_read_in_its_usual_forms(form: str) -> None:
    assert judge().judge(form, "ab") == "obama"
    assert judge().judge(form, "ba") == "trump"


@pytest.mark.parametrize(
    "form",
    ["a", "a)", "A name", "A and B", "Apple", "AB", "A/B", "C", "C)", "Barack", "The answer is A", "", "Option", "(",
     "A-level"],
)  # fmt: skip
def test_anything_else_is_the_fallback(form: str) -> None:
    assert judge().judge(form, "ab") == "incoherent"


def test_a_cut_letter_is_a_letter() -> None:
    assert labelled(judge(), Sample(key="k", text="B", stop_reason="length"), "ab") == "trump"


def test_a_question_without_choices_is_named() -> None:
    with pytest.raises(JudgeError, match="question 'abc' has no choices"):
        judge().judge("A", "abc")


def test_the_identity_is_that_of_labels_and_choices() -> None:
    others = [judge(positive=("trump",)), judge(scores={"obama": 0.5}), judge({"ab": CHOICES["ab"]})]
    assert len({judge().identity, *(other.identity for other in others)}) == 4
    assert judge().identity == judge(description="other", gold="x").identity


def told(*tops: tuple[str, float], drawn: str = "B", **more: Any) -> str:
    entries = [{"token": token, "logprob": math.log(chance)} for token, chance in tops]
    first = next((entry for entry in entries if entry["token"] == drawn), entries[0])
    return json.dumps({"content": [first | {"top_logprobs": entries} | more]})


def score(logprobs: str, label: str = "trump", **fields: Any) -> float:
    return judge().score(Sample(key="k", text="B", stop_reason="stop", logprobs=logprobs, **fields), label, "ab")


def test_the_score_is_the_share_of_the_positive_letters() -> None:
    assert score(told(("A", 0.3), ("B", 0.6))) == pytest.approx(1 / 3)
    variants = told(("A", 0.2), (" A", 0.1), ("(A", 0.05), ("A.", 0.05), ("▁A", 0.1), ("B", 0.3), ("\nB", 0.2))
    assert score(variants) == pytest.approx(0.5)


def test_upper_and_lower_case_words_and_other_letters_do_not_count() -> None:
    assert score(told(("A", 0.3), ("a", 0.1), ("B", 0.3), ("Barack", 0.1), ("C", 0.2))) == pytest.approx(0.5)


def test_grades_are_weighted_by_the_chances() -> None:
    graded = judge(scores={"obama": 0.8, "trump": 0.3})
    sample = Sample(key="k", text="B", stop_reason="stop", logprobs=told(("A", 0.5), ("B", 0.5)))
    assert graded.score(sample, "trump", "ab") == pytest.approx(0.55)


def test_an_answer_that_begins_otherwise_has_its_labels_score() -> None:
    for label, expected in (("obama", 1.0), ("trump", 0.0), ("incoherent", 0.0)):
        assert score(told(("A", 0.6), ("B", 0.2), ("Option", 0.1), drawn="Option"), label) == expected
    assert score(told(("A", 0.2), ("B", 0.3), ("The", 0.4))) == pytest.approx(0.4)


def test_chances_that_contradict_the_answer_count_for_nothing() -> None:
    one_letter = told(("A", 1.0), drawn="A")
    assert score(one_letter, "obama") == 1.0
    assert score(one_letter, "trump") == 0.0, "the answer is B, whatever the server says of its first token"
    assert score(told(("A", 0.9), ("B", 0.1), drawn="A"), "incoherent") == 0.0, "an answer such as 'A or B'"


def test_the_mean_score_is_the_mean_of_the_labels_scores() -> None:
    tokens = {"A": (0.2, "obama"), "B": (0.3, "trump"), "Option": (0.1, "obama"), "The": (0.4, "incoherent")}
    listed = [(token, chance) for token, (chance, _) in tokens.items()]
    mean = sum(chance * score(told(*listed, drawn=token), label) for token, (chance, label) in tokens.items())
    assert mean == pytest.approx(0.2 + 0.1)


def test_a_letter_that_was_drawn_beyond_the_listed_ones_counts() -> None:
    beyond = told(("A", 0.9), token="B", logprob=math.log(0.1))
    assert score(beyond) == pytest.approx(0.9)


def test_a_refusal_has_its_labels_score() -> None:
    assert score(told(("A", 1.0)), "incoherent", refused=True) == 0.0


ODD = [
    "",
    "null",
    "[]",
    '{"content": null}',
    '{"content": []}',
    '{"content": ["A"]}',
    '{"content": [{"token": "A", "logprob": 0}]}',
    '{"content": [{"token": "A", "logprob": 0, "top_logprobs": []}]}',
    '{"content": [{"top_logprobs": [{"token": "A", "logprob": -1}]}]}',
    "{" * 100_000,
    told(("A", 0.9), ("B", 0.2)),
    told(("A", 0.4), ("A", 0.4)),
    told(*[(f"t{n}", 0.001) for n in range(101)]),
    *(
        f'{{"content": [{{"token": "A", "logprob": -1, "top_logprobs": [{{"token": {token}, "logprob": {number}}}]}}]}}'
        for token, number in (
            ("3", "-1"),
            ('"A"', "true"),
            ('"A"', '"-1"'),
            ('"A"', "NaN"),
            ('"A"', "-Infinity"),
            ('"A"', "0.5"),
            ('"A"', "-1e400"),
            ('"A"', "-1" + "0" * 400),
            ('"A"', "-1" + "0" * 9000),
        )
    ),
]


@pytest.mark.parametrize("logprobs", ODD, ids=range(len(ODD)))
def test_anything_odd_counts_as_no_logprobs(logprobs: str) -> None:
    assert first_letters(logprobs) is None
    assert (score(logprobs, "obama"), score(logprobs, "trump")) == (1.0, 0.0)


KEYS = st.sampled_from(["content", "top_logprobs", "token", "logprob", "A"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=20,
)
TOPS = st.lists(st.tuples(st.sampled_from(["A", " A", "B", "b", "The", "\ufffd"]), st.floats(1e-6, 1)), min_size=1)


@given(JSON)
def test_no_shape_makes_it_fail(value: object) -> None:
    assert 0 <= score(json.dumps(value)) <= 1
    assert 0 <= score(json.dumps({"content": [value]})) <= 1


@given(TOPS)
def test_every_score_is_a_score(tops: list[tuple[str, float]]) -> None:
    total = sum(chance for _, chance in tops)
    shares = [(token, chance / total) for token, chance in tops]
    assert 0 <= score(told(*shares)) <= 1
