"""A fleet at the terminal: a line for each gate as it ends, and at the end what all came to."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from weirdgen.fleet.models_file import FleetModel
from weirdgen.reporting.fleet_words import (
    counts_text,
    error_rate_lines,
    in_fleet_text,
    totals_text,
    word,
    words,
    worst_first,
)
from weirdgen.reporting.numbers import aligned
from weirdgen.schema.fleet import FleetEntry, FleetRecord
from weirdgen.schema.text import shown, shown_block

_NAME, _TOLD = 60, 100
_MOST_ROWS = 40


class Progress:
    """Tells each gate as it ends, and how long the others may take."""

    def __init__(
        self, models: Sequence[FleetModel], say: Callable[[str], None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._all, self._ended = len(models), 0
        self._width = max(len(shown(model.name, _NAME)) for model in models)
        self._say, self._clock = say, clock
        self._started = clock()

    def tell(self, entry: FleetEntry) -> None:
        """Tell that a gate ended."""
        self._ended += 1
        gone = self._clock() - self._started
        left = self._all - self._ended
        eta = f", {left} left, about {duration(gone / self._ended * left)}" if left else ""
        place = f"{self._ended:>{len(str(self._all))}}/{self._all}"
        self._say(
            f"{place}  {shown(entry.model, _NAME):{self._width}}  {word(entry):12}  "
            f"{shown(counts_text(entry))}  ({duration(entry.seconds)}{eta})"
        )


def summary_lines(record: FleetRecord, out: Path) -> list[str]:
    """Return what to show of a fleet that ended: what does not pass, the sums, the error rates, the files."""
    failing = [one for one in worst_first(record) if not one.passed]
    rows = [
        (shown(one.model, _NAME), word(one), shown(counts_text(one), _TOLD), in_fleet_text(one))
        for one in failing[:_MOST_ROWS]
    ]
    head = ("model", "gate", "contrasts", f"after correction over {len(record.entries)} models")
    lines = ["", *(aligned([head, *rows]) if rows else [])]
    if len(failing) > _MOST_ROWS:
        lines.append(f"... and {len(failing) - _MOST_ROWS} more that do not pass")
    for one in [one for one in failing if one.tail and one.tail.rpartition("ERROR: ")[2] not in one.error][:3]:
        lines += ["", f"{shown(one.model, _NAME)} printed last:", *(f"  {line}" for line in one.tail.splitlines()[-5:])]
    lines += ["", *error_rate_lines(record), totals_text(record)]
    told = ", ".join(f"{number} {what}" for what, number in words(record))
    lines.append(f"{told}; exit status {record.exit_status}; reports in {out}")
    return [shown_block(line) for line in lines]


def duration(seconds: float) -> str:
    """Return a time for people: ``41 s``, ``12 min``, ``3 h 5 min``."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60} min"
