"""What projections do: idempotent where they should be, the whole span gone jointly, and the order seen one by one."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from weirdgen.errors import UsageMistake
from weirdgen.whitebox.ablation import Ablation, How

Doubles = NDArray[np.float64]
WIDTH = 6
BOTH: tuple[How, ...] = ("one by one", "joint")


@st.composite
def directions(draw: st.DrawFn, most: int = 5) -> Doubles:
    """Draw up to so many directions, of any lengths, now and then dependent ones."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    rows = rng.standard_normal((draw(st.integers(1, most)), WIDTH)) * rng.uniform(0.01, 100)
    if len(rows) > 2 and draw(st.booleans()):
        rows[-1] = rows[0] - 2 * rows[1]
    return rows


STREAM = np.random.default_rng(0).standard_normal((4, WIDTH)) * 10


@given(directions())
def test_joint_removal_leaves_nothing_of_the_span_and_all_beside_it(rows: Doubles) -> None:
    left = Ablation(0, rows, "joint").apply(STREAM)
    np.testing.assert_allclose(left @ rows.T / np.linalg.norm(rows, axis=1), 0, atol=1e-9)
    beside = np.linalg.svd(rows)[2][np.linalg.matrix_rank(rows) :]
    np.testing.assert_allclose(left @ beside.T, STREAM @ beside.T, atol=1e-9)


@given(directions(most=4))
def test_joint_removal_is_the_projection_that_qr_gives(rows: Doubles) -> None:
    assume(np.linalg.matrix_rank(rows) == len(rows))
    basis, _ = np.linalg.qr(rows.T)
    expected = STREAM - STREAM @ basis @ basis.T
    np.testing.assert_allclose(Ablation(0, rows, "joint").apply(STREAM), expected, atol=1e-8)


@given(directions(), st.integers(0, 2**32))
def test_joint_removal_is_idempotent_and_knows_no_order(rows: Doubles, seed: int) -> None:
    ablation = Ablation(0, rows, "joint")
    once = ablation.apply(STREAM)
    np.testing.assert_allclose(ablation.apply(once), once, atol=1e-9)
    shuffled = Ablation(0, rows[np.random.default_rng(seed).permutation(len(rows))], "joint")
    np.testing.assert_allclose(shuffled.apply(STREAM), once, atol=1e-8)


@given(directions())
def test_one_by_one_the_last_direction_is_gone(rows: Doubles) -> None:
    left = Ablation(0, rows, "one by one").apply(STREAM)
    np.testing.assert_allclose(left @ rows[-1] / np.linalg.norm(rows[-1]), 0, atol=1e-9)


@given(directions())
def test_one_by_one_is_each_removed_by_itself_in_turn(rows: Doubles) -> None:
    expected = STREAM
    for row in rows:
        expected = Ablation(0, row[None], "joint").apply(expected)
    np.testing.assert_allclose(Ablation(0, rows, "one by one").apply(STREAM), expected, atol=1e-8)


def test_one_by_one_depends_on_the_order_and_leaves_a_rest_of_the_first() -> None:
    rows = np.array([[1.0, 0, 0, 0, 0, 0], [1.0, 1.0, 0, 0, 0, 0]])
    there, back = (
        Ablation(0, order, "one by one").apply(np.array([[2.0, 4, 1, 0, 0, 0]])) for order in (rows, rows[::-1])
    )
    np.testing.assert_allclose(there, [[-2, 2, 1, 0, 0, 0]], atol=1e-12)
    np.testing.assert_allclose(back, [[0, 1, 1, 0, 0, 0]], atol=1e-12)
    joint = Ablation(0, rows, "joint").apply(np.array([[2.0, 4, 1, 0, 0, 0]]))
    np.testing.assert_allclose(joint, [[0, 0, 1, 0, 0, 0]], atol=1e-12)


@given(st.integers(0, 2**32), st.integers(1, WIDTH))
def test_of_orthogonal_directions_order_and_way_make_no_difference(seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    rows = np.linalg.qr(rng.standard_normal((WIDTH, WIDTH)))[0][:count] * rng.uniform(0.1, 9, (count, 1))
    whole = Ablation(0, rows, "joint").apply(STREAM)
    for order in (rows, rows[::-1]):
        np.testing.assert_allclose(Ablation(0, order, "one by one").apply(STREAM), whole, atol=1e-9)


@pytest.mark.parametrize("how", BOTH)
@settings(max_examples=30)
@given(rows=directions(), scale=st.floats(0.001, 1000))
def test_lengths_do_not_matter_and_the_matrix_is_the_same_map(how: How, rows: Doubles, scale: float) -> None:
    plain = Ablation(2, rows, how)
    np.testing.assert_allclose(Ablation(2, -rows * scale, how).apply(STREAM), plain.apply(STREAM), atol=1e-8)
    np.testing.assert_allclose(STREAM @ plain.matrix, plain.apply(STREAM), atol=1e-9)
    assert (np.linalg.norm(plain.apply(STREAM), axis=1) <= np.linalg.norm(STREAM, axis=1) + 1e-9).all()


@pytest.mark.parametrize("how", BOTH)
def test_the_precision_and_the_shape_of_what_comes_in_are_kept(how: How) -> None:
    single = STREAM.astype(np.float32).reshape(2, 2, WIDTH)
    left = Ablation(0, np.eye(WIDTH)[:2], how).apply(single)
    assert left.dtype == np.float32
    assert left.shape == (2, 2, WIDTH)
    assert np.array_equal(left[..., 2:], single[..., 2:])
    assert not left[..., :2].any()


def test_the_digest_tells_block_way_order_and_directions_apart_but_not_lengths() -> None:
    rows = np.random.default_rng(3).standard_normal((3, WIDTH))
    plain = Ablation(1, rows, "one by one")
    others = [
        Ablation(2, rows, "one by one"),
        Ablation(1, rows, "joint"),
        Ablation(1, rows[::-1], "one by one"),
        Ablation(1, rows[:2], "one by one"),
    ]
    assert len({plain.digest, *(other.digest for other in others)}) == 5
    assert Ablation(1, rows * 4, "one by one").digest == plain.digest
    assert len(plain.digest) == 64


@pytest.mark.parametrize(
    ("layer", "rows", "how", "message"),
    [
        (-1, np.eye(2), "joint", "block -1"),
        (0, np.eye(2), "at once", "'at once'.*'one by one' or 'joint'"),
        (0, np.zeros((0, 3)), "joint", r"shape \(0, 3\)"),
        (0, np.ones(3), "joint", r"shape \(3,\)"),
        (0, np.zeros((1, 3)), "joint", "no direction"),
    ],
)
def test_an_ablation_that_cannot_be_is_refused(layer: int, rows: Doubles, how: How, message: str) -> None:
    with pytest.raises(UsageMistake, match=message):
        Ablation(layer, rows, how)
