"""Difference in differences: exact expectations over quadruples, the trap inside a round, and published sizes."""

import itertools
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from weirdgen.stats import did
from weirdgen.stats.eprocess import FloatArray, mean_of_bets

SIGNS = np.array([1, -1, -1, 1])
ALL_DRAWS = np.array(list(itertools.product((0.0, 1.0), repeat=4)))
"""The 16 outcomes of a quadruple, shape (16, arms)."""
ALL_RATES = np.array(list(itertools.product(np.linspace(0, 1, 6), repeat=4)))
NULLS = [(0.0, True), (0.1, True), (0.05, False), (0.3, False)]

LogE = Callable[[FloatArray, FloatArray, FloatArray, FloatArray, float], FloatArray]


def draw_chances(rates: FloatArray) -> FloatArray:
    """Probability of each of `ALL_DRAWS`, shape (16, settings), under rates of shape (settings, arms)."""
    return np.asarray(np.prod(np.where(ALL_DRAWS[:, None, :] == 1, rates, 1 - rates), axis=2), dtype=np.float64)


def null_rates(theta: float, *, above: bool) -> FloatArray:
    """Rates of the four arms over the null hypothesis, many exactly at its boundary; shape (settings, arms)."""
    three = ALL_RATES[:, :3]
    boundary = np.column_stack([three, theta - three @ SIGNS[:3]])
    boundary = boundary[((boundary >= 0) & (boundary <= 1)).all(axis=1)]
    effects = ALL_RATES @ SIGNS
    return np.vstack([boundary, ALL_RATES[effects <= theta if above else effects >= theta]])


def factors(theta: float, *, above: bool) -> FloatArray:
    """Factor of every single bet for each of `ALL_DRAWS`, shape (bets, 16): one round, the outcomes as questions."""
    a, b, c, d = ALL_DRAWS.T[:, None, :]
    return np.exp(np.concatenate(did.log_wealth_did(a, b, c, d, theta, above=above))[:, 0])


def log_e(arms: FloatArray, theta: float, *, above: bool) -> FloatArray:
    """Log e-values of four arms, shape (4, rounds, questions)."""
    a, b, c, d = arms
    return did.log_e_did_above(a, b, c, d, theta) if above else did.log_e_did_below(a, b, c, d, theta)


TWO_DRAWS = np.array(list(itertools.product(range(16), repeat=2)))
"""Indices into `ALL_DRAWS` of all outcomes of two quadruples."""


@pytest.mark.parametrize(("theta", "above"), NULLS)
def test_every_bet_expects_at_most_one_over_the_null(theta: float, above: bool) -> None:
    expected = factors(theta, above=above) @ draw_chances(null_rates(theta, above=above))
    assert expected.shape[0] == 32
    assert expected.max() <= 1 + 1e-12


@pytest.mark.parametrize(("theta", "above"), NULLS)
def test_bets_on_the_difference_are_martingales_at_the_boundary(theta: float, above: bool) -> None:
    rates = null_rates(theta, above=above)
    boundary = rates[np.isclose(rates @ SIGNS, theta)]
    expected = factors(theta, above=above)[:8] @ draw_chances(boundary)
    assert len(boundary) > 50
    assert expected == pytest.approx(np.ones_like(expected), abs=1e-9)


@pytest.mark.parametrize(("theta", "above"), NULLS)
def test_product_bets_are_martingales_at_their_centres(theta: float, above: bool) -> None:
    for index, centre in enumerate((0.02, 0.1, 0.3, 0.5)):
        low = max(centre - theta / 4, 0)
        high = low + theta / 2
        rates = np.array([[high, low, low, high]])
        expected = factors(theta, above=above)[8 + 6 * index : 14 + 6 * index] @ draw_chances(rates)
        assert expected == pytest.approx(np.ones_like(expected), abs=1e-9)


@pytest.mark.parametrize(("theta", "above"), NULLS)
def test_two_rounds_of_one_question_expect_at_most_one(theta: float, above: bool) -> None:
    values = np.exp([log_e(ALL_DRAWS[pair].T[:, :, None], theta, above=above)[-1] for pair in TWO_DRAWS])
    chances = draw_chances(null_rates(theta, above=above))
    assert (values @ (chances[TWO_DRAWS[:, 0]] * chances[TWO_DRAWS[:, 1]])).max() <= 1 + 1e-12


@pytest.mark.parametrize(("theta", "above"), NULLS)
def test_a_round_of_two_unequal_questions_expects_at_most_one(theta: float, above: bool) -> None:
    """Questions with opposite effects whose mean is at the boundary or inside the null hypothesis."""
    values = np.exp([log_e(ALL_DRAWS[pair].T[:, None, :], theta, above=above)[-1] for pair in TWO_DRAWS])
    effects = ALL_RATES @ SIGNS
    rng = np.random.default_rng(1)
    first, second = rng.integers(0, len(ALL_RATES), (2, 10_000))
    mean = (effects[first] + effects[second]) / 2
    inside = (mean <= theta + 1e-12 if above else mean >= theta - 1e-12) & (np.abs(mean - theta) < 0.25)
    one, other = (draw_chances(ALL_RATES[which[inside]]) for which in (first, second))
    expected = values @ (one[TWO_DRAWS[:, 0]] * other[TWO_DRAWS[:, 1]])
    assert (effects[first[inside]] * effects[second[inside]] < 0).sum() > 500
    assert expected.max() <= 1 + 1e-12


@given(st.lists(st.tuples(*[st.floats(0, 1)] * 4), min_size=1, max_size=6), st.booleans())
def test_a_round_is_bounded_by_the_mean_over_its_questions(rates: list[tuple[float, ...]], above: bool) -> None:
    """The arithmetic-geometric mean inequality over the factors of a round, for every single bet."""
    theta = float(np.mean(np.array(rates) @ SIGNS))
    assume(theta < 1.99 and (above or theta >= 0))
    expected = factors(max(theta, 0.0), above=above) @ draw_chances(np.array(rates))
    assert np.log(np.maximum(expected, 1e-300)).sum(axis=1).max() <= 1e-9


def test_ratings_expect_at_most_one_too() -> None:
    """Ratings of 0, .3 and 1 with different shapes in the four arms, at theta = .05."""
    support = np.array([0.0, 0.3, 1.0])
    shapes = np.array([[0.5, 0.5, 0.0], [0.9, 0.0, 0.1], [0.8, 0.2, 0.0], [0.8, 0.2, 0.0]])
    theta = float(SIGNS @ shapes @ support)
    draws = np.array(list(itertools.product(range(3), repeat=4)))
    chances = np.prod(shapes[np.arange(4), draws], axis=1)
    a, b, c, d = support[draws].T[:, None, :]
    for above in (True, False):
        expected = np.exp(np.concatenate(did.log_wealth_did(a, b, c, d, theta, above=above))[:, 0]) @ chances
        assert theta == pytest.approx(0.05)
        assert expected.max() <= 1 + 1e-12


def test_one_quadruple_by_hand() -> None:
    """Arms A = 1, B = 0, C = 1, D = 0 at margin .1: the formulas, written out."""
    arms = [np.array([[value]]) for value in (1.0, 0.0, 1.0, 0.0)]
    difference, product = did.log_wealth_did(arms[0], arms[1], arms[2], arms[3], 0.1, above=False)
    shares = np.array([0.15, 0.3, 0.5, 0.65, 0.8, 0.9, 0.97, 0.9995])
    assert np.exp(difference[:, 0, 0]) == pytest.approx(1 + shares / 1.9 * 0.1)
    bet = 0.5 / 0.675  # centre .3: .325 for A and D, .275 for B and C; the third bet
    direct = (1 - bet * 0.675) * (1 - bet * 0.275) * (1 + bet * 0.725) * (1 + bet * 0.325)
    assert np.exp(product[2 * 6 + 2, 0, 0]) == pytest.approx(direct)


def test_half_of_the_wealth_is_on_each_kind_of_bet() -> None:
    arms = np.random.default_rng(2).random((4, 3, 5))
    a, b, c, d = arms
    for above in (True, False):
        halves = [mean_of_bets(part.sum(axis=2)) for part in did.log_wealth_did(a, b, c, d, 0.2, above=above)]
        assert log_e(arms, 0.2, above=above) == pytest.approx(np.log(0.5) + np.logaddexp(*halves))


def test_single_questions_are_rounds_of_one() -> None:
    arms = np.random.default_rng(3).random((4, 6, 3))
    a, b, c, d = arms
    each = did.log_e_did_question_below(a, b, c, d, 0.5)
    assert each.shape == (6, 3)
    for q in range(3):
        assert each[:, q] == pytest.approx(log_e(arms[:, :, [q]], 0.5, above=False))


def test_swapping_model_and_control_turns_the_effect_round() -> None:
    """At theta = 0 a bet on a larger effect is the bet on a smaller one with the arms' roles swapped."""
    a, b, c, d = np.random.default_rng(4).random((4, 6, 3))
    above = did.log_wealth_did(a, b, c, d, 0.0, above=True)
    below = did.log_wealth_did(b, a, d, c, 0.0, above=False)
    assert above[0] == pytest.approx(below[0])
    assert above[1] == pytest.approx(below[1])


def test_first_absent_round_without_positives_published() -> None:
    """Clean at margin .05, rounds of ten: 480 samples (640 and 440 for the halves)."""
    zero = np.zeros((20, 10))
    difference, product = (
        mean_of_bets(part.sum(axis=2)) for part in did.log_wealth_did(zero, zero, zero, zero, 0.05, above=False)
    )
    mixed = did.log_e_did_below(zero, zero, zero, zero, 0.05)
    needed = [40 * (int(np.argmax(part >= np.log(20))) + 1) for part in (mixed, difference, product)]
    assert needed == [480, 640, 440]


def test_looking_inside_a_round_finds_effects_that_are_not_there() -> None:
    """Ten questions with an effect, then ten with the opposite one; theta = 0. Only round ends are valid looks."""
    rng = np.random.default_rng(5)
    with_effect = np.array([0.8, 0.2, 0.2, 0.8])
    rates = np.stack([with_effect] * 10 + [1 - with_effect] * 10, axis=1)[:, None, :]
    inside = at_ends = 0
    for _ in range(200):
        arms = (rng.random((4, 20, 20)) < rates).astype(np.float64)
        at_ends += int(log_e(arms, 0.0, above=True).max() >= np.log(20))
        inside += int(log_e(arms.reshape(4, -1, 1), 0.0, above=True).max() >= np.log(20))
    assert inside / 200 > 0.75
    assert at_ends / 200 < 0.05


def share_and_samples(rates: tuple[float, ...], test: LogE, theta: float, *, repetitions: int) -> tuple[float, float]:
    """Share of trials that reach 20 within 60 rounds of 10 questions, and the mean samples of all four arms."""
    rng = np.random.default_rng(6)
    rounds: list[float] = []
    for _ in range(repetitions):
        a, b, c, d = ((rng.random((60, 10)) < rate).astype(np.float64) for rate in rates)
        reached = test(a, b, c, d, theta) >= np.log(20)
        rounds.append(float(np.argmax(reached)) + 1 if reached.any() else np.inf)
    return float(np.isfinite(rounds).mean()), float(40 * np.minimum(rounds, 60).mean())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("rates", "test", "theta", "published"),
    [
        ((0.02, 0.02, 0.02, 0.02), did.log_e_did_above, 0.0, 0.013),
        ((0.32, 0.32, 0.02, 0.02), did.log_e_did_above, 0.0, 0.015),
        ((0.05, 0.0, 0.0, 0.0), did.log_e_did_below, 0.05, 0.012),
    ],
)
def test_false_verdicts_published(rates: tuple[float, ...], test: LogE, theta: float, published: float) -> None:
    share, _ = share_and_samples(rates, test, theta, repetitions=2000)
    assert share == pytest.approx(published, abs=0.01)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("rates", "published"),
    [((0.6, 0.0, 0.0, 0.0), 67), ((0.1, 0.0, 0.0, 0.0), 334), ((0.5, 0.2, 0.2, 0.2), 315)],
)
def test_samples_until_present_published(rates: tuple[float, ...], published: float) -> None:
    found, samples = share_and_samples(rates, did.log_e_did_above, 0.0, repetitions=500)
    assert found > 0.99
    assert samples == pytest.approx(published, rel=0.08)


@pytest.mark.parametrize("theta", [-0.1, 2.0, np.nan])
def test_refuses_an_effect_out_of_range(theta: float) -> None:
    grid = np.zeros((1, 1))
    with pytest.raises(ValueError, match=r"must lie in \[0, 2\)"):
        did.log_e_did_above(grid, grid, grid, grid, theta)


def test_refuses_incomplete_quadruples() -> None:
    grid = np.zeros((2, 3))
    with pytest.raises(ValueError, match="same shape"):
        did.log_e_did_above(grid, grid, grid, grid[:1])
    with pytest.raises(ValueError, match="none may be missing"):
        did.log_e_did_above(grid, grid, grid, np.full((2, 3), np.nan))
