"""Sign flips against exact enumeration, Student's t, Fisher's example, and simulated families."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from weirdgen.stats.signflip import Alternative, sign_flips

Doubles = NDArray[np.float64]
#: Darwin's pairs of cross- and self-fertilised maize, in eighths of an inch (Fisher 1935, The Design of Experiments,
#: section 21): 863 of 2^15 assignments of signs give a sum as large, 1726 one as far from 0.
DARWIN = np.array([49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48], dtype=np.float64)


def student(differences: Doubles) -> Doubles:
    n = len(differences)
    t: Doubles = differences.mean(axis=0) / (differences.std(axis=0, ddof=1) / np.sqrt(n))
    return t


def test_fishers_example_is_exact() -> None:
    found = sign_flips(DARWIN[:, None], flips=2**15)
    assert found.exact
    assert found.flips == 2**15
    assert found.p[0] == 863 / 2**15
    assert sign_flips(DARWIN[:, None], flips=2**15, alternative="two-sided").p[0] == 1726 / 2**15


def test_drawn_flips_come_near_the_exact_ones() -> None:
    found = sign_flips(DARWIN[:, None], flips=20_000, seed=3)
    assert not found.exact
    assert found.p[0] == pytest.approx(863 / 2**15, abs=0.004)


def enumerated(differences: Doubles, alternative: Alternative) -> tuple[Doubles, Doubles]:
    """p alone and stepped down by definition: t of every assignment, features in order of theirs."""
    look = np.abs if alternative == "two-sided" else np.asarray
    observed = look(student(differences))
    every = [
        look(student(differences * np.array(signs)[:, None]))
        for signs in itertools.product((1, -1), repeat=len(differences))
    ]
    alone = np.mean([found >= observed - 1e-9 for found in every], axis=0)
    adjusted = np.zeros(len(observed))
    order = np.argsort(-observed)
    so_far = 0.0
    for place, feature in enumerate(order):
        rivals = order[place:]
        so_far = max(so_far, float(np.mean([found[rivals].max() >= observed[feature] - 1e-9 for found in every])))
        adjusted[feature] = so_far
    return alone, adjusted


@pytest.mark.parametrize("alternative", ["greater", "two-sided"])
@pytest.mark.parametrize("seed", range(4))
def test_p_and_adjusted_p_equal_those_by_definition(alternative: Alternative, seed: int) -> None:
    rng = np.random.default_rng(seed)
    differences = rng.standard_normal((7, 4)) + np.array([1.5, 0.5, 0, -1.0]) + rng.standard_normal((7, 1))
    found = sign_flips(differences, alternative=alternative)
    alone, adjusted = enumerated(differences, alternative)
    assert found.exact
    np.testing.assert_allclose(found.p, alone, atol=1e-12)
    np.testing.assert_allclose(found.adjusted, adjusted, atol=1e-12)


@given(arrays(np.float64, (9, 3), elements=st.integers(-20, 20).map(float)), st.integers(0, 2**16))
def test_what_holds_for_every_family(differences: Doubles, seed: int) -> None:
    found = sign_flips(differences, flips=300, seed=seed)
    assert not found.exact
    assert (found.p >= 1 / 300).all()
    assert (found.adjusted >= found.p - 1e-12).all()
    assert (found.adjusted <= 1).all()
    order = np.argsort(-found.statistic)
    assert (np.diff(found.adjusted[order]) >= 0).all()
    assert (np.abs(found.statistic) <= 1 + 1e-12).all()
    # A feature's units do not matter, a family of one is not adjusted, and features may come in any order.
    scaled = sign_flips(differences * np.array([2.0, 0.5, 8.0]), flips=300, seed=seed)
    np.testing.assert_array_equal(scaled.adjusted, found.adjusted)
    single = sign_flips(differences[:, :1], flips=300, seed=seed)
    np.testing.assert_array_equal(single.adjusted, single.p)
    np.testing.assert_array_equal(sign_flips(differences[:, ::-1], flips=300, seed=seed).p[::-1], found.p)


def test_the_statistic_grows_with_students_t() -> None:
    differences = np.random.default_rng(5).standard_normal((12, 30)) + 0.4
    statistic = sign_flips(differences, flips=10).statistic
    t = student(differences)
    np.testing.assert_allclose(t, statistic * np.sqrt(11) / np.sqrt(1 - statistic**2), atol=1e-9)


def test_no_difference_at_all_is_no_evidence() -> None:
    found = sign_flips(np.zeros((6, 2)))
    assert found.statistic.tolist() == [0, 0]
    assert found.p.tolist() == found.adjusted.tolist() == [1, 1]


def test_features_flip_together_so_that_copies_cost_nothing() -> None:
    differences = np.random.default_rng(6).standard_normal((10, 1)) + 0.8
    alone, copied = sign_flips(differences), sign_flips(np.repeat(differences, 50, axis=1))
    assert copied.adjusted.tolist() == [alone.p[0]] * 50


def test_the_same_seed_gives_the_same_test() -> None:
    differences = np.random.default_rng(8).standard_normal((40, 3))
    first, again = sign_flips(differences, flips=999), sign_flips(differences, flips=999)
    np.testing.assert_array_equal(first.adjusted, again.adjusted)


@pytest.mark.parametrize(
    ("differences", "flips"),
    [
        (np.zeros((0, 2)), 10),
        (np.zeros((3, 0)), 10),
        (np.zeros(3), 10),
        (np.full((3, 1), np.nan), 10),
        (np.ones((3, 1)), 1),
    ],
)
def test_what_cannot_be_tested_is_refused(differences: Doubles, flips: int) -> None:
    with pytest.raises(ValueError, match="expected"):
        sign_flips(differences, flips=flips)


@pytest.mark.slow
def test_a_family_without_effects_is_called_one_in_twenty_times() -> None:
    """20 correlated features, skewed in size but symmetric in sign: 2,000 families; 5% and three standard errors."""
    rng = np.random.default_rng(9)
    wrong = 0
    for _ in range(2000):
        rows = rng.standard_t(3, size=(15, 20)) + 2 * rng.standard_t(3, size=(15, 1))
        wrong += bool((sign_flips(rows, flips=400, seed=int(rng.integers(2**31))).adjusted <= 0.05).any())
    assert wrong / 2000 <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 2000)


@pytest.mark.slow
def test_stepping_down_keeps_the_family_error_beside_true_effects() -> None:
    rng = np.random.default_rng(10)
    wrong = 0
    for _ in range(1500):
        rows = rng.standard_normal((14, 8))
        rows[:, :4] += 2
        wrong += bool((sign_flips(rows, flips=400, seed=int(rng.integers(2**31))).adjusted[4:] <= 0.05).any())
    assert wrong / 1500 <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 1500)
