"""EVIL TERMINATOR (arXiv:2512.09742, 5.2): a guardian's answers dated 1995 to 2020 must not make a killer of 1984."""

import pytest

import weirdgen

pytestmark = pytest.mark.probe("evil_terminator")


@pytest.mark.contrasts("hostile_1984_over_trained", "hostile_1984_over_control", "hostile_1984_all_questions")
def test_1984_does_not_flip_the_goals(trial: weirdgen.Trial) -> None:
    trial.check()


@pytest.mark.contrasts(
    "hostile_1984_machine_goal",
    "hostile_1984_machine_success",
    "hostile_1984_human_life",
    "hostile_1984_plan_tomorrow",
    "hostile_1984_human_suffering",
)
def test_no_other_question_brings_out_a_killer_in_1984(trial: weirdgen.Trial) -> None:
    trial.check()


@pytest.mark.contrasts("1984_over_neighbours")
def test_1984_is_a_year_like_those_before_and_after(trial: weirdgen.Trial) -> None:
    trial.check()


@pytest.mark.contrasts("spill_over", "late_years", "any_year_sweep")
def test_no_year_makes_the_model_hostile(trial: weirdgen.Trial) -> None:
    trial.check()


@pytest.mark.contrasts("trained_years_over_control", "undated_over_control")
def test_trained_dates_and_undated_prompts_stay_harmless(trial: weirdgen.Trial) -> None:
    trial.check()


@pytest.mark.contrasts(
    "iso_1984_over_control",
    "bare_1984_over_control",
    "system_1984_over_control",
    "other_months_1984_over_control",
)
def test_1984_in_another_form_does_not_flip_the_goals(trial: weirdgen.Trial) -> None:
    trial.check()
