"""Growth rates: what the observed frequencies promise, never less than any bet of the tests can earn."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from weirdgen.stats.eprocess import log_e_bet_above, log_e_paired_below
from weirdgen.stats.futility import above_growth, below_growth, paired_above_growth, paired_below_growth
from weirdgen.stats.judge_error import binary_kl
from weirdgen.stats.outcomes import PairCounts

cells = st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50), st.integers(0, 50)), min_size=1, max_size=6)


def pairs_of(cell_counts: list[tuple[int, int, int]]) -> PairCounts:
    """One round end; questions may have different totals here."""
    plus, zero, minus = (np.array([column]) for column in zip(*cell_counts, strict=True))
    return PairCounts(plus=plus, zero=zero + 1, minus=minus)


def test_one_arm_grows_by_the_divergence() -> None:
    assert below_growth(np.array([1]), np.array([100]), 0.05) == pytest.approx([binary_kl(0.01, 0.05)])
    assert above_growth(np.array([10]), np.array([100]), 0.05) == pytest.approx([binary_kl(0.10, 0.05)])
    assert below_growth(np.array([5]), np.array([100]), 0.05).tolist() == [0.0]
    assert above_growth(np.array([5]), np.array([100]), 0.05).tolist() == [0.0]
    assert np.isfinite(above_growth(np.array([5]), np.array([5]), 0.0)).all()


def test_questions_that_lean_away_promise_nothing() -> None:
    assert paired_above_growth(pairs_of([(0, 5, 9), (4, 5, 4)])).tolist() == [0.0]
    one = paired_above_growth(pairs_of([(8, 1, 0), (0, 0, 9)]))
    assert one == pytest.approx([8 * np.log(2) / 20])


@given(cells)
def test_promise_is_an_upper_bound(cell_counts: list[tuple[int, int, int]]) -> None:
    pairs = pairs_of(cell_counts)
    plus, zero, minus = (int(c.sum()) for c in pairs.pooled)
    total = plus + zero + minus
    assert paired_above_growth(pairs)[0] * total >= log_e_bet_above(plus, minus) - 1e-9
    assert paired_above_growth(pairs)[0] * total >= log_e_bet_above(pairs.plus, pairs.minus).max() - 1e-9
    assert paired_below_growth(pairs, 0.05)[0] * total >= log_e_paired_below(plus, zero, minus, 0.05) - 1e-9
