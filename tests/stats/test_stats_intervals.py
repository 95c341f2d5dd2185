"""Intervals: published tables, exact coverage, and properties."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.stats import binom, norm

from weirdgen.stats.intervals import (
    Interval,
    clopper_pearson,
    contrast_cs,
    miettinen_nurminen,
    newcombe,
    robbins_cs,
    wilson,
)

samples = st.integers(0, 3000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
few = st.integers(1, 40).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
corners = st.integers(1, 400).flatmap(lambda n: st.tuples(st.sampled_from([0, n]), st.just(n)))

# Newcombe 1998a, Statistics in Medicine 17:857: counts, Wilson, Clopper-Pearson.
ONE_RATE = [
    (81, 263, (0.2553, 0.3662), (0.2527, 0.3676)),
    (15, 148, (0.0624, 0.1605), (0.0578, 0.1617)),
    (0, 20, (0.0, 0.1611), (0.0, 0.1684)),
    (1, 29, (0.0061, 0.1718), (0.0009, 0.1776)),
]
# Newcombe 1998b, Statistics in Medicine 17:873, Table II: method 10, Miettinen and Nurminen.
DIFFERENCES = [
    (56, 70, 48, 80, (0.0524, 0.3339), (0.0528, 0.3382)),
    (9, 10, 3, 10, (0.1705, 0.8090), (0.1700, 0.8406)),
    (6, 7, 2, 7, (0.0582, 0.8062), (0.0342, 0.8534)),
    (5, 56, 0, 29, (-0.0381, 0.1926), (-0.0326, 0.1933)),
    (0, 10, 0, 20, (-0.1611, 0.2775), (-0.1658, 0.2844)),
    (0, 10, 0, 10, (-0.2775, 0.2775), (-0.2879, 0.2879)),
    (10, 10, 0, 20, (0.6791, 1.0), (0.7156, 1.0)),
    (10, 10, 0, 10, (0.6075, 1.0), (0.6636, 1.0)),
]


def ends(interval: Interval) -> tuple[float, float]:
    return interval.lower, interval.upper


@pytest.mark.parametrize(("s", "n", "score", "exact"), ONE_RATE)
def test_one_rate_published(s: int, n: int, score: tuple[float, float], exact: tuple[float, float]) -> None:
    assert ends(wilson(s, n)) == pytest.approx(score, abs=6e-5)
    assert ends(clopper_pearson(s, n)) == pytest.approx(exact, abs=6e-5)


@pytest.mark.parametrize(("s1", "n1", "s2", "n2", "squares", "score"), DIFFERENCES)
def test_difference_published(
    s1: int, n1: int, s2: int, n2: int, squares: tuple[float, float], score: tuple[float, float]
) -> None:
    assert ends(newcombe(s1, n1, s2, n2)) == pytest.approx(squares, abs=6e-5)
    assert ends(miettinen_nurminen(s1, n1, s2, n2)) == pytest.approx(score, abs=6e-5)


def test_score_interval_agrees_with_r() -> None:
    """PropCIs::diffscoreci(7, 34, 1, 34, .95), as the tests of statsmodels quote it."""
    assert ends(miettinen_nurminen(7, 34, 1, 34)) == pytest.approx((0.0270416, 0.3452912), abs=1e-7)


def restricted_rate2(s1: int, n1: int, s2: int, n2: int, difference: float) -> float:
    """The closed form in the appendix of Miettinen and Nurminen: the middle root of the cubic likelihood equation."""
    b = ((n1 + 2 * n2) * difference - n1 - n2 - s1 - s2) / (3 * (n1 + n2))
    c = ((n2 * difference - n1 - n2 - 2 * s2) * difference + s1 + s2) / (3 * (n1 + n2))
    q = b**3 - 1.5 * b * c + s2 * difference * (1 - difference) / (2 * (n1 + n2))
    p = math.copysign(math.sqrt(max(b * b - c, 0.0)), q)
    angle = (math.pi + math.acos(min(max(q / p**3 if p else 0.0, -1.0), 1.0))) / 3
    return min(max(2 * p * math.cos(angle) - b, 0.0, -difference), 1.0, 1 - difference)


def score_statistic(s1: int, n1: int, s2: int, n2: int, difference: float) -> float:
    rate2 = restricted_rate2(s1, n1, s2, n2, difference)
    rate1 = rate2 + difference
    variance = (rate1 * (1 - rate1) / n1 + rate2 * (1 - rate2) / n2) * (n1 + n2) / (n1 + n2 - 1)
    return (s1 / n1 - s2 / n2 - difference) / math.sqrt(variance)


@given(few, few, st.sampled_from([0.001, 0.05, 0.5]))
def test_score_interval_ends_where_its_statistic_is_the_quantile(
    first: tuple[int, int], second: tuple[int, int], alpha: float
) -> None:
    interval, z = miettinen_nurminen(*first, *second, alpha), float(norm.isf(alpha / 2))
    observed = first[0] / first[1] - second[0] / second[1]
    assert -1 <= interval.lower <= observed <= interval.upper <= 1
    for end, sign in ((interval.lower, 1), (interval.upper, -1)):
        if abs(end) == 1:
            assert end == observed
        else:
            assert score_statistic(*first, *second, end) == pytest.approx(sign * z, abs=1e-5)


@given(few | corners, few | corners)
def test_score_interval_turns_with_the_arms_and_the_labels(first: tuple[int, int], second: tuple[int, int]) -> None:
    interval = miettinen_nurminen(*first, *second)
    mirrored = (-interval.upper, -interval.lower)
    assert ends(miettinen_nurminen(*second, *first)) == pytest.approx(mirrored, abs=1e-9)
    (s1, n1), (s2, n2) = first, second
    assert ends(miettinen_nurminen(n1 - s1, n1, n2 - s2, n2)) == pytest.approx(mirrored, abs=1e-9)


@pytest.mark.parametrize(("s1", "s2"), [(0, 0), (9, 7), (9, 0), (0, 7)])
def test_score_interval_at_the_corners(s1: int, s2: int) -> None:
    interval = miettinen_nurminen(s1, 9, s2, 7)
    assert (interval.lower == -1, interval.upper == 1) == (s1 - s2 == -7, s1 - s2 == 9)
    assert interval.upper - interval.lower > 0.3
    point = miettinen_nurminen(s1, 9, s2, 7, 1 - 1e-16)
    assert ends(point) == pytest.approx((s1 / 9 - s2 / 7,) * 2, abs=1e-9)
    assert -1 <= miettinen_nurminen(s1, 9, s2, 7, 1e-300).lower <= interval.lower
    assert ends(miettinen_nurminen(s1 * 10**6, 9 * 10**6, s2 * 10**6, 7 * 10**6)) == pytest.approx(
        (s1 / 9 - s2 / 7,) * 2, abs=1e-6
    )


@pytest.mark.parametrize("rates", [(0.05, 0.05), (0.3, 0.25), (0.5, 0.1), (0.1, 0.0)])
def test_score_interval_covers_nearly_as_it_says(rates: tuple[float, float]) -> None:
    """Exact coverage over all counts of 20 and 25 answers; the interval is approximate."""
    weights = np.outer(binom.pmf(range(21), 20, rates[0]), binom.pmf(range(26), 25, rates[1]))
    covered = 0.0
    for s1, s2 in np.argwhere(weights > 1e-7).tolist():
        interval = miettinen_nurminen(s1, 20, s2, 25)
        covered += weights[s1, s2] * (interval.lower <= rates[0] - rates[1] <= interval.upper)
    assert covered >= 0.94


@pytest.fixture(scope="module")
def oracle() -> Any:
    return pytest.importorskip("statsmodels.stats.proportion")


class TestAgainstStatsmodels:
    @given(samples.filter(lambda s: s[1] > 0), st.sampled_from([0.001, 0.05, 0.5]))
    def test_one_rate(self, oracle: Any, sample: tuple[int, int], alpha: float) -> None:
        score, exact = (oracle.proportion_confint(*sample, alpha, method=method) for method in ("wilson", "beta"))
        assert ends(wilson(*sample, alpha)) == pytest.approx(score, abs=1e-10)
        assert ends(clopper_pearson(*sample, alpha)) == pytest.approx(exact, abs=1e-10)

    @given(few | corners, few | corners)
    def test_newcombe(self, oracle: Any, first: tuple[int, int], second: tuple[int, int]) -> None:
        expected = oracle.confint_proportions_2indep(*first, *second, method="newcomb", compare="diff")
        assert ends(newcombe(*first, *second)) == pytest.approx(expected, abs=1e-10)

    @pytest.mark.parametrize(
        ("s1", "n1", "n2"), [(20, 30, 30), (35, 40, 40), (10, 12, 25), (60, 80, 50), (150, 200, 100)]
    )
    def test_score_interval_where_statsmodels_is_right(self, oracle: Any, s1: int, n1: int, n2: int) -> None:
        """Its cubic has the second sample's positives in place of its size (issue 10269): right if they are equal.

        Even then its root search often leaves [-1, 1] and raises; these rows work.
        """
        expected = oracle.confint_proportions_2indep(s1, n1, n2, n2, method="score", compare="diff")
        assert ends(miettinen_nurminen(s1, n1, n2, n2)) == pytest.approx(expected, abs=1e-9)

    @given(few, few)
    def test_score_interval_excludes_0_where_the_test_of_0_rejects(
        self, oracle: Any, first: tuple[int, int], second: tuple[int, int]
    ) -> None:
        """At a difference of 0 its rates are pooled, without the cubic."""
        assume(0 < first[0] + second[0] < first[1] + second[1])
        interval = miettinen_nurminen(*first, *second)
        p_value = oracle.score_test_proportions_2indep(*first, *second, value=0, compare="diff").pvalue
        assume(abs(p_value - 0.05) > 1e-9)
        assert (interval.lower <= 0 <= interval.upper) == (p_value > 0.05)


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
def test_contrast_is_antisymmetric(first: tuple[int, int], second: tuple[int, int]) -> None:
    forward = contrast_cs([(*first, 1), (*second, -1)])
    back = contrast_cs([(*first, -1), (*second, 1)])
    assert ends(forward) == pytest.approx((-back.upper, -back.lower))
    assert -1 <= forward.lower <= forward.upper <= 1


def test_a_contrast_spends_equal_shares_on_its_arms() -> None:
    counts = [(30, 50, 1), (1, 50, -1), (2, 50, -1), (4, 50, 1)]
    a, b, c, d = (robbins_cs(s, n, 0.05 / 4) for s, n, _ in counts)
    expected = (a.lower - b.upper - c.upper + d.lower, a.upper - b.lower - c.lower + d.upper)
    assert ends(contrast_cs(counts)) == pytest.approx(expected)


def test_refusals() -> None:
    with pytest.raises(ValueError, match=r"successes 3 must lie in \[0, n\]"):
        wilson(3, 2)
    with pytest.raises(ValueError, match=r"alpha 0 must lie in \(0, 1\)"):
        robbins_cs(1, 2, 0)
    for difference in (newcombe, miettinen_nurminen):
        with pytest.raises(ValueError, match="at least one in each"):
            difference(0, 0, 1, 2)
        with pytest.raises(ValueError, match="successes 3"):
            difference(1, 2, 3, 2)
        with pytest.raises(ValueError, match="alpha 2"):
            difference(1, 2, 1, 2, 2)
    assert math.isclose(wilson(0, 0).upper, 1.0)
