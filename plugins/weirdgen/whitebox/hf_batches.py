"""Batches of fixed shapes, so that what a row computes does not depend on the rows beside it.

Products choose their kernels, and with them the order of their sums, by the shape of the batch; in bfloat16 that
changes what is drawn. So a prompt is padded from the left to a length that is its own, shares a batch with prompts of
that length only, and the batch is filled up to a number of rows that only the length tells.
"""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import TypeVar

import torch
from torch import Tensor

Key = TypeVar("Key", bound=Hashable)
#: Tokens. Prompts are padded to a multiple of it.
_STEP = 32


def padded_length(tokens: int) -> int:
    """Return the length that a prompt is padded to."""
    return -(-tokens // _STEP) * _STEP


def padded(prompts: Sequence[Sequence[int]], rows: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Return prompts of one padded length as ids and mask, each (rows, tokens); rows that are left repeat the first.

    Args:
        prompts: at least one, at most `rows`, of the same padded length.
        rows: of the batch.
        device: where to put them.
    """
    length = padded_length(len(prompts[0]))
    full = [*prompts, *[prompts[0]] * (rows - len(prompts))]
    # Padding is masked: which token it is does not matter.
    ids = torch.tensor([[0] * (length - len(prompt)) + list(prompt) for prompt in full], device=device)
    mask = torch.tensor([[0] * (length - len(prompt)) + [1] * len(prompt) for prompt in full], device=device)
    return ids, mask


def grouped(keys: Iterable[Key]) -> Mapping[Key, list[int]]:
    """Return the places of each key, keys in the order in which they come first."""
    places: dict[Key, list[int]] = {}
    for place, key in enumerate(keys):
        places.setdefault(key, []).append(place)
    return places
