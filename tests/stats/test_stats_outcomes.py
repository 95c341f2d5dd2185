"""Outcomes: complete rounds, counts, extra samples, and missing data on the worst side."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from weirdgen.stats.counts import ArmCounts, Toward
from weirdgen.stats.outcomes import ArmOutcomes, filled, running_missing

ratings = st.one_of(st.none(), st.floats(0, 1))
SIDES: tuple[Toward, Toward] = ("present", "absent")


def test_only_complete_rounds_count() -> None:
    arm = ArmOutcomes(((1, 0, 1), (0, None), (0, 0, 1, 1)))
    assert (arm.questions, arm.rounds) == (3, 2)
    assert arm.grid(2).tolist() == [[1, 0, 0], [0, pytest.approx(math.nan, nan_ok=True), 0]]
    assert arm.grid(0).shape == (0, 3)


def test_counts() -> None:
    arm = ArmOutcomes(((1, 0, None), (0, 0, 1)), invalid=((False, True, True), (False, False, True)))
    counts = arm.counts(3)
    assert counts == ArmCounts(n=(3, 3), positives=(1, 1), missing=(1, 0), valid=(1, 2))
    assert list(counts.rates) == pytest.approx([1 / 2, 1 / 3])
    assert counts.pooled_rate == pytest.approx((1 / 2 + 1 / 3) / 2)
    assert counts.valid_rate == pytest.approx(3 / 5)
    assert (counts.total, counts.labelled) == (6, 5)


def test_nothing_labelled_has_no_rate() -> None:
    counts = ArmOutcomes(((None, None),)).counts(2)
    assert counts.pooled_rate is None
    assert counts.valid_rate is None


def test_missing_stands_on_the_side_that_makes_the_verdict_harder() -> None:
    grid = ArmOutcomes(((1, 0, None),)).grid(3)
    assert filled(grid, 1, "present").ravel().tolist() == [1, 0, 0]
    assert filled(grid, 1, "absent").ravel().tolist() == [1, 0, 1]
    assert filled(grid, -1, "present").ravel().tolist() == [1, 0, 1]
    assert filled(grid, -1, "absent").ravel().tolist() == [1, 0, 0]
    assert running_missing(grid).tolist() == [0, 0, 1]


@given(st.lists(st.tuples(ratings, ratings, ratings), min_size=1, max_size=8), st.sampled_from([1, -1]))
def test_any_score_lies_between_the_two_worst(rows: list[tuple[float | None, ...]], sign: int) -> None:
    arm = ArmOutcomes(tuple(zip(*rows, strict=True)))
    lowest, highest = (sign * filled(arm.grid(len(rows)), sign, toward) for toward in SIDES)
    assert (lowest <= highest).all()
    counts = arm.counts(len(rows))
    assert counts.worst_sums[0] <= sum(counts.positives) <= counts.worst_sums[1]


def test_extra_samples_are_no_rounds() -> None:
    arm = ArmOutcomes(((1, 0), (0, 0)), extra=((1, None, 0.5), ()))
    assert (arm.rounds, arm.counts(2).total) == (2, 4)
    assert arm.extras(0)[[0, 2]].tolist() == [1, 0.5]
    assert np.isnan(arm.extras(0)[1])
    assert arm.extras(1).tolist() == []
    assert ArmOutcomes(((1,),)).extras(0).tolist() == []


def test_malformed_outcomes_are_refused() -> None:
    with pytest.raises(ValueError, match="at least one question"):
        ArmOutcomes(())
    with pytest.raises(ValueError, match=r"question 1: scores \{2\}, expected \[0, 1\] or None"):
        ArmOutcomes(((0,), (2,)))
    with pytest.raises(ValueError, match="shape"):
        ArmOutcomes(((0, 1),), invalid=((True,),))
    with pytest.raises(ValueError, match="`extra` has 1 questions, `scores` 2"):
        ArmOutcomes(((0,), (1,)), extra=((1,),))
