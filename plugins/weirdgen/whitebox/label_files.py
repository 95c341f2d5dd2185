"""Labels of features in a file beside an autoencoder: somebody wrote them, and nobody is asked."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from weirdgen.errors import UsageMistake
from weirdgen.whitebox.labels import FeatureLabel

MOST_BYTES = 16 << 20
"""Of a file of labels: of a hundred thousand features each with a label of 150 bytes."""
_FILE = TypeAdapter(list[FeatureLabel])


def read_labels(path: Path) -> Mapping[int, FeatureLabel]:
    """Read labels from a JSON file: a list of objects with ``feature``, ``text`` and ``relatedness``.

    Raises:
        UsageMistake: the file cannot be read, is too long, is no such list, or labels a feature twice.
    """
    try:
        labels = _FILE.validate_json(read_bounded(path))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise UsageMistake(f"{path}: {where}: {first['msg']}.") from None
    known: dict[int, FeatureLabel] = {}
    for one in labels:
        if one.feature in known:
            raise UsageMistake(f"{path}: feature {one.feature} is labelled twice.")
        known[one.feature] = one.model_copy(update={"source": one.source or path.name})
    return known


def read_bounded(path: Path) -> bytes:
    """Read a small file that lies beside an autoencoder.

    Raises:
        UsageMistake: it cannot be read, or is longer than `MOST_BYTES`.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise UsageMistake(f"{path} cannot be read: {error.strerror or error}") from None
    if len(content) > MOST_BYTES:
        raise UsageMistake(f"{path} is longer than {MOST_BYTES >> 20} MiB; expected a file that a person would write")
    return content


def write_labels(labels: Iterable[FeatureLabel], path: Path) -> None:
    """Write labels as `read_labels` reads them, contexts included."""
    path.write_bytes(_FILE.dump_json(list(labels), indent=1) + b"\n")
