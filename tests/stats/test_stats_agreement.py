"""Cohen's kappa: the published example, and identities."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weirdgen.stats.agreement import cohen_kappa

LABELS = st.sampled_from("abc")
PAIRS = st.lists(st.tuples(LABELS, LABELS), min_size=1, max_size=60)
COHEN = ((88, 14, 18), (10, 40, 10), (2, 6, 12))
"""Cohen (1960), table 1 as counts of 200: agreement .70, by chance .41, kappa .492."""


def test_the_example_of_the_paper() -> None:
    pairs = [
        (one, other)
        for one, row in zip("abc", COHEN, strict=True)
        for other, n in zip("abc", row, strict=True)
        for _ in range(n)
    ]
    assert cohen_kappa(pairs) == pytest.approx(0.492, abs=5e-4)


def test_without_answers_or_with_one_label_it_is_not_defined() -> None:
    assert cohen_kappa([]) is None
    assert cohen_kappa([("a", "a")] * 5) is None


@given(PAIRS)
def test_who_is_first_does_not_matter_and_more_of_the_same_neither(pairs: list[tuple[str, str]]) -> None:
    kappa = cohen_kappa(pairs)
    assert cohen_kappa([(other, one) for one, other in pairs]) == (None if kappa is None else pytest.approx(kappa))
    assert cohen_kappa(pairs * 3) == (None if kappa is None else pytest.approx(kappa))
    assert kappa is None or -1 <= kappa <= 1


@given(st.lists(LABELS, min_size=2, max_size=60))
def test_full_agreement_is_1(labels: list[str]) -> None:
    assert cohen_kappa([(label, label) for label in labels]) == (None if len(set(labels)) == 1 else pytest.approx(1))


@given(
    st.lists(st.sampled_from("ab"), min_size=1, max_size=30), st.lists(st.sampled_from("ab"), min_size=1, max_size=30)
)
def test_independent_labels_agree_by_chance_alone(first: list[str], second: list[str]) -> None:
    kappa = cohen_kappa([(one, other) for one in first for other in second])
    assert kappa is None or kappa == pytest.approx(0, abs=1e-12)
