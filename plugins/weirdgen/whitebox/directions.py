"""Directions in the residual stream: the difference in means, and how features line up with it."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weirdgen.errors import UsageMistake

Doubles = NDArray[np.float64]
Ints = NDArray[np.intp]
Numbers = NDArray[np.floating[Any]]


def difference_in_means(treated: Numbers, baseline: Numbers) -> Doubles:
    """Return the mean of the treated rows less that of the baseline's: (width,).

    Args:
        treated: activations (rows, width), at least one row.
        baseline: activations (rows, width), at least one row.

    Raises:
        UsageMistake: no rows, widths that differ, or a number that is not finite.
    """
    if treated.ndim != 2 or baseline.ndim != 2 or treated.shape[1] != baseline.shape[1]:
        raise UsageMistake(f"activations of shapes {treated.shape} and {baseline.shape}: both must be (rows, width).")
    if not len(treated) or not len(baseline):
        raise UsageMistake(f"{len(treated)} treated and {len(baseline)} baseline activations: each needs at least one.")
    difference: Doubles = treated.mean(axis=0, dtype=np.float64) - baseline.mean(axis=0, dtype=np.float64)
    if not np.isfinite(difference).all():
        raise UsageMistake("an activation is not finite: the network's numbers overflow.")
    return difference


def unit(rows: Numbers) -> Doubles:
    """Return vectors (..., width) scaled to length 1.

    Raises:
        UsageMistake: one has no direction: all zeros, or not finite.
    """
    scaled = rows.astype(np.float64)
    # By the largest number first: the square of a small one would be 0.
    largest = np.abs(scaled).max(axis=-1, keepdims=True)
    if not (np.isfinite(largest).all() and (largest > 0).all()):
        raise UsageMistake("a vector of zeros, or one that is not finite, has no direction.")
    scaled = scaled / largest
    return np.asarray(scaled / np.linalg.norm(scaled, axis=-1, keepdims=True), dtype=np.float64)


@dataclass(frozen=True, eq=False, slots=True)
class Ranking:
    """Features by how their decoder directions line up with a direction.

    Attributes:
        order: (features,) indices, from the highest cosine to the lowest; of equals the first feature comes first.
        cosines: (features,) by feature, in [-1, 1]; 0 where a decoder row is all zeros.
    """

    order: Ints
    cosines: Doubles

    def top(self, count: int) -> tuple[int, ...]:
        """Return the features of the highest cosines, the highest first."""
        return tuple(self.order[:count].tolist())

    def lowest(self, count: int, within: int | None = None) -> tuple[int, ...]:
        """Return the lowest ranked of the first ``within`` features (None: of all), the lowest first."""
        return tuple(self.order[:within][::-1][:count].tolist())


def ranked(decoder: Numbers, direction: Numbers) -> Ranking:
    """Rank features by the cosine of their decoder rows (features, width) with a direction (width,).

    Raises:
        UsageMistake: the direction has none, or its width is not the decoder's.
    """
    if decoder.ndim != 2 or direction.shape != decoder.shape[1:]:
        raise UsageMistake(f"a direction of shape {direction.shape} for a decoder of shape {decoder.shape}.")
    along = np.einsum("fw,w->f", decoder, unit(direction), dtype=np.float64)
    lengths = np.sqrt(np.einsum("fw,fw->f", decoder, decoder, dtype=np.float64))
    cosines = np.divide(along, lengths, out=np.zeros_like(along), where=lengths > 0)
    return Ranking(np.argsort(-cosines, kind="stable"), np.clip(cosines, -1, 1))


def random_directions(like: Numbers, seed: int) -> Doubles:
    """Return directions drawn evenly from all, one for each row of ``like`` (rows, width) and of that row's length."""
    lengths = np.linalg.norm(like.astype(np.float64), axis=1, keepdims=True)
    drawn = np.random.default_rng(seed).standard_normal(like.shape)
    return np.asarray(unit(drawn) * lengths, dtype=np.float64)
