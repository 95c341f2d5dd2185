"""The counts of an arm that people read. Needs no numpy: rules are made of them before anything is sampled."""

from dataclasses import dataclass
from typing import Literal

Toward = Literal["present", "absent"]


@dataclass(frozen=True, slots=True)
class ArmCounts:
    """Counts per question of one arm, over complete rounds."""

    n: tuple[int, ...]
    positives: tuple[float, ...]
    """Sums of scores: whole numbers unless answers are rated."""
    missing: tuple[int, ...]
    """Samples without a final label."""
    valid: tuple[int, ...]
    """Samples whose label says that they are answers."""

    @property
    def total(self) -> int:
        """Samples."""
        return sum(self.n)

    @property
    def labelled(self) -> int:
        """Samples with a final label."""
        return self.total - sum(self.missing)

    @property
    def rates(self) -> tuple[float | None, ...]:
        """Mean score of the labelled samples per question; None where nothing is labelled."""
        pairs = zip(self.positives, self.n, self.missing, strict=True)
        return tuple(s / (n - m) if n > m else None for s, n, m in pairs)

    @property
    def pooled_rate(self) -> float | None:
        """Mean of the questions' rates with equal weights; None if no sample is labelled."""
        known = [rate for rate in self.rates if rate is not None]
        return sum(known) / len(known) if known else None

    @property
    def valid_rate(self) -> float | None:
        """Share of labelled samples that are answers; None if no sample is labelled."""
        return sum(self.valid) / self.labelled if self.labelled else None

    @property
    def worst_sums(self) -> tuple[float, float]:
        """Sum of scores if all missing samples were 0, and if all were 1."""
        return sum(self.positives), sum(self.positives) + sum(self.missing)
