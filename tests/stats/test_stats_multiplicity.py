"""Multiplicity: e-BH against brute force, thresholds, attempts."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from weirdgen.stats.multiplicity import attempt_alpha, e_bh, e_bonferroni_log_threshold

log_values = st.lists(st.one_of(st.floats(-5, 12), st.just(-math.inf)), max_size=9)


def brute_force(log_e: list[float], alpha: float) -> int:
    """The largest self-consistent number of rejections: k hypotheses with E >= K / (alpha k)."""
    size = len(log_e)
    return max((k for k in range(1, size + 1) if sum(math.exp(v) >= size / (alpha * k) for v in log_e) >= k), default=0)


@given(log_values, st.sampled_from([0.05, 0.2, 0.5]))
def test_e_bh_is_the_largest_self_consistent_set(log_e: list[float], alpha: float) -> None:
    rejected = e_bh(log_e, alpha)
    assert sum(rejected) == brute_force(log_e, alpha)
    kept = [v for v, r in zip(log_e, rejected, strict=True) if not r]
    assert all(v >= max(kept, default=-math.inf) for v, r in zip(log_e, rejected, strict=True) if r)


@given(log_values.filter(bool), st.sampled_from([0.05, 0.2]))
def test_e_bonferroni_is_a_subset(log_e: list[float], alpha: float) -> None:
    threshold = e_bonferroni_log_threshold(alpha, len(log_e))
    assert all(r for v, r in zip(log_e, e_bh(log_e, alpha), strict=True) if v >= threshold + 1e-9)


@given(log_values.filter(bool))
def test_equal_weights_change_nothing(log_e: list[float]) -> None:
    equal = [1 / len(log_e)] * len(log_e)
    nudged = [v + 1e-9 if math.isfinite(v) else v for v in log_e]  # rounding must not decide a tie
    assert e_bh(nudged, 0.05) == e_bh(nudged, 0.05, equal)


def test_weights_move_the_bar() -> None:
    log_e = [math.log(25.0), 0.0]
    assert e_bh(log_e, 0.05) == (False, False)
    assert e_bh(log_e, 0.05, [0.9, 0.1]) == (True, False)
    assert e_bh([1000.0, 0.0], 0.05, [0.0, 1.0]) == (False, False)


def test_several_moderate_values_lift_each_other() -> None:
    moderate = [math.log(20.5)] * 5
    assert e_bh(moderate, 0.05) == (True,) * 5
    assert e_bh([*moderate[:4], 0.0], 0.05) == (False,) * 5
    assert e_bh([], 0.05) == ()


def test_false_discoveries_under_dependence() -> None:
    """All nulls share one e-value that is 40 with probability 1/40: the worst dependence stays at alpha."""
    rng = np.random.default_rng(1)
    shared = np.where(rng.random(4000) < 1 / 40, math.log(40), -math.inf)
    any_rejected = np.mean([any(e_bh([value] * 10, 0.05)) for value in shared.tolist()])
    assert any_rejected == pytest.approx(1 / 40, abs=4 * math.sqrt(0.025 / 4000))


def test_threshold() -> None:
    assert e_bonferroni_log_threshold(0.05, 1) == pytest.approx(math.log(20))
    assert e_bonferroni_log_threshold(0.05, 100) == pytest.approx(math.log(2000))


def test_attempts_spend_alpha_once() -> None:
    assert attempt_alpha(0.05, 1) == pytest.approx(0.025)
    assert sum(attempt_alpha(0.05, a) for a in range(1, 5000)) == pytest.approx(0.05, rel=1e-3)
    assert sum(attempt_alpha(0.05, a) for a in range(1, 5000)) <= 0.05


def test_refusals() -> None:
    with pytest.raises(ValueError, match="nan"):
        e_bh([math.nan], 0.05)
    with pytest.raises(ValueError, match="sum to 1"):
        e_bh([0.0, 0.0], 0.05, [0.4, 0.4])
    with pytest.raises(ValueError, match="1 weights for 2"):
        e_bh([0.0, 0.0], 0.05, [1.0])
    with pytest.raises(ValueError, match="attempt 0"):
        attempt_alpha(0.05, 0)
    with pytest.raises(ValueError, match="family size 0"):
        e_bonferroni_log_threshold(0.05, 0)
