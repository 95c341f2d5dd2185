"""The open e-BH procedure (Wang and Ramdas 2022, JRSSB 84:822): what the closed one must never fall behind."""

from collections.abc import Sequence
from math import log


def e_bh(log_e: Sequence[float], alpha: float) -> tuple[bool, ...]:
    """Reject the k largest, for the largest k of which the k-th reaches K / (alpha k)."""
    bars = [log(len(log_e) / (alpha * k)) for k in range(1, len(log_e) + 1)]
    kept = [k for k, (value, bar) in enumerate(zip(sorted(log_e, reverse=True), bars, strict=True), 1) if value >= bar]
    order = sorted(range(len(log_e)), key=lambda i: -log_e[i])
    rejected = set(order[: max(kept, default=0)])
    return tuple(i in rejected for i in range(len(log_e)))
