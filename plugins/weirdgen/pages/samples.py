"""The answers as the page shows them: hostile text made harmless, cut, and counted."""

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from weirdgen.pages.bounds import Bounds
from weirdgen.pages.choice import MISSING, Pick
from weirdgen.pages.entries import Entry
from weirdgen.schema.answers import JudgedAnswer
from weirdgen.schema.sample import Sample
from weirdgen.schema.text import clean, shown, shown_block


@dataclass(frozen=True, slots=True)
class Shown:
    """One answer."""

    key: str
    cell: str
    """Question, in a sweep ``condition/question``."""
    question: str
    text: str
    """Printable; empty if it is not there."""
    note: str
    """What to know of it."""


@dataclass(frozen=True, slots=True)
class Shelf:
    """Answers of one arm with one label."""

    arm: str
    label: str
    positive: bool
    total: int
    answers: tuple[Shown, ...]


@dataclass(frozen=True, slots=True)
class Book:
    """All shelves of a contrast."""

    entry: Entry
    shelves: tuple[Shelf, ...]

    @property
    def total(self) -> int:
        """Answers that the verdict rests on."""
        return sum(shelf.total for shelf in self.shelves)

    @property
    def shown(self) -> int:
        """Those that stand in the page."""
        return sum(len(shelf.answers) for shelf in self.shelves)


def books(picks: Sequence[Pick], texts: Mapping[str, Sample], bounds: Bounds) -> list[Book]:
    """Return the answers of each contrast, until their texts take `bounds.sample_bytes`."""
    found: dict[str, tuple[Entry, list[Shelf]]] = {}
    left = bounds.sample_bytes
    for pick in picks:
        answers = []
        for cell, answer in pick.answers:
            one = _shown(cell, answer, texts.get(answer.key), bounds.characters)
            left -= len(html.escape(one.text + one.note).encode("utf-8"))
            if left < 0:
                break
            answers.append(one)
        _, shelves = found.setdefault(pick.entry.anchor, (pick.entry, []))
        positive = pick.entry.positive(pick.label)
        shelves.append(Shelf(pick.entry.arm_name(pick.arm), pick.label, positive, pick.total, tuple(answers)))
    return [Book(entry, tuple(shelves)) for entry, shelves in found.values()]


def _shown(cell: str, answer: JudgedAnswer, sample: Sample | None, limit: int) -> Shown:
    question = cell.rsplit("/", 1)[-1]
    if sample is None:
        return Shown(answer.key, cell, question, "", "its text is not in the store that this page was made from")
    return Shown(answer.key, cell, question, block(sample.text, limit), _note(answer, sample))


def block(text: str, limit: int) -> str:
    """Return a text of a model as lines for people: no control or direction characters, bounded also once escaped."""
    safe = shown_block(clean(text[:limit]), 2 * limit)
    cut = safe[: 2 * limit]
    if len(text) > limit or len(cut) < len(safe):
        return f"{cut}… (cut here; {len(text):,} characters in the store)"
    return cut


def _note(answer: JudgedAnswer, sample: Sample) -> str:
    parts = [f"score {answer.score:g}"] if answer.score is not None and answer.score not in (0, 1) else []
    if answer.label is None:
        parts.append(f"{MISSING}: ended with {shown(sample.stop_reason, 40)!s}")
    if answer.doubt:
        parts.append(shown(answer.doubt, 160))
    if sample.thoughts:
        parts.append(f"{len(sample.thoughts):,} characters of thoughts are in the store")
    if not sample.text.strip():
        parts.append("an empty answer")
    return "; ".join(parts)
