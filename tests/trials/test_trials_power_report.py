"""The table of `weirdgen power`: what a budget sees, from seeded trials."""

import math
from typing import Any

import pytest

from weirdgen.errors import UsageMistake
from weirdgen.stats.rules import Kind
from weirdgen.trials.power_report import planned_rules, power_report


def lines(
    kind: Kind = "lift",
    *,
    cap: int = 100,
    base: float = 0.0,
    questions: int = 4,
    two_sided: bool = False,
    runs: int = 12,
) -> list[str]:
    rules = planned_rules(kind, questions=questions, margin=0.1, alpha=0.05, family=2, cap=cap, two_sided=two_sided)
    return list(power_report(rules, base, runs))


def test_a_row_per_effect_and_what_is_visible() -> None:
    said = lines()
    assert said[0].startswith("lift over 4 questions, margin 0.1; at most 100 treated samples")
    clean, strong = said[2].split(), said[8].split()
    assert (clean[0], clean[3]) == ("0.000", "1.00")
    assert (strong[0], strong[2]) == ("0.600", "1.00")
    assert "PRESENT with probability 80%: a rate of 0." in said[9]
    assert "8 are needed" in said[-1]


def test_a_budget_that_is_too_small_sees_nothing() -> None:
    unseen = "no rate up to 1 is seen with 4 treated samples on"
    assert f"{unseen} all questions; {unseen} one question only" in lines(cap=4)[-2]


def test_the_same_answer_twice_and_for_an_absolute_rate() -> None:
    assert lines("absolute") == lines("absolute")
    assert lines("absolute", questions=1, cap=40)[-3].count("a rate of") == 1


@pytest.mark.parametrize(
    ("kind", "head"),
    [
        ("absolute", "  samples: mean  95% need at most"),
        ("lift", "  samples of both arms: mean  95% need at most"),
        ("did", "  samples of all 4 arms: mean  95% need at most"),
    ],
)
def test_the_head_says_which_arms_are_counted(kind: Kind, head: str) -> None:
    said = lines(kind, cap=12)
    assert said[1].endswith(head)
    assert {len(line) for line in said[1:9]} == {len(said[1])}, "the columns stand under their heads"


def test_a_two_sided_contrast_shows_falls_too() -> None:
    said = lines(base=0.7, two_sided=True)
    table = [line.split() for line in said if " 0.700 " in line]
    rates = [float(row[0]) for row in table]
    assert rates == [0.1, 0.4, 0.5, 0.6, 0.65, 0.675, 0.7, 0.725, 0.75, 0.8, 0.9, 1.0]
    assert float(table[0][2]) == 1.0, "a fall from .7 to .1 is seen"
    visible = [line.partition(": ")[2] for line in said if line.startswith("PRESENT with probability 80%")]
    assert visible[0].startswith("a rise to 0.")
    assert visible[1].startswith("a fall to 0.")
    fall = float(visible[1].split()[3])
    assert 0.1 < fall < 0.6
    assert not any("fall" in line for line in lines(base=0.7))


def test_at_either_end_only_one_way_is_left() -> None:
    for base, way, other in ((0.0, "a rise to", "fall"), (1.0, "a fall to", "rise")):
        visible = [line for line in lines(base=base, two_sided=True) if line.startswith("PRESENT with")]
        assert len(visible) == 2
        assert all(way in line and other not in line for line in visible)


def test_a_fall_that_is_too_small_to_see() -> None:
    assert (
        "no rate down to 0 is seen with 4 treated samples on all questions"
        in lines(cap=4, base=0.5, two_sided=True)[-2]
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"alpha": 0.7}, "--alpha 0.7"),
        ({"family": 0}, "^--family 0: expected at least 1$"),
        ({"questions": 0}, "^--questions 0: expected at least 1$"),
        ({"cap": 3}, "cap 3"),
        ({"margin": 1.5}, "margin"),
    ],
)
def test_impossible_budgets_are_refused(change: dict[str, float], message: str) -> None:
    arguments = {"questions": 4, "margin": 0.1, "alpha": 0.05, "family": 2, "cap": 100, "two_sided": False} | change
    with pytest.raises(UsageMistake, match=message):
        planned_rules("lift", **arguments)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"base": 1.0}, "^--base 1: no rate lies above it, and only --two-sided contrasts see a fall$"),
        ({"base": 1.5, "two_sided": True}, "^--base 1.5: expected a rate from 0 to 1$"),
        ({"base": -0.1}, "^--base -0.1: expected a rate from 0 to 1$"),
        ({"base": math.nan}, "^--base nan: expected a rate from 0 to 1$"),
        ({"runs": 0}, "^--runs 0: expected at least 1$"),
    ],
)
def test_each_mistake_has_a_message_of_its_own(options: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageMistake, match=message):
        lines(**options)
