"""Removing directions from the residual stream: one after another, as published, or all at once."""

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, TypeVar, get_args

import numpy as np
from numpy.typing import NDArray

from weirdgen.errors import UsageMistake
from weirdgen.whitebox.directions import Doubles, unit

How = Literal["one by one", "joint"]
Precision = TypeVar("Precision", bound=np.floating[Any])

#: Singular value, of the largest, below which a direction is one that the others hold already.
_DEPENDENT = 1e-10


@dataclass(frozen=True, eq=False)
class Ablation:
    """What is taken out of the residual stream after one block, at every position.

    Directions of a dictionary are not orthogonal. Removed one by one, as the paper does, a later projection puts a part
    of an earlier direction back, so that the result depends on the order; removed jointly, nothing of their span is
    left. Both are linear maps of the stream.

    Attributes:
        layer: index of the block, from 0.
        directions: (count, width), at least one, in the order of their removal; lengths do not matter.
        how: ``one by one`` or ``joint``.
    """

    layer: int
    directions: Doubles
    how: How

    def __post_init__(self) -> None:
        if self.layer < 0:
            raise UsageMistake(f"an ablation after block {self.layer!r}: blocks count from 0.")
        if self.how not in get_args(How):
            raise UsageMistake(f"an ablation {self.how!r}: expected {' or '.join(map(repr, get_args(How)))}.")
        if self.directions.ndim != 2 or not len(self.directions):
            raise UsageMistake(f"directions of shape {self.directions.shape}: expected (count, width), at least one.")
        unit(self.directions)

    @property
    def width(self) -> int:
        """Width of the residual stream."""
        return int(self.directions.shape[1])

    @cached_property
    def digest(self) -> str:
        """SHA-256 (64 hex digits) of block, way and unit directions: what is removed, and how."""
        content = np.ascontiguousarray(unit(self.directions), dtype="<f8")
        return hashlib.sha256(f"{self.layer} {self.how} {content.shape}\n".encode() + content.tobytes()).hexdigest()

    @cached_property
    def matrix(self) -> Doubles:
        """The map (width, width): a row of the stream is multiplied from the left."""
        made = np.eye(self.width)
        rows = unit(self.directions)
        for row in rows if self.how == "one by one" else _basis(rows):
            made = made - np.outer(made @ row, row)
        return made

    def apply(self, rows: NDArray[Precision]) -> NDArray[Precision]:
        """Return activations (..., width) without the directions, in the precision that they came in."""
        # By the directions themselves: a wide network's matrix would be larger than they are by far.
        left = rows.astype(np.float64)
        directions = unit(self.directions)
        for row in directions if self.how == "one by one" else _basis(directions):
            left = left - (left @ row)[..., None] * row
        return left.astype(rows.dtype)


def _basis(directions: Doubles) -> Doubles:
    """Return an orthonormal basis (rank, width) of the span of unit directions; dependent ones add nothing."""
    _, sizes, basis = np.linalg.svd(directions, full_matrices=False)
    return np.asarray(basis[sizes > _DEPENDENT * sizes[0]], dtype=np.float64)
