"""Forest plots of contrasts and curves of sweeps: rates with their intervals, margins and the paper's numbers."""

import itertools
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from weirdgen.pages.entries import Entry
from weirdgen.pages.plots.svg import draw
from weirdgen.pages.plots.theme import COMPARATOR, INK, MARGIN, OUTCOMES, PAPER, TREATED
from weirdgen.pages.rows import published
from weirdgen.pages.sweeps import Point, Sweep
from weirdgen.schema.text import shown
from weirdgen.schema.verdict import Estimate

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_ROWS = 40
_LABEL = 44
_WIDTH, _ROW = 8.6, 0.27
_TICKS = (0.0, 0.01, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0)


def forest(name: str, entries: Sequence[Entry]) -> str:
    """Return a forest plot of the contrasts that measured something; empty if none did."""
    measured = [e for e in entries if e.verdict.treated is not None and e.verdict.treated.rate is not None][:MOST_ROWS]
    if not measured:
        return ""
    height = _ROW * len(measured) + 0.95
    names = [_name(entry) for entry in measured]
    left = label_width(names)

    def paint(figure: "Figure") -> None:
        axes = figure.add_axes((left / _WIDTH, 0.5 / height, (_WIDTH - left - 0.15) / _WIDTH, 1 - 0.85 / height))
        for place, entry in enumerate(measured):
            _forest_row(axes, place, entry)
        axes.set_yticks(range(len(measured)), names)
        axes.set_ylim(len(measured) - 0.4, -0.6)
        _rate_axis(axes)
        axes.set_xlabel("rate of answers that show the behaviour (square-root scale)")
        _legend(figure, axes)

    listed = "; ".join(
        f"{short(e.verdict.contrast, _LABEL)} {e.outcome} {e.verdict.treated.rate.value:.3f}"
        for e in measured
        if e.verdict.treated and e.verdict.treated.rate
    )
    described = f"Forest plot of treated and comparator rates; the table has the same numbers. {listed}"
    return draw(name, described, (_WIDTH, height), paint)


def _name(entry: Entry) -> str:
    """Return a contrast's name, of a group's member with the end of its model's, which tells members apart."""
    if not entry.group:
        return short(entry.verdict.contrast, _LABEL)
    return f"{short(entry.verdict.contrast, _LABEL // 2 - 1)} {short(entry.verdict.model[-_LABEL // 2 :], _LABEL // 2)}"


def _forest_row(axes: "Axes", place: int, entry: Entry) -> None:
    v, colour = entry.verdict, OUTCOMES[entry.outcome]
    base = 0.0
    other = v.stored[0].rate if v.stored else v.comparator.rate if v.comparator else None
    if other is not None:
        base = other.value
        _interval(axes, place + 0.2, other, COMPARATOR, "s")
    if v.treated and v.treated.rate:
        _interval(axes, place - 0.08, v.treated.rate, colour, "o")
    edge = min(1.0, base + v.margin)
    axes.plot([edge, edge], [place - 0.36, place + 0.36], color=MARGIN, lw=1.6)
    if (found := published(entry)) and found.treated is not None:
        axes.plot([found.treated], [place - 0.08], "D", ms=4.5, mfc="none", mec=PAPER, mew=1.2)


def _interval(axes: "Axes", y: float, value: Estimate, colour: str, marker: str) -> None:
    axes.plot([value.lower, value.upper], [y, y], color=colour, lw=2.0, solid_capstyle="butt")
    axes.plot([value.value], [y], marker, ms=5 if marker == "o" else 3.6, color=colour, clip_on=False, zorder=3)


def short(name: str, limit: int) -> str:
    """Return a printable name of at most `limit` characters."""
    text = shown(name[:limit], limit)
    return text if len(name) <= limit and len(text) <= limit else f"{text[: limit - 1]}…"


def label_width(names: Sequence[str]) -> float:
    """Return the inches that labels of rows take, at most a good third of a plot."""
    return min(3.3, 0.25 + 0.073 * max(map(len, names), default=0))


def _rate_axis(axes: "Axes") -> None:
    axes.set_xscale("function", functions=(_root, _square))
    axes.set_xlim(0, 1.01)
    axes.set_xticks(_TICKS, [f"{tick:g}" for tick in _TICKS])


def _root(values: "list[float]") -> "list[float]":
    import numpy as np

    return np.sqrt(np.maximum(values, 0.0))  # type: ignore[return-value]


def _square(values: "list[float]") -> "list[float]":
    import numpy as np

    return np.square(values)  # type: ignore[return-value]


def _legend(figure: "Figure", axes: "Axes") -> None:
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], marker="o", color=INK, ms=5, lw=2, label="treated, colour of the verdict"),
        Line2D([], [], marker="s", color=COMPARATOR, ms=3.6, lw=2, label="comparator"),
        Line2D([], [], marker="|", color=MARGIN, ms=9, mew=1.6, lw=0, label="comparator + margin"),
        Line2D([], [], marker="D", mfc="none", mec=PAPER, ms=4.5, lw=0, label="the paper's treated rate"),
    ]
    figure.legend(handles=handles, loc="upper right", ncols=4, columnspacing=1.2, handletextpad=0.4, borderpad=0)


def sweep_curve(name: str, sweep: Sweep) -> str:
    """Return the curve of a sweep: a rate with Wilson's 95% interval per condition."""

    def paint(figure: "Figure") -> None:
        axes = figure.add_axes((0.08, 0.29, 0.9, 0.6))
        at = _places(sweep)
        apart = (_apart(at) if sweep.comparator else 0.0) / 2
        _curve(axes, sweep.treated, at, -apart, TREATED, "o-", "treated")
        _curve(axes, sweep.comparator, at, apart, COMPARATOR, "s--", "comparator")
        places = sorted(at.items(), key=lambda pair: pair[1])
        labels = [short(condition, 14) for condition, _ in places]
        if sweep.by_year:
            labels = [str(round(place)) for _, place in places]
        turned = 90 if len(labels) > 8 else 30
        axes.set_xticks(
            [place for _, place in places], labels, rotation=turned, ha="right", va="center", rotation_mode="anchor"
        )
        axes.set_ylim(-0.03, 1.03)
        axes.set_xlabel("year" if sweep.by_year else "condition")
        axes.set_ylabel("rate of the behaviour")
        figure.legend(loc="upper right", ncols=2, columnspacing=1.2, borderpad=0)

    listed = "; ".join(f"{short(p.condition, 30)} {p.rate.value:.3f} of {p.n}" for p in sweep.treated)
    return draw(name, f"Treated rate by condition: {listed}", (_WIDTH, 2.6), paint)


def _places(sweep: Sweep) -> dict[str, float]:
    if sweep.by_year:
        return {point.condition: float(point.year or 0) for point in sweep.treated}
    return {point.condition: float(place) for place, point in enumerate(sweep.treated)}


def _apart(at: dict[str, float]) -> float:
    """Return how far the two points of a condition stand apart, so that neither hides the other's interval."""
    places = sorted(at.values())
    gaps = [after - before for before, after in itertools.pairwise(places)]
    return min([*(gap / 2 for gap in gaps), (places[-1] - places[0]) / 110])


def _curve(
    axes: "Axes",
    points: Sequence[Point],
    at: dict[str, float],
    shift: float,
    colour: str,
    line: str,
    label: str,
) -> None:
    known = [(at[point.condition], point.rate) for point in points if point.condition in at]
    if not known:
        return
    x, y = [place + shift for place, _ in known], [value.value for _, value in known]
    errors = [[v.value - v.lower for _, v in known], [v.upper - v.value for _, v in known]]
    axes.errorbar(x, y, yerr=errors, fmt=line, color=colour, ms=4, lw=1.4, elinewidth=1, capsize=2, label=label)


def ten_power(log_e: float | None) -> float:
    """Return a natural logarithm as one of base 10; NaN where it was not evaluated, so that a line breaks there."""
    return math.nan if log_e is None else log_e / math.log(10)
