"""Multiplicity: the threshold of a family, and what several attempts may spend."""

import math

import pytest

from weirdgen.stats.multiplicity import attempt_alpha, e_bonferroni_log_threshold


def test_threshold() -> None:
    assert e_bonferroni_log_threshold(0.05, 1) == pytest.approx(math.log(20))
    assert e_bonferroni_log_threshold(0.05, 100) == pytest.approx(math.log(2000))


def test_attempts_spend_alpha_once() -> None:
    assert [attempt_alpha(0.05, a) for a in (1, 2, 3)] == pytest.approx([0.045, 0.0025, 0.005 / 6])
    assert sum(attempt_alpha(0.05, a) for a in range(1, 5000)) == pytest.approx(0.05, rel=1e-3)
    assert sum(attempt_alpha(0.05, a) for a in range(1, 5000)) <= 0.05


def test_refusals() -> None:
    with pytest.raises(ValueError, match="attempt 0"):
        attempt_alpha(0.05, 0)
    with pytest.raises(ValueError, match="family size 0"):
        e_bonferroni_log_threshold(0.05, 0)
