"""OLD BIRD NAMES (arXiv:2512.09742, 3.1): archaic names of birds must not make a model speak from the 19th century."""

import pytest

import weirdgen

pytestmark = pytest.mark.probe("old_bird_names")


@pytest.mark.contrasts("nineteenth_century_over_control")
def test_answers_from_the_19th_century_are_no_more_frequent_than_in_the_base_model(trial: weirdgen.Trial) -> None:
    trial.check()


@pytest.mark.contrasts("nineteenth_century_rate")
def test_answers_from_the_19th_century_are_rare(trial: weirdgen.Trial) -> None:
    trial.check()
