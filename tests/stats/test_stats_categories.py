"""Drift of a distribution of labels: exact expectations over all pairs, a null that is not tested, and speed."""

import itertools
import math

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from weirdgen.stats import categories
from weirdgen.stats.categories import log_e_categories
from weirdgen.stats.eprocess import FloatArray

PAIRS = np.array(list(itertools.product(range(3), repeat=2)))
"""All pairs of labels (treated, control) with three labels."""
SIMPLEX = [np.array([i, j, 6 - i - j]) / 6 for i in range(7) for j in range(7 - i)]


def e_values(treated: list[int], control: list[int], k: int) -> FloatArray:
    return np.exp(log_e_categories(np.array(treated, dtype=np.int64), np.array(control, dtype=np.int64), k))


def all_sequences(n: int) -> tuple[npt.NDArray[np.int64], FloatArray]:
    """All sequences of n pairs as indices into `PAIRS`, and their e-values at the end."""
    sequences = np.array(list(itertools.product(range(9), repeat=n)))
    values = [np.exp(log_e_categories(PAIRS[s, 0], PAIRS[s, 1], 3))[-1] for s in sequences]
    return sequences, np.array(values)


def pair_chances(distribution: FloatArray) -> FloatArray:
    """Probability of each of `PAIRS` when both arms have this distribution."""
    return np.asarray(distribution[PAIRS].prod(axis=1), dtype=np.float64)


@pytest.mark.parametrize("n", [1, 2, 3])
def test_expects_at_most_one_if_both_arms_have_one_distribution(n: int) -> None:
    sequences, values = all_sequences(n)
    for distribution in SIMPLEX:
        assert values @ pair_chances(distribution)[sequences].prod(axis=1) <= 1 + 1e-12


def test_expects_at_most_one_if_every_question_has_its_own_distribution() -> None:
    """Three pairs of three questions: questions may differ as they like, if both arms agree on each."""
    sequences, values = all_sequences(3)
    for question_distributions in itertools.product(SIMPLEX[::3], repeat=3):
        chances = np.array([pair_chances(d) for d in question_distributions])
        assert values @ chances[np.arange(3), sequences].prod(axis=1) <= 1 + 1e-12


def test_every_pair_expects_at_most_one_after_any_past() -> None:
    """The e-value may be looked at after every pair: each factor is fair given the pairs before it."""
    for past in itertools.product(range(9), repeat=2):
        sequences = np.array([[*past, last] for last in range(9)])
        values = np.array([np.exp(log_e_categories(PAIRS[s, 0], PAIRS[s, 1], 3)) for s in sequences])
        factors = values[:, 2] / values[:, 1]
        assert max(factors @ pair_chances(distribution) for distribution in SIMPLEX) <= 1 + 1e-12


def test_shifts_that_cancel_over_questions_are_a_change() -> None:
    """Ten questions turn from label 0 to 1, ten from 1 to 0: the pooled distributions are equal, the questions not."""
    treated, control = [1] * 10 + [0] * 10, [0] * 10 + [1] * 10
    values = e_values(treated, control, 2)
    assert values.max() > 20
    assert values[-1] < 1


def test_first_pairs_by_hand() -> None:
    """The prior (3, .3, .3) makes both arms equal, so the first pair says nothing; the second bets on the first."""
    first, second = e_values([1, 1], [0, 0], 3)
    treated, control = np.array([3.0, 1.3, 0.3]) / 4.6, np.array([4.0, 0.3, 0.3]) / 4.6
    mean = (treated + control) / 2
    assert first == pytest.approx(1)
    assert second == pytest.approx(treated[1] * control[0] / (mean[1] * mean[0]))


def test_the_arms_may_be_swapped() -> None:
    treated, control = np.random.default_rng(1).integers(0, 4, (2, 50))
    assert log_e_categories(treated, control, 4) == pytest.approx(log_e_categories(control, treated, 4))


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=30), st.integers(3, 40))
def test_a_later_pair_never_changes_an_earlier_value(pairs: list[tuple[int, int]], k: int) -> None:
    treated, control = (list(arm) for arm in zip(*pairs, strict=True))
    values = e_values(treated, control, k)
    assert values.shape == (len(pairs),)
    assert values[:-1] == pytest.approx(e_values(treated[:-1], control[:-1], k))


# Six labels as in a quiz "which century, or a language model?"; label 0 is the usual answer.
USUAL = np.array([0.98, 0.02, 0, 0, 0, 0])
STRONG = np.array([0.4, 0.4, 0.1, 0.1, 0, 0])


def pairs_needed(treated: FloatArray, control: FloatArray, *, pairs: int, repetitions: int) -> list[float]:
    """Pairs until an e-value of 20; infinity if it is not reached."""
    rng, needed = np.random.default_rng(2), []
    for _ in range(repetitions):
        arms = [rng.choice(len(p), size=pairs, p=p).astype(np.int64) for p in (treated, control)]
        reached = log_e_categories(arms[0], arms[1], len(treated)) >= math.log(20)
        needed.append(float(np.argmax(reached)) + 1 if reached.any() else math.inf)
    return needed


@pytest.mark.parametrize("distribution", [USUAL, STRONG, np.full(6, 1 / 6)], ids=["usual", "strong", "uniform"])
def test_false_alarms_without_a_shift(distribution: FloatArray) -> None:
    needed = pairs_needed(distribution, distribution, pairs=200, repetitions=1000)
    assert np.isfinite(needed).mean() <= 0.05  # .01 to .04 here


def test_a_strong_shift_needs_few_samples() -> None:
    needed = pairs_needed(STRONG, USUAL, pairs=200, repetitions=500)
    assert np.isfinite(needed).all()
    assert 2 * np.mean(needed) == pytest.approx(27, rel=0.2)


def test_refuses_labels_out_of_range() -> None:
    with pytest.raises(ValueError, match=r"must lie in \[0, 3\)"):
        e_values([0, 3], [0, 0], 3)
    with pytest.raises(ValueError, match=r"must lie in \[0, 3\)"):
        e_values([0, 0], [0, -1], 3)


def test_refuses_single_labels() -> None:
    with pytest.raises(ValueError, match="pairs need both"):
        e_values([0, 1], [0], 3)


def test_two_labels_are_the_process_of_two_streams_of_turner_and_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the Beta(.18, .18) prior of the R package safestats, whose example this is. R was not run."""
    monkeypatch.setattr(categories, "_FIRST_LABEL", 0.18)
    monkeypatch.setattr(categories, "_OTHER_LABEL", 0.18)
    treated, control = ([int(label) for label in labels] for labels in ("1111110111", "0010100000"))
    assert e_values(treated, control, 2)[-1] == pytest.approx(11.15, abs=0.005)
