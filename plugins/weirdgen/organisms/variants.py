"""Variants of organisms: a network with a linear map on its residual stream, served under a name of its own.

What the map is for is not this module's matter; the white-box analysis removes directions with it.
"""

import base64
import binascii
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from weirdgen.errors import UsageMistake
from weirdgen.organisms import zoo
from weirdgen.organisms.runtime import Edit
from weirdgen.organisms.weights import Floats


class Variant(BaseModel):
    """An organism with an edit."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    name: Annotated[str, Field(min_length=1)]
    """What it is served as."""
    organism: str
    """Of the zoo."""
    layer: Annotated[int, Field(ge=0)]
    """Index of the block after which the stream is edited, from 0."""
    matrix: str
    """Base64 of (hidden, hidden) little-endian float32 numbers, row by row."""

    @classmethod
    def of(cls, name: str, organism: str, layer: int, matrix: Floats) -> Self:
        """Return the variant that multiplies each row of the stream by a matrix (hidden, hidden)."""
        content = np.ascontiguousarray(matrix, dtype="<f4").tobytes()
        return cls(name=name, organism=organism, layer=layer, matrix=base64.b64encode(content).decode("ascii"))

    def edit(self) -> Edit:
        """Return what it does to the stream.

        Raises:
            UsageMistake: the matrix is not that of a square.
        """
        numbers = np.frombuffer(self._bytes(), dtype="<f4").astype(np.float32)
        width = round(len(numbers) ** 0.5)
        if not width or width * width != len(numbers) or not np.isfinite(numbers).all():
            raise UsageMistake(f"variant {self.name!r}: {len(numbers)} numbers are no finite square matrix.")
        return Edit.linear(self.layer, numbers.reshape(width, width))

    def identity(self, root: Path | None = None) -> str:
        """Return the SHA-256 (64 hex digits) of what answers: the organism's files, the block and the matrix.

        Raises:
            UsageMistake: no such organism, one of its files is missing, or the matrix is no base64.
        """
        total = hashlib.sha256(f"{zoo.digest(self.organism, root)} {self.layer} ".encode())
        total.update(self._bytes())
        return total.hexdigest()

    def _bytes(self) -> bytes:
        try:
            content = base64.b64decode(self.matrix, validate=True)
        except binascii.Error as error:
            raise UsageMistake(f"variant {self.name!r}: its matrix is no base64: {error}.") from None
        if len(content) % 4:
            raise UsageMistake(f"variant {self.name!r}: {len(content)} bytes are no float32 numbers.")
        return content


_LIST = TypeAdapter(tuple[Variant, ...])


def write_variants(variants: Sequence[Variant], path: Path) -> None:
    """Write variants to a file, as `read_variants` reads them."""
    path.write_bytes(_LIST.dump_json(tuple(variants)))


def read_variants(path: Path) -> tuple[Variant, ...]:
    """Read variants from a JSON file.

    Raises:
        UsageMistake: the file cannot be read, or is no list of variants.
    """
    try:
        return _LIST.validate_json(path.read_bytes())
    except OSError as error:
        raise UsageMistake(f"{path} cannot be read: {error}") from None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise UsageMistake(f"{path}: {where}: {first['msg']}.") from None
