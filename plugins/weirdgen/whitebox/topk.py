"""Fitting a TopK sparse autoencoder in numpy: loss, gradients by hand, Adam. Arrays in, weights out.

After Gao et al. 2024 (arXiv:2406.04093): of each row the largest features stay; dead ones are revived by an auxiliary
loss on what the others leave unexplained; decoder rows are kept at length 1.
"""

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from weirdgen.organisms.recipes import SaeRecipe
from weirdgen.whitebox.directions import Numbers


@dataclass(frozen=True, eq=False, slots=True)
class Parameters:
    """The weights, or anything of their shapes: encoder and decoder (features, width), and their biases."""

    encoder: Numbers
    encoder_bias: Numbers
    decoder: Numbers
    decoder_bias: Numbers

    def arrays(self) -> tuple[Numbers, ...]:
        """Return the four arrays in order."""
        return tuple(getattr(self, field.name) for field in fields(self))


@dataclass(frozen=True, eq=False, slots=True)
class Look:
    """What one batch came to."""

    loss: float
    """Share of the variance that is not explained; without the auxiliary loss."""
    gradients: Parameters
    on: NDArray[np.intp]
    """(features,) at how many rows each was on."""


def begin(rows: Numbers, features: int, rng: np.random.Generator) -> Parameters:
    """Return weights to begin with: random directions, the encoder the decoder's, the bias the rows' mean."""
    decoder = rng.standard_normal((features, rows.shape[1])).astype(rows.dtype)
    decoder /= np.linalg.norm(decoder, axis=1, keepdims=True)
    return Parameters(decoder.copy(), np.zeros(features, rows.dtype), decoder, rows.mean(axis=0))


def look(now: Parameters, rows: Numbers, variance: float, dead: NDArray[np.bool_], recipe: SaeRecipe) -> Look:
    """Return loss and gradients on a batch.

    Args:
        now: the weights.
        rows: (rows, width) activations.
        variance: mean squared distance of rows from their mean, which losses are shares of.
        dead: (features,) whether a feature counts as dead.
        recipe: how many features are on, and what is done about dead ones.
    """
    centred = rows - now.decoder_bias
    before = centred @ now.encoder.T + now.encoder_bias
    features = _largest(before, recipe.top)
    left = rows - now.decoder_bias - features @ now.decoder
    scale = 2 / (len(rows) * variance)
    decoder, through, bias = _back(now, features, -scale * left)
    if dead.any():
        revived = _largest(np.where(dead, before, -np.inf), min(recipe.dead_top, int(dead.sum())))
        missed = left - revived @ now.decoder
        # What the others leave is taken as given: this gradient reaches dead features only.
        more, more_through, _ = _back(now, revived, -scale * recipe.dead_weight * missed)
        decoder, through = decoder + more, through + more_through
    gradients = Parameters(through.T @ centred, through.sum(axis=0), decoder, bias - through.sum(axis=0) @ now.encoder)
    return Look(float((left**2).sum() / (len(rows) * variance)), gradients, (features > 0).sum(axis=0))


def _largest(before: Numbers, top: int) -> Numbers:
    """Return the ``top`` largest of each row where they are above 0, else 0."""
    features = np.zeros_like(before)
    places = np.argpartition(before, -top, axis=1)[:, -top:]
    np.put_along_axis(features, places, np.maximum(np.take_along_axis(before, places, axis=1), 0), axis=1)
    return features


def _back(now: Parameters, features: Numbers, out: Numbers) -> tuple[Numbers, Numbers, Numbers]:
    """Return the gradients of decoder, of what comes before the features (rows, features), and of the added bias."""
    return features.T @ out, np.where(features > 0, out @ now.decoder.T, 0), out.sum(axis=0)


class Adam:
    """Adam (arXiv:1412.6980) on the four arrays; decoder rows stay at length 1."""

    def __init__(self, now: Parameters) -> None:
        self._means = [np.zeros_like(array) for array in now.arrays()]
        self._squares = [np.zeros_like(array) for array in now.arrays()]
        self._steps = 0

    def step(self, now: Parameters, gradients: Parameters, rate: float) -> None:
        """Change the weights in place."""
        self._steps += 1
        # What would only change a decoder row's length is no gradient.
        along = (gradients.decoder * now.decoder).sum(axis=1, keepdims=True)
        flat = Parameters(
            gradients.encoder, gradients.encoder_bias, gradients.decoder - along * now.decoder, gradients.decoder_bias
        )
        for array, gradient, mean, square in zip(now.arrays(), flat.arrays(), self._means, self._squares, strict=True):
            mean += 0.1 * (gradient - mean)
            square += 0.001 * (gradient**2 - square)
            size = rate * np.sqrt(1 - 0.999**self._steps) / (1 - 0.9**self._steps)
            array -= size * mean / (np.sqrt(square) + 1e-8)
        now.decoder[...] /= np.linalg.norm(now.decoder, axis=1, keepdims=True)


def rate(step: int, recipe: SaeRecipe) -> float:
    """Return the learning rate at a step, from 0."""
    up, down = (step + 1) / (0.02 * recipe.steps), (recipe.steps - step) / (0.2 * recipe.steps)
    return recipe.learning_rate * min(1.0, up, down)
