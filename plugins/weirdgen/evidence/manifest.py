"""What a bundle holds: every file with its SHA-256, and a Merkle root over all and over the lines of the samples."""

import hashlib
import re
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

from pydantic import Field

from weirdgen.errors import EvidenceError
from weirdgen.schema.canonical import canonical_json
from weirdgen.schema.frozen import Frozen

MANIFEST, STATEMENT, RUN, PLAN = "manifest.json", "statement.json", "run.json", "plan.json"
SAMPLES, LEAVES = "samples.jsonl", "samples.sha256"
PROBES, GOLD, BASELINE = "probes", "gold", "baseline.json"
_BELONGS = re.compile(
    r"run\.json|plan\.json|samples\.(jsonl|sha256)|baseline\.json|"
    r"probes/(0|[1-9][0-9]*)/[^/\n]+\.toml|gold/(0|[1-9][0-9]*)/[^/\n]+"
)
UNLISTED = (MANIFEST, STATEMENT)
"""The statement names the manifest, and the manifest everything else."""


class FileEntry(Frozen):
    """One file of a bundle."""

    path: str
    """Relative, with slashes."""
    sha256: str = Field(pattern="^[0-9a-f]{64}$")
    size: int = Field(ge=0)
    """Bytes."""


class Manifest(Frozen):
    """The table of contents (`manifest.json`)."""

    weirdgen_evidence: Literal[1] = 1
    """Version of the format."""
    weirdgen: str
    """Version of the package that wrote it."""
    files: tuple[FileEntry, ...]
    """Sorted by path."""
    root: str
    """Merkle root (RFC 6962, 2.1) over the canonical JSON of the entries."""
    samples_root: str
    """Merkle root over the lines of the samples, line feeds left out: a commitment to each of them."""


def merkle_root(leaves: Sequence[bytes]) -> str:
    """Return the Merkle tree hash of some leaves, as 64 hexadecimal digits.

    RFC 6962, 2.1: a leaf is hashed after a byte 0, an inner node after a byte 1, and a list is split at the largest
    power of two below its length.
    """
    return merkle_of([hashlib.sha256(b"\0" + leaf).digest() for leaf in leaves])


def merkle_of(hashes: Sequence[bytes]) -> str:
    """Return the Merkle tree hash over leaves that are hashed already."""
    return _tree(hashes).hex() if hashes else hashlib.sha256(b"").hexdigest()


def _tree(hashes: Sequence[bytes]) -> bytes:
    if len(hashes) == 1:
        return hashes[0]
    split = 1 << (len(hashes) - 1).bit_length() - 1
    return hashlib.sha256(b"\1" + _tree(hashes[:split]) + _tree(hashes[split:])).digest()


def line_hashes(path: Path) -> Iterator[str]:
    """Return the leaf hash of each line of a file, in order."""
    with path.open("rb") as file:
        for line in file:
            yield hashlib.sha256(b"\0" + line.removesuffix(b"\n")).hexdigest()


def make_manifest(folder: Path, version: str) -> Manifest:
    """Return the manifest of a bundle's folder.

    Args:
        folder: with everything but manifest and statement; its samples' leaves are written.
        version: of the package.
    """
    entries = tuple(_entry(folder, path) for path in _listed(folder))
    leaves = (folder / LEAVES).read_text("ascii").split()
    return Manifest(
        weirdgen=version,
        files=entries,
        root=files_root(entries),
        samples_root=merkle_of([bytes.fromhex(leaf) for leaf in leaves]),
    )


def files_root(entries: Sequence[FileEntry]) -> str:
    """Return the Merkle root over files."""
    return merkle_root([canonical_json(entry.model_dump()).encode("ascii") for entry in entries])


def read_manifest(folder: Path) -> Manifest:
    """Read a bundle's manifest.

    Raises:
        EvidenceError: there is none, or it cannot be read.
    """
    path = folder / MANIFEST
    if not path.exists():
        inner = folder / "evidence"
        near = f"; {inner} has one" if (inner / MANIFEST).is_file() else " (--gate-evidence writes one)"
        raise EvidenceError(f"{folder}: no evidence bundle is there{near}")
    try:
        if not stat.S_ISREG(path.lstat().st_mode):  # a pipe would be waited for
            raise EvidenceError(f"{path}: is a link or no ordinary file")
        return Manifest.model_validate_json(path.read_bytes())
    except (OSError, ValueError) as error:
        raise EvidenceError(f"{path}: is not the manifest of an evidence bundle: {error}") from None


def manifest_problems(folder: Path, manifest: Manifest) -> list[str]:
    """Return every file that is not what the manifest says, each as one line that names it."""
    listed = {entry.path: entry for entry in manifest.files}
    there = set(_listed(folder))
    problems = [f"{path}: is missing" for path in sorted(listed.keys() - there)]
    problems += [f"{path}: is not in the manifest" for path in sorted(there - listed.keys())]
    problems += [f"{path}: does not belong in a bundle" for path in sorted(there) if not _BELONGS.fullmatch(path)]
    for path in sorted(listed.keys() & there):
        if _entry(folder, path) != listed[path]:
            problems.append(f"{path}: is not the file that the manifest lists{_line(folder, path)}")
    if len(listed) != len(manifest.files) or list(listed) != sorted(listed):
        problems.append(f"{MANIFEST}: files: lists a file twice, or not in order")
    if files_root(manifest.files) != manifest.root:
        problems.append(f"{MANIFEST}: root: is not the Merkle root of the files listed")
    return problems


def _line(folder: Path, path: str) -> str:
    """Return which line of the samples is the first that differs from its leaf; empty for any other file."""
    if path != SAMPLES or not (folder / LEAVES).is_file():
        return ""
    leaves = (folder / LEAVES).read_text("ascii", errors="replace").split()
    lines = list(line_hashes(folder / SAMPLES))
    for number, (leaf, line) in enumerate(zip(leaves, lines, strict=False), start=1):
        if leaf != line:
            return f"; line {number} is the first that differs"
    if len(lines) != len(leaves):
        return f"; it has {len(lines)} lines where {len(leaves)} were written"
    return ""


def refuse_odd(folder: Path) -> None:
    """Refuse what is neither an ordinary file nor a folder: what a link leads to is in no manifest.

    Raises:
        EvidenceError: there is such a thing; the message names it.
    """
    for path in sorted(folder.rglob("*")):
        kind = path.lstat().st_mode
        if not (stat.S_ISREG(kind) or stat.S_ISDIR(kind)):
            raise EvidenceError(f"{path.relative_to(folder).as_posix()}: is a link or no ordinary file")


def _listed(folder: Path) -> list[str]:
    found = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir())
    return sorted(path for path in found if path not in UNLISTED)


def _entry(folder: Path, path: str) -> FileEntry:
    content = (folder / path).read_bytes()
    return FileEntry(path=path, sha256=hashlib.sha256(content).hexdigest(), size=len(content))
