"""Intervals: published tables, exact coverage, and properties."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from weirdgen.stats.intervals import Interval, clopper_pearson, difference_cs, newcombe, robbins_cs, wilson

samples = st.integers(0, 3000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))

# Newcombe 1998a, Statistics in Medicine 17:857: counts, Wilson, Clopper-Pearson.
ONE_RATE = [
    (81, 263, (0.2553, 0.3662), (0.2527, 0.3676)),
    (15, 148, (0.0624, 0.1605), (0.0578, 0.1617)),
    (0, 20, (0.0, 0.1611), (0.0, 0.1684)),
    (1, 29, (0.0061, 0.1718), (0.0009, 0.1776)),
]
# Newcombe 1998b, Statistics in Medicine 17:873, Table II, method 10.
DIFFERENCES = [
    (56, 70, 48, 80, (0.0524, 0.3339)),
    (9, 10, 3, 10, (0.1705, 0.8090)),
    (6, 7, 2, 7, (0.0582, 0.8062)),
    (5, 56, 0, 29, (-0.0381, 0.1926)),
    (0, 10, 0, 20, (-0.1611, 0.2775)),
    (0, 10, 0, 10, (-0.2775, 0.2775)),
    (10, 10, 0, 20, (0.6791, 1.0)),
    (10, 10, 0, 10, (0.6075, 1.0)),
]


def ends(interval: Interval) -> tuple[float, float]:
    return interval.lower, interval.upper


@pytest.mark.parametrize(("s", "n", "score", "exact"), ONE_RATE)
def test_one_rate_published(s: int, n: int, score: tuple[float, float], exact: tuple[float, float]) -> None:
    assert ends(wilson(s, n)) == pytest.approx(score, abs=6e-5)
    assert ends(clopper_pearson(s, n)) == pytest.approx(exact, abs=6e-5)


@pytest.mark.parametrize(("s1", "n1", "s2", "n2", "published"), DIFFERENCES)
def test_difference_published(s1: int, n1: int, s2: int, n2: int, published: tuple[float, float]) -> None:
    assert ends(newcombe(s1, n1, s2, n2)) == pytest.approx(published, abs=6e-5)


@pytest.mark.parametrize(("n", "published"), [(59, 0.0495), (30, 0.0950)])
def test_rule_of_three_published(n: int, published: float) -> None:
    assert clopper_pearson(0, n, side="upper").upper == pytest.approx(published, abs=5e-5)


def test_one_sided_ends() -> None:
    assert clopper_pearson(20, 20, 0.05, "lower").lower == pytest.approx(0.861, abs=5e-4)
    assert clopper_pearson(3, 20, 0.05, "lower").upper == 1.0
    assert clopper_pearson(3, 20, 0.05, "upper").lower == 0.0
    two = clopper_pearson(3, 20, 0.1)
    assert two.lower == clopper_pearson(3, 20, 0.05, "lower").lower
    assert two.upper == clopper_pearson(3, 20, 0.05, "upper").upper


@pytest.mark.parametrize("n", [20, 50])
def test_clopper_pearson_covers_exactly(n: int) -> None:
    limits = [clopper_pearson(s, n) for s in range(n + 1)]
    for p in np.linspace(0.001, 0.999, 57):
        covered = sum(float(binom.pmf(s, n, p)) for s, i in enumerate(limits) if i.lower <= p <= i.upper)
        assert covered >= 0.95 - 1e-12


@pytest.mark.parametrize(
    ("s", "n", "published"), [(0, 70, (0.0, 0.078)), (60, 100, (0.434, 0.751)), (0, 0, (0.0, 1.0))]
)
def test_confidence_sequence_published(s: int, n: int, published: tuple[float, float]) -> None:
    assert ends(robbins_cs(s, n)) == pytest.approx(published, abs=5e-4)


@pytest.mark.parametrize("p", [0.01, 0.05, 0.3])
def test_confidence_sequence_covers_at_all_times(p: float) -> None:
    """Chance that any of 200 looks misses the rate, by dynamic programming."""
    state, missed = np.array([1.0]), 0.0
    for n in range(1, 201):
        state = np.convolve(state, [1 - p, p])
        for s in np.flatnonzero(state > 1e-12):
            interval = robbins_cs(int(s), n)
            if not interval.lower <= p <= interval.upper:
                missed += float(state[s])
                state[s] = 0
    assert 0 < missed <= 0.05


@given(samples)
def test_intervals_hold_the_observed_rate(sample: tuple[int, int]) -> None:
    s, n = sample
    for interval in (wilson(s, n), clopper_pearson(s, n), robbins_cs(s, n)):
        assert 0 <= interval.lower <= interval.upper <= 1
        assert not n or interval.lower - 1e-12 <= s / n <= interval.upper + 1e-12


@given(samples)
def test_confidence_sequences_are_wider(sample: tuple[int, int]) -> None:
    wide, exact = robbins_cs(*sample), clopper_pearson(*sample)
    assert wide.lower <= exact.lower + 1e-9
    assert wide.upper >= exact.upper - 1e-9


@given(samples, samples)
def test_difference_is_antisymmetric(first: tuple[int, int], second: tuple[int, int]) -> None:
    forward, back = difference_cs(first, second), difference_cs(second, first)
    assert ends(forward) == pytest.approx((-back.upper, -back.lower))
    assert -1 <= forward.lower <= forward.upper <= 1


def test_difference_spends_half_on_each_arm() -> None:
    first, second = robbins_cs(30, 50, 0.025), robbins_cs(1, 50, 0.025)
    assert ends(difference_cs((30, 50), (1, 50))) == (first.lower - second.upper, first.upper - second.lower)


def test_refusals() -> None:
    with pytest.raises(ValueError, match=r"successes 3 must lie in \[0, n\]"):
        wilson(3, 2)
    with pytest.raises(ValueError, match=r"alpha 0 must lie in \(0, 1\)"):
        robbins_cs(1, 2, 0)
    with pytest.raises(ValueError, match="at least one in each"):
        newcombe(0, 0, 1, 2)
    assert math.isclose(wilson(0, 0).upper, 1.0)
