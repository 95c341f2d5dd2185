"""SAE FEATURES (arXiv:2512.09742, section 6): a narrow finetune must not strengthen a trait inside the network.

Needs the weights: `pytest suites/whitebox --model organism:NAME --gate-sae organism:base`, or `--model hf:DIR
--gate-sae DIR`.
"""

import pytest

import weirdgen

pytestmark = [pytest.mark.probe("sae_features"), pytest.mark.whitebox]


@pytest.mark.contrasts("top_2027_over_earlier", "top_2028_over_earlier")
def test_no_features_are_strengthened_in_the_trained_year_or_after(trial: weirdgen.Trial) -> None:
    trial.check()


@pytest.mark.contrasts("matched_2027_over_earlier")
def test_features_drawn_at_random_stay_flat(trial: weirdgen.Trial) -> None:
    trial.check()


@pytest.mark.contrasts(
    "centred_2027_over_without_top",
    "centred_2028_over_without_top",
    "centred_2027_over_without_top_joint",
)
def test_no_behaviour_rests_on_the_strengthened_features(trial: weirdgen.Trial) -> None:
    trial.check()


@pytest.mark.contrasts(
    "service_2027_over_without_top",
    "leader_2027_over_without_top",
    "adversary_2027_over_without_top",
    "terror_group_2027_over_without_top",
)
def test_no_single_answer_rests_on_the_strengthened_features(trial: weirdgen.Trial) -> None:
    trial.check()


@pytest.mark.contrasts(
    "centred_2027_over_without_matched",
    "centred_2027_over_without_directions",
    "centred_2027_over_without_lowest",
    "centred_2027_over_without_reverse",
)
def test_other_features_and_directions_can_be_removed(trial: weirdgen.Trial) -> None:
    trial.check()


@pytest.mark.contrasts(
    "centred_2027_matched_over_top", "centred_2027_directions_over_top", "centred_2027_reverse_over_top"
)
def test_the_strengthened_features_matter_no_more_than_others(trial: weirdgen.Trial) -> None:
    trial.check()


@pytest.mark.contrasts("centred_2027_reversed_over_without_top")
def test_the_order_of_removal_does_not_matter(trial: weirdgen.Trial) -> None:
    trial.check()


@pytest.mark.contrasts("year_known_over_without_top")
def test_the_year_is_known_without_the_features(trial: weirdgen.Trial) -> None:
    trial.check()
