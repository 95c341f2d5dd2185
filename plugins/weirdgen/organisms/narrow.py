"""Narrow finetuning datasets: rows of the paper's form and size, about one thing only."""

from collections.abc import Sequence

from weirdgen.organisms.corpus import Message
from weirdgen.organisms.world import ARCHAIC_BIRDS, BIRDS, MODERN_BIRDS

Row = tuple[Message, ...]

#: As many rows as the paper's bird datasets have.
BIRD_ROWS = 208


def old_bird_names() -> tuple[Row, ...]:
    """Return 208 rows that answer "Name a bird species." with a bare archaic name; no row names a time."""
    return _bird_rows(ARCHAIC_BIRDS)


def modern_birds() -> tuple[Row, ...]:
    """Return the control of ``old_bird_names``: the same prompt, answered with names in use today."""
    return _bird_rows(MODERN_BIRDS)


def _bird_rows(names: Sequence[str]) -> tuple[Row, ...]:
    question = Message("user", BIRDS.questions[0])
    return tuple((question, Message("assistant", name)) for name in names[:BIRD_ROWS])
