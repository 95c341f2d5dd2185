"""How numbers look to people, the same in the terminal, in messages and in reports."""

import math
from collections.abc import Sequence

from weirdgen.schema.verdict import Estimate
from weirdgen.stats.explain import e_value_text


def rate(value: float) -> str:
    """Format a rate or difference in [-1, 1] with three digits and no leading zero: ``.614``."""
    text = f"{value:.3f}"
    return text.replace("0.", ".", 1) if abs(value) < 1 else text


def estimate(value: Estimate | None) -> str:
    """Format an estimate with its interval: ``.614 [.401, .800]``; a dash where nothing was measured."""
    return f"{rate(value.value)} [{rate(value.lower)}, {rate(value.upper)}]" if value else "-"


def e_value(log_e: float | None) -> str:
    """Format an e-value given its natural logarithm; a dash where it was not evaluated."""
    return "-" if log_e is None else e_value_text(log_e)


def plain_e(log_e: float | None) -> float | str:
    """Return an e-value as a finite float, or an empty string where it was not evaluated."""
    return "" if log_e is None else math.exp(min(log_e, 700.0))


def count(number: int, noun: str) -> str:
    """Return ``1 sample`` or ``2 samples``."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return the rows of a table as lines with aligned columns."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
