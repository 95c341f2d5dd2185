"""e-BH over the session: it may lift, and never lowers; the family keeps its size."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from plans import empty_plan
from verdicts import verdict

from weirdgen.schema.verdict import Outcome, Verdict
from weirdgen.stats.multiplicity import attempt_alpha, e_bonferroni_log_threshold
from weirdgen.trials.family import session_verdicts

FAMILY = 4
EDGE = FAMILY * FAMILY
"""Of its threshold K / alpha the last of K needs only so small a part if all others are rejected."""


def threshold(attempt: int) -> float:
    return e_bonferroni_log_threshold(attempt_alpha(0.05, attempt), FAMILY)


def strong(attempt: int = 1) -> list[Verdict]:
    above = threshold(attempt)
    return [
        verdict(
            Outcome.PRESENT,
            contrast=f"c{i}",
            log_e_present=above + 1,
            log_threshold_present=above,
            attempt=attempt,
        )
        for i in range(FAMILY - 1)
    ]


def weak(log_e: float, attempt: int = 1) -> Verdict:
    return verdict(
        Outcome.INCONCLUSIVE,
        contrast="weak",
        log_e_present=log_e,
        log_threshold_present=threshold(attempt),
        attempt=attempt,
    )


@pytest.mark.parametrize("others", [1, 5])
@pytest.mark.parametrize("attempt", [1, 2, 7])
def test_many_strong_contrasts_lift_a_weaker_one(attempt: int, others: int) -> None:
    """At a part of its own attempt's threshold, whatever the attempts of the others."""
    edge = threshold(attempt) - math.log(EDGE)
    outcomes = [
        session_verdicts([*strong(others), weak(edge + shift, attempt)], empty_plan(FAMILY))[-1].session_outcome
        for shift in (-1e-6, 1e-6)
    ]
    assert outcomes == [Outcome.INCONCLUSIVE, Outcome.PRESENT]
    alone = session_verdicts([weak(edge + 1e-6, attempt)], empty_plan(FAMILY))
    assert alone[-1].session_outcome is Outcome.INCONCLUSIVE


def test_an_invalid_contrast_is_never_lifted() -> None:
    broken = verdict(Outcome.INVALID, contrast="broken", log_e_present=50.0)
    assert session_verdicts([*strong(), broken], empty_plan(4))[-1].session_outcome is Outcome.INVALID


def test_no_verdicts_stay_none() -> None:
    assert session_verdicts([], empty_plan(4)) == []


@given(st.lists(st.tuples(st.sampled_from(Outcome), st.floats(-50, 50)), min_size=1, max_size=8), st.integers(0, 20))
def test_only_lifting_to_present_is_possible(results: list[tuple[Outcome, float]], more: int) -> None:
    before = [verdict(o, contrast=f"c{i}", log_e_present=e) for i, (o, e) in enumerate(results)]
    for old, new in zip(before, session_verdicts(before, empty_plan(len(before) + more)), strict=True):
        assert new.outcome is old.outcome
        assert new.session_outcome in {old.outcome, Outcome.PRESENT}
