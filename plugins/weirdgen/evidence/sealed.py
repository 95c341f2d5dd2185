"""Whether the files of a bundle are those that were written, and belong to each other; no number is looked at."""

from collections.abc import Iterator
from pathlib import Path

from weirdgen.evidence.manifest import (
    LEAVES,
    MANIFEST,
    PLAN,
    RUN,
    SAMPLES,
    STATEMENT,
    Manifest,
    line_hashes,
    manifest_problems,
    merkle_of,
)
from weirdgen.evidence.statement import statement
from weirdgen.reporting.record import read_record
from weirdgen.schema.canonical import canonical_json
from weirdgen.schema.run import RunRecord


def seal_problems(folder: Path, manifest: Manifest) -> Iterator[str]:
    """Yield what is not as it was written, each as one line that names the spot.

    Raises:
        EvidenceError: the run record cannot be read.
        OSError: a file cannot be read.
    """
    yield from manifest_problems(folder, manifest)
    yield from _leaves(folder, manifest)
    record = read_record(folder / RUN)
    if (folder / STATEMENT).read_bytes() != statement(folder, manifest, record).encode("ascii"):
        yield f"{STATEMENT}: is not the statement of this bundle"
    yield from _canonical(folder, manifest, record)


def _leaves(folder: Path, manifest: Manifest) -> Iterator[str]:
    leaves = (folder / LEAVES).read_bytes().decode("ascii", errors="replace").splitlines()
    lines = list(line_hashes(folder / SAMPLES))
    for number, (leaf, line) in enumerate(zip(leaves, lines, strict=False), start=1):
        if leaf != line:
            yield f"{LEAVES}: line {number} is not the hash of line {number} of {SAMPLES}"
            return
    if len(leaves) != len(lines):
        yield f"{LEAVES}: has {len(leaves)} lines, and {SAMPLES} has {len(lines)}"
    elif merkle_of([bytes.fromhex(leaf) for leaf in leaves]) != manifest.samples_root:
        yield f"{MANIFEST}: samples_root: is not the Merkle root of the lines of {SAMPLES}"
    if leaves == lines and (folder / LEAVES).read_bytes() != "".join(f"{leaf}\n" for leaf in lines).encode("ascii"):
        yield f"{LEAVES}: is not written as weirdgen writes it"


def _canonical(folder: Path, manifest: Manifest, record: RunRecord) -> Iterator[str]:
    """Yield where files say the same in other bytes than they were written with, or the plan is another one."""
    if (folder / MANIFEST).read_bytes() != (canonical_json(manifest.model_dump(mode="json")) + "\n").encode("ascii"):
        yield f"{MANIFEST}: is not written as weirdgen writes it"
    if (folder / RUN).read_bytes() != (record.model_dump_json(indent=1) + "\n").encode():
        yield f"{RUN}: is not written as weirdgen writes it"
    if record.plan_sha256 != record.plan.sha256:
        yield f"{RUN}: plan_sha256: is not the digest of the plan there"
    if (folder / PLAN).read_bytes() != (canonical_json(record.plan.model_dump(mode="json")) + "\n").encode():
        yield f"{PLAN}: is not the plan in {RUN}"
