"""The run record on disk: written atomically, read back, compared."""

from pathlib import Path

from pydantic import ValidationError

from weirdgen.errors import EvidenceError
from weirdgen.reporting.files import write_whole
from weirdgen.schema.run import RunRecord
from weirdgen.schema.text import shown

VERSION: int = RunRecord.model_fields["version"].default


def write_record(record: RunRecord, path: Path) -> None:
    """Write `run.json` and prove that it reads back the same.

    Raises:
        EvidenceError: the folder cannot be written, or what was written reads back differently.
    """
    try:
        text = record.model_dump_json(indent=1) + "\n"
    except ValueError as error:  # text that UTF-8 cannot hold
        raise EvidenceError(f"the run record {path} could not be written: {error}") from error
    write_whole(path, text, "the run record")
    if read_record(path) != record:
        raise EvidenceError(f"the run record {path} reads back differently from what was written")


def read_record(path: Path) -> RunRecord:
    """Read a run record.

    Raises:
        EvidenceError: the file is missing, no JSON, or not a run record of this version.
    """
    try:
        record = RunRecord.model_validate_json(path.read_text(encoding="utf-8"))
    except ValidationError as error:
        raise EvidenceError(f"{path} is not a readable run record: {_why(error)}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise EvidenceError(f"{path} is not a readable run record: {error}") from error
    if told := _unpaired(record):
        raise EvidenceError(f"{path} is not a readable run record: it has {told}")
    return record


def _why(error: ValidationError) -> str:
    """Return what is wrong; of another version only that: nobody can mend the other fields of it."""
    for one in error.errors(include_url=False, include_context=False):
        if one["loc"] == ("version",) and one["type"] == "literal_error":
            return (
                f"it is of version {shown(repr(one['input']), 40)}, and this weirdgen reads version {VERSION}; "
                "use the weirdgen that wrote it, or gate again"
            )
    return str(error)


def _unpaired(record: RunRecord) -> str:
    """Return what is not one for each verdict; empty if all is.

    Whoever pairs them would lose the verdicts at the end, or pass one by what is expected of another.
    """
    if len(record.expected) != len(record.verdicts):
        return f"{len(record.verdicts)} verdicts and {len(record.expected)} expectations"
    if record.places and len(record.places) != len(record.verdicts):
        return f"{len(record.verdicts)} verdicts and {len(record.places)} places of tests"
    for verdict, one in zip(record.verdicts, record.expected, strict=True):
        if (verdict.model, verdict.probe, verdict.contrast) != (one.model, one.probe, one.contrast):
            return f"an expectation of another contrast in the place of {verdict.item_id} on {shown(verdict.model, 80)}"
    return ""
