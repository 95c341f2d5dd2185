"""Sparse autoencoders with random weights, for networks with random weights."""

from typing import Any

import numpy as np
import random_organisms

from weirdgen.whitebox.dictionary import SparseDictionary


def random_dictionary(
    seed: int = 0, size: int = 96, width: int = random_organisms.HIDDEN, **values: Any
) -> SparseDictionary:
    """Return one of kind relu with unit decoder rows, changed by `values`."""
    rng = np.random.default_rng(seed)
    decoder = rng.standard_normal((size, width)).astype(np.float32)
    decoder /= np.linalg.norm(decoder, axis=1, keepdims=True)
    fields: dict[str, Any] = {
        "encoder": decoder.copy(),
        "encoder_bias": np.zeros(size, dtype=np.float32),
        "decoder": decoder,
        "decoder_bias": np.zeros(width, dtype=np.float32),
        "kind": "relu",
        "top": None,
        "threshold": None,
        "layer": 0,
        "apply_decoder_bias_to_input": True,
        "digest": f"{seed:064x}",
    }
    return SparseDictionary(**(fields | values))
