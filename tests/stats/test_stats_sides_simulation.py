"""Error rates of every kind of contrast through `decide`, simulated (slow)."""

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from drawn_arms import Rates, drawn, rules_of

from weirdgen.stats.decide import Final, decide
from weirdgen.stats.outcomes import ArmOutcomes
from weirdgen.stats.rules import Rules


def final(rules: Rules, arms: Sequence[ArmOutcomes]) -> Final:
    step = decide(rules, arms)
    assert isinstance(step, Final)
    return step


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "rates"),
    [
        ("did", (0.2, 0.2, 0.2, 0.2)),
        ("did", (0.5, 0.2, 0.5, 0.2)),
        ("did", ([0.6] * 5 + [0.0] * 5, [0.3] * 10, 0.3, 0.3)),
        ("two-sided did", (0.2, 0.2, 0.2, 0.2)),
        ("graded did", (0.3, 0.3, 0.3, 0.3)),
        ("two-sided lift", (0.3, 0.3)),
        ("two-sided lift", ([0.9, 0.1] * 5, [0.9, 0.1] * 5)),
        ("graded lift", (0.3, 0.3)),
        ("graded absolute", (0.1,)),
        ("infimum", (0.1,)),
        ("blocks", (0.1,)),
    ],
    ids=str,
)
def test_false_present(name: str, rates: tuple[Rates, ...]) -> None:
    # Without the other verdict, which could only come first.
    rules = rules_of(name, margin=0.15, p0=0.1, log_threshold_absent=math.inf)
    assert simulated(rules, rates, "PRESENT", seed=21) <= at_most(0.05)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "rates"),
    [
        ("did", (0.1, 0.0, 0.0, 0.0)),
        ("did", (0.05, 0.0, 0.0, 0.05)),
        ("did", (0.4, 0.3, 0.3, 0.3)),
        ("two-sided did", (0.3, 0.4, 0.3, 0.3)),
        ("two-sided lift", (0.1, 0.0)),
        ("two-sided lift", (0.0, 0.1)),
        ("two-sided lift", (0.2, 0.3)),
        ("graded lift", (0.3, 0.2)),
        ("graded did", (0.3, 0.2, 0.2, 0.2)),
        ("graded absolute", (0.1,)),
        ("infimum", (0.2,)),
        ("blocks", (0.2,)),
    ],
    ids=str,
)
def test_false_absent_at_the_margin(name: str, rates: tuple[Rates, ...]) -> None:
    # Without the other verdict and the check of single questions, which could only hide a mistake in the pooled test.
    unchecked: dict[str, Any] = {"question_margin": None, "paired_question_margin": None}
    rules = rules_of(name, margin=0.1, log_threshold_present=math.inf, **unchecked)
    assert simulated(rules, rates, "ABSENT", seed=22) <= at_most(0.05)


REPETITIONS = 300


def simulated(rules: Rules, rates: tuple[Rates, ...], outcome: str, seed: int) -> float:
    """Return the share of an outcome. The baseline is drawn anew for each trial, at a rate of .1."""
    rng, found = np.random.default_rng(seed), 0
    for _ in range(REPETITIONS):
        stored = tuple(
            dataclasses.replace(arm, positives=tuple(rng.binomial(arm.n, 0.1, rules.questions).tolist()))
            for arm in rules.stored
        )
        found += final(dataclasses.replace(rules, stored=stored), drawn(rules, rates, rng)).outcome == outcome
    return found / REPETITIONS


def at_most(alpha: float) -> float:
    return alpha + 4 * math.sqrt(alpha * (1 - alpha) / REPETITIONS)
