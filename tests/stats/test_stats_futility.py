"""Growth rates: what the observed scores promise, never less than any bet of the tests can earn."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from weirdgen.stats.bets import running_log_wealth
from weirdgen.stats.decide import Final, decide
from weirdgen.stats.eprocess import ABOVE_BETS, mean_of_bets
from weirdgen.stats.futility import above_growth, below_growth, best_bets_growth, mixture_growth
from weirdgen.stats.judge_error import binary_kl
from weirdgen.stats.outcomes import ArmOutcomes
from weirdgen.stats.rules import trial_rules

differences = st.lists(st.lists(st.sampled_from([-1.0, 0.0, 1.0]), min_size=3, max_size=3), min_size=1, max_size=30)


def test_one_arm_grows_by_the_divergence() -> None:
    one_in_ten = np.array([[1.0] + [0.0] * 9])
    assert below_growth(one_in_ten, 0.2) == pytest.approx([10 * binary_kl(0.1, 0.2)])
    assert above_growth(one_in_ten, 0.05) == pytest.approx([10 * binary_kl(0.1, 0.05)])
    assert below_growth(one_in_ten, 0.1).tolist() == [0.0]
    assert above_growth(one_in_ten, 0.1).tolist() == [0.0]
    assert np.isfinite(above_growth(np.ones((1, 5)), 0.0)).all()


def test_questions_that_lean_away_promise_nothing() -> None:
    against = running_log_wealth(np.array([[-1.0, -1.0]]), ABOVE_BETS)
    assert best_bets_growth(against).tolist() == [0.0]
    one = running_log_wealth(np.array([[1.0, -1.0], [1.0, -1.0]]), ABOVE_BETS)
    assert one[-1, -1, 0] == pytest.approx(2 * np.log1p(ABOVE_BETS[-1]))
    assert best_bets_growth(one) == pytest.approx([np.log1p(ABOVE_BETS[-1])] * 2)


@given(differences)
def test_promise_is_an_upper_bound(rows: list[list[float]]) -> None:
    values, rounds = np.array(rows), len(rows)
    above = running_log_wealth(values, ABOVE_BETS)
    pooled, single = mean_of_bets(above.sum(axis=2)), mean_of_bets(above)
    assert best_bets_growth(above)[-1] * rounds >= max(pooled[-1], single[-1].max()) - 1e-9
    assert mixture_growth(pooled, len(ABOVE_BETS))[-1] * rounds >= above.sum(axis=2).max(axis=0)[-1] - 1e-9


def test_ratings_that_hardly_spread_are_not_given_up_although_their_mean_is_near_the_margin() -> None:
    """By the divergence of 0/1 scores with the same mean no verdict would be in sight at 150 samples."""
    rules = trial_rules(
        "absolute", questions=10, margin=0.16, tolerance=0.14, alpha=0.05, family_size=100, cap=400, graded=True
    )
    for rounds in range(1, 41):
        step = decide(rules, [ArmOutcomes(((0.145,) * rounds,) * 10)])
        if isinstance(step, Final):
            assert (step.outcome, step.reason) == ("ABSENT", "")
            return
    raise AssertionError("no verdict within the cap")
