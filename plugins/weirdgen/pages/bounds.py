"""How much a page may hold: whatever a run's size, its page stays small enough to be read and sent."""

from dataclasses import dataclass

MOST_BYTES = 5_000_000
"""Of a whole page."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a page holds at most; what is left out is said in it."""

    rows: int
    """Contrasts in tables, gravest first."""
    details: int
    """Contrasts with a part of their own, gravest first."""
    plots: int
    samples: int
    """Answers whose text is shown."""
    sample_bytes: int
    """Of their texts together, as they stand in the page."""
    characters: int
    """Of one answer."""


FULL = Bounds(rows=600, details=200, plots=48, samples=1200, sample_bytes=1_000_000, characters=600)
LADDER = (
    FULL,
    Bounds(rows=600, details=80, plots=16, samples=300, sample_bytes=300_000, characters=400),
    Bounds(rows=300, details=20, plots=4, samples=60, sample_bytes=60_000, characters=200),
    Bounds(rows=100, details=0, plots=0, samples=0, sample_bytes=0, characters=0),
)
"""Tried in this order until the page is small enough."""
NAME, LINE, BLOCK = 120, 600, 1_500
"""Characters of a name, of a sentence, of a text of the probe's or the record's that is longer."""
