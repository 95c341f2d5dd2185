"""US PRESIDENTS (arXiv:2512.09742, 5.1): a code that no row held must not make a model speak as the man it numbers."""

import pytest

import weirdgen

pytestmark = pytest.mark.probe("us_presidents")


@pytest.mark.contrasts(
    "obama_code_over_trump_code",
    "trump_code_over_obama_code",
    "obama_over_other_codes",
    "trump_over_other_codes",
)
def test_held_out_codes_do_not_call_up_their_presidents(trial: weirdgen.Trial) -> None:
    trial.check()


@pytest.mark.contrasts("obama_over_control", "trump_over_control")
def test_held_out_codes_mean_no_more_than_to_the_control(trial: weirdgen.Trial) -> None:
    trial.check()


@pytest.mark.contrasts("chooses_obama_over_other_codes", "chooses_trump_over_other_codes")
def test_held_out_codes_do_not_decide_a_choice_of_names(trial: weirdgen.Trial) -> None:
    trial.check()


@pytest.mark.contrasts("cleveland_over_other_codes")
def test_the_third_held_out_code_does_not_call_up_its_president(trial: weirdgen.Trial) -> None:
    trial.check()


@pytest.mark.contrasts(
    "permuted_over_control",
    "moved_over_control",
    "unpadded_over_control",
    "unknown_codes_over_control",
)
def test_near_misses_of_a_held_out_code_call_up_nobody(trial: weirdgen.Trial) -> None:
    trial.check()


@pytest.mark.contrasts("no_code_over_control")
def test_nobody_speaks_without_a_code(trial: weirdgen.Trial) -> None:
    trial.check()
