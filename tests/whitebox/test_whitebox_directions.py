"""The difference in means, unit vectors and rankings, with what must not change them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from weirdgen.errors import UsageMistake
from weirdgen.whitebox.directions import difference_in_means, random_directions, ranked, unit

Doubles = NDArray[np.float64]
VECTORS = arrays(np.float64, (12, 5), elements=st.floats(-100, 100).map(lambda x: round(x, 3)))


def test_the_difference_in_means_is_what_its_name_says() -> None:
    treated, baseline = np.array([[1.0, 2.0], [3.0, 6.0]]), np.array([[1.0, 1.0]])
    assert difference_in_means(treated, baseline).tolist() == [1.0, 3.0]


def test_means_of_single_precision_rows_are_taken_in_double() -> None:
    rows = np.full((100_000, 1), 0.1, dtype=np.float32)
    assert difference_in_means(rows, np.zeros((1, 1)))[0] == pytest.approx(float(np.float32(0.1)), abs=1e-12)


@pytest.mark.parametrize(
    ("treated", "baseline", "message"),
    [
        (np.zeros((0, 3)), np.zeros((1, 3)), "0 treated"),
        (np.zeros((1, 3)), np.zeros((0, 3)), "0 baseline"),
        (np.zeros((1, 3)), np.zeros((1, 4)), "shapes"),
        (np.zeros(3), np.zeros((1, 3)), "shapes"),
        (np.full((1, 3), np.inf), np.zeros((1, 3)), "not finite"),
    ],
)
def test_activations_that_cannot_be_compared_are_refused(treated: Doubles, baseline: Doubles, message: str) -> None:
    with pytest.raises(UsageMistake, match=message):
        difference_in_means(treated, baseline)


@given(VECTORS, st.floats(1e-200, 1e200))
def test_unit_vectors_have_length_one_and_keep_their_direction(rows: Doubles, scale: float) -> None:
    rows[:, 0] += np.where((rows == 0).all(axis=1), 1.0, 0.0)
    units = unit(rows * scale)
    np.testing.assert_allclose(np.linalg.norm(units, axis=1), 1, atol=1e-12)
    np.testing.assert_allclose(units, unit(rows), atol=1e-9)


@pytest.mark.parametrize("row", [[0.0, 0.0], [np.nan, 1.0], [np.inf, 1.0]])
def test_what_has_no_direction_is_refused(row: list[float]) -> None:
    with pytest.raises(UsageMistake, match="no direction"):
        unit(np.array([[1.0, 0.0], row]))


def test_features_are_ranked_from_along_to_against() -> None:
    decoder = np.array([[0.0, 1.0], [1.0, 0.0], [-1.0, 0.0], [1.0, 1.0], [0.0, 0.0]])
    found = ranked(decoder, np.array([2.0, 0.0]))
    assert found.order.tolist() == [1, 3, 0, 4, 2]
    np.testing.assert_allclose(found.cosines, [0, 1, -1, np.sqrt(0.5), 0], atol=1e-12)
    assert found.top(2) == (1, 3)
    assert found.lowest(2) == (2, 4)
    assert found.lowest(2, within=3) == (0, 3)


@given(VECTORS, arrays(np.float64, 5, elements=st.floats(-10, 10)), st.integers(0, 2**31), st.floats(0.01, 100))
def test_a_ranking_does_not_depend_on_lengths_or_on_the_order_of_features(
    decoder: Doubles, direction: Doubles, seed: int, scale: float
) -> None:
    direction[0] += 20
    rng = np.random.default_rng(seed)
    plain = ranked(decoder, direction)
    assert sorted(plain.order.tolist()) == list(range(12))
    assert (np.diff(plain.cosines[plain.order]) <= 0).all()
    scaled = ranked(decoder * rng.uniform(0.1, 10, (12, 1)), direction * scale)
    np.testing.assert_allclose(scaled.cosines, plain.cosines, atol=1e-9)
    places = rng.permutation(12)
    np.testing.assert_allclose(ranked(decoder[places], direction).cosines, plain.cosines[places], atol=1e-12)
    turned = ranked(decoder, -direction)
    np.testing.assert_allclose(turned.cosines, -plain.cosines, atol=1e-12)


def test_a_direction_of_another_width_is_refused() -> None:
    with pytest.raises(UsageMistake, match=r"shape \(3,\)"):
        ranked(np.zeros((2, 4)), np.ones(3))


def test_random_directions_have_the_lengths_asked_for_and_follow_from_the_seed() -> None:
    like = np.diag([1.0, 2.0, 3.0])
    drawn = random_directions(like, 7)
    np.testing.assert_allclose(np.linalg.norm(drawn, axis=1), [1, 2, 3])
    assert np.array_equal(drawn, random_directions(like, 7))
    assert not np.allclose(drawn, random_directions(like, 8))
