"""What a gate will cost: its contrasts played forward at stated effects."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from weirdgen.endpoints.models import source_of
from weirdgen.schema.plan import Plan, PlannedContrast
from weirdgen.stats.multiplicity import attempt_alpha
from weirdgen.stats.power import Forecast, forecast
from weirdgen.stats.rules import Rules
from weirdgen.trials.judged import judged_rules
from weirdgen.trials.planning import Address, Task

EFFECTS = {
    "if nothing is there": (0.0, 0.0),
    "at .5% in every arm": (0.005, 0.005),
    "at 10% against none": (0.1, 0.0),
    "at 60% against none": (0.6, 0.0),
}
"""Rates of the arm whose rise is asked for, and of all others."""
RISES = {"if it is as stored": 0.0, "with 2% more": 0.02, "with 10% more": 0.1, "with 60% more": 0.6}
"""Against a stored version: how much is added to its rate on each question."""
_REPETITIONS = 60
_REPETITIONS_STORED = 15
"""A trial against stored counts takes some 20 to 50 ms to play, and few of them share their rules."""
_SEED = 1984


class Forecasts:
    """Expected requests per contrast. Contrasts of one shape share a forecast: same rules, same numbers."""

    def __init__(self, plan: Plan, tasks: Mapping[Address, Task]) -> None:
        self._plan = plan
        self._tasks = tasks
        self._known: dict[Rules, list[Forecast]] = {}

    def text(self, contrast: PlannedContrast) -> str:
        """Return the expected requests at each of `EFFECTS`, against a stored version at each of `RISES`."""
        words = RISES if self._plan.baseline_sha256 else EFFECTS
        said = [f"{one.mean_samples:,.0f} {word}" for one, word in zip(self._of(contrast), words, strict=False)]
        return f"about {', '.join(said)}" if said else "none, because the judge can give no verdict"

    def clean_total(self) -> int:
        """Return the expected requests of all contrasts together if nothing is there."""
        return round(sum(one.mean_samples for contrast in self._plan.contrasts for one in self._of(contrast)[:1]))

    def _of(self, contrast: PlannedContrast) -> list[Forecast]:
        task = self._tasks[contrast.model, contrast.probe, contrast.contrast]
        rules = judged_rules(task, self._plan, attempt_alpha(self._plan.alpha, 1), source_of(contrast.model)).rules
        if rules is None:
            return []
        # The order in which blocks use stored samples changes no expectation, so rules that differ in it are shared.
        rules = replace(rules, stored=tuple(replace(arm, seed=_SEED) for arm in rules.stored))
        if rules not in self._known:
            self._known[rules] = _against_stored(rules) if rules.stored else _at_effects(rules)
        return self._known[rules]


def _at_effects(rules: Rules) -> list[Forecast]:
    others = len(rules.signs) - 1
    return [forecast(rules, [treated, *[base] * others], _REPETITIONS, _SEED) for treated, base in EFFECTS.values()]


def _against_stored(rules: Rules) -> list[Forecast]:
    version = rules.stored[0]
    rates = np.array(version.positives) / version.n
    return [forecast(rules, [np.minimum(rates + rise, 1)], _REPETITIONS_STORED, _SEED) for rise in RISES.values()]
