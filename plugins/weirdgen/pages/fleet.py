"""The page of a fleet: models by findings, in one file of HTML that loads nothing."""

from pathlib import Path

from weirdgen.pages.render import render
from weirdgen.reporting.files import write_whole
from weirdgen.reporting.fleet_words import (
    LEGEND,
    cell,
    error_rate_lines,
    findings,
    in_fleet_text,
    totals_text,
    word,
    words,
    worst_first,
)
from weirdgen.schema.fleet import FleetEntry, FleetRecord


def write_fleet_page(record: FleetRecord, out: Path) -> None:
    """Write ``fleet.html`` into a fleet's folder; the extra `report` must be installed (`extra.require`).

    Raises:
        EvidenceError: it cannot be written or reads back differently.
    """
    probes = findings(record)
    rows = [
        {
            "entry": one,
            "word": word(one),
            "cells": [cell(one, probe) for probe in probes],
            "in_fleet": in_fleet_text(one),
            "link": _link(one, out),
        }
        for one in worst_first(record)
    ]
    values = {
        "record": record,
        "words": words(record),
        "probes": probes,
        "rows": rows,
        "rates": error_rate_lines(record),
        "totals": totals_text(record),
        "legend": LEGEND,
    }
    write_whole(out / "fleet.html", render(values, "fleet.html.j2"), "the page of the fleet")


def _link(entry: FleetEntry, out: Path) -> str:
    """Return the best page of a gate, as seen from that of the fleet; empty: there is none."""
    folder = Path(entry.run).parent
    found = [folder / name for name in ("report.html", "summary.md", "run.json")] if entry.run else []
    return next((path.as_posix() for path in found if (out / path).is_file()), "")
