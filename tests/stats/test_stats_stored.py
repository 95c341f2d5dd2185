"""Stored baselines by an infimum: exact expectations, exact error rates, and the infimum against quadrature."""

import itertools
import math
from functools import lru_cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import logsumexp
from scipy.stats import binom

from weirdgen.stats.eprocess import FloatArray, log_e_above, log_e_below
from weirdgen.stats.intervals import clopper_pearson
from weirdgen.stats.outcomes import IntArray
from weirdgen.stats.stored import log_e_stored_above, log_e_stored_below

Counts = tuple[int, int]
SIZES = [(1, 5), (1, 40), (2, 12), (5, 5), (8, 40), (12, 5), (12, 40)]
NODES, WEIGHTS = (part / 2 for part in np.polynomial.legendre.leggauss(64))
NODES = NODES + 0.5


@lru_cache(maxsize=32)
def table(n: int, control_n: int, margin: float | None) -> FloatArray:
    """E-values of all counts, shape (n + 1, control_n + 1); margin None: PRESENT."""
    s = np.arange(n + 1)
    columns = [
        log_e_stored_above(s, n, c, control_n) if margin is None else log_e_stored_below(s, n, c, control_n, margin)
        for c in range(control_n + 1)
    ]
    return np.exp(np.stack(columns, axis=1))


def successes_pmf(rates: list[float], rounds: int) -> FloatArray:
    """Distribution of the positives of a balanced sample of unequal questions."""
    pmf = np.ones(1)
    for rate in rates:
        pmf = np.convolve(pmf, binom.pmf(np.arange(rounds + 1), rounds, rate))
    return pmf


def expected_e(values: FloatArray, treated: FloatArray, control: FloatArray) -> float:
    return float(treated @ values @ control)


EQUAL = [(p, p) for p in (0.0, 0.001, 0.01, 0.05, 0.2, 0.5, 0.9, 1.0)]
REVERSED = [(0.0, 0.1), (0.05, 0.06), (0.05, 0.3), (0.2, 0.9), (0.5, 1.0)]


class TestUnconditionalExpectation:
    @pytest.mark.parametrize(("n", "control_n"), SIZES)
    def test_present_is_at_most_1_without_effect(self, n: int, control_n: int) -> None:
        for treated, control in EQUAL + REVERSED:
            pmfs = successes_pmf([treated], n), successes_pmf([control], control_n)
            assert expected_e(table(n, control_n, None), *pmfs) <= 1 + 1e-9

    @pytest.mark.parametrize(("n", "control_n"), SIZES)
    @pytest.mark.parametrize("margin", [0.05, 0.3])
    def test_absent_is_at_most_1_from_the_margin_on(self, n: int, control_n: int, margin: float) -> None:
        for control, excess in itertools.product([0.0, 0.001, 0.02, 0.2, 0.5, 0.7, 1 - margin], [0.0, 0.1, 1.0]):
            treated = min(control + margin + excess, 1.0)
            if treated >= control + margin:
                pmfs = successes_pmf([treated], n), successes_pmf([control], control_n)
                assert expected_e(table(n, control_n, margin), *pmfs) <= 1 + 1e-9

    @pytest.mark.parametrize(
        ("treated", "control"),
        [([0.6, 0.0, 0.0], [0.2, 0.2, 0.2]), ([0.2, 0.2, 0.2], [0.0, 0.0, 0.6]), ([0.9, 0.0, 0.3], [0.0, 1.0, 0.2])],
    )
    def test_present_at_round_ends_needs_only_equal_means(self, treated: list[float], control: list[float]) -> None:
        pmfs = successes_pmf(treated, 4), successes_pmf(control, 10)
        assert expected_e(table(12, 30, None), *pmfs) <= 1 + 1e-9

    @pytest.mark.parametrize(
        ("treated", "control"),
        [([0.15, 0.0, 0.0], [0.0, 0.0, 0.0]), ([0.0, 0.0, 0.75], [0.2, 0.2, 0.2]), ([1.0, 0.0, 0.5], [0.0, 0.95, 0.4])],
    )
    def test_absent_at_round_ends_needs_only_means_a_margin_apart(
        self, treated: list[float], control: list[float]
    ) -> None:
        pmfs = successes_pmf(treated, 4), successes_pmf(control, 10)
        assert expected_e(table(12, 30, 0.05), *pmfs) <= 1 + 1e-9

    def test_a_confidence_bound_taken_for_the_truth_has_no_such_expectation(self) -> None:
        """The bound misses in 1 baseline of 100 or fewer, but then the e-value explodes; the infimum's never does."""
        n, control_n, rate = 60, 100, 0.1
        naive = []
        for c in range(control_n + 1):
            bound = clopper_pearson(c, control_n, 0.01, "upper").upper
            log_e = log_e_above(np.arange(n + 1), n, bound)
            naive.append(binom.logpmf(c, control_n, rate) + logsumexp(binom.logpmf(np.arange(n + 1), n, rate) + log_e))
        assert logsumexp(naive) > math.log(1e9)
        pmfs = successes_pmf([rate], n), successes_pmf([rate], control_n)
        assert expected_e(table(n, control_n, None), *pmfs) <= 1

    @pytest.mark.parametrize(("alpha", "published"), [(1e-2, 244), (1e-4, 124)])
    def test_expectation_with_a_confidence_bound_published(self, alpha: float, published: int) -> None:
        """Powers of ten, at 400 treated and 1000 control samples of rate .02; beyond 60 positives the bound holds."""
        s = np.arange(401)
        terms = [
            binom.logpmf(c, 1000, 0.02)
            + logsumexp(
                binom.logpmf(s, 400, 0.02) + log_e_above(s, 400, clopper_pearson(c, 1000, alpha, "upper").upper)
            )
            for c in range(61)
        ]
        assert logsumexp(terms) / math.log(10) == pytest.approx(published, abs=1)


LOOKS = np.arange(10, 201, 10)


def first_present(control: int) -> IntArray:
    """Per look, the fewest positives with an e-value of at least 20 against `control` of 100; more than n if none."""
    good, bad = LOOKS + 1, np.full_like(LOOKS, -1)
    while np.any(good - bad > 1):
        middle = (good + bad) // 2
        reached = log_e_stored_above(middle, LOOKS, control, 100) >= math.log(20)
        good, bad = np.where(reached, middle, good), np.where(reached, bad, middle)
    return good


def chance_and_mean(control: int, rate: float) -> FloatArray:
    """Chance of reaching 20 at a look, and the mean e-value of a trial that stops there or at 200 samples."""
    state, result = np.ones(1), np.zeros(2)
    step = binom.pmf(np.arange(11), 10, rate)
    for n, bound in zip(LOOKS.tolist(), first_present(control).tolist(), strict=True):
        state = np.convolve(state, step)
        s = np.arange(bound if n < 200 else 0, n + 1)
        result += [state[bound:].sum(), state[s] @ np.exp(log_e_stored_above(s, n, control, 100))]
        state[s] = 0
    return result


@pytest.mark.slow
@pytest.mark.parametrize(("rate", "published"), [(0.01, 0.15), (0.05, 0.52), (0.2, 0.25)])
def test_exact_error_rate_of_equal_rates(rate: float, published: float) -> None:
    """100 control samples, looks after every 10 of 200 treated samples; dynamic programming per baseline."""
    weights = binom.pmf(np.arange(101), 100, rate)
    likely = np.flatnonzero(weights > 1e-6)
    chance, mean = sum(weights[c] * chance_and_mean(c, rate) for c in likely.tolist())
    assert weights[likely].sum() > 1 - 1e-4
    assert chance <= 0.0041
    assert mean == pytest.approx(published, abs=0.005)


def log_product(s: int, n: int, control: Counts, margin: float | None, p: FloatArray) -> FloatArray:
    """The log product at the candidates p, by Gauss-Legendre rules that are exact up to 63 samples per arm."""
    c, m = control
    if margin is None:
        return quadrature_above(s, n, p) + quadrature_below(c, m, p)
    shares, weights = np.array([0.01, 0.04, 0.1, 0.2, 0.4, 0.6]), np.array([4, 3, 3, 2, 1.5, 1]) / 14.5
    rates, q = np.multiply.outer(shares, p + margin), p + margin
    treated = logsumexp(
        s * np.log(shares)[:, None] + (n - s) * (np.log1p(-rates) - np.log1p(-q)), axis=0, b=weights[:, None]
    )
    return np.asarray(treated + np.logaddexp(np.log(0.8), np.log(0.2) + quadrature_above(c, m, p)))


def quadrature_above(s: int, n: int, p: FloatArray) -> FloatArray:
    t, w = np.sqrt(p)[:, None], NODES
    terms = 2 * s * np.log(1 - w + w / t) + (n - s) * (np.log(1 - w) + np.log1p(w * (1 - t) / (1 + t)))
    return np.asarray(logsumexp(terms, axis=1, b=WEIGHTS))


def quadrature_below(s: int, n: int, p: FloatArray) -> FloatArray:
    terms = 2 * s * np.log(NODES) + (n - s) * (np.log1p(-np.multiply.outer(p, NODES**2)) - np.log1p(-p)[:, None])
    return np.asarray(logsumexp(terms, axis=1, b=WEIGHTS))


small = st.tuples(st.integers(0, 30), st.integers(0, 30))


class TestInfimum:
    @settings(max_examples=40)
    @given(small, small, st.sampled_from([None, 0.05, 0.4]))
    def test_equals_the_least_product_on_a_fine_grid(
        self, treated: Counts, control: Counts, margin: float | None
    ) -> None:
        s, n, c, m = treated[0], sum(treated), control[0], sum(control)
        logits = np.linspace(-20, 20, 4001)
        least = float(log_product(s, n, (c, m), margin, (1 - (margin or 0)) / (1 + np.exp(-logits))).min())
        log_e = log_e_stored_above(s, n, c, m) if margin is None else log_e_stored_below(s, n, c, m, margin)
        assert least - 1e-3 <= log_e <= least + 1e-9

    def test_no_baseline_leaves_the_treated_arm_alone(self) -> None:
        s, n = np.array([0, 1, 5, 70]), 70
        assert log_e_stored_below(s, n, 0, 0, 0.05) == pytest.approx(log_e_below(s, n, 0.05), abs=1e-9)
        assert log_e_stored_above(s, n, 0, 0) == pytest.approx(-np.log(n - s + 1), abs=1e-9)

    def test_a_baseline_alone_is_no_evidence(self) -> None:
        for c in (0, 7, 1000):
            assert float(log_e_stored_above(0, 0, c, 1000)) == pytest.approx(-math.log(1 + 2 * c), abs=1e-9)
        assert float(log_e_stored_below(0, 0, 0, 1000, 0.05)) == pytest.approx(math.log(0.8), abs=0.01)

    def test_where_the_incomplete_beta_function_underflows(self) -> None:
        # A control that is always positive loses the same stake at every candidate, so the least is at p0 = 1.
        expected = -math.log(401) - math.log(2001)
        assert float(log_e_stored_above(0, 400, 1000, 1000)) == pytest.approx(expected, abs=1e-8)

    @given(st.integers(0, 2000), st.integers(0, 2000), st.integers(0, 2000), st.integers(0, 2000))
    def test_moves_one_way_with_either_arms_positives(self, s: int, f: int, c: int, d: int) -> None:
        n, m = s + f + 1, c + d + 1
        present = [log_e_stored_above(i, n, j, m) for i, j in ((s, c + 1), (s, c), (s + 1, c))]
        absent = [log_e_stored_below(i, n, j, m, 0.05) for i, j in ((s + 1, c), (s, c), (s, c + 1))]
        for values in (present, absent):
            assert np.isfinite(values).all()
            assert (np.diff(values) >= -2e-6).all()

    @given(st.integers(0, 400), st.integers(0, 400), st.integers(0, 1000), st.sampled_from([0.01, 0.05, 0.3]))
    def test_absent_keeps_four_fifths_of_the_treated_arm_alone(self, s: int, f: int, c: int, margin: float) -> None:
        alone = log_e_below(s, s + f, margin)
        assert log_e_stored_below(s, s + f, c, 1000, margin) >= math.log(0.8) + alone - 2e-6

    def test_a_baseline_with_positives_brings_absent_forward(self) -> None:
        n = np.arange(1, 501)
        s = np.round(n * 0.02)
        stored, alone = log_e_stored_below(s, n, 20, 1000, 0.05), log_e_below(s, n, 0.05)
        assert np.argmax(stored >= math.log(20)) < 0.65 * np.argmax(alone >= math.log(20))


class TestArguments:
    def test_shapes_follow_the_counts(self) -> None:
        grid = np.arange(6).reshape(3, 2)
        assert log_e_stored_above(grid, 10, 3, 50).shape == (3, 2)
        assert log_e_stored_below(grid, 10, 3, 50, 0.05).shape == (3, 2)
        assert log_e_stored_above(1, 10, 3, 50).shape == ()
        assert log_e_stored_below(np.empty(0), np.empty(0), 3, 50, 0.05).shape == (0,)

    def test_every_question_may_have_a_baseline_of_its_own(self) -> None:
        control, n = np.array([0, 3, 20]), np.array([[5], [10]])
        together = log_e_stored_below(np.array([[0, 1, 1], [1, 1, 4]]), n, control, 20, 0.5)
        assert together.shape == (2, 3)
        assert float(together[1, 2]) == pytest.approx(float(log_e_stored_below(4, 10, 20, 20, 0.5)), abs=1e-9)

    def test_many_looks_equal_single_ones(self) -> None:
        n = np.arange(10, 401, 10)
        together = log_e_stored_above(n // 10, n, 5, 1000)
        assert [float(log_e_stored_above(k // 10, k, 5, 1000)) for k in n] == pytest.approx(list(together), abs=1e-9)

    @pytest.mark.parametrize("margin", [0.0, 1.0, -0.1, math.nan])
    def test_refuses_a_margin_that_is_no_rate(self, margin: float) -> None:
        with pytest.raises(ValueError, match=r"margin .* must lie in \(0, 1\)"):
            log_e_stored_below(0, 1, 0, 1, margin)

    @pytest.mark.parametrize(("counts", "control"), [((2, 1), (0, 1)), ((0, 1), (2, 1)), ((-1, 1), (0, 1))])
    def test_refuses_impossible_counts(self, counts: Counts, control: Counts) -> None:
        with pytest.raises(ValueError, match=r"must lie in \[0, n\]"):
            log_e_stored_above(*counts, *control)
        with pytest.raises(ValueError, match=r"must lie in \[0, n\]"):
            log_e_stored_below(*counts, *control, 0.05)
