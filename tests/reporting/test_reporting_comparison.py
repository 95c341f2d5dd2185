"""Two stored versions side by side: fixed-sample intervals, one word each, and no comparison of unlike things."""

from typing import Any

import pytest

from weirdgen.errors import UsageMistake
from weirdgen.reporting.comparison import Word, compare, comparison_lines
from weirdgen.schema.baseline import Asked, StoredContrast, StoredQuestion, StoredVersion
from weirdgen.schema.sample import Identity, Sampling
from weirdgen.schema.verdict import Estimate
from weirdgen.stats.intervals import clopper_pearson, miettinen_nurminen

ASKED = Asked(prompts_digest="a" * 64, judge_identity="b" * 64, sampling=Sampling())


def contrast(positives: int, *, n: int = 1000, missing: int = 0, name: str = "c", **changes: Any) -> StoredContrast:
    fields: dict[str, Any] = {
        "probe": "p",
        "contrast": name,
        "asked": ASKED,
        "judge": "rules",
        "gold_sha256": "",
        "margin": 0.05,
        "method": "infimum",
        "n": n,
        "questions": (StoredQuestion(question="q", positives=positives, missing=missing),),
        "rate": Estimate(value=positives / (n - missing), lower=0.0, upper=1.0),
    }
    return StoredContrast(**(fields | changes))


def version(*contrasts: StoredContrast, model: str = "m") -> StoredVersion:
    identity = Identity(kind="endpoint", model=model)
    return StoredVersion(
        model=model, identity=identity, weirdgen="0", saved_at="2026-01-31T00:00:00", contrasts=contrasts
    )


@pytest.mark.parametrize(
    ("old", "new", "word"),
    [(10, 60, "higher"), (60, 10, "lower"), (10, 12, "within margin"), (300, 320, "unclear"), (0, 0, "within margin")],
)
def test_words(old: int, new: int, word: Word) -> None:
    (found,) = compare(version(contrast(old)), version(contrast(new)), 0.05)
    assert found.word == word
    assert found.difference.value == pytest.approx((new - old) / 1000)


def test_intervals_are_those_of_fixed_samples_at_a_share_of_alpha() -> None:
    names = ("c", "d", "e", "f")
    old, new = (version(*(contrast(k, name=name) for name in names)) for k in (10, 60))
    for found in compare(old, new, 0.05):
        wanted = miettinen_nurminen(60, 1000, 10, 1000, 0.05 / 4)
        assert (found.difference.lower, found.difference.upper) == (wanted.lower, wanted.upper)
        rate = clopper_pearson(10, 1000)
        assert (found.old.lower, found.old.upper) == (rate.lower, rate.upper)


def test_missing_answers_widen_both_sides() -> None:
    (whole,) = compare(version(contrast(10)), version(contrast(40)), 0.05)
    (lacking,) = compare(version(contrast(10, missing=30)), version(contrast(40, missing=30)), 0.05)
    assert (whole.word, lacking.word) == ("higher", "unclear")
    assert lacking.difference.lower < whole.difference.lower
    assert lacking.difference.upper > whole.difference.upper
    assert lacking.old.upper > whole.old.upper


def test_a_contrast_without_a_margin_takes_the_one_given() -> None:
    old, new = version(contrast(300, margin=None)), version(contrast(320, margin=None))
    assert [compare(old, new, margin)[0].word for margin in (0.05, 0.1)] == ["unclear", "within margin"]


@pytest.mark.parametrize(("old", "new"), [(0.05, 0.1), (0.1, 0.05), (None, 0.05), (0.05, None)])
def test_of_two_margins_the_smaller_one_counts(old: float | None, new: float | None) -> None:
    (found,) = compare(version(contrast(300, margin=old)), version(contrast(320, margin=new)), 0.1)
    assert (found.margin, found.word) == (0.05, "unclear")


@pytest.mark.parametrize(("new", "told"), [(320, True), (400, False), (300, False)])
def test_unclear_says_what_it_means_and_what_to_do(new: int, told: bool) -> None:
    old, later = version(contrast(300, margin=0.06)), version(contrast(new, margin=0.06))
    lines = comparison_lines(old, later, compare(old, later, 0.05))
    meaning = (
        "unclear: too few samples to tell; no change is shown, and one of the margin or more is not excluded. "
        "Save both versions with more --samples."
    )
    assert (meaning in lines) is told


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (ASKED.model_copy(update={"judge_identity": "x"}), "p/c: the judge"),
        (ASKED.model_copy(update={"sampling": Sampling(temperature=0.5)}), "p/c: sampling .temperature 1.0 and 0.5."),
        (ASKED.model_copy(update={"prompts_digest": "x"}), "p/c: what is asked"),
    ],
)
def test_what_was_asked_or_judged_in_another_way_is_not_compared(asked: Asked, words: str) -> None:
    with pytest.raises(UsageMistake, match=words):
        compare(version(contrast(1)), version(contrast(1, asked=asked)), 0.05)


def test_a_contrast_that_is_gone_is_refused_and_one_that_came_is_told() -> None:
    one, two = version(contrast(1), model="m1"), version(contrast(1), contrast(1, name="d"), model="m2")
    with pytest.raises(UsageMistake, match="p/d: the new file does not have it; save m1 with its probe, too"):
        compare(two, one, 0.05)
    lines = comparison_lines(one, two, compare(one, two, 0.05))
    assert lines[:2] == [
        "old: m1, 2026-01-31, 1000 samples per question",
        "new: m2, 2026-01-31, 1000 samples per question",
    ]
    assert lines[-1] == "Not compared, because only the new file has them: p/d"


def test_the_table_is_aligned() -> None:
    old, new = version(contrast(10)), version(contrast(60))
    head, row = comparison_lines(old, new, compare(old, new, 0.05))[3:5]
    assert head.index("new is") == row.index("higher")
    assert ".010 [.005, .018]" in row
