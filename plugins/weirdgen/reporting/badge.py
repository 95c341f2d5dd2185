"""A badge: the file that an endpoint badge of shields reads."""

import json

from weirdgen.reporting.passing import reported_only, reservations
from weirdgen.reporting.worst import counted
from weirdgen.schema.run import RunRecord

_COLOURS = {1: "red", 10: "orange", 11: "orange"}


def badge(record: RunRecord) -> str:
    """Return the badge as JSON.

    Green is a gate that passed without reservation (`passing.reservations`) on every contrast of its family, nothing
    else. A replication, where PRESENT passes, has a label of its own.
    """
    label = "weirdgen" if record.plan.mode == "gate" else "weirdgen replication"
    told = {"schemaVersion": 1, "label": label, "message": _message(record), "color": _colour(record)}
    return json.dumps(told | {"isError": record.exit_status != 0}) + "\n"


def _message(record: RunRecord) -> str:
    if record.exit_status == 0:
        partial = f" of {record.plan.family_size}" if record.not_run else ""
        return f"passed {len(record.verdicts) - len(reported_only(record))}{partial}"
    failing = [v for v, expected in zip(record.verdicts, record.expected, strict=True) if not expected.met]
    listed = [f"{number} {outcome}" for outcome, number in counted(failing)]
    return ", ".join(listed) or f"exit status {record.exit_status}"


def _colour(record: RunRecord) -> str:
    if record.exit_status != 0:
        return _COLOURS.get(record.exit_status, "lightgrey")
    return "yellow" if reservations(record) else "yellowgreen" if record.not_run else "brightgreen"
