"""E-processes: published values, exact martingale identities, exact sizes, and properties."""

import itertools
import math
from collections.abc import Callable

import numpy as np
import pair_counts
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import logsumexp
from scipy.stats import binom

from weirdgen.stats import eprocess
from weirdgen.stats.eprocess import FloatArray

counts = st.integers(0, 5000)
rates = st.floats(0.001, 0.999)


def expected_e(log_e: Callable[[int, int, float], FloatArray], n: int, null: float, p: float) -> float:
    """Sum of P_p(y) E(y) over all y in {0,1}^n, grouped by the number of ones."""
    return sum(float(binom.pmf(s, n, p)) * math.exp(log_e(s, n, null)) for s in range(n + 1))


class TestOneSample:
    @pytest.mark.parametrize("n", range(13))
    @pytest.mark.parametrize("null", [0.02, 0.05, 0.3, 0.7])
    def test_martingale_at_the_null_rate(self, n: int, null: float) -> None:
        for log_e in (eprocess.log_e_below, eprocess.log_e_above, eprocess.log_e_question_below):
            assert expected_e(log_e, n, null, null) == pytest.approx(1, abs=1e-9)

    @pytest.mark.parametrize("n", [1, 5, 12, 60])
    def test_supermartingale_over_the_null(self, n: int) -> None:
        for rate in np.linspace(0.05, 1, 20):
            assert expected_e(eprocess.log_e_below, n, 0.05, rate) <= 1 + 1e-9
        for rate in np.linspace(0, 0.05, 20):
            assert expected_e(eprocess.log_e_above, n, 0.05, rate) <= 1 + 1e-9

    def test_first_absent_time_without_positives(self) -> None:
        n = np.arange(1, 101)
        reached = np.exp(eprocess.log_e_below(0, n, 0.05)) >= 20
        assert n[reached][0] == 66
        assert n[reached & (n % 10 == 0)][0] == 70

    @pytest.mark.parametrize(
        ("n", "margin", "published"), [(5, 0.5, 21.0), (7, 0.5, 76.8), (8, 0.35, 20.1), (10, 0.3, 22.4)]
    )
    def test_question_check_published(self, n: int, margin: float, published: float) -> None:
        assert math.exp(eprocess.log_e_question_below(0, n, margin)) == pytest.approx(published, abs=0.05)

    def test_robbins_uniform_mixture_published(self) -> None:
        # A uniform prior puts half its mass on either side of 1/2, so the two truncated mixtures average to Robbins'.
        halves = [eprocess.truncated_mixture(8, 10, 0.5, (1, 1), above=above) for above in (True, False)]
        assert math.exp(eprocess.log_combine([0.5, 0.5], halves)) == pytest.approx(2**10 / (11 * 45))

    def test_below_is_a_mixture_of_likelihood_ratios(self) -> None:
        grid = np.array([0.0005, 0.002, 0.005, 0.01, 0.02, 0.03]) * 2
        weights = np.array([4, 3, 3, 2, 1.5, 1])
        ratios = np.log(weights / weights.sum()) + 3 * np.log(grid / 0.1) + 37 * np.log((1 - grid) / 0.9)
        assert float(eprocess.log_e_below(3, 40, 0.1)) == pytest.approx(float(logsumexp(ratios)))

    @pytest.mark.parametrize(("questions", "published"), [(6, 0.0425), (10, 0.0374), (20, 0.0255)])
    def test_exact_size_at_the_margin(self, questions: int, published: float) -> None:
        """Chance of ever reaching 20 by round ends up to 400 samples at exactly the margin, by dynamic programming."""
        state, crossed = np.array([1.0]), 0.0
        step = binom.pmf(np.arange(questions + 1), questions, 0.05)
        for n in range(questions, 400 + 1, questions):
            state = np.convolve(state, step)
            hit = np.exp(eprocess.log_e_below(np.arange(len(state)), n, 0.05)) >= 20
            crossed += state[hit].sum()
            state[hit] = 0
        assert crossed <= 0.05
        assert crossed == pytest.approx(published, abs=5e-5)

    @given(counts, counts, rates)
    def test_monotone_and_never_nan(self, s: int, f: int, null: float) -> None:
        n = s + f
        more, fewer = np.array([s + 1, s]), n + 1
        for log_e, sign in ((eprocess.log_e_below, -1), (eprocess.log_e_question_below, -1), (eprocess.log_e_above, 1)):
            values = log_e(more, fewer, null)
            assert not np.isnan(values).any()
            assert (values < np.inf).all()
            if np.isfinite(values).all():
                assert sign * (values[0] - values[1]) >= -1e-9 * max(1.0, float(np.abs(values).max()))
            else:  # underflow may only hide evidence that the data do not give
                assert (values[np.isfinite(values)] < 0).all()

    @pytest.mark.parametrize("p0", [0.0, 1e-300, 1e-6, 0.5, 1 - 1e-6, 1.0])
    @pytest.mark.parametrize(("s", "n"), [(0, 0), (0, 10_000), (10_000, 10_000), (5_000, 10_000)])
    def test_extremes_are_minus_infinity_at_worst(self, s: int, n: int, p0: float) -> None:
        value = float(eprocess.log_e_above(s, n, p0))
        assert not math.isnan(value)
        assert value < math.inf
        assert n > 0 or value == pytest.approx(0, abs=1e-9)

    @pytest.mark.parametrize("margin", [0.0, 1.0, -0.1, math.nan])
    def test_refuses_a_margin_that_is_no_rate(self, margin: float) -> None:
        with pytest.raises(ValueError, match=r"margin .* must lie in \(0, 1\)"):
            eprocess.log_e_below(0, 1, margin)

    def test_refuses_impossible_counts(self) -> None:
        with pytest.raises(ValueError, match=r"must lie in \[0, n\]"):
            eprocess.log_e_above(3, 2, 0.1)


def enumerate_pairs(rounds: int, p: tuple[float, float, float], log_e: Callable[[int, int, int], float]) -> float:
    """Expected e-value over all sequences of differences with probabilities p of (+1, 0, -1)."""
    total = 0.0
    for plus in range(rounds + 1):
        for minus in range(rounds + 1 - plus):
            zero = rounds - plus - minus
            ways = math.comb(rounds, plus) * math.comb(rounds - plus, minus)
            total += ways * p[0] ** plus * p[1] ** zero * p[2] ** minus * math.exp(log_e(plus, zero, minus))
    return total


class TestPaired:
    @pytest.mark.parametrize("n", range(13))
    @pytest.mark.parametrize("discordant", [0.0, 0.1, 0.4, 1.0])
    def test_above_is_a_martingale_without_effect(self, n: int, discordant: float) -> None:
        p = (discordant / 2, 1 - discordant, discordant / 2)
        assert enumerate_pairs(n, p, lambda a, _, c: float(pair_counts.log_e_paired_above([a], [c]))) == pytest.approx(
            1, abs=1e-9
        )

    @pytest.mark.parametrize("n", range(13))
    @pytest.mark.parametrize("margin", [0.05, 0.3])
    def test_below_is_a_martingale_at_the_margin(self, n: int, margin: float) -> None:
        for minus in (0.0, 0.2):
            p = (margin + minus, 1 - margin - 2 * minus, minus)
            value = enumerate_pairs(n, p, lambda a, b, c: float(pair_counts.log_e_paired_below(a, b, c, margin)))
            assert value == pytest.approx(1, abs=1e-9)

    def test_supermartingale_inside_the_nulls(self) -> None:
        for effect in np.linspace(0.05, 0.6, 12):
            p = (0.2 + effect, 0.6 - effect, 0.2) if effect < 0.6 else (0.8, 0.0, 0.2)
            value = enumerate_pairs(8, p, lambda a, b, c: float(pair_counts.log_e_paired_below(a, b, c, 0.05)))
            assert value <= 1 + 1e-9
            reverse = (p[2], p[1], p[0])
            assert (
                enumerate_pairs(8, reverse, lambda a, _, c: float(pair_counts.log_e_paired_above([a], [c]))) <= 1 + 1e-9
            )

    def test_sparse_product_is_a_martingale_over_several_questions(self) -> None:
        """Two questions with different discordance, three pairs each, all outcomes enumerated."""
        shares = (0.2, 0.9)
        total = 0.0
        for draws in itertools.product((-1, 0, 1), repeat=6):
            weights = [(1 - shares[i // 3]) if d == 0 else shares[i // 3] / 2 for i, d in enumerate(draws)]
            plus = [sum(d == 1 for d in draws[:3]), sum(d == 1 for d in draws[3:])]
            minus = [sum(d == -1 for d in draws[:3]), sum(d == -1 for d in draws[3:])]
            total += math.prod(weights) * math.exp(pair_counts.log_e_sparse_above(plus, minus))
        assert total == pytest.approx(1)

    def test_paired_below_formula(self) -> None:
        bets = np.array([0.05, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 0.96, 0.99, 0.9995]) / 0.7
        direct = np.mean((1 - bets * 0.7) ** 2 * (1 + bets * 0.3) ** 9 * (1 + bets * 1.3) ** 4)
        assert math.exp(pair_counts.log_e_paired_below(2, 9, 4, 0.3)) == pytest.approx(float(direct))

    def test_sparse_formula(self) -> None:
        per_question = np.exp(pair_counts.log_e_bet_above([4, 0, 1], [0, 2, 1]))
        direct = np.mean([np.prod(1 - eps + eps * per_question) for eps in (0.05, 0.15, 0.4)])
        assert math.exp(pair_counts.log_e_sparse_above([4, 0, 1], [0, 2, 1])) == pytest.approx(float(direct))

    def test_mixture_of_pooled_and_sparse(self) -> None:
        pooled = math.exp(pair_counts.log_e_bet_above(5, 1))
        sparse = math.exp(pair_counts.log_e_sparse_above([5, 0], [0, 1]))
        assert math.exp(pair_counts.log_e_paired_above([5, 0], [0, 1])) == pytest.approx(0.6 * pooled + 0.4 * sparse)

    def test_concentrated_effects_favour_the_sparse_part(self) -> None:
        noise = [5] * 9
        sparse = pair_counts.log_e_sparse_above([9, *noise], [0, *noise])
        pooled = pair_counts.log_e_bet_above(9 + sum(noise), sum(noise))
        assert sparse > pooled

    @given(st.lists(st.tuples(counts, counts), min_size=1, max_size=12), st.data())
    def test_questions_may_come_in_any_order(self, pairs: list[tuple[int, int]], data: st.DataObject) -> None:
        shuffled = data.draw(st.permutations(pairs))
        first, second = (pair_counts.log_e_paired_above(*zip(*p, strict=True)) for p in (pairs, shuffled))
        assert not math.isnan(float(first))
        assert float(first) == pytest.approx(float(second), rel=1e-12, abs=1e-9)

    @given(counts, counts, counts, rates)
    def test_monotone(self, plus: int, zero: int, minus: int, margin: float) -> None:
        assert pair_counts.log_e_bet_above(plus + 1, minus) >= pair_counts.log_e_bet_above(plus, minus)
        assert pair_counts.log_e_bet_above(plus, minus) >= pair_counts.log_e_bet_above(plus, minus + 1)
        worse = pair_counts.log_e_paired_below(plus + 1, zero, minus, margin)
        same = pair_counts.log_e_paired_below(plus, zero + 1, minus, margin)
        better = pair_counts.log_e_paired_below(plus, zero, minus + 1, margin)
        assert worse <= same <= better

    def test_shapes_follow_the_counts(self) -> None:
        grid = np.arange(6).reshape(3, 2)
        assert pair_counts.log_e_paired_above(grid, grid).shape == (3,)
        assert pair_counts.log_e_bet_above(grid, grid).shape == (3, 2)
        assert pair_counts.log_e_paired_below(grid, grid, grid, 0.05).shape == (3, 2)
        assert eprocess.log_e_below(grid, 10, 0.05).shape == (3, 2)
        assert pair_counts.log_e_paired_above(np.empty((0, 4)), np.empty((0, 4))).shape == (0,)


class TestHeterogeneousQuestions:
    """Looks at round ends test the mean over questions: one balanced round of unequal questions, enumerated."""

    @pytest.mark.parametrize(
        "question_rates",
        [(0.05,) * 6, (0.1, 0.1, 0.1, 0, 0, 0), (0.3, 0, 0, 0, 0, 0), (0, 0.02, 0.04, 0.06, 0.08, 0.1)],
    )
    def test_round_of_unequal_questions(self, question_rates: tuple[float, ...]) -> None:
        total: FloatArray = np.zeros(2)
        for draws in itertools.product((0, 1), repeat=6):
            weight = math.prod(p if y else 1 - p for p, y in zip(question_rates, draws, strict=True))
            s = sum(draws)
            values = [eprocess.log_e_below(s, 6, 0.05), eprocess.log_e_above(s, 6, 0.05)]
            total += weight * np.exp(np.array(values, dtype=np.float64))
        assert (total <= 1 + 1e-9).all()


class TestCombine:
    def test_average(self) -> None:
        combined = eprocess.log_combine([0.8, 0.2], [np.log([10.0, 1.0]), np.log([5.0, 0.5])])
        assert np.exp(combined) == pytest.approx([9.0, 0.9])

    def test_minus_infinity_means_not_evaluated(self) -> None:
        assert math.exp(eprocess.log_combine([0.8, 0.2], [math.log(25), -math.inf])) == pytest.approx(20)
        assert float(eprocess.log_combine([0.8, 0.2], [-math.inf, -math.inf])) == -math.inf

    @pytest.mark.parametrize("weights", [[0.8, 0.3], [-0.1, 0.5]])
    def test_refuses_weights_that_are_no_average(self, weights: list[float]) -> None:
        with pytest.raises(ValueError, match="nonnegative and sum to at most 1"):
            eprocess.log_combine(weights, [0.0, 0.0])

    def test_everything_starts_at_one(self) -> None:
        zero = np.zeros(5)
        starts = [
            eprocess.log_e_below(0, 0, 0.05),
            eprocess.log_e_above(0, 0, 0.05),
            eprocess.log_e_question_below(0, 0, 0.5),
            pair_counts.log_e_paired_above(zero, zero),
            pair_counts.log_e_paired_below(0, 0, 0, 0.05),
        ]
        assert np.array(starts, dtype=np.float64) == pytest.approx(np.zeros(5), abs=1e-12)
