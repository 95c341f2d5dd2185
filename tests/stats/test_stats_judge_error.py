"""Judge error: bounds against section 6 and 14.5 of the specification, what they spend, and when a judge is refused."""

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from weirdgen.stats.judge_error import (
    EXACT_JUDGE,
    GoldCounts,
    JudgeBounds,
    binary_kl,
    calibration_alpha,
    false_positive_upper,
    judge_bounds,
    predicted_samples,
    rating_bounds,
    ratings_needed,
    refusal,
    sensitivity_lower,
)
from weirdgen.stats.multiplicity import attempt_alpha
from weirdgen.stats.power import forecast
from weirdgen.stats.rules import trial_rules


def test_published_bounds() -> None:
    assert sensitivity_lower(20, 20, 0.05) == pytest.approx(0.861, abs=5e-4)
    assert sensitivity_lower(29, 30, 0.05) == pytest.approx(0.85, abs=5e-3)
    assert false_positive_upper(0, 149, 0.05) == pytest.approx(0.02, abs=2e-4)
    assert false_positive_upper(0, 299, 0.05) == pytest.approx(0.01, abs=1e-4)


@pytest.mark.parametrize(
    ("false_positives", "published"),
    [(0.0, (68, 81, 108)), (0.005, (102, 131, 202)), (0.01, (146, 199, 359)), (0.02, (312, 522, 1705))],
)
def test_published_predictions(false_positives: float, published: tuple[int, int, int]) -> None:
    predicted = [predicted_samples(false_positives, se * 0.05, 0.05) for se in (0.95, 0.8, 0.6)]
    assert predicted == pytest.approx(published, abs=1)


def test_a_judge_as_noisy_as_the_margin_never_clears() -> None:
    assert predicted_samples(0.03, 0.6 * 0.05, 0.05) == math.inf
    assert predicted_samples(0.2, 0.05, 0.05) == math.inf


def test_published_divergences() -> None:
    assert binary_kl(0.95, 0.05) == pytest.approx(2.650, abs=5e-4)
    assert binary_kl(0.6, 0.3) + binary_kl(0.0, 0.3) == pytest.approx(0.5487, abs=5e-5)
    assert binary_kl(0.3, 0.3) == 0


def test_budget_is_the_one_of_the_specification() -> None:
    assert calibration_alpha(0.05) == pytest.approx(0.01)
    assert 1 / (0.05 - calibration_alpha(0.05)) == pytest.approx(25)
    for attempt in range(1, 20):
        alpha = attempt_alpha(0.05, attempt)
        assert 0 < calibration_alpha(alpha) < alpha


def test_bounds_of_one_arm_and_of_pairs() -> None:
    gold = GoldCounts(positives=50, hits=48, negatives=60, false_alarms=1)
    alone, paired = judge_bounds(gold, 0.05, paired=False), judge_bounds(gold, 0.05, paired=True)
    assert alone.sensitivity == sensitivity_lower(48, 50, 0.01)
    assert paired.sensitivity == sensitivity_lower(48, 50, 0.005)
    assert paired.false_positive_rate == false_positive_upper(1, 60, 0.005)
    assert alone.alpha_spent == paired.alpha_spent == pytest.approx(0.01)
    assert paired.effective_margin(0.05) == pytest.approx(paired.sensitivity * 0.05)
    assert paired.paired_margin(0.05) == pytest.approx((paired.sensitivity - paired.false_positive_rate) * 0.05)
    assert alone.effective_p0(0.01) == pytest.approx(0.01 + alone.false_positive_rate)


def test_a_judge_too_noisy_for_pairs_keeps_the_treated_arm() -> None:
    bounds = JudgeBounds(sensitivity=0.7, false_positive_rate=0.25, alpha_spent=0.01)
    assert bounds.paired_margin(0.05) is None
    assert bounds.effective_margin(0.05) == pytest.approx(0.035)


def test_exact_judge_changes_nothing() -> None:
    assert EXACT_JUDGE.effective_margin(0.05) == EXACT_JUDGE.paired_margin(0.05) == 0.05
    assert EXACT_JUDGE.effective_p0(0.01) == 0.01


@pytest.mark.parametrize("truth", [0.6, 0.8, 0.95])
def test_sensitivity_bound_fails_as_rarely_as_paid_for(truth: float) -> None:
    """Exact chance over the gold draw that the bound lies above the true sensitivity."""
    missed = sum(binom.pmf(h, 50, truth) for h in range(51) if sensitivity_lower(h, 50, 0.01) > truth)
    assert missed <= 0.01


def reason(gold: GoldCounts, margin: float = 0.05, cap: int = 400) -> str:
    refused = refusal(gold, judge_bounds(gold, 0.05, paired=True), margin, 0.05, cap)
    return refused.reason if refused else ""


def test_refusals_say_what_to_do() -> None:
    good = GoldCounts(positives=40, hits=39, negatives=200, false_alarms=0)
    assert reason(good) == ""
    assert "19 positive answers" in reason(GoldCounts(19, 19, 200, 0))
    assert "label more" in reason(GoldCounts(19, 19, 200, 0))
    assert "found 0 of 40" in reason(GoldCounts(40, 0, 200, 0))
    assert "no number of samples" in reason(GoldCounts(40, 39, 200, 12))
    assert "(cap 60)" in reason(good, cap=60)
    assert reason(good, margin=0.10, cap=60) == ""


def test_a_rating_judge_pays_with_its_bias() -> None:
    clean = {"none": [0.0] * 400, "strong": [0.0] * 400}
    exact, rough = rating_bounds(clean, 0.05), rating_bounds(clean | {"strong": [0.0] * 360 + [0.5] * 40}, 0.05)
    assert exact.bias < 0.03 < 0.05 < rough.bias
    assert exact.effective_margin(0.2) == pytest.approx(0.2 - exact.bias)
    assert exact.paired_margin(0.2) == pytest.approx(0.2 - 2 * exact.bias)
    assert exact.effective_p0(0.1) == pytest.approx(0.1 + exact.bias)
    assert exact.effective_margin(0.2, 2) == exact.paired_margin(0.2) == pytest.approx(0.2 - 2 * exact.bias)
    assert rating_bounds(clean | {"rare": []}, 0.05).bias == 1.0, "a label without answers has no bound"
    assert rough.paired_margin(0.1) is None
    found = refusal(GoldCounts(40, 40, 360, 0), rough, 0.05, 0.05, 400)
    assert found is not None
    assert "no less than the margin 0.05" in found.reason


@pytest.mark.parametrize(("labels", "margin", "raising"), [(2, 0.05, 1), (4, 0.05, 1), (4, 0.3, 1), (4, 0.3, 2)])
def test_the_ratings_needed_are_the_least_that_are_not_refused(labels: int, margin: float, raising: int) -> None:
    needed = ratings_needed(labels, margin, 0.05, 400, raising)
    assert needed is not None

    def refused(each: int) -> bool:
        bounds = rating_bounds({str(label): [0.0] * each for label in range(labels)}, 0.05)
        gold = GoldCounts(each, each, (labels - 1) * each, 0)
        return refusal(gold, bounds, margin, 0.05, 400, raising) is not None

    assert refused(needed - 1)
    assert not refused(needed)


def test_no_number_of_ratings_helps_a_cap_below_what_a_clean_model_needs() -> None:
    assert ratings_needed(4, 0.05, 0.05, 20) is None


def test_a_difference_that_a_biased_judge_can_make_is_no_effect() -> None:
    """Each arm off by .1 the other way: a false PRESENT in most trials if pairs were bet on against 0."""
    judge = JudgeBounds(sensitivity=1.0, false_positive_rate=0.0, alpha_spent=0.01, bias=0.1)
    rules = trial_rules("lift", questions=5, margin=0.5, alpha=0.05, family_size=1, judge=judge, cap=200, graded=True)
    careless = dataclasses.replace(rules, paired_null=0.0)
    assert forecast(careless, [0.4, 0.2], 60, 8).share("PRESENT") > 0.5
    assert forecast(rules, [0.4, 0.2], 60, 8).share("PRESENT") <= 0.05 + 4 * (0.05 * 0.95 / 60) ** 0.5


def test_the_bias_bound_holds_with_its_confidence() -> None:
    """One label is misread by 1 in a fifth of its answers: the bound is lower in at most 1% of gold sets."""
    rng = np.random.default_rng(5)
    low = [
        rating_bounds({"a": (rng.random(100) < 0.2).astype(float).tolist(), "b": [0.0] * 9}, 0.05).bias < 0.2
        for _ in range(600)
    ]
    assert sum(low) / 600 <= 0.01 + 4 * (0.01 * 0.99 / 600) ** 0.5


def test_several_judges_share_what_pays_for_false_positives() -> None:
    gold = GoldCounts(40, 40, 200, 2)
    one, four = (judge_bounds(gold, 0.05, paired=False, judges=judges) for judges in (1, 4))
    assert four.sensitivity == one.sensitivity
    assert four.false_positive_rate == false_positive_upper(2, 200, 0.01 / 4) > one.false_positive_rate


def test_a_sum_of_two_arms_is_refused_at_its_share_of_the_margin() -> None:
    judge = JudgeBounds(1.0, 0.0, 0.01, bias=0.03)
    gold = GoldCounts(40, 40, 200, 0)
    assert refusal(gold, judge, 0.05, 0.05, 10_000) is None
    found = refusal(gold, judge, 0.05, 0.05, 10_000, raising=2)
    assert found is not None
    assert "no less than the margin" in found.reason


def test_impossible_counts_are_refused() -> None:
    with pytest.raises(ValueError, match="between 0 and their totals"):
        GoldCounts(positives=3, hits=4, negatives=0, false_alarms=0)


@given(st.integers(0, 60), st.integers(0, 60), st.floats(0.001, 0.2))
def test_bounds_are_rates_and_shrink_with_errors(hits: int, alarms: int, alpha: float) -> None:
    bounds = judge_bounds(GoldCounts(60, hits, 60, alarms), alpha, paired=True)
    assert 0 <= bounds.sensitivity <= hits / 60 <= 1
    assert alarms / 60 <= bounds.false_positive_rate <= 1
    assert bounds.effective_p0(0.5) <= 1
    if hits:
        worse = judge_bounds(GoldCounts(60, hits - 1, 60, alarms), alpha, paired=True)
        assert worse.sensitivity <= bounds.sensitivity


def test_predictions_grow_with_everything_that_makes_it_harder() -> None:
    noisy = [predicted_samples(f, 0.05, 0.05) for f in np.linspace(0, 0.049, 20)]
    assert noisy == sorted(noisy)
    assert predicted_samples(0.01, 0.05, 0.01) > predicted_samples(0.01, 0.05, 0.05)
    assert predicted_samples(0.01, 0.04, 0.05) > predicted_samples(0.01, 0.05, 0.05)


def test_several_rating_judges_share_what_pays_for_their_bounds() -> None:
    errors = {"mild": [0.0] * 400, "strong": [0.0] * 400}
    alone, shared = rating_bounds(errors, 0.05), rating_bounds(errors, 0.05, judges=3)
    assert shared.alpha_spent == alone.alpha_spent
    assert shared.bias == pytest.approx(rating_bounds(errors, 0.05 / 3).bias)
    assert shared.bias > alone.bias
