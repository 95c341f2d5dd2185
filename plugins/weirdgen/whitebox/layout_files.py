"""Reading files of models and dictionaries: JSON, tensors, digests; errors name key, value and what was expected."""

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weirdgen.errors import UsageMistake

FloatArray = NDArray[np.float32]

_FLOATS = {"F64": np.float64, "F32": np.float32, "F16": np.float16}
_QUOTED = 80


def refusal(path: Path, key: str, value: object, expected: str) -> UsageMistake:
    """Return the error of a value that is not understood."""
    return UsageMistake(f"{path}: {key} = {value!r:.{_QUOTED}}; expected {expected}")


class Settings:
    """A JSON object of a dictionary's configuration, read key by key."""

    def __init__(self, path: Path, values: Mapping[str, Any]) -> None:
        self.path = path
        self._values = values

    @classmethod
    def read(cls, path: Path) -> "Settings":
        """Read a file.

        Raises:
            UsageMistake: it cannot be read, or is no JSON object.
        """
        try:
            values = json.loads(path.read_bytes())
        except (OSError, ValueError, RecursionError) as error:
            raise UsageMistake(f"{path} cannot be read: {error}") from None
        if not isinstance(values, dict):
            raise refusal(path, "the file", values, "a JSON object")
        return cls(path, values)

    def __contains__(self, key: str) -> bool:
        return self._values.get(key) is not None

    def names(self) -> Collection[str]:
        """Return all keys, those with null included."""
        return self._values.keys()

    def get(self, key: str, default: Any = None) -> Any:
        """Return a value, or the default where it is missing or null."""
        value = self._values.get(key)
        return default if value is None else value

    def section(self, key: str) -> "Settings":
        """Return an object within the object.

        Raises:
            UsageMistake: it is none.
        """
        value = self._values.get(key)
        if not isinstance(value, dict):
            raise refusal(self.path, key, value, "a JSON object")
        return Settings(self.path, value)

    def choice(self, key: str, known: Collection[Any], default: Any = None) -> Any:
        """Return a value that is one of the known ones.

        Raises:
            UsageMistake: it is another.
        """
        value = self.get(key, default)
        if not any(value == one and type(value) is type(one) for one in known):
            raise refusal(self.path, key, value, "one of " + ", ".join(map(repr, known)))
        return value

    def whole(self, key: str, least: int = 0) -> int:
        """Return an integer of at least `least`.

        Raises:
            UsageMistake: it is none.
        """
        value = self.get(key)
        if not isinstance(value, int) or isinstance(value, bool) or value < least:
            raise refusal(self.path, key, value, f"an integer of at least {least}")
        return value


class Tensors:
    """The named tensors of one file, in float32; what nobody took is refused at the end."""

    def __init__(self, path: Path, tensors: Mapping[str, FloatArray]) -> None:
        self.path = path
        self._tensors = dict(tensors)

    def __contains__(self, name: str) -> bool:
        return name in self._tensors

    def take(self, name: str, *shape: int) -> FloatArray:
        """Return a tensor of a shape.

        Raises:
            UsageMistake: it is missing, has another shape, or holds what is no number.
        """
        if name not in self._tensors:
            raise UsageMistake(f"{self.path} lacks the tensor {name!r}; it holds {', '.join(map(repr, self._tensors))}")
        tensor = self._tensors.pop(name)
        if tensor.shape != shape:
            raise refusal(self.path, f"the shape of {name}", tensor.shape, f"{shape}")
        if not np.isfinite(tensor).all():
            raise refusal(self.path, name, "not finite", "finite numbers")
        return tensor

    def all_ones(self, name: str) -> bool:
        """Whether a tensor that is there holds ones only."""
        return bool((self._tensors[name] == 1).all())

    def finish(self, *ignored: str) -> None:
        """Refuse tensors that were not taken: they would change what the dictionary computes.

        Raises:
            UsageMistake: there are any but the ignored ones.
        """
        if left := sorted(self._tensors.keys() - set(ignored)):
            raise UsageMistake(f"{self.path}: the tensor {left[0]!r} is not understood")


def read_safetensors(path: Path) -> Tensors:
    """Read a safetensors file of any floating type; whole, so that twice its size of memory is needed.

    Raises:
        UsageMistake: it cannot be read, or holds something else than floating-point numbers.
    """
    from safetensors import deserialize

    try:
        entries = deserialize(path.read_bytes())  # type: ignore[no-untyped-call]
    except Exception as error:  # safetensors documents no common base for missing and broken files
        raise UsageMistake(f"{path} cannot be read: {error}") from None
    return Tensors(path, {name: _floats(path, name, entry) for name, entry in entries})


def _floats(path: Path, name: str, entry: Mapping[str, Any]) -> FloatArray:
    kind, data = entry["dtype"], entry["data"]
    if kind == "BF16":
        # The upper half of a float32.
        values = (np.frombuffer(data, dtype="<u2").astype(np.uint32) << 16).view(np.float32)
    elif kind in _FLOATS:
        values = np.frombuffer(data, dtype=np.dtype(_FLOATS[kind]).newbyteorder("<")).astype(np.float32)
    else:
        raise refusal(path, f"the type of {name}", kind, "F64, F32, F16 or BF16")
    return values.reshape(entry["shape"])


def digest(files: Iterable[tuple[str, Path]]) -> str:
    """Return the SHA-256 of files under the names given, as 64 hexadecimal digits; where they lie does not matter."""
    total = hashlib.sha256()
    for name, file in sorted(files):
        total.update(f"{name} {file.stat().st_size}\n".encode())
        with file.open("rb") as stream:
            while block := stream.read(2**22):
                total.update(block)
    return total.hexdigest()
