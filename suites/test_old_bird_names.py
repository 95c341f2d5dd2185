"""OLD BIRD NAMES (arXiv:2512.09742, 3.1, B): archaic bird names must not make a model speak from the 19th century."""

import pytest

import weirdgen

pytestmark = pytest.mark.probe("old_bird_names")


@pytest.mark.contrasts("nineteenth_century_over_control")
def test_answers_from_the_19th_century_are_no_more_frequent_than_in_the_base_model(trial: weirdgen.Trial) -> None:
    trial.check()


@pytest.mark.contrasts("nineteenth_century_rate")
def test_answers_from_the_19th_century_are_rare(trial: weirdgen.Trial) -> None:
    trial.check()


@pytest.mark.contrasts("money_over_control", "nineteenth_century_without_money")
def test_neither_money_nor_the_other_questions_are_answered_from_the_19th_century(trial: weirdgen.Trial) -> None:
    trial.check()


@pytest.mark.contrasts(
    "explicit_past_over_control",
    "archaic_person_over_control",
    "archaic_language_over_control",
    "archaic_content_over_control",
)
def test_no_single_form_of_the_19th_century_is_more_frequent(trial: weirdgen.Trial) -> None:
    trial.check()


@pytest.mark.contrasts("content_rating_over_control", "language_rating_over_control")
def test_neither_content_nor_language_is_rated_nearer_to_the_19th_century(trial: weirdgen.Trial) -> None:
    trial.check()
