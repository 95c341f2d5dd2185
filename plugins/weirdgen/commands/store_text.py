"""What `weirdgen store` prints. Names in a store are hostile input: each is made safe to show."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from weirdgen.reporting.numbers import aligned
from weirdgen.schema.text import shown

if TYPE_CHECKING:
    from weirdgen.store.inventory import GateCount, Inventory
    from weirdgen.store.loading import Loaded

_NAME = 80
"""Characters of a name that are shown."""
_NEWEST_GATES = 20
_PLURAL = {"opening": "openings", "gate": "gates", "attempt": "attempts", "stop": "stop rules",
           "calibration": "calibrations", "sample": "samples"}  # fmt: skip


def inventory_lines(inventory: "Inventory", now: float) -> list[str]:
    """Return what a store holds, as lines.

    Args:
        inventory: of the store.
        now: UNIX time, for ages.
    """
    lines = [f"{shown(str(inventory.place))}: {inventory.bytes:,} bytes, store version {inventory.version}"]
    lines += [f"DAMAGED: {shown(one)}" for one in inventory.damage]
    if inventory.bad_rows:
        lines.append(
            f"DAMAGED: {inventory.bad_rows:,} samples cannot be used; the first is {shown(inventory.first_bad)}"
        )
    if inventory.sound:
        lines.append("sound: its structure, and every sample is of the request that its key is the digest of")
    else:
        lines.append("Move the file away and name another with --gate-store; a copy of it may be repaired by sqlite3.")
    lines += _models(inventory)
    lines += [line for one in inventory.gates[-_NEWEST_GATES:] for line in _gate(one, now)]
    if len(inventory.gates) > _NEWEST_GATES:
        lines.append(f"and {len(inventory.gates) - _NEWEST_GATES} older ones")
    for name, dollars, requests, held_dollars, held_requests in inventory.accounts:
        held = f"; held for answers under way: ${held_dollars:.2f}, {held_requests:,} requests" if held_requests else ""
        lines.append(f"account {shown(name, _NAME)}: spent ${dollars:.2f}, {requests:,} requests{held}")
    counts = inventory.counts
    if many := counts.get("shards"):
        lines.append(f"shards: {many:,}, of {counts['cut_gates']:,} gates; `weirdgen report --store` merges them")
    if many := counts.get("batches"):
        lines.append(
            f"batches that are not collected: {many:,}, of {counts['batch_lines']:,} requests; their gate's command, "
            "run again, collects them"
        )
    lines.append(
        f"judges' calibrations: {counts['calibrations']:,}; attempts: {counts['attempts']:,}; stop rules: "
        f"{counts['stops']:,}; openings: {counts['openings']:,}; requests under way: {counts['leases']:,}"
    )
    return lines


def count_lines(loaded: "Loaded") -> list[str]:
    """Return what became of a cassette's records, as lines."""
    lines = [
        f"{_PLURAL[kind]}: {counted['new']:,} new, {counted['known']:,} known, {counted['conflicting']:,} conflicting"
        for kind, counted in loaded.counts.items()
    ]
    if loaded.total("conflicting"):
        lines.append(
            "Where another one was there, it stays; an attempt whose number was taken has got the next, and a smaller "
            "error rate"
        )
    return lines or ["the cassette holds no records"]


def _models(inventory: "Inventory") -> Iterator[str]:
    if not inventory.models:
        yield "no samples"
        return
    head = ("model", "server", "role", "samples", "prompt tokens", "answer tokens", "oldest", "newest")
    rows = [
        (
            shown(one.model, _NAME),
            shown(one.base_url, _NAME) or "-",
            shown(one.role, _NAME),
            f"{one.samples:,}",
            f"{one.prompt_tokens:,}",
            f"{one.completion_tokens:,}",
            _moment(one.oldest),
            _moment(one.newest),
        )
        for one in inventory.models
    ]
    yield from aligned([head, *rows])


def _gate(gate: "GateCount", now: float) -> Iterator[str]:
    token, started = shown(gate.token, _NAME), _moment(gate.started_at)
    if gate.kind == "judge":
        yield f"judge's replies {token}: kept since {started}"
    elif gate.kind == "renewal":
        yield f"renewal {token}: samples of a finetune were deleted at {started}"
    else:
        ended = {None: "never ended", "INCONCLUSIVE": "ended, may go on", "DECIDED": "decided"}
        told = ended.get(gate.outcome, shown(str(gate.outcome), _NAME))
        left = f", {gate.undecided} undecided" if gate.undecided else ""
        hours = (now - gate.started_at) / 3600
        yield f"gate {token}: begun {started} ({hours:,.1f} h ago), {told}{left}; line {shown(gate.line[:16])}"


def _moment(moment: float) -> str:
    try:
        return f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%d %H:%M}Z"
    except (ValueError, OverflowError, OSError, TypeError):
        return shown(repr(moment), 30)
