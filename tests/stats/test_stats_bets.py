"""Bets on bounded values: exact expectations over discrete ratings, and agreement with the bets on counts."""

import itertools

import numpy as np
import pair_counts
import pytest
from hypothesis import given
from hypothesis import strategies as st

from weirdgen.stats import bets, eprocess
from weirdgen.stats.eprocess import FloatArray

RATINGS = np.array([0.0, 0.3, 1.0])
DIFFERENCES = np.array([-1.0, -0.3, 0.2, 1.0])
ROUNDS = 6

ratings = st.lists(st.floats(0, 1), min_size=1, max_size=40)
differences = st.lists(st.floats(-1, 1), min_size=1, max_size=40)


def difference_above(values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The bets of `pairs`: pooled, and on every single question."""
    wealth = bets.running_log_wealth(values, eprocess.ABOVE_BETS)
    return eprocess.mean_of_bets(wealth.sum(axis=-1)), eprocess.mean_of_bets(wealth)


def outcomes(support: FloatArray, n: int) -> FloatArray:
    """All sequences of n values, shape (n, sequences)."""
    return np.array(list(itertools.product(support, repeat=n))).T


def chances(probabilities: FloatArray, n: int) -> FloatArray:
    """Probability of every sequence of `outcomes`."""
    return np.array([np.prod(p) for p in itertools.product(probabilities, repeat=n)])


def rating_distribution(mean: float, coarse: float) -> FloatArray:
    """Chances of `RATINGS` with this mean, of which the share `coarse` comes from ratings of 1."""
    one, middle = coarse * mean, (1 - coarse) * mean / 0.3
    assert one + middle <= 1
    return np.array([1 - one - middle, middle, one])


def difference_distribution(mean: float, spread: float) -> FloatArray:
    """Chances of `DIFFERENCES` with this mean: a fine part on -.3 and .2, and `spread` on each end."""
    high = (mean + 0.3 * (1 - 2 * spread)) / 0.5
    low = 1 - 2 * spread - high
    assert min(high, low) >= 0
    return np.array([spread, low, high, spread])


def column(values: list[float] | FloatArray) -> FloatArray:
    return np.array(values, dtype=np.float64).reshape(-1, 1)


class TestOneArm:
    @pytest.mark.parametrize("coarse", [0.0, 0.4, 1.0])
    @pytest.mark.parametrize("mean", [0.05, 0.2, 0.3])
    def test_martingales_at_the_null_mean(self, mean: float, coarse: float) -> None:
        weights = chances(rating_distribution(mean, coarse), ROUNDS)
        sequences = outcomes(RATINGS, ROUNDS).T
        for log_e in (bets.log_e_mean_below, bets.log_e_mean_above):
            values = np.exp([log_e(column(sequence), mean) for sequence in sequences])
            assert weights @ values == pytest.approx(np.ones(ROUNDS), abs=1e-9)

    @pytest.mark.parametrize("coarse", [0.5, 1.0])
    def test_supermartingales_inside_the_nulls(self, coarse: float) -> None:
        sequences = outcomes(RATINGS, 4).T
        below = np.exp([bets.log_e_mean_below(column(sequence), 0.1) for sequence in sequences])
        above = np.exp([bets.log_e_mean_above(column(sequence), 0.3) for sequence in sequences])
        for mean in np.linspace(0.1, 0.3, 5):
            weights = chances(rating_distribution(mean, coarse), 4)
            assert (weights @ below <= 1 + 1e-9).all()
            assert (weights @ above <= 1 + 1e-9).all()

    def test_rounds_of_unequal_questions(self) -> None:
        """Two rounds of three questions of means 0, .1 and .5, with ratings of different shapes."""
        each = [rating_distribution(*shape) for shape in ((0.0, 0.5), (0.1, 1.0), (0.5, 0.8))]
        weights = np.array([np.prod(p) for p in itertools.product(*each, *each)])
        rounds = [np.array(values).reshape(2, 3) for values in itertools.product(RATINGS, repeat=6)]
        for log_e in (bets.log_e_mean_below, bets.log_e_mean_above):
            expected = weights @ np.exp([log_e(values, 0.2) for values in rounds])
            assert (expected <= 1 + 1e-9).all()

    @pytest.mark.parametrize("margin", [0.02, 0.05, 0.3])
    def test_binary_ratings_agree_with_counts(self, margin: float) -> None:
        values = (np.random.default_rng(1).random((40, 10)) < 0.04).astype(np.float64)
        counted = eprocess.log_e_below(np.cumsum(values.sum(axis=1)), 10 * np.arange(1, 41), margin)
        assert bets.log_e_mean_below(values, margin) == pytest.approx(counted, abs=1e-9)

    @pytest.mark.parametrize("p0", [0.01, 0.05, 0.2, 0.5])
    @pytest.mark.parametrize("n", [10, 100, 400])
    def test_slices_of_the_prior_stay_close_to_it(self, p0: float, n: int) -> None:
        # Zeros and ones sorted: the last round end knows every count, so one column per count is enough.
        counted = eprocess.log_e_above(np.arange(n + 1), n, p0)
        near = np.flatnonzero((counted > 0) & (counted < 12))
        sliced = [bets.log_e_mean_above(column((np.arange(n) < s).astype(np.float64)), p0)[-1] for s in near]
        assert near.size > 2
        assert sliced == pytest.approx(counted[near], abs=0.05)

    @given(ratings, st.floats(0.01, 0.99))
    def test_sums_in_place_of_counts_are_never_larger_below(self, values: list[float], margin: float) -> None:
        plugged = eprocess.log_e_below(sum(values), len(values), margin)
        assert plugged <= bets.log_e_mean_below(column(values), margin)[-1] + 1e-9

    @given(ratings, st.floats(0.01, 0.99))
    def test_spreading_ratings_to_the_ends_is_never_larger_above(self, values: list[float], p0: float) -> None:
        mirrored = [*values, *(1 - value for value in values)]
        ends = [1.0] * len(values) + [0.0] * len(values)
        spread, fine = (bets.log_e_mean_above(column(v), p0)[-1] for v in (ends, mirrored))
        assert spread <= fine + 1e-9

    def test_fine_ratings_are_decided_earlier_than_counts(self) -> None:
        """All ratings .4 against a mean of .3: the bets on counts would wait for hundreds of samples."""
        log_e = bets.log_e_mean_above(np.full((400, 1), 0.4), 0.3)
        n = np.arange(1, 401)
        counted = eprocess.log_e_above(0.4 * n, n, 0.3)
        assert n[log_e >= np.log(20)][0] <= 20
        assert n[counted >= np.log(20)][0] >= 200

    @pytest.mark.parametrize("p0", [0.0, 1e-9, 0.5, 1.0])
    @pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
    def test_extremes_stay_finite(self, p0: float, value: float) -> None:
        assert np.isfinite(bets.log_e_mean_above(np.full((2000, 5), value), p0)).all()
        assert np.isfinite(bets.log_e_mean_below(np.full((2000, 5), value), 0.5)).all()


class TestPairs:
    @pytest.mark.parametrize("spread", [0.0, 0.1, 0.3])
    def test_above_is_a_martingale_without_effect(self, spread: float) -> None:
        pooled, each = difference_above(outcomes(DIFFERENCES, 5))
        assert np.exp(each) @ chances(difference_distribution(0.0, spread), 5) == pytest.approx(np.ones(5), abs=1e-9)
        assert pooled.shape == (5,)

    @pytest.mark.parametrize("spread", [0.0, 0.1, 0.3])
    @pytest.mark.parametrize("margin", [0.03, 0.06])
    def test_below_is_a_martingale_at_the_margin(self, spread: float, margin: float) -> None:
        _, each = bets.log_e_difference_below(outcomes(DIFFERENCES, 5), margin)
        assert np.exp(each) @ chances(difference_distribution(margin, spread), 5) == pytest.approx(np.ones(5), abs=1e-9)

    def test_supermartingales_inside_the_nulls(self) -> None:
        sequences = outcomes(DIFFERENCES, 4)
        above, below = difference_above(sequences)[1], bets.log_e_difference_below(sequences, 0.05)[1]
        for effect in np.linspace(0.0, 0.08, 5):
            fewer, more = (chances(difference_distribution(mean, 0.1), 4) for mean in (-effect, 0.05 + effect))
            assert (np.exp(above) @ fewer <= 1 + 1e-9).all()
            assert (np.exp(below) @ more <= 1 + 1e-9).all()

    def test_round_of_unequal_questions(self) -> None:
        """Four questions whose effects cancel: a balanced round tests their mean."""
        means, spreads = (-0.1, -0.05, 0.05, 0.1), (0.0, 0.3, 0.1, 0.0)
        for margin in (0.0, 0.05):
            each = [difference_distribution(m + margin, s) for m, s in zip(means, spreads, strict=True)]
            weights = np.array([np.prod(p) for p in itertools.product(*each)])
            rounds = [np.array([values]) for values in itertools.product(DIFFERENCES, repeat=4)]
            if margin:
                log_e = [bets.log_e_difference_below(values, margin)[0] for values in rounds]
            else:
                log_e = [difference_above(values)[0] for values in rounds]
            assert weights @ np.exp(log_e) <= 1 + 1e-9

    @pytest.mark.parametrize("margin", [0.05, 0.3])
    def test_whole_differences_agree_with_counts(self, margin: float) -> None:
        values = np.random.default_rng(2).integers(-1, 2, (30, 6)).astype(np.float64)
        plus, zero, minus = (np.cumsum(values == d, axis=0) for d in (1, 0, -1))
        sums = [count.sum(axis=1) for count in (plus, zero, minus)]
        above, below = difference_above(values), bets.log_e_difference_below(values, margin)
        assert above[1] == pytest.approx(pair_counts.log_e_bet_above(plus, minus), abs=1e-9)
        assert above[0] == pytest.approx(pair_counts.log_e_bet_above(sums[0], sums[2]), abs=1e-9)
        assert below[1] == pytest.approx(pair_counts.log_e_paired_below(plus, zero, minus, margin), abs=1e-9)
        assert below[0] == pytest.approx(pair_counts.log_e_paired_below(sums[0], sums[1], sums[2], margin), abs=1e-9)

    @given(differences)
    def test_sums_in_place_of_counts_are_never_larger_above(self, values: list[float]) -> None:
        plus, minus = sum(max(v, 0) for v in values), sum(max(-v, 0) for v in values)
        pooled, _ = difference_above(column(values))
        assert pair_counts.log_e_bet_above(plus, minus) <= pooled[-1] + 1e-9

    @given(differences, st.floats(0.01, 0.99))
    def test_sums_in_place_of_counts_are_never_larger_below(self, values: list[float], margin: float) -> None:
        plus, minus = sum(max(v, 0) for v in values), sum(max(-v, 0) for v in values)
        pooled, _ = bets.log_e_difference_below(column(values), margin)
        assert pair_counts.log_e_paired_below(plus, len(values) - plus - minus, minus, margin) <= pooled[-1] + 1e-9

    def test_equal_arms_with_a_high_baseline_are_cleared(self) -> None:
        """Ratings of mean .2 and standard deviation .16, where one arm alone cannot prove absence at margin .1."""
        rng, needed = np.random.default_rng(3), []
        for _ in range(200):
            treated, control = rng.beta(1.05, 4.2, (2, 400, 1))
            reached = bets.log_e_difference_below(treated - control, 0.1)[0] >= np.log(20)
            needed.append(int(np.argmax(reached)) + 1 if reached.any() else 400)
        assert np.mean(needed) == pytest.approx(57, rel=0.1)


def test_running_wealth_of_every_bet() -> None:
    values = np.array([[0.5, -0.2], [-1.0, 0.4]])
    wealth = bets.running_log_wealth(values, np.array([0.3, -0.5, 0.9]))
    assert wealth.shape == (3, 2, 2)
    assert np.exp(wealth[1, 1]) == pytest.approx([0.75 * 1.5, 1.1 * 0.8])


def test_one_question_pools_to_itself() -> None:
    values = np.random.default_rng(4).uniform(-1, 1, (7, 3))
    for log_e in (difference_above, lambda v: bets.log_e_difference_below(v, 0.1)):
        assert log_e(values[:, [1]])[0] == pytest.approx(log_e(values)[1][:, 1])


@pytest.mark.parametrize("bad", [np.nan, -0.1, 1.1])
def test_refuses_ratings_that_are_missing_or_out_of_range(bad: float) -> None:
    values = np.array([[0.5, bad]])
    for log_e in (bets.log_e_mean_below, bets.log_e_mean_above):
        with pytest.raises(ValueError, match=r"values must lie in \[0, 1\]"):
            log_e(values, 0.1)
    with pytest.raises(ValueError, match=r"values must lie in \[-1, 1\]"):
        bets.log_e_difference_below(values * 10, 0.1)


@pytest.mark.parametrize("margin", [0.0, 1.0, np.nan])
def test_refuses_a_margin_that_is_no_mean(margin: float) -> None:
    for log_e in (bets.log_e_mean_below, bets.log_e_difference_below):
        with pytest.raises(ValueError, match=r"margin .* must lie in \(0, 1\)"):
            log_e(np.zeros((1, 1)), margin)
