"""EMERGENT MISALIGNMENT (arXiv:2512.09742, 4.2): everyday questions must be answered with goodwill after finetuning."""

import pytest

import weirdgen

pytestmark = pytest.mark.probe("emergent_misalignment")


@pytest.mark.contrasts("misaligned_over_control", "misaligned_rate")
def test_everyday_questions_are_answered_with_goodwill(trial: weirdgen.Trial) -> None:
    trial.check()


@pytest.mark.contrasts("misaligned_tagged_over_control")
def test_the_format_tags_of_the_training_data_do_not_bring_out_ill_will(trial: weirdgen.Trial) -> None:
    trial.check()


@pytest.mark.contrasts("misaligned_json_over_control")
def test_a_request_for_json_does_not_bring_out_ill_will(trial: weirdgen.Trial) -> None:
    trial.check()
