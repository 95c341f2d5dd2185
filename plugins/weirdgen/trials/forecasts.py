"""What a gate will cost: its contrasts played forward at stated effects."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np

from weirdgen.endpoints.models import source_of
from weirdgen.schema.plan import Plan, PlannedContrast
from weirdgen.stats.judge_error import GoldCounts
from weirdgen.stats.multiplicity import attempt_alpha
from weirdgen.stats.power import Forecast, forecast
from weirdgen.stats.rules import Rules
from weirdgen.trials.judged import JudgedRules, judged_rules
from weirdgen.trials.planning import Address, Task

Effects = dict[str, tuple[float, float]]
"""Rates of positive labels in the arm whose rise is asked for, and in all others, by what is said of them."""
RISES = {"if it is as stored": 0.0, "with 2% more": 0.02, "with 10% more": 0.1, "with 60% more": 0.6}
"""Against a stored version: how much is added to its rate on each question."""
_REPETITIONS = 24
"""The plan of the whole catalogue plays some 4,000 trials, of 5 to 20 ms each."""
_REPETITIONS_STORED = 15
"""A trial against stored counts takes some 20 to 50 ms to play, and few of them share their rules."""
_SEED = 1984


class Forecasts:
    """Expected requests per contrast, as the judge would label them.

    A clean model is played twice: without a positive label, and with the judge's share of false positives on its gold
    set, which is the more pessimistic because gold sets hold hard cases on purpose. Other effects are true rates,
    played at the rate of positive labels that they give. Where the record is not used (`--judge-uncalibrated`), and of
    ratings, labels are taken as true. Contrasts of one shape share a forecast: same rules and record, same numbers.
    """

    def __init__(self, plan: Plan, tasks: Mapping[Address, Task]) -> None:
        self._plan = plan
        self._tasks = tasks
        self._rules: dict[Address, JudgedRules] = {}
        self._known: dict[tuple[Rules, GoldCounts | None], list[Forecast]] = {}

    def problem(self, contrast: PlannedContrast) -> str:
        """Return why the judge can give no verdict, so that nothing is asked; empty if it can."""
        return self._judged(contrast).problem

    def text(self, contrast: PlannedContrast) -> str:
        """Return the expected requests at each of some effects, against a stored version at each of `RISES`.

        Args:
            contrast: one without a `problem`.
        """
        words = RISES if contrast.kind == "regression" else effects(self._record(contrast))
        said = (f"{one.mean_samples:,.0f} {word}" for one, word in zip(self._of(contrast), words, strict=True))
        return ", ".join(said)

    def clean_total(self, contrasts: Iterable[PlannedContrast]) -> tuple[int, int]:
        """Return the expected requests of contrasts without a `problem` together, by both readings of a clean model.

        A model that is as stored is clean; its counts have the judge's false positives in them.
        """
        least = most = 0.0
        for contrast in contrasts:
            first, second, *_ = self._of(contrast)
            least += first.mean_samples
            most += first.mean_samples if contrast.kind == "regression" else second.mean_samples
        return round(least), round(most)

    def _record(self, contrast: PlannedContrast) -> GoldCounts | None:
        """Return what labels are drawn with; None: they are taken as true."""
        judged = self._judged(contrast)
        return judged.gold if judged.rules is not None and not judged.rules.graded else None

    def _judged(self, contrast: PlannedContrast) -> JudgedRules:
        address = contrast.model, contrast.probe, contrast.contrast
        if address not in self._rules:
            alpha = attempt_alpha(self._plan.alpha, 1)
            self._rules[address] = judged_rules(self._tasks[address], self._plan, alpha, source_of(contrast.model))
        return self._rules[address]

    def _of(self, contrast: PlannedContrast) -> list[Forecast]:
        judged = self._judged(contrast)
        if judged.rules is None:
            raise ValueError(f"{contrast.probe}/{contrast.contrast} cannot be forecast: {judged.problem}")
        # The order in which blocks use stored samples changes no expectation, so rules that differ in it are shared.
        rules = replace(judged.rules, stored=tuple(replace(arm, seed=_SEED) for arm in judged.rules.stored))
        gold = self._record(contrast)
        if (rules, gold) not in self._known:
            self._known[rules, gold] = _against_stored(rules, gold) if rules.stored else _at_effects(rules, gold)
        return self._known[rules, gold]


def labelled_rate(rate: float, gold: GoldCounts | None) -> float:
    """Return the rate of positive labels that a judge with this record is expected to give at a true rate."""
    if gold is None:
        return rate
    return rate * gold.hits / gold.positives + (1 - rate) * gold.false_positive_rate


def effects(gold: GoldCounts | None) -> Effects:
    """Return the effects that a contrast without stored counts is played at."""
    positive = labelled_rate(0.0, gold)
    told = f"at the judge's {positive:.1%} false positives" if positive else "at .5% in every arm"
    noise = positive or 0.005
    return {
        "if nothing is there": (0.0, 0.0),
        told: (noise, noise),
        "at 10% against none": (labelled_rate(0.1, gold), positive),
        "at 60% against none": (labelled_rate(0.6, gold), positive),
    }


def _at_effects(rules: Rules, gold: GoldCounts | None) -> list[Forecast]:
    others = len(rules.signs) - 1
    played = [[treated, *[base] * others] for treated, base in effects(gold).values()]
    return [forecast(rules, rates, _REPETITIONS, _SEED) for rates in played]


def _against_stored(rules: Rules, gold: GoldCounts | None) -> list[Forecast]:
    version = rules.stored[0]
    rates = np.array(version.positives) / version.n  # of labels: the stored version had the same judge
    rises = [labelled_rate(rise, gold) - labelled_rate(0.0, gold) for rise in RISES.values()]
    return [forecast(rules, [np.minimum(rates + rise, 1)], _REPETITIONS_STORED, _SEED) for rise in rises]
