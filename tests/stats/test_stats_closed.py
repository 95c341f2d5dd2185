"""Closed procedures against the closure over all sets, what they contain, exact error rates, and the adjuster."""

import itertools
import math
import time
from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from e_bh import e_bh
from hypothesis import given
from hypothesis import strategies as st

from weirdgen.stats.closed import closed_e_bh, e_holm
from weirdgen.stats.multiplicity import e_bonferroni_log_threshold

Procedure = Callable[[Sequence[float], float], tuple[bool, ...]]

ALPHA = 1 / 20
# Whole e-values: the closure is then exact in integers, and ties at a threshold are common.
whole_values = st.lists(st.one_of(st.integers(0, 45), st.sampled_from([0, 10, 20, 40, 60, 120, 400])), max_size=6)
log_values = st.lists(st.one_of(st.floats(-5, 12), st.just(-math.inf), st.just(0.0), st.just(1e4)), max_size=12)


def logs(values: Sequence[float]) -> list[float]:
    return [math.log(v) if v else -math.inf for v in values]


def subsets(size: int) -> list[frozenset[int]]:
    return [frozenset(s) for n in range(1, size + 1) for s in itertools.combinations(range(size), n)]


def chosen(rejected: tuple[bool, ...]) -> frozenset[int]:
    return frozenset(i for i, r in enumerate(rejected) if r)


def controls_fdr(rejected: frozenset[int], values: list[int]) -> bool:
    """Every set's average is at least its share of false discoveries over alpha, if that set were the true nulls."""
    return all(
        sum(values[i] for i in s) * len(rejected) >= 20 * len(s & rejected) * len(s) for s in subsets(len(values))
    )


@given(whole_values)
def test_closed_e_bh_is_the_largest_set_of_the_closure(values: list[int]) -> None:
    rejected = chosen(closed_e_bh(logs(values), ALPHA))
    assert controls_fdr(rejected, values)
    assert len(rejected) == max((len(r) for r in subsets(len(values)) if controls_fdr(r, values)), default=0)


@given(whole_values)
def test_e_holm_is_the_closure_by_averages(values: list[int]) -> None:
    sets = subsets(len(values))
    in_all = [all(sum(values[i] for i in s) >= 20 * len(s) for s in sets if k in s) for k in range(len(values))]
    assert e_holm(logs(values), ALPHA) == tuple(in_all)


@given(log_values, st.sampled_from([0.001, 0.05, 0.5]))
def test_closed_e_bh_contains_e_bh_and_e_holm(log_e: list[float], alpha: float) -> None:
    closed = chosen(closed_e_bh(log_e, alpha))
    assert chosen(e_bh(log_e, alpha)) <= closed
    assert chosen(e_holm(log_e, alpha)) <= closed


@given(log_values.filter(bool), st.sampled_from([0.001, 0.05, 0.5]))
def test_e_holm_lies_between_bonferroni_and_single_tests(log_e: list[float], alpha: float) -> None:
    bonferroni, single = (e_bonferroni_log_threshold(alpha, size) for size in (len(log_e), 1))
    rejected = chosen(e_holm(log_e, alpha))
    assert {i for i, v in enumerate(log_e) if v >= bonferroni} <= rejected
    assert rejected <= {i for i, v in enumerate(log_e) if v >= single - 1e-9}


def test_each_step_up_finds_more() -> None:
    several = logs([100, 100, 39, 39, 1])
    assert e_holm(several, ALPHA) == (True, True, True, True, False)
    assert sum(v >= e_bonferroni_log_threshold(ALPHA, 5) for v in several) == 2
    one_weak = logs([60, 19, 1])
    assert e_bh(one_weak, ALPHA) == (True, False, False)
    assert closed_e_bh(one_weak, ALPHA) == (True, True, False)


@pytest.mark.parametrize("procedure", [closed_e_bh, e_holm])
def test_thresholds_are_sharp(procedure: Procedure) -> None:
    assert procedure(logs([20]), ALPHA) == (True,)
    assert procedure(logs([19.99]), ALPHA) == (False,)
    assert procedure(logs([40, 10, 10]), ALPHA)[0]
    assert procedure(logs([39.99, 10, 10]), ALPHA) == (False,) * 3


@given(log_values.filter(bool), st.data())
def test_more_evidence_for_one_never_loses_it(log_e: list[float], data: st.DataObject) -> None:
    i = data.draw(st.integers(0, len(log_e) - 1))
    raised = [max(log_e[i], data.draw(st.floats(-5, 20))) if j == i else v for j, v in enumerate(log_e)]
    before, after = closed_e_bh(log_e, ALPHA), closed_e_bh(raised, ALPHA)
    assert after[i] >= before[i]
    assert sum(after) >= sum(before)
    assert chosen(e_holm(log_e, ALPHA)) <= chosen(e_holm(raised, ALPHA))


@given(log_values, st.data())
def test_order_does_not_matter(log_e: list[float], data: st.DataObject) -> None:
    order = data.draw(st.permutations(range(len(log_e))))
    shuffled = [log_e[i] for i in order]
    assert e_holm(shuffled, ALPHA) == tuple(e_holm(log_e, ALPHA)[i] for i in order)
    before, after = closed_e_bh(log_e, ALPHA), closed_e_bh(shuffled, ALPHA)
    found, found_shuffled = (Counter(itertools.compress(v, r)) for v, r in ((log_e, before), (shuffled, after)))
    assert found == found_shuffled
    if len(set(log_e)) == len(log_e):
        assert after == tuple(before[i] for i in order)


def test_of_equal_values_at_the_edge_the_first_is_taken() -> None:
    """Two of these three may be rejected, in either way, but not all three."""
    assert controls_fdr(frozenset({0, 1}), [40, 10, 10])
    assert controls_fdr(frozenset({0, 2}), [40, 10, 10])
    assert not controls_fdr(frozenset({0, 1, 2}), [40, 10, 10])
    assert closed_e_bh(logs([40, 10, 10]), ALPHA) == (True, True, False)


@pytest.mark.parametrize("procedure", [closed_e_bh, e_holm])
def test_extremes_neither_overflow_nor_count_for_others(procedure: Procedure) -> None:
    assert procedure([1e4, -math.inf, -1e4, math.inf, 0.0], ALPHA) == (True, False, False, True, False)
    assert procedure([-math.inf] * 3, ALPHA) == (False,) * 3
    assert procedure([1e4] * 3, 1e-300) == (True,) * 3
    assert procedure([], ALPHA) == ()
    assert procedure([math.log(20)], ALPHA) == (True,)


@pytest.mark.parametrize("procedure", [closed_e_bh, e_holm])
def test_two_hundred_hypotheses_take_less_than_50_ms(procedure: Procedure) -> None:
    log_e = np.random.default_rng(1).normal(0, 3, 200).tolist()
    spent = []
    for _ in range(5):
        start = time.process_time()
        procedure(log_e, ALPHA)
        spent.append(time.process_time() - start)
    assert min(spent) < 0.05


# An e-value of a true null hypothesis: probabilities that make its mean exactly 1.
NULL = {0: 1 - 0.1 - 1 / 80 - 1 / 240, 5: 0.1, 20: 1 / 80, 60: 1 / 240}


@pytest.mark.parametrize("effects", [[], [10**6], [10**6] * 3, [30, 30]])
@pytest.mark.parametrize("shared", [False, True])
def test_exact_error_rates(effects: list[int], shared: bool) -> None:
    """Four true nulls, independent or all equal, next to some effects: every outcome enumerated."""
    draws = [(v,) * 4 for v in NULL] if shared else list(itertools.product(NULL, repeat=4))
    false_share = any_false = 0.0
    for draw in draws:
        chance = NULL[draw[0]] if shared else math.prod(NULL[v] for v in draw)
        closed, holm = (f(logs([*draw, *effects]), ALPHA) for f in (closed_e_bh, e_holm))
        false_share += chance * sum(closed[:4]) / max(sum(closed), 1)
        any_false += chance * any(holm[:4])
    assert 0 < false_share <= ALPHA
    assert any_false <= ALPHA


def test_nan_and_impossible_levels_are_refused() -> None:
    for procedure in (closed_e_bh, e_holm):
        with pytest.raises(ValueError, match="nan"):
            procedure([0.0, math.nan], ALPHA)
        with pytest.raises(ValueError, match="alpha 1 must lie"):
            procedure([], 1)
