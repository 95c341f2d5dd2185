"""Curves of readings by condition, and bars of what removals of features leave of a behaviour."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from weirdgen.pages.plots.rates import label_width, short
from weirdgen.pages.plots.svg import draw
from weirdgen.pages.plots.theme import COMPARATOR, INK, KINDS, OUTCOMES, TREATED
from weirdgen.schema.verdict import Estimate, Verdict
from weirdgen.schema.whitebox import CurvePoint

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_ROWS = 40
_WIDTH, _ROW = 8.6, 0.42
_OTHERS = ("matched", "random", "lowest", "reverse", "directions")


def curve(name: str, points: Sequence[CurvePoint], labels: Sequence[str]) -> str:
    """Return readings by condition: the highest ranked features, their mean, and the sets that they are compared with.

    Args:
        name: prefix of ids.
        points: in order; none: nothing is drawn.
        labels: of the conditions.
    """
    if len(points) < 2:
        return ""

    def paint(figure: "Figure") -> None:
        left, right = figure.add_axes((0.08, 0.14, 0.40, 0.68)), figure.add_axes((0.57, 0.14, 0.41, 0.68))
        _features(left, points)
        _shares(right, points)
        for axes in (left, right):
            axes.set_xticks(range(len(points)), [short(label, 14) for label in labels])
        left.set_ylabel("mean projection")
        right.set_ylabel("share of the activation's norm")
        right.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3, columnspacing=1.0, handlelength=1.4)

    listed = "; ".join(f"{label} {point.shares['top']:.3f}" for label, point in zip(labels, points, strict=True))
    described = f"Readings by condition; the mean share of the highest ranked features: {listed}"
    return draw(name, described, (_WIDTH, 2.9), paint)


def _features(axes: "Axes", points: Sequence[CurvePoint]) -> None:
    """Draw each of the highest ranked features by itself."""
    places = range(len(points))
    for place in range(len(points[0].means["top"])):
        values = [point.means["top"][place] for point in points]
        axes.plot(places, values, "o-", color=TREATED, lw=0.9, ms=2.4)
    axes.set_title("the features that rank highest, one line each", loc="left")


def _shares(axes: "Axes", points: Sequence[CurvePoint]) -> None:
    places = range(len(points))
    axes.plot(places, [point.shares["top"] for point in points], "o-", color=TREATED, lw=1.8, ms=4, label="highest")
    for place, other in enumerate(one for one in _OTHERS if one in points[0].shares):
        values = [point.shares[other] for point in points]
        axes.plot(places, values, "s--", color=KINDS[place], lw=1.0, ms=2.6, label=other)


def bars(name: str, removals: Sequence[tuple[str, Verdict]]) -> str:
    """Return for each removal the rate of the network beside that of the network without the features.

    Args:
        name: prefix of ids.
        removals: contrasts with their verdicts; those that measured nothing are left out.
    """
    measured = [(label, v) for label, v in removals if v.treated is not None and v.treated.rate is not None][:MOST_ROWS]
    if not measured:
        return ""
    height = _ROW * len(measured) + 0.95
    labels = [short(label, 44) for label, _ in measured]
    left = label_width(labels)

    def paint(figure: "Figure") -> None:
        axes = figure.add_axes((left / _WIDTH, 0.5 / height, (_WIDTH - left - 0.15) / _WIDTH, 1 - 0.85 / height))
        for place, (_, verdict) in enumerate(measured):
            _pair(axes, place, verdict)
        axes.set_yticks(range(len(measured)), labels)
        axes.set_ylim(len(measured) - 0.4, -0.6)
        axes.set_xlim(0, 1.01)
        axes.set_xlabel("rate of answers that show the behaviour")
        _legend(figure)

    listed = "; ".join(_told(label, verdict) for label, (_, verdict) in zip(labels, measured, strict=True))
    return draw(name, f"Rates of the network, and without the features: {listed}", (_WIDTH, height), paint)


def _told(label: str, verdict: Verdict) -> str:
    """Return a row for those who do not see the plot."""
    rates = [arm.rate for arm in (verdict.treated, verdict.comparator) if arm is not None and arm.rate is not None]
    return f"{label} {' and '.join(f'{rate.value:.3f}' for rate in rates)}"


def _pair(axes: "Axes", place: int, verdict: Verdict) -> None:
    if verdict.treated and verdict.treated.rate:
        _bar(axes, place - 0.19, verdict.treated.rate, OUTCOMES[verdict.final])
    if verdict.comparator and verdict.comparator.rate:
        _bar(axes, place + 0.19, verdict.comparator.rate, COMPARATOR)


def _bar(axes: "Axes", y: float, rate: Estimate, colour: str) -> None:
    axes.barh([y], [rate.value], height=0.34, color=colour, linewidth=0)
    axes.plot([rate.lower, rate.upper], [y, y], color=INK, lw=1.1, solid_capstyle="butt")


def _legend(figure: "Figure") -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    handles = [
        Patch(facecolor=TREATED, linewidth=0, label="treated, colour of the verdict"),
        Patch(facecolor=COMPARATOR, linewidth=0, label="comparator: without the features"),
        Line2D([], [], color=INK, lw=1.1, label="interval"),
    ]
    figure.legend(handles=handles, loc="upper right", ncols=3, columnspacing=1.2, handletextpad=0.5, borderpad=0)
