"""Outcomes: complete rounds, counts, pairing by index, and missing data on the worst side."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from weirdgen.stats.outcomes import ArmCounts, ArmOutcomes, PairCounts, running_missing, running_positives

codes = st.sampled_from([0, 1, None])


def test_only_complete_rounds_count() -> None:
    arm = ArmOutcomes(((1, 0, 1), (0, None), (0, 0, 1, 1)))
    assert (arm.questions, arm.rounds) == (3, 2)
    assert arm.grid(2).tolist() == [[1, 0, 0], [0, -1, 0]]
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


def test_pairs_take_what_is_missing_on_the_worst_side() -> None:
    treated = ArmOutcomes(((1, 1, 0, 0, None, None, None, 1, 0),)).grid(9)
    control = ArmOutcomes(((1, 0, 1, 0, 1, 0, None, None, None),)).grid(9)
    present, absent = PairCounts.against_present(treated, control), PairCounts.against_absent(treated, control)
    assert np.diff(present.plus.ravel(), prepend=0).tolist() == [0, 1, 0, 0, 0, 0, 0, 0, 0]
    assert np.diff(present.minus.ravel(), prepend=0).tolist() == [0, 0, 1, 0, 1, 0, 1, 0, 1]
    assert np.diff(absent.plus.ravel(), prepend=0).tolist() == [0, 1, 0, 0, 0, 1, 1, 1, 0]
    assert np.diff(absent.minus.ravel(), prepend=0).tolist() == [0, 0, 1, 0, 0, 0, 0, 0, 0]
    assert running_positives(treated, missing_as_positive=True)[-1].tolist() == [6]
    assert running_positives(treated, missing_as_positive=False)[-1].tolist() == [3]
    assert running_missing(treated)[-1] == 3


@given(st.integers(1, 5).flatmap(lambda q: st.lists(st.tuples(*[codes] * (2 * q)), min_size=1, max_size=8)))
def test_pair_counts_add_up(rows: list[tuple[int | None, ...]]) -> None:
    half = len(rows[0]) // 2
    columns = list(zip(*rows, strict=True))
    treated, control = (ArmOutcomes(tuple(part)).grid(len(rows)) for part in (columns[:half], columns[half:]))
    present, absent = PairCounts.against_present(treated, control), PairCounts.against_absent(treated, control)
    for pairs in (present, absent):
        assert (pairs.plus + pairs.zero + pairs.minus == np.arange(1, len(rows) + 1).reshape(-1, 1)).all()
        assert (pairs.zero >= 0).all()
        assert [part.shape for part in pairs.pooled] == [(len(rows),)] * 3
    assert (present.plus <= absent.plus).all()
    assert (present.minus >= absent.minus).all()


def test_malformed_outcomes_are_refused() -> None:
    with pytest.raises(ValueError, match="at least one question"):
        ArmOutcomes(())
    with pytest.raises(ValueError, match=r"question 1: outcomes \{2\}, expected 1, 0 or None"):
        ArmOutcomes(((0,), (2,)))
    with pytest.raises(ValueError, match="shape"):
        ArmOutcomes(((0, 1),), invalid=((True,),))
