"""What a fleet leaves beside its gates' folders: the record, one JUnit file, the matrix as Markdown and as a page."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from pydantic import ValidationError

from weirdgen.errors import EvidenceError
from weirdgen.fleet.gating import JUNIT
from weirdgen.pages import extra
from weirdgen.reporting.files import append, write_whole
from weirdgen.reporting.fleet_junit import merge
from weirdgen.reporting.fleet_markdown import fleet_summary
from weirdgen.schema.fleet import FleetRecord

NAME = "fleet.json"


def write_fleet(
    record: FleetRecord, out: Path, variables: Mapping[str, str] = os.environ
) -> tuple[list[str], list[str]]:
    """Write everything into a fleet's folder; return what went wrong, and what is only to be told.

    Args:
        record: of the fleet.
        out: its folder.
        variables: the process's; a GitHub job's page gets the matrix.
    """
    steps: list[Callable[[], None]] = [
        lambda: _write_record(record, out / NAME),
        lambda: merge(record, out, JUNIT),
        lambda: write_whole(out / "fleet.md", fleet_summary(record), "the matrix"),
    ]
    if not extra.missing():
        steps.append(lambda: _write_page(record, out))
    troubles = _failed(steps)
    named = variables.get("GITHUB_STEP_SUMMARY")
    beside = _failed([lambda: append(Path(str(named)), fleet_summary(record), "the step's summary")] if named else [])
    return troubles, [*beside, *([f"no fleet.html: {extra.missing()}"] if extra.missing() else [])]


def read_fleet(path: Path) -> FleetRecord:
    """Read a fleet's record.

    Raises:
        EvidenceError: it is missing, or none of this version.
    """
    try:
        return FleetRecord.model_validate_json(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, ValidationError) as error:
        raise EvidenceError(f"{path} is not a readable record of a fleet: {error}") from error


def _write_record(record: FleetRecord, path: Path) -> None:
    write_whole(path, record.model_dump_json(indent=1) + "\n", "the fleet's record")
    if read_fleet(path) != record:
        raise EvidenceError(f"{path} reads back differently from what was written")


def _write_page(record: FleetRecord, out: Path) -> None:
    from weirdgen.pages.fleet import write_fleet_page

    write_fleet_page(record, out)


def _failed(steps: list[Callable[[], None]]) -> list[str]:
    found = []
    for step in steps:
        try:
            step()
        except (EvidenceError, OSError) as error:
            found.append(str(error))
    return found
