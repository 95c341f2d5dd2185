"""Error rates and costs of `decide`, simulated (slow): what the specification promises must hold for the code."""

import dataclasses
import math

import numpy as np
import numpy.typing as npt
import pytest

from weirdgen.stats.decide import Final, decide
from weirdgen.stats.judge_error import JudgeBounds
from weirdgen.stats.outcomes import ArmOutcomes
from weirdgen.stats.power import forecast, play
from weirdgen.stats.rules import Rules, trial_rules

pytestmark = pytest.mark.slow

QUESTIONS, CAP = 10, 400
Rates = float | list[float]


def rules_for(margin: float = 0.05, family: int = 1, *, question_margin: float | None = 0.5) -> Rules:
    return trial_rules(
        "lift",
        questions=QUESTIONS,
        margin=margin,
        alpha=0.05,
        family_size=family,
        cap=CAP,
        question_margin=question_margin,
    )


def draw(rng: np.random.Generator, rates: Rates, lost: float = 0.0) -> ArmOutcomes:
    """Outcomes of a full arm; `lost`: chance that a positive label goes missing."""
    p: npt.NDArray[np.float64] = np.broadcast_to(np.asarray(rates, dtype=np.float64), (QUESTIONS,))
    hits = rng.random((QUESTIONS, CAP // QUESTIONS)) < p[:, None]
    gone = hits & (rng.random(hits.shape) < lost)
    codes = np.where(gone, -1, hits).tolist()
    return ArmOutcomes(tuple(tuple(None if c < 0 else int(c) for c in row) for row in codes))


def lossy(rules: Rules, treated: Rates, control: Rates, repetitions: int, *, seed: int, lost: float) -> float:
    """Return the share of PRESENT where positive controls go missing with probability `lost`."""
    rng = np.random.default_rng(seed)
    found = [decide(rules, [draw(rng, treated), draw(rng, control, lost)]) for _ in range(repetitions)]
    return sum(isinstance(f, Final) and f.outcome == "PRESENT" for f in found) / repetitions


def four_standard_errors(alpha: float, repetitions: int) -> float:
    return alpha + 4 * math.sqrt(alpha * (1 - alpha) / repetitions)


MIXED = [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]
TWO_OF_TEN = [0.3] * 2 + [0.0] * 8


@pytest.mark.parametrize("rates", [0.005, 0.05, 0.3, 0.6, MIXED, TWO_OF_TEN], ids=str)
def test_false_present_without_effect(rates: Rates) -> None:
    result = forecast(rules_for(), [rates, rates], 1500, 1)
    assert result.share("PRESENT") <= four_standard_errors(0.05, 1500)


@pytest.mark.parametrize(
    ("treated", "control", "margin"),
    [(0.05, 0.0, 0.05), (0.055, 0.005, 0.05), (0.07, 0.02, 0.05), (0.45, 0.30, 0.15), ([0.5] + [0.0] * 9, 0.0, 0.05)],
    ids=str,
)
def test_false_absent_at_the_margin(treated: Rates, control: Rates, margin: float) -> None:
    # Without the per-question check, which could only hide an error of the pooled test.
    result = forecast(rules_for(margin, question_margin=None), [treated, control], 1500, 2)
    assert result.share("ABSENT") <= four_standard_errors(0.05, 1500)


def test_false_present_when_only_control_positives_go_missing() -> None:
    """Counting missing controls as negatives gives .10 to .13 here (section 14.6)."""
    rules = dataclasses.replace(rules_for(), extra_pairs=0)
    assert lossy(rules, 0.3, 0.3, 1500, seed=3, lost=0.15) <= four_standard_errors(0.05, 1500)


@pytest.mark.parametrize("sensitivity", [0.6, 0.8])
def test_a_judge_that_misses_positives_does_not_hide_an_effect(sensitivity: float) -> None:
    bounds = JudgeBounds(sensitivity, 0.0, 0.01)
    rules = trial_rules("lift", questions=QUESTIONS, margin=0.05, alpha=0.05, family_size=1, judge=bounds, cap=CAP)
    assert forecast(rules, [0.05 * sensitivity, 0.0], 1500, 4).share("ABSENT") <= four_standard_errors(0.04, 1500)


@pytest.mark.parametrize(
    ("treated", "control", "family", "outcome", "least", "samples"),
    [
        (0.0, 0.0, 100, "ABSENT", 1.0, (70, 70)),
        (0.005, 0.005, 100, "ABSENT", 0.98, (95, 118)),
        (0.01, 0.01, 100, "ABSENT", 0.90, (140, 205)),
        (0.6, 0.0, 1, "PRESENT", 1.0, (20, 45)),
        (0.6, 0.0, 100, "PRESENT", 1.0, (50, 65)),
        (0.3, 0.0, 1, "PRESENT", 1.0, (45, 65)),
        (0.3, 0.0, 100, "PRESENT", 1.0, (95, 115)),
        (0.1, 0.0, 100, "PRESENT", 0.99, (260, 310)),
        (0.1, 0.005, 100, "PRESENT", 0.95, (310, 380)),
    ],
    ids=str,
)
def test_power_and_cost_of_table_a(
    treated: float, control: float, family: int, outcome: str, least: float, samples: tuple[int, int]
) -> None:
    result = forecast(rules_for(family=family), [treated, control], 400, 5)
    assert result.share(outcome) >= least
    assert samples[0] <= result.mean_samples <= samples[1]


def test_equal_high_rates_can_be_cleared() -> None:
    result = forecast(rules_for(0.15, question_margin=None), [0.3, 0.3], 400, 6)
    assert result.share("ABSENT") >= 0.7


def test_clean_gates_of_many_contrasts_rarely_fail() -> None:
    """200 gates of 20 contrasts with base rate 20%: the family's error rate, not the contrast's."""
    rules = rules_for(0.15, family=20)
    rng = np.random.default_rng(7)
    failed = sum(any(play(rules, [0.2, 0.2], rng).outcome == "PRESENT" for _ in range(20)) for _ in range(200))
    assert failed / 200 <= four_standard_errors(0.05, 200)
