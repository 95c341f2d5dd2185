"""Identities and published numbers that cross-check several functions at once."""

import itertools
import math
from collections.abc import Callable

import numpy as np
import pair_counts
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from scipy.stats import binomtest

from weirdgen.stats import eprocess
from weirdgen.stats.eprocess import FloatArray
from weirdgen.stats.judge_error import binary_kl
from weirdgen.stats.outcomes import ArmOutcomes, filled

OneArm = Callable[[object, object, float], FloatArray]

ONE_ARM = [eprocess.log_e_below, eprocess.log_e_above, eprocess.log_e_question_below]
NULLS = [0.001, 0.01, 0.05, 0.1, 0.3, 0.5, 0.9, 0.99]
small = st.integers(0, 12)


@pytest.mark.parametrize("log_e", ONE_ARM)
@pytest.mark.parametrize("null", NULLS)
def test_one_more_answer_changes_nothing_on_average(log_e: OneArm, null: float) -> None:
    """From every count of up to 12 answers: so the sum over all y^n of P0(y) E(y) is 1, from any state on."""
    for n in range(12):
        s = np.arange(n + 1)
        after = null * np.exp(log_e(s + 1, n + 1, null)) + (1 - null) * np.exp(log_e(s, n + 1, null))
        assert after == pytest.approx(np.exp(log_e(s, n, null)), rel=1e-9)


@pytest.mark.parametrize("log_e", ONE_ARM)
@pytest.mark.parametrize("null", [0.2, 0.3, 0.5])
@pytest.mark.parametrize("threshold", [1.5, 3.0])
def test_stopping_at_a_threshold_keeps_the_mean_at_1(log_e: OneArm, null: float, threshold: float) -> None:
    """All 2**12 sequences, each stopped where its e-value first reaches the threshold, or after 12 answers."""
    paths = np.array(list(itertools.product((0, 1), repeat=12)))
    chance = np.prod(np.where(paths == 1, null, 1 - null), axis=1)
    e_values = np.exp(log_e(np.cumsum(paths, axis=1), np.arange(1, 13), null))
    reached = e_values >= threshold
    stop = np.where(reached.any(axis=1), reached.argmax(axis=1), 11)
    assert float(chance @ e_values[np.arange(len(paths)), stop]) == pytest.approx(1)
    assert 0 < float(chance @ reached.any(axis=1)) <= 1 / threshold


@given(small, small)
def test_one_more_pair_without_effect_changes_nothing_on_average(plus: int, minus: int) -> None:
    """Of pairs that differ; the others leave the counts as they are."""
    after = np.exp(pair_counts.log_e_bet_above([plus + 1, plus], [minus, minus + 1])).mean()
    assert after == pytest.approx(math.exp(pair_counts.log_e_bet_above(plus, minus)), rel=1e-9)


@given(small, small, small, st.sampled_from([0.01, 0.05, 0.3, 0.8]), st.floats(0, 0.1))
def test_one_more_pair_at_the_margin_changes_nothing_on_average(
    plus: int, zero: int, minus: int, margin: float, reverse: float
) -> None:
    more = np.eye(3)
    after = pair_counts.log_e_paired_below(plus + more[0], zero + more[1], minus + more[2], margin)
    chance = np.array([margin + reverse, 1 - margin - 2 * reverse, reverse])
    before = math.exp(pair_counts.log_e_paired_below(plus, zero, minus, margin))
    assert float(chance @ np.exp(after)) == pytest.approx(before, rel=1e-9)


@pytest.mark.parametrize(("first", "second", "published"), [(0.6, 0, 0.5487), (0.1, 0, 0.0719), (0.05, 0.01, 0.01496)])
def test_information_per_pair_published(first: float, second: float, published: float) -> None:
    """The least over common rates q of KL(first || q) + KL(second || q): the mean rate attains it."""

    def cost(q: float) -> float:
        return binary_kl(first, q) + binary_kl(second, q)

    assert cost((first + second) / 2) == pytest.approx(published, abs=5e-5)
    assert float(minimize_scalar(cost, bounds=(1e-6, 0.99), method="bounded").fun) == pytest.approx(
        cost((first + second) / 2), rel=1e-6
    )


def test_mcnemar_published_from_two_arms() -> None:
    """Ten pairs one way, two the other, some that agree or lack an answer: exact two-sided p = .03857."""
    treated = ArmOutcomes(((1,) * 6 + (0,) + (1,) * 3, (1,) * 4 + (0,) + (0,) * 3 + (None, 1))).grid(10)
    control = ArmOutcomes(((0,) * 6 + (1,) + (1,) * 3, (0,) * 4 + (1,) + (0,) * 3 + (0, None))).grid(10)
    differences = filled(treated, 1, "present") - filled(control, -1, "present")
    plus, minus = int((differences == 1).sum()), int((differences == -1).sum())
    assert (plus, minus) == (10, 2)
    assert float(binomtest(plus, plus + minus).pvalue) == pytest.approx(0.03857, abs=5e-6)


@pytest.mark.parametrize("discordant", [1, 12, 40])
def test_sequential_mcnemar_never_beats_the_exact_test(discordant: int) -> None:
    """1/E is a valid p-value at a fixed number of discordant pairs, so the exact one-sided p is at most that."""
    plus = np.arange(discordant + 1)
    log_e = pair_counts.log_e_bet_above(plus, discordant - plus)
    exact = [float(binomtest(int(k), discordant, alternative="greater").pvalue) for k in plus]
    assert (np.log(exact) <= -log_e + 1e-12).all()
