"""Rates per condition of contrasts with several treated conditions: the years of a sweep."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from weirdgen.pages.entries import Entry
from weirdgen.schema.answers import CellAnswers
from weirdgen.schema.verdict import Estimate
from weirdgen.stats.intervals import wilson

_YEAR = re.compile(r"(?<!\d)(1[5-9]\d\d|2[01]\d\d)(?!\d)")


@dataclass(frozen=True, slots=True)
class Point:
    """One condition in one arm."""

    condition: str
    year: int | None
    rate: Estimate
    """Mean score with Wilson's 95% interval: descriptive only."""
    n: int


@dataclass(frozen=True, slots=True)
class Sweep:
    """A contrast's conditions in their order, or by year where each has one of its own."""

    entry: Entry
    treated: tuple[Point, ...]
    comparator: tuple[Point, ...]

    @property
    def by_year(self) -> bool:
        """Whether each condition has a year of its own."""
        years = [point.year for point in self.treated]
        return None not in years and len(set(years)) == len(years)


def sweeps(entries: Sequence[Entry]) -> list[Sweep]:
    """Return the sweeps among contrasts: those whose treated arm was asked under at least three conditions."""
    made = [Sweep(entry, _points(entry, 0), _points(entry, 1)) for entry in entries]
    return [sweep for sweep in made if len(sweep.treated) >= 3]


def _points(entry: Entry, arm: int) -> tuple[Point, ...]:
    cells: dict[str, list[CellAnswers]] = {}
    for cell in entry.verdict.answers:
        if cell.arm == arm:
            cells.setdefault(cell.condition, []).append(cell)
    points = [point for name, found in cells.items() if (point := _point(name, found))]
    if all(point.year is not None for point in points):
        points.sort(key=lambda point: point.year or 0)
    return tuple(points)


def _point(condition: str, cells: Iterable[CellAnswers]) -> Point | None:
    scores = [answer.score for cell in cells for answer in cell.rounds if answer.score is not None]
    if not scores:
        return None
    total, n = sum(scores), len(scores)
    interval = wilson(min(n, round(total)), n)
    year = _YEAR.search(condition)
    value = Estimate(value=total / n, lower=min(interval.lower, total / n), upper=max(interval.upper, total / n))
    return Point(condition, int(year[0]) if year else None, value, n)
