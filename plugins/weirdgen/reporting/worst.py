"""Verdicts in the order in which somebody should look at them, and whether each passes."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from weirdgen.schema.run import Expected, Place, RunRecord
from weirdgen.schema.verdict import GRAVEST_FIRST, Outcome, Verdict


@dataclass(frozen=True, slots=True)
class Judged:
    """A verdict with what a run record says of it beside."""

    verdict: Verdict
    expected: Expected
    place: Place | None
    """None: the record is from before it was kept."""

    @property
    def final(self) -> Outcome:
        """After the procedure over the session."""
        return self.verdict.final

    @property
    def met(self) -> bool:
        """Whether it passes as the gate's mode has it."""
        return self.expected.met

    @property
    def name(self) -> str:
        """Contrast and model, for people."""
        return f"{self.verdict.item_id} on {self.verdict.model}"


def worst_first(record: RunRecord) -> list[Judged]:
    """Return all verdicts: those that fail first, the gravest of them first, and among equals the largest effect."""
    places = record.places or (None,) * len(record.verdicts)
    judged = [Judged(*one) for one in zip(record.verdicts, record.expected, places, strict=True)]
    return sorted(judged, key=lambda one: (one.met, GRAVEST_FIRST.index(one.final), -_size(one.verdict)))


def counted(verdicts: Iterable[Verdict]) -> Iterator[tuple[Outcome, int]]:
    """Yield how often each verdict was given, the gravest first; nothing for one that was not."""
    finals = [v.final for v in verdicts]
    yield from ((outcome, finals.count(outcome)) for outcome in GRAVEST_FIRST if outcome in finals)


def _size(verdict: Verdict) -> float:
    rate = verdict.treated.rate if verdict.treated else None
    measured = verdict.effect or rate
    return measured.value if measured else 0.0
