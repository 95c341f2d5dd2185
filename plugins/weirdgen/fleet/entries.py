"""What a gate of a fleet came to, read from what it left: an exit status alone is no evidence."""

import signal
from collections import Counter
from pathlib import Path
from typing import Any

from weirdgen import __version__
from weirdgen.errors import EvidenceError
from weirdgen.fleet.family import Claims, claims
from weirdgen.fleet.gating import JUNIT, OUTPUT, REPORT, Done
from weirdgen.fleet.models_file import FleetModel
from weirdgen.reporting.junit_file import read_tree
from weirdgen.reporting.passing import reservations
from weirdgen.reporting.record import read_record
from weirdgen.schema.fleet import FleetEntry
from weirdgen.schema.run import RunRecord
from weirdgen.schema.text import shown, shown_block

PASSED, BEHAVIOUR, INCONCLUSIVE, INVALID, EVIDENCE = 0, 1, 10, 11, 12
GATE_STATUSES = (PASSED, BEHAVIOUR, INCONCLUSIVE, INVALID, EVIDENCE)
"""Those of a gate that came to an end; pytest's own 2-5 are none."""
_WITHOUT_VERDICT = {
    2: "it was interrupted, or a test file of it cannot be used",
    3: "pytest's internal error",
    4: "an option, a name or a server cannot be used",
    5: "no contrast was run",
}
_MISTAKE = "\nERROR: "
"""How pytest begins the line that says what is wrong with its command."""
_TAIL_BYTES, _TAIL_LINES = 4_000, 20


def entry(model: FleetModel, done: Done, out: Path) -> tuple[FleetEntry, Claims | None]:
    """Return what a gate came to, and what it brings into the fleet's family.

    Args:
        model: that it was of.
        done: how its process ended.
        out: folder of the fleet, with the gate's own in it.
    """
    folder = out / model.folder
    run = folder / REPORT / "run.json"
    record, error = None, _ended_badly(done)
    if not error or run.is_file():  # an interrupted gate tells what it spent
        record, trouble = _proven(run, model, done)
        error = error or trouble
    if not error:
        error = _unreadable(folder / JUNIT)
    tail = _tail(folder / OUTPUT) if error else ""
    _, told, mistake = tail.rpartition(_MISTAKE)
    found = FleetEntry(
        model=model.name,
        line=model.line,
        options=model.options,
        folder=model.folder,
        exit_status=done.status if done.status >= 0 else None,
        error=f"{error}: {mistake.splitlines()[0]}" if told else error,
        tail=tail,
        run=run.relative_to(out).as_posix() if record else "",
        seconds=round(done.seconds, 1),
        **(_told(record) if record else {}),
    )
    return found, claims(record) if record and not error else None


def not_gated(model: FleetModel, error: str, tail: str = "") -> FleetEntry:
    """Return the entry of a gate that was not started, or of which nothing came back."""
    return FleetEntry(
        model=model.name,
        line=model.line,
        options=model.options,
        folder=model.folder,
        error=shown(error, 2_000),
        tail=_last_lines(tail),
    )


def fleet_status(entries: list[FleetEntry]) -> int:
    """Return the exit status of a fleet: of its gates' the first of 12, 1, 11, 10.

    A gate without a verdict counts as 11, and one whose files do not bear out its status as 12.
    """
    found = {_status(one) for one in entries}
    return next((status for status in (EVIDENCE, BEHAVIOUR, INVALID, INCONCLUSIVE) if status in found), PASSED)


def _status(one: FleetEntry) -> int:
    if not one.error and one.exit_status is not None:
        return one.exit_status
    return EVIDENCE if one.exit_status in GATE_STATUSES else INVALID


def _ended_badly(done: Done) -> str:
    """Return why a process gave no verdict; empty: by its status it did."""
    if done.status in GATE_STATUSES:
        return ""
    if done.ended == "timeout":
        return f"it was not done after {done.seconds:.0f} s (--timeout)"
    if done.ended == "stopped":
        return "it was interrupted with the fleet"
    if done.status < 0:
        return f"its process was killed by {_signal(-done.status)}"
    return f"it ended with {done.status}: {_WITHOUT_VERDICT.get(done.status, 'no status of a gate')}"


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _proven(path: Path, model: FleetModel, done: Done) -> tuple[RunRecord | None, str]:
    """Return a gate's run record, or why it is not that of this gate."""
    try:
        record = read_record(path)
    except EvidenceError as error:
        return None, f"it ended with {done.status}, but {error}"
    if record.exit_status != done.status:
        return None, f"it ended with {done.status}, but its run.json says {record.exit_status}"
    if record.plan.names != (model.name,):
        return None, f"its run.json is of {', '.join(record.plan.names)}"
    if record.shard:
        return None, f"its run.json is of shard {record.shard} and not of a whole gate (--gate-shard, gate_shard)"
    if record.weirdgen != __version__:
        return None, f"its run.json is of weirdgen {record.weirdgen}, the fleet of {__version__}"
    if done.status in GATE_STATUSES and (record.interrupted or not record.verdicts):
        return None, f"it ended with {done.status}, but its run.json has no verdict, or is of an interrupted run"
    return record, ""


def _unreadable(path: Path) -> str:
    try:
        read_tree(path)
    except EvidenceError as error:
        return str(error)
    return ""


def _told(record: RunRecord) -> dict[str, Any]:
    """Return the fields of an entry that come from a run record."""
    findings: dict[str, Counter[str]] = {}
    for verdict in record.verdicts:
        findings.setdefault(verdict.probe, Counter())[verdict.final.value] += 1
    cells = [cell for verdict in record.verdicts for trial in verdict.trials for cell in trial.answers]
    return {
        "remarks": tuple(reservations(record)) if record.exit_status == PASSED else (),
        "findings": {probe: dict(counts) for probe, counts in findings.items()},
        "not_run": len(record.not_run),
        "samples": len({answer.key for cell in cells for answer in (*cell.rounds, *cell.extras)}),
        "spent": record.spent,
    }


def _tail(path: Path) -> str:
    """Return the last lines that a gate printed, safe to show."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - _TAIL_BYTES))
            text = file.read().decode("utf-8", "replace")
    except OSError:
        return ""
    return _last_lines(text)


def _last_lines(text: str) -> str:
    return shown_block("\n".join(text[-_TAIL_BYTES:].strip().splitlines()[-_TAIL_LINES:]))
