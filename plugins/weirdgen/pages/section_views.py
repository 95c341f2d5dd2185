"""A section, and each contrast in it, as the template shows them: tables beside the plots of the same numbers."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from weirdgen.pages.entries import Entry, Section
from weirdgen.pages.kinds import Kinds, kinds
from weirdgen.pages.plots import evidence, labels, rates
from weirdgen.pages.rows import ArmRow, Heat, QuestionRow, Row, arm_rows, heat, question_rows, row
from weirdgen.pages.samples import Book
from weirdgen.pages.sweeps import Sweep, sweeps
from weirdgen.reporting.summary import sentence
from weirdgen.schema.verdict import Outcome

if TYPE_CHECKING:
    from markupsafe import Markup


@dataclass(slots=True)
class Plots:
    """Plots that the page may still hold, and how many it had no room for."""

    left: int
    left_out: int = 0
    _made: int = field(default=0)

    def draw(self, paint: Callable[[str], str]) -> "Markup":
        """Return what a function draws under a name that is unique in the page; empty where there is no room."""
        from markupsafe import Markup

        if not self.left:
            self.left_out += 1
            return Markup("")
        self._made += 1
        svg = paint(f"p{self._made}")
        self.left -= bool(svg)
        # matplotlib's output, rebuilt from a short list of elements and attributes: its texts are escaped.
        return Markup(svg)


@dataclass(frozen=True, slots=True)
class SectionView:
    """A finding on a model."""

    section: Section
    rows: tuple[Row, ...]
    forest: "Markup"
    evidence: "Markup"
    kinds: "tuple[tuple[Kinds, Markup], ...]"
    sweeps: "tuple[tuple[Sweep, Markup], ...]"
    heat: Heat

    @property
    def left_out(self) -> int:
        """Contrasts without a row."""
        return len(self.section.entries) - len(self.rows)


@dataclass(frozen=True, slots=True)
class Detail:
    """A contrast by itself."""

    entry: Entry
    sentence: str
    arms: tuple[ArmRow, ...]
    questions: tuple[QuestionRow, ...]
    evidence: "Markup"
    book: Book | None


def view(section: Section, shown: Collection[str], plots: Plots) -> SectionView:
    """Return a section with its plots.

    Args:
        section: what is shown.
        shown: anchors of the contrasts that have a row.
        plots: where there is room for them.
    """
    entries = [entry for entry in section.entries if entry.anchor in shown]
    return SectionView(
        section=section,
        rows=tuple(map(row, entries)),
        forest=plots.draw(lambda name: rates.forest(name, entries)),
        evidence=plots.draw(lambda name: evidence.together(name, entries)),
        kinds=tuple((one, plots.draw(_bars(one))) for one in kinds(entries)),
        sweeps=tuple((one, plots.draw(_curve(one))) for one in sweeps(entries)),
        heat=heat(entries),
    )


def _bars(one: Kinds) -> Callable[[str], str]:
    return lambda name: labels.bars(name, one)


def _curve(one: Sweep) -> Callable[[str], str]:
    return lambda name: rates.sweep_curve(name, one)


def details(entries: Sequence[Entry], books: Sequence[Book], plots: Plots) -> list[Detail]:
    """Return contrasts by themselves; those that are not plainly ABSENT with their own path of evidence."""
    by_anchor = {book.entry.anchor: book for book in books}
    return [_detail(entry, by_anchor.get(entry.anchor), plots) for entry in entries]


def _detail(entry: Entry, book: Book | None, plots: Plots) -> Detail:
    from markupsafe import Markup

    grave = entry.outcome is not Outcome.ABSENT and entry.verdict.trajectory
    return Detail(
        entry=entry,
        sentence=sentence(entry.verdict),
        arms=tuple(arm_rows(entry)),
        questions=tuple(question_rows(entry)),
        evidence=plots.draw(lambda name: evidence.alone(name, entry)) if grave else Markup(""),
        book=book,
    )
