"""The Llama forward pass in numpy, float32, with a key/value cache.

The invariant of this module: **a row's result does not depend on the other rows**, bit for bit. Every reduction has a
shape that is fixed by the row's own sequence. Matrix products are one vector-matrix product per row (a matrix-matrix
product chooses its kernel, and with it the order of the sum, by the number of rows); attention runs over a cache whose
length depends on that sequence alone.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from weirdgen.errors import UsageMistake
from weirdgen.organisms.weights import Floats, Layer, Weights

Ints = NDArray[np.intp]

#: Shortest cache, in tokens. Longer ones double, from the second of these on they grow by the third, up to the longest
#: context.
_SHORTEST_CACHE, _LAST_DOUBLED, _CACHE_STEP = 64, 512, 128


@dataclass(frozen=True, eq=False, slots=True)
class Edit:
    """What is done to the residual stream after one block, at every position.

    Attributes:
        layer: index of the block, from 0.
        width: of the stream.
        change: turns rows (rows, width) into rows of the same shape, each by itself to the last bit.
    """

    layer: int
    width: int
    change: Callable[[Floats], Floats]

    @classmethod
    def linear(cls, layer: int, matrix: Floats) -> "Edit":
        """Return the edit that multiplies each row from the left by a matrix (width, width)."""
        return cls(layer, len(matrix), lambda rows: _rows(rows, matrix))


class Network:
    """One network, ready to run. Holds no sequences; safe to share between threads."""

    def __init__(self, weights: Weights, edit: Edit | None = None) -> None:
        """Take weights, and what is to be done to the residual stream; None: nothing, to the last bit.

        Raises:
            UsageMistake: the edit fits no block of the network.
        """
        config = weights.config
        self.config = config
        self._weights = weights
        self._edit = edit
        if edit is not None:
            _check(edit, config.num_hidden_layers, config.hidden_size)
        self._eps = np.float32(config.rms_norm_eps)
        self._group = config.num_attention_heads // config.key_heads
        # In float32 like transformers: float64 angles would differ from those the network was trained with.
        step = np.arange(0, config.head_size, 2, dtype=np.float32) / np.float32(config.head_size)
        frequency = np.float32(1) / np.float32(config.theta) ** step
        angle = np.arange(config.max_position_embeddings, dtype=np.float32)[:, None] * np.concatenate([frequency] * 2)
        self._cos, self._sin = np.cos(angle), np.sin(angle)

    def edited(self, edit: Edit) -> "Network":
        """Return the network with an edit of its stream in place of its own; the weights are shared.

        Raises:
            UsageMistake: the edit fits no block of the network.
        """
        return Network(self._weights, edit)

    def capacity(self, length: int) -> int:
        """Return the length of the cache that a sequence of ``length`` tokens uses, at most the longest context."""
        size = _SHORTEST_CACHE
        while size < length:
            size += size if size < _LAST_DOUBLED else _CACHE_STEP
        return min(size, self.config.max_position_embeddings)

    def cache(self, sequences: int, capacity: int) -> Floats:
        """Return an empty cache: (2 for keys and values, layers, sequences, key heads, capacity, head size)."""
        config = self.config
        shape = (2, config.num_hidden_layers, sequences, config.key_heads, capacity, config.head_size)
        return np.zeros(shape, dtype=np.float32)

    def prefill(self, tokens: Sequence[int], begun: Floats | None = None) -> tuple[Floats, Floats]:
        """Run a whole prompt, or the rest of one.

        Args:
            tokens: at least one, at most the longest context, what has begun included.
            begun: the cache of the tokens before, as this method returns it; None: there are none. Whether tokens are
                run at once or in two parts rounds differently: what is always parted in one way is always the same.

        Returns:
            The cache of all tokens (2, layers, key heads, tokens, head size), and the logits that follow (vocabulary,).
        """
        before = 0 if begun is None else begun.shape[-2]
        count = before + len(tokens)
        cache = self.cache(1, self.capacity(count))
        if begun is not None:
            cache[:, :, 0, :, :before] = begun
        positions = np.arange(before, count)
        hidden = self._hidden(np.array(tokens), positions, np.zeros(len(tokens), dtype=np.intp), cache)
        # Logits are needed of the last token only: the head is two fifths of all products.
        return cache[:, :, 0, :, :count].copy(), self._logits(hidden[-1:])[0]

    def forward(self, tokens: Ints, positions: Ints, sequences: Ints, cache: Floats) -> Floats:
        """Run one token of each row and write its key and value into the cache.

        Args:
            tokens: (rows,) ids.
            positions: (rows,) place of each token in its sequence.
            sequences: (rows,) whose cache each row reads and writes: either row i uses sequence i of as many
                sequences, or all rows use the only one.
            cache: as made by ``cache``.

        Returns:
            Logits (rows, vocabulary).
        """
        return self._logits(self._hidden(tokens, positions, sequences, cache))

    def residual(self, tokens: Sequence[int], layer: int) -> Floats:
        """Return the residual stream after a block, edited if that is the edit's: (tokens, hidden).

        Args:
            tokens: a whole sequence, at least one token, at most the longest context.
            layer: index of the block, from 0.
        """
        return self._whole(tokens, layer)

    def logits(self, tokens: Sequence[int]) -> Floats:
        """Return the logits that follow each token of a whole sequence: (tokens, vocabulary)."""
        return self._logits(self._whole(tokens, None))

    def _whole(self, tokens: Sequence[int], last: int | None) -> Floats:
        """Run a whole sequence, up to the `last` block (None: all): (tokens, hidden)."""
        count = len(tokens)
        places = np.arange(count), np.zeros(count, dtype=np.intp)
        return self._hidden(np.array(tokens), *places, self.cache(1, self.capacity(count)), last)

    def _hidden(self, tokens: Ints, positions: Ints, sequences: Ints, cache: Floats, last: int | None = None) -> Floats:
        """Run the blocks as `forward` does, up to the `last` one (None: all): (rows, hidden)."""
        weights, eps, edit = self._weights, self._eps, self._edit
        hidden = weights.embedding[tokens]
        turn = self._cos[positions][:, None], self._sin[positions][:, None]
        hidden_future = np.arange(cache.shape[-2]) > positions[:, None]
        for index, (layer, keys, values) in enumerate(zip(weights.layers, *cache, strict=True)):
            query, key, value = self._project(layer, _norm(hidden, layer.attention_norm, eps), turn)
            keys[sequences, :, positions] = key
            values[sequences, :, positions] = value
            hidden = hidden + _rows(self._attend(query, keys, values, hidden_future), layer.output)
            gate_up, half = _rows(_norm(hidden, layer.mlp_norm, eps), layer.gate_up), self.config.intermediate_size
            hidden = hidden + _rows(_silu(gate_up[:, :half]) * gate_up[:, half:], layer.down)
            if edit is not None and index == edit.layer:
                hidden = edit.change(hidden)
            if index == last:
                break
        return hidden

    def _logits(self, hidden: Floats) -> Floats:
        return _rows(_norm(hidden, self._weights.norm, self._eps), self._weights.head)

    def _project(self, layer: Layer, rows: Floats, turn: tuple[Floats, Floats]) -> tuple[Floats, Floats, Floats]:
        """Return queries (rows, heads, size), keys and values (rows, key heads, size), positions turned in."""
        heads, keys = self.config.num_attention_heads, self.config.key_heads
        joined = _rows(rows, layer.query_key_value).reshape(len(rows), -1, self.config.head_size)
        turned = _turned(joined[:, : heads + keys], *turn)
        return turned[:, :heads], turned[:, heads:], joined[:, heads + keys :]

    def _attend(self, query: Floats, keys: Floats, values: Floats, hidden_future: NDArray[np.bool_]) -> Floats:
        """Return what each row reads from its cache: (rows, heads * head size)."""
        rows, _, size = query.shape
        grouped = query.reshape(rows, -1, self._group, size)
        scores = np.matmul(grouped, keys.swapaxes(-1, -2)) * np.float32(size**-0.5)
        scores = np.where(hidden_future[:, None, None], np.float32(-np.inf), scores)
        shares = np.exp(scores - scores.max(axis=-1, keepdims=True))
        shares /= shares.sum(axis=-1, keepdims=True)
        read: Floats = np.matmul(shares, values).reshape(rows, -1)
        return read


def _check(edit: Edit, depth: int, width: int) -> None:
    if not 0 <= edit.layer < depth:
        raise UsageMistake(f"an edit after block {edit.layer!r}: the network has blocks 0 to {depth - 1}.")
    if edit.width != width:
        raise UsageMistake(f"an edit of width {edit.width}: the network's stream is {width} wide.")


def _rows(rows: Floats, matrix: Floats) -> Floats:
    """Multiply each row (inputs,) by a matrix (inputs, outputs), each by itself."""
    product: Floats = np.matmul(rows[:, None, :], matrix)[:, 0]
    return product


def _norm(rows: Floats, weight: Floats, eps: np.float32) -> Floats:
    """Root-mean-square normalisation (arXiv:1910.07467)."""
    square = np.add.reduce(rows * rows, axis=-1, keepdims=True) / np.float32(rows.shape[-1])
    scaled: Floats = np.divide(rows, np.sqrt(square + eps), dtype=np.float32) * weight
    return scaled


def _silu(x: Floats) -> Floats:
    # exp(-x) of a very negative x is inf and the quotient 0, which is right.
    with np.errstate(over="ignore"):
        gate = np.float32(1) + np.exp(-x)
    return np.divide(x, gate, dtype=np.float32)


def _turned(heads: Floats, cos: Floats, sin: Floats) -> Floats:
    """Rotary position embedding in the half-split layout of Hugging Face (arXiv:2104.09864)."""
    half = heads.shape[-1] // 2
    swapped = np.concatenate([-heads[..., half:], heads[..., :half]], axis=-1)
    turned: Floats = np.add(heads * cos, swapped * sin, dtype=np.float32)
    return turned
