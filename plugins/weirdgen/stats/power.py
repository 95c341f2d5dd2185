"""What a budget can see: trials played forward from assumed rates through the very decision that real trials use."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from weirdgen.stats.decide import Final, decide
from weirdgen.stats.outcomes import ArmOutcomes, Rows
from weirdgen.stats.rules import Rules

Rates = npt.ArrayLike
"""One rate for all questions, or one per question."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """How trials at assumed rates end."""

    repetitions: int
    outcomes: Counter[str]
    samples: tuple[int, ...]
    """Of all arms, per repetition."""

    def share(self, outcome: str) -> float:
        """Return the share of trials with an outcome."""
        return self.outcomes[outcome] / self.repetitions

    @property
    def mean_samples(self) -> float:
        """Expected samples of all arms."""
        return sum(self.samples) / self.repetitions

    def quantile(self, level: float) -> int:
        """Return the samples that a share `level` of the trials does not exceed."""
        return sorted(self.samples)[max(math.ceil(level * self.repetitions) - 1, 0)]


def forecast(rules: Rules, rates: Sequence[Rates], repetitions: int, seed: int) -> Forecast:
    """Play trials forward and count how they end.

    Args:
        rules: of the contrast.
        rates: per arm, in the order of `rules.signs`; of a graded contrast the rates of full scores.
        repetitions: trials, at least 1.
        seed: of the random numbers.
    """
    rng = np.random.default_rng(seed)
    finals = [play(rules, rates, rng) for _ in range(repetitions)]
    return Forecast(repetitions, Counter(f.outcome for f in finals), tuple(f.evidence.spent for f in finals))


def play(rules: Rules, rates: Sequence[Rates], rng: np.random.Generator) -> Final:
    """Play one trial to its end.

    All samples that it could ask for are drawn at once: `decide` uses no more than the loop would have sampled.
    """
    arms = [_draw(rules, rate, rng) for rate in rates]
    final = decide(rules, arms)
    if not isinstance(final, Final):
        raise AssertionError(f"a trial with all its samples went on: {final!r}")
    return final


def _draw(rules: Rules, rates: Rates, rng: np.random.Generator) -> ArmOutcomes:
    p = np.broadcast_to(np.asarray(rates, dtype=np.float64), (rules.questions,))
    batch = rules.questions + rules.extras
    most_extras = rules.extras * (rules.cap // batch)
    hits = rng.random((rules.questions, rules.max_rounds + most_extras)) < p[:, np.newaxis]
    rows: Rows = tuple(map(tuple, hits.astype(np.float64).tolist()))
    return ArmOutcomes(
        tuple(row[: rules.max_rounds] for row in rows), extra=tuple(row[rules.max_rounds :] for row in rows)
    )


def nearest_visible(
    rules: Rules,
    base: float,
    power: float,
    repetitions: int,
    seed: int,
    *,
    questions: int | None = None,
    fall: bool = False,
) -> float | None:
    """Return the treated rate nearest to `base` that comes out PRESENT with the wanted probability, to .01.

    None: not even a rate of 1 does, for a fall not even a rate of 0.

    Args:
        rules: of the contrast; its cap is the budget.
        base: rate of every other arm, and of the questions that do not show the effect.
        power: wanted probability of PRESENT, in (0, 1).
        repetitions: trials per rate that is tried.
        seed: of the random numbers.
        questions: how many questions show the effect; None: all.
        fall: look below `base` and not above it, which a two-sided contrast sees.
    """
    shown = np.arange(rules.questions) < (rules.questions if questions is None else questions)

    def seen(rate: float) -> bool:
        treated = np.where(shown, rate, base)
        rates: list[Rates] = [treated, *[base] * (len(rules.signs) - 1)]
        return forecast(rules, rates, repetitions, seed).share("PRESENT") >= power

    unseen, visible = base, 0.0 if fall else 1.0
    if not seen(visible):
        return None
    while abs(visible - unseen) > 0.01:
        middle = (unseen + visible) / 2
        unseen, visible = (unseen, middle) if seen(middle) else (middle, visible)
    return visible
