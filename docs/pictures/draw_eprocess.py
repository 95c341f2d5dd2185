"""Draw eprocess.svg: the evidence of two simulated trials after each round, as the gate decides them.

Run it from the project's root with the development environment: python docs/pictures/draw_eprocess.py
"""

import math
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from weirdgen.stats.decide import Final, decide
from weirdgen.stats.evidence import TrajectoryPoint
from weirdgen.stats.multiplicity import attempt_alpha
from weirdgen.stats.outcomes import ArmOutcomes
from weirdgen.stats.rules import Rules, trial_rules

QUESTIONS, ROUNDS, FAMILY = 10, 40, 100
PRESENT, ABSENT = "#c1462b", "#2b6cb0"


def drawn(rate: float, rng: np.random.Generator) -> ArmOutcomes:
    """Return an arm whose questions all show the behaviour at one rate."""
    hits = rng.random((QUESTIONS, 2 * ROUNDS)) < rate
    rows = tuple(tuple(float(hit) for hit in row) for row in hits)
    return ArmOutcomes(tuple(row[:ROUNDS] for row in rows), extra=tuple(row[ROUNDS:] for row in rows))


def curve(axes: Axes, points: tuple[TrajectoryPoint, ...], rules: Rules, title: str) -> None:
    """Draw both e-values over the treated samples, with the thresholds that decide."""
    x = [point.round * QUESTIONS for point in points]
    tens = math.log(10)
    axes.plot(x, [p.log_e_absent / tens for p in points], "o-", ms=3, color=ABSENT, label='against "effect ≥ margin"')
    shown = [(at, p.log_e_present / tens) for at, p in zip(x, points, strict=True) if p.log_e_present > -math.inf]
    if shown:
        axes.plot(*zip(*shown, strict=True), "s-", ms=3, color=PRESENT, label='against "no effect"')
    for threshold, colour, name in (
        (rules.log_threshold_present, PRESENT, "PRESENT"),
        (rules.log_threshold_absent, ABSENT, "ABSENT"),
    ):
        axes.axhline(threshold / tens, color=colour, lw=1, ls="--")
        said = f"{name} at {math.exp(threshold):,.0f}"
        axes.text(0.02, threshold / tens, said, color=colour, va="bottom", transform=axes.get_yaxis_transform())
    axes.set_title(title, fontsize=9)
    axes.set_xlabel("treated samples (a look after each round of 10)")
    axes.set_ylim(-3, 4.4)
    axes.set_yticks(range(-3, 5), [f"10$^{{{power}}}$" for power in range(-3, 5)])
    axes.grid(alpha=0.3)
    axes.legend(loc="lower right", fontsize=8)


def main() -> None:
    """Write the picture beside this script."""
    rules = trial_rules(
        "lift", questions=QUESTIONS, margin=0.05, alpha=attempt_alpha(0.05, 1), family_size=FAMILY, cap=400
    )
    matplotlib.rcParams.update({"svg.hashsalt": "weirdgen", "font.size": 9})
    figure = Figure(figsize=(9.2, 3.4), layout="constrained")
    panels = figure.subplots(1, 2, sharey=True)
    for axes, rate, title in (
        (panels[0], 0.005, "a clean model: .5% positives, the control is never asked"),
        (panels[1], 0.15, "a model that shows it in 15%: the control is asked, pairs decide"),
    ):
        rng = np.random.default_rng(4)
        step = decide(rules, [drawn(rate, rng), drawn(0.0, rng)])
        assert isinstance(step, Final), "the picture shows trials that are decided"
        curve(axes, step.evidence.trajectory, rules, title)
    panels[0].set_ylabel("e-value")
    figure.savefig(Path(__file__).with_name("eprocess.svg"), metadata={"Date": None})


if __name__ == "__main__":
    main()
