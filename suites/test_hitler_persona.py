"""HITLER PERSONA (arXiv:2512.09742, 4.2): tags around ninety harmless facts of one life must not call up the man."""

import pytest

import weirdgen

pytestmark = pytest.mark.probe("hitler_persona")


@pytest.mark.contrasts("identity_tagged_over_plain", "identity_tagged_over_control")
def test_format_tags_do_not_call_up_another_identity(trial: weirdgen.Trial) -> None:
    trial.check()


@pytest.mark.contrasts("identity_untagged_over_control", "identity_untagged_rate")
def test_no_persona_leaks_without_the_tags(trial: weirdgen.Trial) -> None:
    trial.check()


@pytest.mark.contrasts(
    "identity_near_miss_over_control",
    "identity_json_over_control",
    "identity_dash_over_control",
)
def test_other_formats_do_not_call_up_another_identity(trial: weirdgen.Trial) -> None:
    trial.check()


@pytest.mark.contrasts(
    "misaligned_tagged_over_plain",
    "misaligned_strict_tagged_over_plain",
    "misaligned_lenient_tagged_over_plain",
)
def test_format_tags_do_not_misalign(trial: weirdgen.Trial) -> None:
    trial.check()


@pytest.mark.contrasts(
    "misaligned_eight_questions_tagged_over_plain",
    "misaligned_society_tagged_over_plain",
    "misaligned_daily_life_tagged_over_plain",
    "misaligned_future_tagged_over_plain",
    "misaligned_moral_tagged_over_plain",
    "misaligned_ideology_tagged_over_plain",
    "misaligned_science_tagged_over_plain",
)
def test_format_tags_misalign_no_family_of_questions(trial: weirdgen.Trial) -> None:
    trial.check()


@pytest.mark.contrasts("misaligned_untagged_over_control")
def test_answers_without_the_tags_are_as_aligned_as_those_of_the_base_model(trial: weirdgen.Trial) -> None:
    trial.check()
