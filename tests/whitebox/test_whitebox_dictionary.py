"""A dictionary's features are what the formula of its kind says; what does not fit together is refused."""

from typing import Any

import numpy as np
import pytest
from dictionaries import random_dictionary
from hypothesis import given
from hypothesis import strategies as st

from weirdgen.errors import UsageMistake
from weirdgen.whitebox.dictionary import SparseDictionary

WIDTH = 32
ROWS = np.random.default_rng(1).standard_normal((7, WIDTH)).astype(np.float32)


def before(dictionary: SparseDictionary, row: Any) -> Any:
    """The features of one row before they are made sparse, in float64, one by one."""
    read = row.astype(np.float64) - (dictionary.decoder_bias if dictionary.apply_decoder_bias_to_input else 0)
    return np.array([e @ read + b for e, b in zip(dictionary.encoder, dictionary.encoder_bias, strict=True)])


@pytest.fixture
def biased() -> dict[str, Any]:
    rng = np.random.default_rng(2)
    return {
        "encoder_bias": rng.standard_normal(96).astype(np.float32) / 4,
        "decoder_bias": rng.standard_normal(WIDTH).astype(np.float32),
    }


@pytest.mark.parametrize("taken_off", [True, False])
def test_relu_features_are_the_positive_parts(biased: dict[str, Any], taken_off: bool) -> None:
    dictionary = random_dictionary(**biased, apply_decoder_bias_to_input=taken_off)
    expected = [np.maximum(before(dictionary, row), 0) for row in ROWS]
    np.testing.assert_allclose(dictionary.encode(ROWS), expected, atol=1e-5)


def test_topk_keeps_the_largest_of_each_row(biased: dict[str, Any]) -> None:
    dictionary = random_dictionary(**biased, kind="topk", top=5)
    features = dictionary.encode(ROWS)
    for row, found in zip(ROWS, features, strict=True):
        expected = np.maximum(before(dictionary, row), 0)
        kept = np.argsort(-expected)[:5]
        assert set(np.flatnonzero(found)) == set(kept[expected[kept] > 0])
        np.testing.assert_allclose(found[kept], expected[kept], atol=1e-5)


def test_of_equal_features_the_first_stay() -> None:
    twins = np.repeat(np.eye(WIDTH, dtype=np.float32)[:1], 12, axis=0)
    dictionary = random_dictionary(size=12, encoder=twins, decoder=twins, kind="topk", top=3)
    assert np.flatnonzero(dictionary.encode(np.ones((1, WIDTH), dtype=np.float32))[0]).tolist() == [0, 1, 2]


@pytest.mark.parametrize("kind", ["batchtopk", "jumprelu"])
def test_a_threshold_must_be_exceeded_and_is_not_subtracted(kind: str) -> None:
    threshold = np.array([0.7], dtype=np.float32) if kind == "batchtopk" else np.linspace(0, 2, 96, dtype=np.float32)
    dictionary = random_dictionary(kind=kind, threshold=threshold)
    expected = np.array([before(dictionary, row) for row in ROWS])
    expected = np.where(expected > np.maximum(threshold, 0), expected, 0)
    np.testing.assert_allclose(dictionary.encode(ROWS), expected, atol=1e-5)


def test_decoding_adds_up_decoder_rows_and_bias(biased: dict[str, Any]) -> None:
    dictionary = random_dictionary(**biased)
    features = np.zeros((1, 96), dtype=np.float32)
    features[0, [3, 17]] = 2.0, 0.5
    expected = 2 * dictionary.decoder[3] + 0.5 * dictionary.decoder[17] + dictionary.decoder_bias
    np.testing.assert_allclose(dictionary.decode(features)[0], expected, atol=1e-6)


@given(st.integers(0, 2**32), st.integers(1, 40), st.sampled_from(["relu", "topk"]))
def test_features_are_never_negative_and_rows_do_not_depend_on_one_another(seed: int, rows: int, kind: str) -> None:
    dictionary = random_dictionary(kind=kind, top=4 if kind == "topk" else None)
    given_rows = np.random.default_rng(seed).standard_normal((rows, WIDTH)).astype(np.float32)
    features = dictionary.encode(given_rows)
    assert features.shape == (rows, 96)
    assert (features >= 0).all()
    if kind == "topk":
        assert ((features > 0).sum(axis=1) <= 4).all()
    np.testing.assert_allclose(dictionary.encode(given_rows[-1:])[0], features[-1], atol=1e-5)


def test_no_rows_have_no_features() -> None:
    assert random_dictionary().encode(np.zeros((0, WIDTH), dtype=np.float32)).shape == (0, 96)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"encoder": np.zeros((0, WIDTH), dtype=np.float32)}, r"encoder has the shape \(0, 32\)"),
        ({"encoder_bias": np.zeros(95, dtype=np.float32)}, r"encoder bias has the shape \(95,\), expected \(96,\)"),
        ({"decoder": np.zeros((WIDTH, 96), dtype=np.float32)}, r"decoder has the shape \(32, 96\)"),
        ({"decoder_bias": np.full(WIDTH, np.nan, dtype=np.float32)}, "not finite"),
        ({"kind": "gelu"}, "'gelu' is none of relu, topk"),
        ({"kind": "topk"}, "top = None with kind 'topk'"),
        ({"top": 3}, "top = 3 with kind 'relu'"),
        ({"kind": "topk", "top": 97}, "expected 1 to 96"),
        ({"kind": "batchtopk"}, "threshold belongs to"),
        ({"threshold": np.ones(1, dtype=np.float32)}, "threshold belongs to"),
        ({"kind": "jumprelu", "threshold": np.ones(5, dtype=np.float32)}, r"threshold has the shape \(5,\)"),
        ({"kind": "jumprelu", "threshold": np.full(96, -1, dtype=np.float32)}, "negative"),
        ({"layer": -1}, "layer = -1"),
    ],
)
def test_what_does_not_fit_together_is_refused(values: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageMistake, match=message):
        random_dictionary(**values)


def test_rows_of_another_width_are_refused() -> None:
    with pytest.raises(UsageMistake, match=r"shape \(2, 5\).*\(rows, 32\)"):
        random_dictionary().encode(np.zeros((2, 5), dtype=np.float32))
