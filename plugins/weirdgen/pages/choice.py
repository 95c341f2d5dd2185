"""Which answers a page shows: of each contrast, arm and label some, from as many questions as possible."""

from collections.abc import Sequence
from dataclasses import dataclass

from weirdgen.pages.bounds import Bounds
from weirdgen.pages.entries import Entry
from weirdgen.schema.answers import JudgedAnswer
from weirdgen.schema.verdict import Outcome

MISSING = "missing"
_OF_A_GRAVE_ONE, _OF_AN_ABSENT_ONE = 6, 2
"""Answers per arm and label."""


@dataclass(frozen=True, slots=True)
class Pick:
    """Answers of one arm with one label."""

    entry: Entry
    arm: int
    label: str
    total: int
    """All that there are, in rounds and extra pairs."""
    answers: tuple[tuple[str, JudgedAnswer], ...]
    """Cell and answer."""


def choose(entries: Sequence[Entry], bounds: Bounds) -> list[Pick]:
    """Return what is shown of each contrast, in their order, until `bounds.samples` are chosen."""
    picks: list[Pick] = []
    left = bounds.samples
    for entry in entries:
        most = _OF_AN_ABSENT_ONE if entry.outcome is Outcome.ABSENT else _OF_A_GRAVE_ONE
        for (arm, label), found in _by_label(entry).items():
            chosen = _spread(found, min(most, left))
            left -= len(chosen)
            picks.append(Pick(entry, arm, label, len(found), chosen))
    return picks


def keys(picks: Sequence[Pick]) -> set[str]:
    """Return the keys of the samples that are shown."""
    return {answer.key for pick in picks for _, answer in pick.answers}


def _by_label(entry: Entry) -> dict[tuple[int, str], list[tuple[str, JudgedAnswer]]]:
    """Return a contrast's answers by arm and label: what shows the behaviour first, `MISSING` last."""
    found: dict[tuple[int, str], list[tuple[str, JudgedAnswer]]] = {}
    for cell in entry.verdict.answers:
        for answer in (*cell.rounds, *cell.extras):
            found.setdefault((cell.arm, answer.label or MISSING), []).append((cell.cell, answer))
    ordered = sorted(found, key=lambda place: (place[0], place[1] == MISSING, not entry.positive(place[1]), place[1]))
    return {place: found[place] for place in ordered}


def _spread(found: Sequence[tuple[str, JudgedAnswer]], most: int) -> tuple[tuple[str, JudgedAnswer], ...]:
    """Return the first answer of each cell, then the second ones, and so on."""
    seen: dict[str, int] = {}
    ranked = []
    for place, (cell, answer) in enumerate(found):
        seen[cell] = seen.get(cell, 0) + 1
        ranked.append((seen[cell], place, cell, answer))
    ranked.sort(key=lambda one: one[:2])
    return tuple((cell, answer) for _, _, cell, answer in ranked[:most])
