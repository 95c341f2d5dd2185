"""Stored baselines by blocks: the projection, exact expectations and error rates, orders drawn for stored counts."""

import itertools
import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import rel_entr
from scipy.stats import binom, chisquare, hypergeom

from weirdgen.stats.eprocess import FloatArray
from weirdgen.stats.ripr import log_e_blocks_above, log_e_blocks_below, null_projection, shuffled_blocks

BASES = (0.002, 0.01, 0.03, 0.08, 0.2, 0.35, 0.5, 0.65, 0.8)


def successes_pmf(rates: list[float], rounds: int) -> FloatArray:
    """Distribution of the positives of a balanced sample of unequal questions."""
    pmf = np.ones(1)
    for rate in rates:
        pmf = np.convolve(pmf, binom.pmf(np.arange(rounds + 1), rounds, rate))
    return pmf


def expected_e(rounds: int, ratio: int, treated: list[float], control: list[float], margin: float | None) -> float:
    """Mean e-value after so many rounds, over all counts; margin None: PRESENT."""
    n = rounds * len(treated)
    s, c = np.arange(n + 1)[:, None], np.arange(ratio * n + 1)
    log_e = log_e_blocks_above(s, n, c, ratio) if margin is None else log_e_blocks_below(s, n, c, ratio, margin)
    return float(successes_pmf(treated, rounds) @ np.exp(log_e) @ successes_pmf(control, rounds * ratio))


class TestProjection:
    @pytest.mark.parametrize(
        ("treated", "control", "ratio"), [(0.8, 0.2, 1), (0.8, 0.2, 3), (0.042, 0.002, 2), (0.9, 0.5, 7)]
    )
    def test_without_margin_it_pools_the_rates(self, treated: float, control: float, ratio: int) -> None:
        pooled = (treated + ratio * control) / (1 + ratio)
        assert null_projection(treated, control, ratio, 0) == pytest.approx((pooled, pooled), abs=1e-12)

    def test_factors_of_one_block_published(self) -> None:
        a, c = null_projection(0.8, 0.2, 1, 0)
        assert (0.8 / a) * (0.8 / (1 - c)) == pytest.approx(2.56)
        assert (0.8 / a) * (0.2 / c) == pytest.approx(0.64)

    @pytest.mark.parametrize("margin", [0.05, 0.1, 0.6])
    @pytest.mark.parametrize("ratio", [1, 4])
    def test_it_is_the_nearest_pair_of_the_margin(self, ratio: int, margin: float) -> None:
        for rate in BASES:
            a, c = null_projection(rate, rate, ratio, margin)
            assert a - c == pytest.approx(margin)
            grid = np.linspace(0, 1 - margin, 20_001)
            assert divergence(rate, a) + ratio * divergence(rate, c) <= (
                (divergence(rate, grid + margin) + ratio * divergence(rate, grid)).min() + 1e-12
            )

    @pytest.mark.parametrize("margin", [0.05, 0.1, 0.6])
    @pytest.mark.parametrize("ratio", [1, 4])
    def test_no_null_rates_favour_a_bet(self, ratio: int, margin: float) -> None:
        """Mean factor of a block, along the boundary of the null hypothesis."""
        p = np.linspace(0, 1 - margin, 20_001)
        for rate in BASES:
            a, c = null_projection(rate, rate, ratio, margin)
            u, v = (rate - a) / (a * (1 - a)), (rate - c) / (c * (1 - c))
            assert ((1 + u * (p + margin - a)) * (1 + v * (p - c)) ** ratio).max() <= 1 + 1e-9


def divergence(rate: float, null: FloatArray | float) -> FloatArray:
    return np.asarray(rel_entr(rate, null) + rel_entr(1 - rate, np.maximum(1 - np.asarray(null), 0)))


class TestExpectation:
    @pytest.mark.parametrize(("n", "ratio"), [(1, 1), (1, 5), (2, 3), (5, 1), (8, 5), (12, 1), (12, 3)])
    def test_present_is_at_most_1_without_effect(self, n: int, ratio: int) -> None:
        equal = [(p, p) for p in (0.0, 0.01, 0.05, 0.1, 0.3, 0.5, 0.8, 0.95, 1.0)]
        for treated, control in [*equal, (0.0, 0.1), (0.05, 0.06), (0.3, 0.5), (0.5, 1.0)]:
            assert expected_e(n, ratio, [treated], [control], None) <= 1 + 1e-9

    @pytest.mark.parametrize(("n", "ratio"), [(1, 1), (1, 5), (2, 3), (5, 1), (8, 5), (12, 1), (12, 3)])
    @pytest.mark.parametrize("margin", [0.05, 0.3])
    def test_absent_is_at_most_1_from_the_margin_on(self, n: int, ratio: int, margin: float) -> None:
        for control, excess in itertools.product([0.0, 0.02, 0.1, 0.3, 0.5, 0.7], [0.0, 0.02, 0.3]):
            treated = control + margin + excess
            if treated <= 1:
                assert expected_e(n, ratio, [treated], [control], margin) <= 1 + 1e-9

    @pytest.mark.parametrize("rounds", [1, 2, 4])
    @pytest.mark.parametrize("ratio", [1, 3])
    @pytest.mark.parametrize(
        ("treated", "control"),
        [([0.6, 0.0, 0.0], [0.2, 0.2, 0.2]), ([0.3, 0.3, 0.3], [0.0, 0.0, 0.9]), ([0.9, 0.0, 0.3], [0.0, 1.0, 0.2])],
    )
    def test_present_at_round_ends_needs_only_equal_means(
        self, rounds: int, ratio: int, treated: list[float], control: list[float]
    ) -> None:
        assert expected_e(rounds, ratio, treated, control, None) <= 1 + 1e-9

    @pytest.mark.parametrize("rounds", [1, 2, 4])
    @pytest.mark.parametrize("ratio", [1, 3])
    @pytest.mark.parametrize(
        ("treated", "control"),
        [([0.3, 0.0, 0.0], [0.0, 0.0, 0.0]), ([0.0, 0.0, 0.9], [0.2, 0.2, 0.2]), ([1.0, 0.0, 0.5], [0.0, 0.8, 0.4])],
    )
    def test_absent_at_round_ends_needs_only_means_a_margin_apart(
        self, rounds: int, ratio: int, treated: list[float], control: list[float]
    ) -> None:
        assert expected_e(rounds, ratio, treated, control, 0.1) <= 1 + 1e-9


@pytest.mark.parametrize("margin", [None, 0.1])
@pytest.mark.parametrize("base", [0.05, 0.3])
def test_exact_error_rate_at_the_boundary(base: float, margin: float | None) -> None:
    """Chance of ever reaching 20, looks after every 10 of 100 treated samples; dynamic programming over both counts."""
    ratio, chance = 2, 0.0
    state = np.ones((1, 1))
    treated = binom.pmf(np.arange(11), 10, base + (margin or 0))
    control = binom.pmf(np.arange(10 * ratio + 1), 10 * ratio, base)
    for n in range(10, 101, 10):
        state = np.apply_along_axis(np.convolve, 0, state, treated)
        state = np.apply_along_axis(np.convolve, 1, state, control)
        s, c = np.arange(n + 1)[:, None], np.arange(ratio * n + 1)
        log_e = log_e_blocks_above(s, n, c, ratio) if margin is None else log_e_blocks_below(s, n, c, ratio, margin)
        chance += state[log_e >= math.log(20)].sum()
        state[log_e >= math.log(20)] = 0
    assert 1e-4 < chance <= 0.05


class TestMixture:
    def test_present_formula(self) -> None:
        s, n, c, ratio = 5, 9, 4, 3
        bets = [(b + lift, b) for b in BASES for lift in (0.04, 0.1, 0.2, 0.4, 0.6) if b + lift < 0.999]
        wealth = []
        for t, b in bets:
            q = (t + ratio * b) / (1 + ratio)
            wealth.append(
                t**s * (1 - t) ** (n - s) * b**c * (1 - b) ** (27 - c) / (q ** (s + c) * (1 - q) ** (36 - s - c))
            )
        assert len(bets) == 39
        assert math.exp(log_e_blocks_above(s, n, c, ratio)) == pytest.approx(float(np.mean(wealth)))

    def test_absent_formula(self) -> None:
        wealth = []
        for b in BASES:
            a, c = null_projection(b, b, 2, 0.1)
            wealth.append((b / a) ** 3 * ((1 - b) / (1 - a)) ** 17 * (b / c) ** 9 * ((1 - b) / (1 - c)) ** 31)
        assert math.exp(log_e_blocks_below(3, 20, 9, 2, 0.1)) == pytest.approx(float(np.mean(wealth)))

    @given(st.integers(0, 500), st.integers(0, 500), st.integers(1, 5), st.floats(0.01, 0.9), st.data())
    def test_moves_one_way_with_either_arms_positives(
        self, s: int, f: int, ratio: int, margin: float, data: st.DataObject
    ) -> None:
        n = s + f + 1
        c = data.draw(st.integers(0, ratio * n - 1))
        present = [float(log_e_blocks_above(i, n, j, ratio)) for i, j in ((s, c + 1), (s, c), (s + 1, c))]
        absent = [float(log_e_blocks_below(i, n, j, ratio, margin)) for i, j in ((s + 1, c), (s, c), (s, c + 1))]
        assert present == sorted(present)
        assert absent == sorted(absent)
        assert np.isfinite([present, absent]).all()

    def test_starts_at_one_and_keeps_the_shape(self) -> None:
        assert float(log_e_blocks_above(0, 0, 0, 2)) == pytest.approx(0, abs=1e-12)
        assert float(log_e_blocks_below(0, 0, 0, 2, 0.05)) == pytest.approx(0, abs=1e-12)
        grid = np.arange(6).reshape(3, 2)
        assert log_e_blocks_above(grid, 10, grid, 2).shape == (3, 2)
        assert log_e_blocks_below(np.empty(0), np.empty(0), np.empty(0), 2, 0.05).shape == (0,)

    @pytest.mark.parametrize("margin", [0.0, 1.0, math.nan])
    def test_refuses_a_margin_that_is_no_rate(self, margin: float) -> None:
        with pytest.raises(ValueError, match=r"margin .* must lie in \(0, 1\)"):
            log_e_blocks_below(0, 1, 0, 1, margin)

    @pytest.mark.parametrize("counts", [(2, 1, 0, 1), (0, 1, 3, 2), (-1, 1, 0, 1), (0, 1, -1, 1)])
    def test_refuses_impossible_counts(self, counts: tuple[int, int, int, int]) -> None:
        with pytest.raises(ValueError, match=r"must lie in \[0, n\]"):
            log_e_blocks_above(*counts)

    @pytest.mark.parametrize("ratio", [0, -1])
    def test_refuses_blocks_without_control(self, ratio: int) -> None:
        with pytest.raises(ValueError, match=f"ratio {ratio} must be at least 1"):
            log_e_blocks_above(0, 1, 0, ratio)


class TestShuffledBlocks:
    @given(st.lists(st.integers(0, 24), min_size=1, max_size=4), st.integers(1, 6), st.integers(1, 4), st.integers())
    def test_running_counts_stay_possible(self, positives: list[int], rounds: int, ratio: int, seed: int) -> None:
        running = shuffled_blocks(positives, 24, rounds, ratio, seed)
        steps = np.diff(running, axis=0, prepend=np.zeros((1, len(positives)), dtype=np.int64))
        assert running.shape == (rounds, len(positives))
        assert steps.min() >= 0
        assert steps.max() <= ratio
        assert (running[-1] <= positives).all()
        assert (running[-1] >= np.array(positives) - (24 - rounds * ratio)).all()

    def test_all_samples_used_end_at_the_stored_counts(self) -> None:
        assert shuffled_blocks([0, 3, 12], 12, 4, 3, seed=5)[-1].tolist() == [0, 3, 12]

    def test_longer_trials_continue_the_same_order(self) -> None:
        short, long = (shuffled_blocks([4, 7], 20, rounds, 2, seed=1) for rounds in (3, 10))
        assert short.tolist() == long[:3].tolist()

    def test_an_order_never_changes(self) -> None:
        """A stored trial is resumed by drawing its order again, maybe years later and elsewhere."""
        assert shuffled_blocks([2, 5], 8, 4, 2, seed=2026).tolist() == [[1, 1], [2, 1], [2, 3], [2, 5]]

    def test_questions_have_orders_of_their_own(self) -> None:
        running = shuffled_blocks([10, 10], 20, 20, 1, seed=3)
        assert running[:, 0].tolist() != running[:, 1].tolist()

    def test_every_order_is_equally_likely(self) -> None:
        orders = Counter(tuple(shuffled_blocks([3], 6, 6, 1, seed)[:, 0].tolist()) for seed in range(4000))
        assert len(orders) == math.comb(6, 3)
        assert chisquare(list(orders.values())).pvalue > 1e-3

    def test_the_first_block_is_hypergeometric(self) -> None:
        first = [int(shuffled_blocks([1, 4], 10, 2, 3, seed)[0, 1]) for seed in range(4000)]
        expected = hypergeom.pmf(np.arange(4), 10, 4, 3) * len(first)
        assert chisquare(np.bincount(first, minlength=4), expected).pvalue > 1e-3

    def test_refuses_a_baseline_that_does_not_last(self) -> None:
        with pytest.raises(ValueError, match="5 rounds of 3 control samples per question do not fit 14 stored ones"):
            shuffled_blocks([1], 14, 5, 3, seed=0)

    @pytest.mark.parametrize("positives", [[-1], [15]])
    def test_refuses_impossible_counts(self, positives: list[int]) -> None:
        with pytest.raises(ValueError, match=r"must lie in \[0, n\]"):
            shuffled_blocks(positives, 14, 2, 3, seed=0)
