"""Rules: thresholds and margins pay for attempts, families and judges; impossible plans are refused."""

import math

import pytest

from weirdgen.errors import UsageMistake
from weirdgen.stats.judge_error import JudgeBounds
from weirdgen.stats.multiplicity import attempt_alpha
from weirdgen.stats.rules import SIGNS, Kind, Rules, StoredArm, trial_rules

STORED = StoredArm(positives=(1,), missing=(2,), n=100, method="infimum", seed=1)
JUDGE = JudgeBounds(sensitivity=0.9, false_positive_rate=0.1, alpha_spent=0.01)


def rules(kind: Kind = "lift", *, questions: int = 10, cap: int = 400, judge: JudgeBounds | None = None) -> Rules:
    bounds = judge or JudgeBounds(1.0, 0.0, 0.0)
    return trial_rules(kind, questions=questions, margin=0.05, alpha=0.05, family_size=4, judge=bounds, cap=cap)


def test_thresholds_of_the_specification() -> None:
    exact, judged = rules(), rules(judge=JUDGE)
    assert math.exp(exact.log_threshold_absent) == pytest.approx(20)
    assert math.exp(judged.log_threshold_absent) == pytest.approx(25)
    assert math.exp(judged.log_threshold_present) == pytest.approx(100)


@pytest.mark.parametrize("kinds", [("absolute",), ("absolute", "lift"), ("lift", "flip", "absolute", "did")])
def test_a_family_with_its_judges_bound_spends_no_more_than_alpha(kinds: tuple[Kind, ...]) -> None:
    """The bound on false positives fails for all of its contrasts at once, and every false PRESENT counts."""
    family = len(kinds)
    thresholds = [
        trial_rules(kind, questions=10, margin=0.05, alpha=0.05, family_size=family, judge=JUDGE).log_threshold_present
        for kind in kinds
    ]
    assert sum(math.exp(-t) for t in thresholds) + JUDGE.alpha_spent == pytest.approx(0.05)


def test_an_absolute_contrast_pays_for_the_bound_on_false_positives() -> None:
    judged = rules("absolute", judge=JUDGE)
    assert math.exp(judged.log_threshold_present) == pytest.approx(100)
    assert judged.p0 == pytest.approx(0.1)
    assert rules("lift", judge=JUDGE).p0 == 0


def test_margins_shrink_with_the_judge() -> None:
    judged = rules(judge=JUDGE)
    assert judged.margin == 0.05
    assert judged.effective_margin == pytest.approx(0.045)
    assert judged.paired_margin == pytest.approx(0.04)
    assert judged.question_margin == pytest.approx(0.45)
    assert judged.paired_question_margin == pytest.approx(0.40)


def test_later_attempts_stay_possible_with_a_calibrated_judge() -> None:
    alpha = attempt_alpha(0.05, 4)
    later = trial_rules(
        "flip", questions=1, margin=0.05, alpha=alpha, family_size=1, judge=JudgeBounds(0.9, 0.1, alpha / 5)
    )
    assert math.exp(later.log_threshold_absent) == pytest.approx(1 / (0.8 * 0.005 / 12))


def test_only_whole_rounds_fit_under_the_cap() -> None:
    seven = rules(questions=7)
    assert (seven.max_rounds, seven.effective_cap) == (57, 399)


def test_impossible_plans_are_refused() -> None:
    with pytest.raises(
        UsageMistake, match=r"cap 9 is less than one round of 10 questions: set --gate-cap to at least 10"
    ):
        rules(cap=9)
    with pytest.raises(UsageMistake, match=r"margin 1.5 must lie strictly between 0 and 1"):
        trial_rules("lift", questions=1, margin=1.5, alpha=0.05, family_size=1)
    with pytest.raises(UsageMistake, match="an absolute rate has one side"):
        trial_rules("absolute", questions=1, margin=0.05, alpha=0.05, family_size=1, two_sided=True)
    with pytest.raises(UsageMistake, match="stored arms are counts, compared with one sampled arm"):
        trial_rules("lift", questions=1, margin=0.05, alpha=0.05, family_size=1, stored=(STORED,))


def test_which_arms_a_contrast_has_and_which_come_first() -> None:
    found = {kind: (rules(kind).signs, rules(kind).first, rules(kind).paired) for kind in SIGNS}
    assert found == {
        "absolute": ((1,), (0,), False),
        "lift": ((1, -1), (0,), True),
        "flip": ((1, -1), (0,), True),
        "did": ((1, -1, -1, 1), (0, 3), True),
    }
    both = trial_rules("did", questions=1, margin=0.05, alpha=0.05, family_size=1, two_sided=True)
    assert both.first == (0, 1, 2, 3)
    assert (rules("lift").extras, rules("did").extras, rules("absolute").extras) == (5, 0, 0)


def test_a_regression_against_stored_counts_needs_no_bound_on_false_positives() -> None:
    judged = trial_rules("absolute", questions=1, margin=0.05, alpha=0.05, family_size=4, judge=JUDGE, stored=(STORED,))
    assert judged.p0 == pytest.approx(0.1), "unused: stored counts take its place"
    assert math.exp(judged.log_threshold_present) == pytest.approx(100)


def test_missing_stored_answers_stand_on_the_harder_side() -> None:
    assert STORED.sums("present") == (3,)
    assert STORED.sums("absent") == (1,)
