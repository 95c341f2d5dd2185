"""Groups of finetunes: the mean e-value, exact coverage of the share, the t interval, and how many seeds to train."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pair_counts import log_e_bet_above
from scipy.stats import binom, ttest_1samp

from weirdgen.stats.eprocess import FloatArray
from weirdgen.stats.groups import flagged_share, group_log_e, members_needed, t_over_models
from weirdgen.stats.intervals import Interval, clopper_pearson


def chances(n: int, p: float) -> FloatArray:
    return np.asarray(binom.pmf(np.arange(n + 1), n, p), dtype=np.float64)


class TestMeanOfEValues:
    def test_mean(self) -> None:
        assert math.exp(group_log_e([math.log(90), math.log(3), -math.inf])) == pytest.approx(31)
        assert group_log_e([-math.inf, -math.inf]) == -math.inf
        assert group_log_e([1e4, 0.0]) == pytest.approx(1e4 - math.log(2))

    @given(st.lists(st.one_of(st.floats(-50, 1e4), st.just(-math.inf)), min_size=1, max_size=300))
    def test_lies_between_a_share_of_the_largest_and_the_largest(self, log_e: list[float]) -> None:
        mean = group_log_e(log_e)
        assert mean <= max(log_e) + 1e-9
        assert mean >= max(log_e) - math.log(len(log_e)) - 1e-9

    def test_stays_an_e_value_with_a_shared_control(self) -> None:
        """Two members against the same six control samples, no effect: all outcomes enumerated; the product is none."""
        rate, pairs = 0.3, 3
        mean = product = 0.0
        for draws in itertools.product((0, 1), repeat=3 * pairs):
            chance = rate ** sum(draws) * (1 - rate) ** (3 * pairs - sum(draws))
            first, second, control = (np.array(draws[i * pairs : (i + 1) * pairs]) for i in range(3))
            log_e = [float(log_e_bet_above((t > control).sum(), (t < control).sum())) for t in (first, second)]
            mean += chance * math.exp(group_log_e(log_e))
            product += chance * math.exp(sum(log_e))
        assert mean == pytest.approx(1)
        assert product > 1.05

    @pytest.mark.parametrize("log_e", [[], [0.0, math.nan]])
    def test_nothing_to_average_is_refused(self, log_e: list[float]) -> None:
        with pytest.raises(ValueError, match="expected at least one"):
            group_log_e(log_e)


class TestFlaggedShare:
    def test_ends(self) -> None:
        share = flagged_share(4, 6, 10, 0.05, 0.0)
        assert share.lower == clopper_pearson(4, 10).lower
        assert share.upper == clopper_pearson(6, 10).upper
        corrected = flagged_share(4, 6, 10, 0.05, 0.01, 0.05)
        assert corrected.lower == pytest.approx(share.lower - 0.01)
        assert corrected.upper == pytest.approx(share.upper / 0.95)
        assert flagged_share(0, 10, 10, 0.05, 0.01, 0.05) == Interval(0.0, 1.0)

    def test_undecided_members_only_widen_it_above(self) -> None:
        decided, undecided = flagged_share(2, 2, 8, 0.05, 0.0), flagged_share(2, 5, 8, 0.05, 0.0)
        assert undecided.lower == decided.lower
        assert undecided.upper > decided.upper

    @pytest.mark.parametrize("members", [8, 40])
    @pytest.mark.parametrize(("false_flags", "false_clears"), [(0.0, 0.0), (0.05, 0.05)])
    def test_each_end_misses_as_rarely_as_it_says(self, members: int, false_flags: float, false_clears: float) -> None:
        """Exact, with trials that err as often as allowed and no undecided members."""
        limits = [flagged_share(k, k, members, 0.05, false_flags, false_clears) for k in range(members + 1)]
        lower, upper = (np.array([getattr(i, end) for i in limits]) for end in ("lower", "upper"))
        for share in np.linspace(0, 1, 41):
            flagged = chances(members, share + (1 - share) * false_flags)
            not_cleared = chances(members, share * (1 - false_clears))
            assert flagged[lower > share + 1e-12].sum() <= 0.025
            assert not_cleared[upper < share - 1e-12].sum() <= 0.025

    def test_ignoring_false_clears_would_miss_too_often(self) -> None:
        """All ten finetunes show it, each is cleared with chance .05: the upper end is below 1 with chance .40."""
        for rate, missed in ((0.0, 0.401), (0.05, 0.012)):
            upper = np.array([flagged_share(k, k, 10, 0.05, 0.0, rate).upper for k in range(11)])
            assert chances(10, 0.95)[upper < 1].sum() == pytest.approx(missed, abs=5e-4)

    def test_impossible_counts_and_rates_are_refused(self) -> None:
        with pytest.raises(ValueError, match="flagged 3 must lie"):
            flagged_share(3, 2, 10, 0.05, 0.0)
        with pytest.raises(ValueError, match="successes 11"):
            flagged_share(3, 11, 10, 0.05, 0.0)
        with pytest.raises(ValueError, match="error rates"):
            flagged_share(3, 4, 10, 0.05, -0.1)
        with pytest.raises(ValueError, match="error rates"):
            flagged_share(3, 4, 10, 0.05, 0.0, 1.0)


class TestOverModels:
    @given(st.lists(st.floats(0, 1), min_size=2, max_size=12), st.sampled_from([0.05, 0.2]))
    def test_ends_are_where_the_t_test_stops_rejecting(self, rates: list[float], alpha: float) -> None:
        interval = t_over_models(rates, alpha)
        assert 0 <= interval.lower <= interval.upper <= 1
        if np.ptp(rates) > 1e-3:
            for end in (interval.lower, interval.upper):
                p_value = float(ttest_1samp(rates, end).pvalue)
                assert p_value == pytest.approx(alpha) if 0 < end < 1 else p_value >= alpha - 1e-9

    def test_equal_rates_have_no_width(self) -> None:
        assert t_over_models([0.0] * 5, 0.05) == Interval(0.0, 0.0)

    def test_one_model_has_no_spread(self) -> None:
        with pytest.raises(ValueError, match="1 models: the spread between models needs at least 2"):
            t_over_models([0.4], 0.05)
        with pytest.raises(ValueError, match="must lie in"):
            t_over_models([0.4, math.nan], 0.05)


class TestMembersNeeded:
    def test_one_in_three_needs_eight(self) -> None:
        assert members_needed() == 8
        assert members_needed(member_power=0.95) == 8

    @pytest.mark.parametrize(("member_power", "reached"), [(1.0, 0.9610), (0.95, 0.9525)])
    def test_power_of_eight(self, member_power: float, reached: float) -> None:
        assert members_needed(power=reached - 1e-4, member_power=member_power) == 8
        assert members_needed(power=reached + 1e-4, member_power=member_power) == 9

    def test_power_reached_exactly_needs_no_more(self) -> None:
        assert members_needed(share=0.4, power=1 - 0.6**4) == 4
        assert members_needed(share=0.5, power=0.875) == 3
        assert members_needed(share=1.0) == 1

    @given(st.floats(0.01, 1), st.floats(0.05, 0.99), st.floats(0.2, 1))
    def test_the_least_that_suffices(self, share: float, power: float, member_power: float) -> None:
        members, missed = members_needed(share, power, member_power), 1 - share * member_power
        assert 1 - missed**members >= power - 1e-6
        assert members == 1 or 1 - missed ** (members - 1) < power + 1e-6

    @pytest.mark.parametrize("arguments", [(0.0, 0.95, 1.0), (0.3, 1.0, 1.0), (0.3, 0.95, 0.0)])
    def test_impossible_wishes_are_refused(self, arguments: tuple[float, float, float]) -> None:
        with pytest.raises(ValueError, match="must lie in"):
            members_needed(*arguments)
