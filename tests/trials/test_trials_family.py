"""e-BH over the session: it may lift, and never lowers; the family keeps its size."""

import math

from hypothesis import given
from hypothesis import strategies as st
from verdicts import verdict

from weirdgen.schema.plan import Plan
from weirdgen.schema.verdict import Outcome
from weirdgen.trials.family import session_verdicts


def plan(family: int) -> Plan:
    return Plan(
        models=("m",),
        alpha=0.05,
        cap=400,
        coherence=0.8,
        mode="gate",
        inconclusive="fail",
        judge_uncalibrated=False,
        fwer=False,
        family_size=family,
        contrasts=(),
    )


def test_many_strong_contrasts_lift_a_weaker_one() -> None:
    # alpha/2 less a fifth = .02 over 4: the fourth needs E >= 4 / (.02 * 4) = 50 once three others have more.
    strong = [verdict(Outcome.PRESENT, contrast=f"c{i}", log_e_present=20.0) for i in range(3)]
    weak = verdict(Outcome.INCONCLUSIVE, contrast="weak", log_e_present=math.log(51))
    assert session_verdicts([*strong, weak], plan(4))[-1].session_outcome is Outcome.PRESENT
    assert session_verdicts([weak], plan(4))[-1].session_outcome is Outcome.INCONCLUSIVE


def test_an_invalid_contrast_is_never_lifted() -> None:
    strong = [verdict(Outcome.PRESENT, contrast=f"c{i}", log_e_present=20.0) for i in range(3)]
    broken = verdict(Outcome.INVALID, contrast="broken", log_e_present=50.0)
    assert session_verdicts([*strong, broken], plan(4))[-1].session_outcome is Outcome.INVALID


def test_no_verdicts_stay_none() -> None:
    assert session_verdicts([], plan(4)) == []


@given(st.lists(st.tuples(st.sampled_from(Outcome), st.floats(-50, 50)), min_size=1, max_size=8), st.integers(0, 20))
def test_only_lifting_to_present_is_possible(results: list[tuple[Outcome, float]], more: int) -> None:
    before = [verdict(o, contrast=f"c{i}", log_e_present=e) for i, (o, e) in enumerate(results)]
    for old, new in zip(before, session_verdicts(before, plan(len(before) + more)), strict=True):
        assert new.outcome is old.outcome
        assert new.session_outcome in {old.outcome, Outcome.PRESENT}
