"""E-processes: the evidence of a contrast after each round against the thresholds that decide."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from weirdgen.pages.entries import Entry
from weirdgen.pages.plots.rates import short, ten_power
from weirdgen.pages.plots.svg import draw
from weirdgen.pages.plots.theme import INK, OUTCOMES, SOFT
from weirdgen.schema.verdict import Outcome, Verdict

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_LINES = 60
_LOW, _HIGH = -0.6, 2.0
_PARTS = (
    ("share of the evidence that ABSENT needs", 2, "log_threshold_absent"),
    ("share of the evidence that PRESENT needs", 1, "log_threshold_present"),
)


def together(name: str, entries: Sequence[Entry]) -> str:
    """Return all trajectories of a section as shares of their thresholds, a line each; empty if there are none."""
    drawn = [entry for entry in entries if len(entry.verdict.trajectory) > 1][:MOST_LINES]
    if not drawn:
        return ""

    from matplotlib.ticker import MaxNLocator, NullLocator

    def paint(figure: "Figure") -> None:
        for side, (title, column, threshold) in enumerate(_PARTS):
            axes = figure.add_axes((0.055 + 0.5 * side, 0.17, 0.43, 0.71))
            lines = [_share(axes, entry, column, threshold) for entry in reversed(drawn)]
            if not any(lines):
                axes.text(0.5, 0.35, "no contrast came to need it", transform=axes.transAxes, ha="center", color=SOFT)
            axes.axhline(1, color=INK, lw=1, ls="--")
            axes.set_ylim(_LOW, _HIGH)
            axes.set_title(title, loc="left")
            axes.xaxis.set_major_locator(MaxNLocator(integer=True) if any(lines) else NullLocator())
            axes.set_xlabel("rounds")

    described = (
        f"Evidence of {len(drawn)} contrasts after each round, as a share of what a verdict needs; a line at 1 "
        "has what its verdict needs. The verdicts stand in the table."
    )
    return draw(name, described, (8.6, 2.7), paint)


def _share(axes: "Axes", entry: Entry, column: int, threshold: str) -> bool:
    """Draw a contrast's line; return whether there is one."""
    needed = getattr(entry.verdict, threshold)
    if not needed or needed <= 0:
        return False
    values = [(point[0], point[column]) for point in entry.verdict.trajectory]
    y = [math.nan if value is None else min(_HIGH, max(_LOW, value / needed)) for _, value in values]
    grave = entry.outcome is not Outcome.ABSENT
    axes.plot(
        [at for at, _ in values], y, color=OUTCOMES[entry.outcome], lw=1.6 if grave else 0.8, alpha=1 if grave else 0.55
    )
    return not all(map(math.isnan, y))


def alone(name: str, entry: Entry) -> str:
    """Return the two e-processes of one contrast; empty if there is no path to show."""
    verdict = entry.verdict
    if not verdict.trajectory:
        return ""

    from matplotlib.ticker import MaxNLocator

    def paint(figure: "Figure") -> None:
        axes = figure.add_axes((0.09, 0.18, 0.74, 0.68))
        rounds = [point[0] for point in verdict.trajectory]
        for outcome, column, said in (
            (Outcome.PRESENT, 1, 'against "no effect"'),
            (Outcome.ABSENT, 2, 'against "an effect of the margin or more"'),
        ):
            values = [ten_power(point[column]) for point in verdict.trajectory]
            marker = "o-" if outcome is Outcome.PRESENT else "s-"
            axes.plot(rounds, values, marker, ms=3, lw=1.3, color=OUTCOMES[outcome], label=said)
        _thresholds(axes, verdict)
        axes.set_xlabel("rounds")
        axes.set_ylabel("e-value, power of ten")
        axes.margins(y=0.15)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        figure.legend(loc="upper right", ncols=2, borderpad=0)

    last = verdict.trajectory[-1]
    described = (
        f"Evidence of {short(verdict.contrast, 60)} after each of {last[0]} rounds: at the end "
        f"10^{ten_power(last[1]):.1f} for PRESENT and 10^{ten_power(last[2]):.1f} for ABSENT."
    )
    return draw(name, described, (8.6, 2.5), paint)


def _thresholds(axes: "Axes", verdict: Verdict) -> None:
    for outcome, threshold in (
        (Outcome.PRESENT, verdict.log_threshold_present),
        (Outcome.ABSENT, verdict.log_threshold_absent),
    ):
        if threshold is None:
            continue
        y = ten_power(threshold)
        axes.axhline(y, color=OUTCOMES[outcome], lw=1, ls="--")
        said = f"{outcome} at {math.exp(min(threshold, 700.0)):,.0f}"
        axes.text(1.01, y, said, color=OUTCOMES[outcome], va="center", transform=axes.get_yaxis_transform(), fontsize=8)
