"""Files that are written whole or not at all."""

import contextlib
import os
from pathlib import Path

from weirdgen.errors import EvidenceError


def write_whole(path: Path, content: str | bytes, what: str) -> None:
    """Write a file in place of what is there, and prove that it reads back the same.

    Args:
        path: its folder is made where it is not there.
        content: of it, whole.
        what: it is, for the message.

    Raises:
        EvidenceError: it cannot be written, or reads back differently; what was there stays.
    """
    refuse_folder(path, what)
    half = path.with_name(f".{path.name}.{os.getpid()}")
    data = content.encode("utf-8", "backslashreplace") if isinstance(content, str) else content
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        half.write_bytes(data)
        half.replace(path)
        same = path.read_bytes() == data
    except OSError as error:
        with contextlib.suppress(OSError):
            half.unlink()
        raise EvidenceError(f"{what} {path} could not be written: {error.strerror or error}") from error
    if not same:
        raise EvidenceError(f"{what} {path} reads back differently from what was written")


def refuse_folder(path: Path, what: str) -> None:
    """Refuse a folder in the place of a file: of ``.`` and ``/`` there is not even a name beside.

    Raises:
        EvidenceError: it is one.
    """
    if path.is_dir():
        raise EvidenceError(f"{what} {path} cannot be written: a folder is there")


def append(path: Path, text: str, what: str) -> None:
    """Append to a file that others write to as well.

    Raises:
        EvidenceError: it cannot be written.
    """
    try:
        with path.open("ab") as file:
            file.write(text.encode("utf-8", "backslashreplace"))
    except OSError as error:
        raise EvidenceError(f"{what} {path} could not be written: {error.strerror or error}") from error
