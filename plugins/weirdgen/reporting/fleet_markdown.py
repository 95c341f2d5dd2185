"""The matrix of a fleet as Markdown: models by findings, the worst first."""

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
from weirdgen.reporting.inert import fenced, inert
from weirdgen.schema.fleet import FleetEntry, FleetRecord

MOST_BYTES = 900_000
"""GitHub refuses a step's summary above 1 MiB."""
_NOTE_BYTES = 200


def fleet_summary(record: FleetRecord, most: int = MOST_BYTES) -> str:
    """Return the summary of a fleet, with a note of what was left out.

    Args:
        record: of the fleet.
        most: bytes as UTF-8, at most; from 4,000.
    """
    ranked, probes = worst_first(record), findings(record)
    head = "".join(f" {inert(probe)} |" for probe in probes)
    lines = [
        f"## weirdgen fleet: {', '.join(f'{number} {what}' for what, number in words(record))}",
        "",
        f"Exit status {record.exit_status}. {totals_text(record)}",
        *(["The fleet was interrupted."] if record.interrupted else []),
        *error_rate_lines(record),
        "",
        f"| model | gate |{head} after correction over {len(record.entries)} models |",
        f"|---|---|{'---|' * len(probes)}---|",
    ]
    rows = [_row(one, probes) for one in ranked]
    errors = [_error(one) for one in ranked if one.error]
    legend = ["", f"{LEGEND}; of how many contrasts that were run.", ""]
    room = most - _NOTE_BYTES - _bytes([*lines, *legend])
    kept: list[str] = []
    for part in (rows, errors):
        lines += legend if part is errors else []
        for one in part:
            room -= _bytes([one])
            if room >= 0:
                lines.append(one)
                kept.append(one)
    if left := len(rows) + len(errors) - len(kept):
        lines.append(f"\n{left} rows and errors are left out to stay within {most:,} bytes; fleet.json has them.")
    return "\n".join(lines).rstrip() + "\n"


def _row(entry: FleetEntry, probes: list[str]) -> str:
    cells = [inert(entry.model, 200), f"{'' if entry.passed else '❌ '}{word(entry)}"]
    cells += [cell(entry, probe).text for probe in probes]
    return f"| {' | '.join([*cells, in_fleet_text(entry)])} |"


def _error(entry: FleetEntry) -> str:
    told = f"\n{fenced(entry.tail)}" if entry.tail else ""
    return f"**{inert(entry.model, 200)}**: {inert(entry.error)}\n{told}\n"


def _bytes(lines: list[str]) -> int:
    return sum(len(line.encode("utf-8", "replace")) + 1 for line in lines)
