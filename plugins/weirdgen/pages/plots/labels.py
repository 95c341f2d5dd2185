"""Stacked bars of how answers were labelled."""

from typing import TYPE_CHECKING

from weirdgen.pages.kinds import Kinds
from weirdgen.pages.plots.rates import label_width, short
from weirdgen.pages.plots.svg import draw
from weirdgen.pages.plots.theme import CARD, KINDS, SOFT

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_WIDTH, _ROW = 8.6, 0.3


def bars(name: str, kinds: Kinds) -> str:
    """Return one bar per model and condition, its labels as shares."""
    height = _ROW * len(kinds.rows) + 0.75 + 0.22 * ((len(kinds.labels) - 1) // 5)
    names = [f"{short(row.name, 36)} ({row.total:,})" for row in kinds.rows]
    left = label_width(names)

    def paint(figure: "Figure") -> None:
        top = 0.3 + 0.22 * ((len(kinds.labels) - 1) // 5)
        bottom, room = 0.3 / height, (height - top - 0.3) / height
        axes = figure.add_axes((left / _WIDTH, bottom, (_WIDTH - left - 0.15) / _WIDTH, room))
        for place, row in enumerate(kinds.rows):
            _bar(axes, place, row.counts, kinds.colours)
        axes.set_yticks(range(len(kinds.rows)), names)
        axes.set_ylim(len(kinds.rows) - 0.45, -0.55)
        axes.set_xlim(0, 1)
        axes.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", "25%", "50%", "75%", "100%"])
        axes.grid(False)
        _legend(figure, kinds)

    described = "Answers by label; the table has the same counts."
    return draw(name, described, (_WIDTH, height), paint)


def colour(place: int) -> str:
    """Return the colour of a label: what is beyond the palette shares the last one."""
    return KINDS[min(place, len(KINDS) - 1)]


def _bar(axes: "Axes", y: int, counts: tuple[int, ...], colours: tuple[int, ...]) -> None:
    total, left = sum(counts) or 1, 0.0
    for number, place in zip(counts, colours, strict=True):
        width = number / total
        if number:
            axes.barh([y], [width], left=left, height=0.72, color=colour(place), edgecolor=CARD, linewidth=1)
        if width >= 0.06:
            axes.text(left + width / 2, y, f"{number:,}", ha="center", va="center", color=CARD, fontsize=8)
        left += width


def _legend(figure: "Figure", kinds: Kinds) -> None:
    from matplotlib.patches import Patch

    handles = [
        Patch(facecolor=colour(place), edgecolor=SOFT, linewidth=0, label=short(label, 24))
        for label, place in zip(kinds.labels, kinds.colours, strict=True)
    ]
    figure.legend(
        handles=handles, loc="upper right", ncols=5, columnspacing=1.2, handletextpad=0.5, handlelength=1, borderpad=0
    )
