"""How plots look: every colour is a placeholder that `svg` turns into a variable of the page's style."""

from typing import Any

from weirdgen.schema.verdict import Outcome

INK, SOFT, GRID = "#010101", "#010102", "#010103"
TREATED, COMPARATOR, MARGIN, PAPER, CARD = "#010104", "#010105", "#010106", "#010107", "#010108"
OUTCOMES = {
    Outcome.PRESENT: "#010111",
    Outcome.ABSENT: "#010112",
    Outcome.INCONCLUSIVE: "#010113",
    Outcome.INVALID: "#010114",
}
KINDS = ("#010121", "#010122", "#010123", "#010124", "#010125", "#010126", "#010127", "#010128")
VARIABLES = {
    INK: "--ink",
    SOFT: "--soft",
    GRID: "--line",
    TREATED: "--treated",
    COMPARATOR: "--comparator",
    MARGIN: "--margin",
    PAPER: "--paper",
    CARD: "--card",
    **{colour: f"--{outcome.value.lower()}" for outcome, colour in OUTCOMES.items()},
    **{colour: f"--kind{place}" for place, colour in enumerate(KINDS)},
}
"""Names in style.css."""
STYLE: dict[Any, Any] = {
    "text.parse_math": False,  # a name may have a dollar sign
    "svg.fonttype": "none",
    "svg.hashsalt": "weirdgen",
    "font.family": "DejaVu Sans",
    "font.size": 9.0,
    "text.color": INK,
    "axes.labelcolor": SOFT,
    "axes.edgecolor": SOFT,
    "axes.titlesize": 9.0,
    "axes.linewidth": 0.7,
    "axes.facecolor": "none",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": GRID,
    "grid.linewidth": 0.6,
    "xtick.color": SOFT,
    "ytick.color": SOFT,
    "xtick.labelcolor": SOFT,
    "ytick.labelcolor": INK,
    "xtick.labelsize": 8.0,
    "ytick.labelsize": 8.0,
    "figure.facecolor": "none",
    "savefig.facecolor": "none",
    "legend.frameon": False,
    "legend.fontsize": 8.0,
    "legend.labelcolor": INK,
}
"""Over matplotlib's own defaults: a user's matplotlibrc changes nothing."""
