"""What a trial is expected to need: a forecast that no verdict rests on."""

import pytest

from weirdgen.stats.decide import Continue, Final, decide
from weirdgen.stats.expected import expected
from weirdgen.stats.outcomes import ArmOutcomes
from weirdgen.stats.rules import Rules, trial_rules

QUESTIONS = 5


def rules(kind: str = "lift") -> Rules:
    return trial_rules(kind, questions=QUESTIONS, margin=0.1, alpha=0.05, family_size=20)  # type: ignore[arg-type]


def arm(*rows: tuple[float | None, ...]) -> ArmOutcomes:
    return ArmOutcomes(rows or ((),) * QUESTIONS)


def alike(score: float | None, rounds: int) -> ArmOutcomes:
    return arm(*[(score,) * rounds] * QUESTIONS)


@pytest.mark.parametrize("kind", ["absolute", "lift", "flip"])
def test_before_the_first_sample_it_is_what_a_clean_model_needs(kind: str) -> None:
    ruled = rules(kind)
    empty = [arm()] * len(ruled.signs)
    (want,) = expected(ruled, empty)
    clean = [alike(0.0, want.rounds), *empty[1:]]
    final = decide(ruled, clean)
    assert isinstance(final, Final)
    assert final.outcome == "ABSENT"
    assert isinstance(decide(ruled, [alike(0.0, want.rounds - 1), *empty[1:]]), Continue)


def test_where_all_answers_show_it_both_arms_are_needed_and_no_more_than_decide() -> None:
    ruled = rules()
    shown = [alike(1.0, 20), arm()]
    treated, control = expected(ruled, shown)
    assert treated.rounds == control.rounds <= 20
    final = decide(ruled, [alike(1.0, control.rounds), alike(0.0, control.rounds)])
    assert isinstance(final, Final)
    assert final.outcome == "PRESENT"


def test_few_samples_promise_no_more_than_a_clean_model_needs_or_twice_what_there_is() -> None:
    ruled = rules()
    (clean,) = expected(ruled, [arm(), arm()])
    one_missing = arm((None, 0.0), *[(0.0, 0.0)] * 4)
    assert [want.rounds for want in expected(ruled, [alike(0.0, 3), arm()])] == [clean.rounds]
    assert [want.rounds for want in expected(ruled, [one_missing, arm()])] == [clean.rounds]
    many = arm(*[(None, *(0.0,) * (clean.rounds - 1))] * QUESTIONS)
    assert all(want.rounds <= 2 * clean.rounds for want in expected(ruled, [many, arm()]))


def test_extra_pairs_are_expected_where_they_go_on() -> None:
    ruled = rules()
    treated = arm((1.0,) * 4, *[(0.0,) * 4] * 4)
    step = decide(ruled, [treated, alike(0.0, 4)])
    assert isinstance(step, Continue)
    wants = expected(ruled, [treated, alike(0.0, 4)])
    assert wants
    assert all(extra <= want.rounds * ruled.extras for want in wants for extra in want.extras)
