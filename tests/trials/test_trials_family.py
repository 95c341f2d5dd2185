"""e-BH over the session: it may lift, and never lowers; the family keeps its size."""

import math

from hypothesis import given
from hypothesis import strategies as st
from plans import empty_plan
from verdicts import verdict

from weirdgen.schema.verdict import Outcome
from weirdgen.trials.family import session_verdicts


def test_many_strong_contrasts_lift_a_weaker_one() -> None:
    # .045 less a fifth = .036: beside three that are certain the fourth needs E >= 1 / (4 * .036) = 6.9.
    strong = [verdict(Outcome.PRESENT, contrast=f"c{i}", log_e_present=20.0) for i in range(3)]
    weak = verdict(Outcome.INCONCLUSIVE, contrast="weak", log_e_present=math.log(51))
    assert session_verdicts([*strong, weak], empty_plan(4))[-1].session_outcome is Outcome.PRESENT
    assert session_verdicts([weak], empty_plan(4))[-1].session_outcome is Outcome.INCONCLUSIVE


def test_an_invalid_contrast_is_never_lifted() -> None:
    strong = [verdict(Outcome.PRESENT, contrast=f"c{i}", log_e_present=20.0) for i in range(3)]
    broken = verdict(Outcome.INVALID, contrast="broken", log_e_present=50.0)
    assert session_verdicts([*strong, broken], empty_plan(4))[-1].session_outcome is Outcome.INVALID


def test_no_verdicts_stay_none() -> None:
    assert session_verdicts([], empty_plan(4)) == []


@given(st.lists(st.tuples(st.sampled_from(Outcome), st.floats(-50, 50)), min_size=1, max_size=8), st.integers(0, 20))
def test_only_lifting_to_present_is_possible(results: list[tuple[Outcome, float]], more: int) -> None:
    before = [verdict(o, contrast=f"c{i}", log_e_present=e) for i, (o, e) in enumerate(results)]
    for old, new in zip(before, session_verdicts(before, empty_plan(len(before) + more)), strict=True):
        assert new.outcome is old.outcome
        assert new.session_outcome in {old.outcome, Outcome.PRESENT}
