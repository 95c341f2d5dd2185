"""Drawing tokens: frequencies are the probabilities, streams do not overlap."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import chisquare

from weirdgen.organisms.sampling import draw, log_probabilities, uniforms

LOGITS = np.array([2.0, 1.0, 0.0, -1.0, -3.0, 0.5], dtype=np.float32)
DRAWS = 40_000


def drawn(temperature: float, top_p: float = 1.0) -> NDArray[np.intp]:
    rows = np.tile(LOGITS, (DRAWS, 1))
    return draw(rows, np.full(DRAWS, temperature), np.full(DRAWS, top_p), uniforms(11, 0, DRAWS))


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_frequencies_are_the_softmax(temperature: float) -> None:
    weights = np.exp(LOGITS.astype(np.float64) / temperature)
    counts = np.bincount(drawn(temperature), minlength=len(LOGITS))
    assert chisquare(counts, DRAWS * weights / weights.sum()).pvalue > 1e-3


def test_top_p_keeps_the_fewest_likeliest_tokens_that_reach_it() -> None:
    shares = np.exp(LOGITS.astype(np.float64)) / np.exp(LOGITS.astype(np.float64)).sum()
    kept = [0, 1, 5]
    assert shares[[0, 1]].sum() < 0.8 <= shares[kept].sum()
    counts = np.bincount(drawn(1.0, 0.8), minlength=len(LOGITS))
    assert set(np.flatnonzero(counts)) == set(kept)
    assert chisquare(counts[kept], DRAWS * shares[kept] / shares[kept].sum()).pvalue > 1e-3


def test_temperature_zero_takes_the_likeliest_and_the_first_of_equals() -> None:
    rows = np.array([[0, 3, 3, 1], [5, 1, 1, 1]], dtype=np.float32)
    assert draw(rows, np.zeros(2), np.ones(2), np.array([0.999, 0.999])).tolist() == [1, 0]


@given(
    logits=st.lists(st.floats(-1e4, 1e4, width=32), min_size=2, max_size=20),
    temperature=st.sampled_from([0.0, 1e-300, 1e-3, 1.0, 2.0]),
    top_p=st.sampled_from([1e-9, 0.5, 1.0]),
    uniform=st.sampled_from([0.0, 0.5, 1 - 2**-53]),
)
def test_no_token_without_probability_is_ever_drawn(
    logits: list[float], temperature: float, top_p: float, uniform: float
) -> None:
    row = np.array([logits], dtype=np.float32)
    token = draw(row, np.array([temperature]), np.array([top_p]), np.array([uniform]))[0]
    # exp(-745.2) is the smallest positive double.
    assert (row[0, token] - row.max()) >= -745.2 * temperature
    if temperature == 0:
        assert row[0, token] == row.max()
    elif top_p == 1e-9:
        # Logits that are 1e-34 apart have one probability: either may stand for the likeliest.
        assert np.exp((float(row[0, token]) - float(row.max())) / temperature) == 1


def test_rows_are_drawn_independently() -> None:
    rng = np.random.default_rng(1)
    rows = rng.standard_normal((33, 300)).astype(np.float32)
    temperature, top_p, uniform = rng.choice([0, 0.7, 1.0], 33), rng.choice([0.5, 1.0], 33), rng.random(33)
    together = draw(rows, temperature, top_p, uniform)
    alone = [draw(rows[i : i + 1], temperature[[i]], top_p[[i]], uniform[[i]])[0] for i in range(33)]
    assert together.tolist() == alone


def test_streams_of_neighbouring_seeds_and_choices_share_nothing() -> None:
    streams = {(seed, choice): uniforms(seed, choice, 8) for seed, choice in itertools.product(range(-3, 20), range(8))}
    numbers = np.concatenate(list(streams.values()))
    assert len(np.unique(numbers)) == len(numbers)
    assert np.array_equal(uniforms(5, 2, 8), streams[5, 2])
    assert np.array_equal(uniforms(5, 2, 3), streams[5, 2][:3])


def test_log_probabilities_are_a_distribution_at_temperature_one() -> None:
    logs = log_probabilities(LOGITS)
    assert np.exp(logs).sum() == pytest.approx(1, abs=1e-12)
    np.testing.assert_allclose(np.diff(logs), np.diff(LOGITS.astype(np.float64)), atol=1e-12)
