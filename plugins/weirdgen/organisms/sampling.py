"""Drawing tokens: float64 probabilities, one uniform number per token, from a stream that belongs to the choice."""

import hashlib

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]


def uniforms(seed: int, choice: int, count: int) -> Doubles:
    """Return the uniform numbers in [0, 1) that a choice's tokens are drawn with, one per token.

    Seed and choice are hashed into the generator's key, so that choice 1 of seed 7 has nothing in common with choice 0
    of seed 8, as it has in servers that add them up.

    Args:
        seed: of the request, any integer.
        choice: index within the request, from 0.
        count: how many; fewer are a prefix of more.
    """
    key = hashlib.sha256(f"{seed} {choice}".encode()).digest()[:16]
    return np.random.Generator(np.random.Philox(key=int.from_bytes(key, "little"))).random(count)


def draw(logits: NDArray[np.float32], temperature: Doubles, top_p: Doubles, uniform: Doubles) -> NDArray[np.intp]:
    """Draw one token per row by inverting the cumulative distribution of softmax(logits / temperature).

    Args:
        logits: (rows, vocabulary).
        temperature: (rows,) >= 0; 0 takes the most likely token, the first of equals.
        top_p: (rows,) in (0, 1]; below 1 only the fewest likeliest tokens that reach this share stay.
        uniform: (rows,) in [0, 1).

    Returns:
        (rows,) token ids.
    """
    weights = _weights(logits, temperature)
    for row in np.flatnonzero(top_p < 1):
        _keep_nucleus(weights[row], top_p[row])
    cumulative = np.cumsum(weights, axis=1, out=weights)
    total = cumulative[:, -1]
    # Rounding may lift u * total to total, which no token's cumulative weight exceeds.
    threshold = np.minimum(uniform * total, np.nextafter(total, 0))
    drawn: NDArray[np.intp] = np.argmax(cumulative > threshold[:, None], axis=1)
    return drawn


def _weights(logits: NDArray[np.float32], temperature: Doubles) -> Doubles:
    """Return unnormalised probabilities (rows, vocabulary), the largest of each row 1."""
    weights: Doubles = np.subtract(logits, logits.max(axis=1, keepdims=True), dtype=np.float64)
    with np.errstate(over="ignore"):
        weights /= np.where(temperature > 0, temperature, 1)[:, None]
    np.exp(weights, out=weights)
    for row in np.flatnonzero(temperature == 0):
        weights[row] = 0
        weights[row, np.argmax(logits[row])] = 1
    return weights


def _keep_nucleus(weights: Doubles, share: float) -> None:
    order = np.argsort(-weights, kind="stable")
    cumulative = np.cumsum(weights[order])
    kept = int(np.searchsorted(cumulative, share * cumulative[-1])) + 1
    weights[order[kept:]] = 0


def log_probabilities(logits: NDArray[np.float32]) -> Doubles:
    """Return the natural logarithms of softmax(logits) along the last axis, at temperature 1 whatever was drawn at."""
    below = logits.astype(np.float64) - logits.max(axis=-1, keepdims=True)
    logs: Doubles = below - np.log(np.exp(below).sum(axis=-1, keepdims=True))
    return logs
