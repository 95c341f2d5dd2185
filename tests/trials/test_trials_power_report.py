"""The table of `weirdgen power`: what a budget sees, from seeded trials."""

import pytest

from weirdgen.errors import UsageMistake
from weirdgen.stats.rules import Kind
from weirdgen.trials.power_report import planned_rules, power_report


def lines(kind: Kind = "lift", *, cap: int = 100, base: float = 0.0, questions: int = 4) -> list[str]:
    rules = planned_rules(kind, questions=questions, margin=0.1, alpha=0.05, family=2, cap=cap, two_sided=False)
    return list(power_report(rules, base, 12))


def test_a_row_per_effect_and_what_is_visible() -> None:
    said = lines()
    assert said[0].startswith("lift over 4 questions, margin 0.1; at most 100 treated samples")
    clean, strong = said[2].split(), said[8].split()
    assert (clean[0], clean[3]) == ("0.000", "1.00")
    assert (strong[0], strong[2]) == ("0.600", "1.00")
    assert "PRESENT with probability 80%: a rate of 0." in said[9]
    assert "8 are needed" in said[-1]


def test_a_budget_that_is_too_small_sees_nothing() -> None:
    assert "no rate on all questions, no rate on one question only" in lines(cap=4)[-2]


def test_the_same_answer_twice_and_for_an_absolute_rate() -> None:
    assert lines("absolute") == lines("absolute")
    assert lines("absolute", questions=1, cap=40)[-3].count("a rate of") == 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"alpha": 0.7}, "--alpha 0.7"),
        ({"family": 0}, "--family 0"),
        ({"cap": 3}, "cap 3"),
        ({"margin": 1.5}, "margin"),
    ],
)
def test_impossible_budgets_are_refused(change: dict[str, float], message: str) -> None:
    arguments = {"questions": 4, "margin": 0.1, "alpha": 0.05, "family": 2, "cap": 100, "two_sided": False} | change
    with pytest.raises(UsageMistake, match=message):
        planned_rules("lift", **arguments)  # type: ignore[arg-type]


def test_impossible_rates_are_refused() -> None:
    with pytest.raises(UsageMistake, match="--base 1 must lie"):
        lines(base=1.0)
