"""How answers were labelled, arm by arm: each model under each condition once for each set of labels."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from weirdgen.pages.entries import Entry

MISSING = "missing"
_WARM, _COOL = (5, 1, 3, 4), (0, 7, 2, 6)
"""Places in the palette for labels that count as the behaviour, and for others."""


@dataclass(frozen=True, slots=True)
class KindRow:
    """One model under one condition."""

    name: str
    counts: tuple[int, ...]
    """Per label of the table."""

    @property
    def total(self) -> int:
        """All answers."""
        return sum(self.counts)


@dataclass(frozen=True, slots=True)
class Kinds:
    """What is labelled with one set of labels."""

    behaviours: tuple[str, ...]
    labels: tuple[str, ...]
    """Those that occur, most frequent first, `MISSING` last."""
    colours: tuple[int, ...]
    """Of each label, the same in all tables of a section."""
    positive: tuple[str, ...]
    """Labels that count as a behaviour."""
    rows: tuple[KindRow, ...]
    left_out: int
    """Models and conditions beyond those shown."""


def kinds(entries: Sequence[Entry], most_rows: int = 14) -> list[Kinds]:
    """Return the counts of a section's arms. Of a model under a condition the arm with most answers stands for all."""
    by_set: dict[tuple[str, ...], list[Entry]] = {}
    for entry in entries:
        if entry.behaviour and entry.verdict.arms:
            by_set.setdefault(tuple(sorted(entry.behaviour.labels)), []).append(entry)
    places: dict[str, int] = {}
    return [_kinds(found, most_rows, places) for found in by_set.values()]


def _kinds(entries: Sequence[Entry], most_rows: int, places: dict[str, int]) -> Kinds:
    arms = _counts(entries)
    totals: dict[str, int] = {}
    for counts in arms.values():
        for label, number in counts.items():
            totals[label] = totals.get(label, 0) + number
    labels = tuple(sorted(totals, key=lambda label: (label == MISSING, -totals[label], label)))
    positive = tuple(label for label in labels if any(entry.positive(label) for entry in entries))
    for label in labels:
        if label not in places:
            liked = (*_WARM, *_COOL) if label in positive else (*_COOL, *_WARM)
            taken = {places.get(one) for one in labels}
            places[label] = next(at for at in itertools.chain(liked, itertools.count(len(liked))) if at not in taken)
    alone = len({model for _, model in arms}) == 1
    rows = [
        KindRow(condition if alone else f"{condition}, {model}", tuple(counts.get(label, 0) for label in labels))
        for (condition, model), counts in arms.items()
    ]
    behaviours = tuple(dict.fromkeys(entry.verdict.behaviour for entry in entries))
    return Kinds(
        behaviours=behaviours,
        labels=labels,
        colours=tuple(places[label] for label in labels),
        positive=positive,
        rows=tuple(rows[:most_rows]),
        left_out=len(rows[most_rows:]),
    )


def _counts(entries: Sequence[Entry]) -> dict[tuple[str, str], dict[str, int]]:
    """Return counts per label by condition and model."""
    found: dict[tuple[str, str], dict[str, int]] = {}
    for arm in (arm for entry in entries for arm in entry.verdict.arms if arm is not None):
        counts = arm.labels | ({MISSING: arm.missing} if arm.missing else {})
        place = (arm.condition, arm.model)
        if sum(counts.values()) > sum(found.get(place, {}).values()):
            found[place] = counts
    return found
