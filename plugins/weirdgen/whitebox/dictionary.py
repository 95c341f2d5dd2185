"""A sparse autoencoder's dictionary: from residual activations to features and back, in numpy."""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from weirdgen.errors import UsageMistake

Floats = NDArray[np.float32]
Kind = Literal["relu", "topk", "batchtopk", "jumprelu"]

#: Rows of activations that are encoded at a time: of a large dictionary 64 MiB of features.
_BLOCK_NUMBERS = 2**24


@dataclass(frozen=True, eq=False)
class SparseDictionary:
    """The weights of a sparse autoencoder on one layer's residual stream, and how its features are made of them.

    ``features = kind(encoder @ (x [- decoder_bias]) + encoder_bias)`` and ``x ~ features @ decoder + decoder_bias``.

    Attributes:
        encoder: (features, width).
        encoder_bias: (features,).
        decoder: (features, width); row i is what feature i adds to the stream.
        decoder_bias: (width,).
        kind: what makes features sparse: ``relu``; ``topk``, of each position the ``top`` largest; ``batchtopk``,
            trained over batches and used with the one ``threshold`` that came of it; ``jumprelu``, with a threshold
            per feature.
        top: of ``topk``, how many; None for the others.
        threshold: (1,) or (features,), what a feature must exceed; of ``batchtopk`` and ``jumprelu`` only.
        layer: index of the block, from 0, after which the stream is read.
        apply_decoder_bias_to_input: whether the decoder's bias is taken off before encoding.
        digest: SHA-256 (64 hex digits) of the files it was read from; its identity.
    """

    encoder: Floats
    encoder_bias: Floats
    decoder: Floats
    decoder_bias: Floats
    kind: Kind
    top: int | None
    threshold: Floats | None
    layer: int
    apply_decoder_bias_to_input: bool
    digest: str

    def __post_init__(self) -> None:
        for problem in _problems(self):
            raise UsageMistake(f"sparse autoencoder: {problem}.")

    @property
    def size(self) -> int:
        """How many features there are."""
        return len(self.encoder)

    @property
    def width(self) -> int:
        """Width of the residual stream."""
        return int(self.encoder.shape[1])

    def encode(self, rows: Floats) -> Floats:
        """Return the features of activations (rows, width): (rows, features), none below 0."""
        self._check_width(rows, self.width)
        step = max(1, _BLOCK_NUMBERS // self.size)
        parts = [self._encode(rows[start : start + step]) for start in range(0, len(rows), step)]
        return np.concatenate(parts) if parts else np.zeros((0, self.size), dtype=np.float32)

    def decode(self, features: Floats) -> Floats:
        """Return the activations (rows, width) that features (rows, features) stand for."""
        self._check_width(features, self.size)
        made: Floats = features @ self.decoder + self.decoder_bias
        return made

    def _encode(self, rows: Floats) -> Floats:
        read = rows.astype(np.float32)
        if self.apply_decoder_bias_to_input:
            read = read - self.decoder_bias
        features: Floats = np.maximum(read @ self.encoder.T + self.encoder_bias, np.float32(0))
        if self.threshold is not None:
            features[features <= self.threshold] = 0
        if self.top is not None and self.top < self.size:
            _keep_largest(features, self.top)
        return features

    @staticmethod
    def _check_width(rows: Floats, width: int) -> None:
        if rows.ndim != 2 or rows.shape[1] != width:
            raise UsageMistake(f"an array of shape {rows.shape}: the sparse autoencoder needs (rows, {width}).")


def _keep_largest(features: Floats, top: int) -> None:
    """Set all but the ``top`` largest of each row to 0, in place; of equals the first stay."""
    order = np.argsort(-features, axis=1, kind="stable")
    np.put_along_axis(features, order[:, top:], np.float32(0), axis=1)


def _problems(given: SparseDictionary) -> list[str]:
    """Return what does not fit together."""
    if given.encoder.ndim != 2 or given.encoder.size == 0:
        return [f"its encoder has the shape {given.encoder.shape}, expected (features, width)"]
    size, width = given.encoder.shape
    shapes = {
        "encoder bias": (given.encoder_bias, (size,)),
        "decoder": (given.decoder, (size, width)),
        "decoder bias": (given.decoder_bias, (width,)),
    }
    found = [
        f"its {name} has the shape {array.shape}, expected {shape}"
        for name, (array, shape) in shapes.items()
        if array.shape != shape
    ]
    arrays = [given.encoder, given.encoder_bias, given.decoder, given.decoder_bias]
    if not all(np.isfinite(array).all() for array in arrays):
        found.append("a weight is not finite")
    return found + _kind_problems(given, size)


def _kind_problems(given: SparseDictionary, size: int) -> list[str]:
    found = []
    if given.kind not in get_args(Kind):
        found.append(f"kind {given.kind!r} is none of {', '.join(get_args(Kind))}")
    if (given.kind == "topk") != (given.top is not None):
        found.append(f"top = {given.top!r} with kind {given.kind!r}; topk has one, the others have none")
    if given.top is not None and not 1 <= given.top <= size:
        found.append(f"top = {given.top!r}, expected 1 to {size}")
    if (given.kind in ("batchtopk", "jumprelu")) != (given.threshold is not None):
        found.append(f"a threshold belongs to batchtopk and jumprelu, and to these only; kind is {given.kind!r}")
    if given.threshold is not None:
        if given.threshold.shape not in ((1,), (size,)):
            found.append(f"its threshold has the shape {given.threshold.shape}, expected (1,) or ({size},)")
        if not (np.isfinite(given.threshold).all() and (given.threshold >= 0).all()):
            found.append("a threshold is negative or not finite")
    if given.layer < 0:
        found.append(f"layer = {given.layer!r}, expected 0 or more")
    return found
