"""The table that `weirdgen calibrate` prints: what a judge got wrong, and what that allows."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from weirdgen.reporting.numbers import aligned, rate
from weirdgen.stats.judge_error import GoldCounts, JudgeBounds, predicted_samples, refusal

Need = tuple[float, int]
"""Of a contrast: its margin, and how many arms raise its effect."""
MARGINS = (0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.7)
_HEAD = (
    "behaviour",
    "found",
    "sensitivity",
    "false",
    "specificity",
    "undecided",
    "smallest margin",
    "samples",
    "kappa",
)


@dataclass(frozen=True, slots=True)
class Row:
    """One behaviour's numbers."""

    name: str
    counts: GoldCounts
    bounds: JudgeBounds | None
    """None: there is no valid record; `reason` says why."""
    undecided: int
    needs: tuple[Need, ...]
    """Of its contrasts."""
    kappa: float | None
    reason: str = ""

    @property
    def margin(self) -> float:
        """The smallest that its contrasts ask for."""
        return min(margin for margin, _ in self.needs)

    def allowed(self, margin: float, alpha: float, cap: int) -> bool:
        """Whether a contrast of that margin with one treated arm can come to a verdict with this judge."""
        return self.bounds is not None and refusal(self.counts, self.bounds, margin, alpha, cap) is None

    def problem(self, alpha: float, cap: int) -> str:
        """Return why a contrast of those that need it can come to no verdict; empty if all can."""
        if self.bounds is None:
            return self.reason
        for margin, raising in self.needs:
            if why := refusal(self.counts, self.bounds, margin, alpha, cap, raising):
                return f"at its margin of {rate(margin)}: {why.reason}"
        return ""


def calibration_table(rows: list[Row], alpha: float, cap: int) -> Iterator[str]:
    """Yield the table line by line, then why behaviours cannot be judged.

    Args:
        rows: one per behaviour.
        alpha: error rate of a first attempt.
        cap: most treated samples of a contrast.
    """
    yield from aligned([_HEAD, *(_row(row, alpha, cap) for row in rows)])
    yield from (f"{row.name}: {why}" for row in rows if (why := row.problem(alpha, cap)))


def _row(row: Row, alpha: float, cap: int) -> tuple[str, ...]:
    counts, bounds = row.counts, row.bounds
    found, false = f"{counts.hits} of {counts.positives}", f"{counts.false_alarms} of {counts.negatives}"
    kappa = "-" if row.kappa is None else f"{row.kappa:.2f}"
    if bounds is None:
        return row.name, found, "-", false, "-", str(row.undecided), "none", "-", kappa
    allowed = next((margin for margin in MARGINS if row.allowed(margin, alpha, cap)), None)
    return (
        row.name,
        found,
        f"off by <= {bounds.bias:.3f}" if bounds.bias else f">= {bounds.sensitivity:.3f}",
        false,
        f">= {1 - bounds.false_positive_rate:.3f}",
        str(row.undecided),
        "none" if allowed is None else rate(allowed),
        _samples(row, bounds, allowed, alpha),
        kappa,
    )


def _samples(row: Row, bounds: JudgeBounds, margin: float | None, alpha: float) -> str:
    if margin is None:
        return "-"
    effective = bounds.effective_margin(max(margin, row.margin))
    needed = predicted_samples(row.counts.false_positive_rate, effective, alpha - bounds.alpha_spent)
    return "-" if math.isinf(needed) else f"{math.ceil(needed)} at {rate(max(margin, row.margin))}"
