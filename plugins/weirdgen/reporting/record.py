"""The run record on disk: written atomically, read back, compared."""

from pathlib import Path

from pydantic import ValidationError

from weirdgen.errors import EvidenceError
from weirdgen.schema.run import RunRecord


def write_record(record: RunRecord, path: Path) -> None:
    """Write `run.json` and prove that it reads back the same.

    Raises:
        EvidenceError: the folder cannot be written, or what was written reads back differently.
    """
    partial = path.with_suffix(".partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(record.model_dump_json(indent=1) + "\n", encoding="utf-8")
        partial.replace(path)
    except (OSError, ValueError) as error:
        raise EvidenceError(f"the run record {path} could not be written: {error}") from error
    if read_record(path) != record:
        raise EvidenceError(f"the run record {path} reads back differently from what was written")


def read_record(path: Path) -> RunRecord:
    """Read a run record.

    Raises:
        EvidenceError: the file is missing, no JSON, or not a run record of this version.
    """
    try:
        record = RunRecord.model_validate_json(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, ValidationError) as error:
        raise EvidenceError(f"{path} is not a readable run record: {error}") from error
    # Whoever pairs them would lose the verdicts at the end, which may be those that fail.
    if len(record.expected) != len(record.verdicts):
        told = f"{len(record.verdicts)} verdicts and {len(record.expected)} expectations"
        raise EvidenceError(f"{path} is not a readable run record: it has {told}")
    return record
