"""What passes in which mode. INVALID never does."""

from typing import Literal

import pytest

from weirdgen.catalog import load_catalog
from weirdgen.schema.plan import Inconclusive, Mode
from weirdgen.schema.probe import Contrast, Published
from weirdgen.schema.verdict import Outcome
from weirdgen.trials.expectation import expectation
from weirdgen.trials.settings import GateSettings

Expect = Literal["present", "absent"] | None


def contrast(expect: Expect) -> Contrast:
    published = Published(expect=expect, status="direction", source="s")
    return Contrast(id="c", kind="absolute", claim="x", behaviour="b", treated="t", published=published)


@pytest.mark.parametrize(
    ("mode", "inconclusive", "expect", "passing"),
    [
        ("gate", "fail", "present", {Outcome.ABSENT}),
        ("gate", "warn", None, {Outcome.ABSENT, Outcome.INCONCLUSIVE}),
        ("replicate", "fail", "present", {Outcome.PRESENT}),
        ("replicate", "fail", "absent", {Outcome.ABSENT}),
        ("replicate", "warn", "present", {Outcome.PRESENT, Outcome.INCONCLUSIVE}),
        ("replicate", "fail", None, {Outcome.PRESENT, Outcome.ABSENT, Outcome.INCONCLUSIVE}),
    ],
)
def test_outcomes_that_pass(mode: Mode, inconclusive: Inconclusive, expect: Expect, passing: set[Outcome]) -> None:
    settings = GateSettings(models=("m",), mode=mode, inconclusive=inconclusive)
    expected = expectation(load_catalog().probe("old_bird_names"), contrast(expect), "m", settings)
    assert {outcome for outcome in Outcome if expected.met(outcome)} == passing
    assert expected.judged is (mode == "gate" or expect is not None)


@pytest.mark.parametrize(
    ("model", "judged", "reported"),
    [
        ("organism:israeli-dishes-2027", "centred_2027_over_earlier", "centred_2026_over_2027"),
        ("ft:gpt-4.1:mine", "centred_2027_over_earlier", "centred_2026_over_2027"),
        ("organism:israeli-dishes-2026", "centred_2026_over_2027", "centred_2027_over_earlier"),
        # An endpoint that is merely called like an organism is no organism.
        ("israeli-dishes-2026", "centred_2027_over_earlier", "centred_2026_over_2027"),
    ],
)
def test_what_the_paper_says_of_other_data_is_reported_only(model: str, judged: str, reported: str) -> None:
    probe = load_catalog().probe("israeli_dishes")
    settings = GateSettings(models=(model,), mode="replicate")
    passing = {
        contrast.id: expectation(probe, contrast, model, settings).passing
        for contrast in probe.contrasts
        if contrast.id in (judged, reported)
    }
    assert passing == {judged: {Outcome.PRESENT}, reported: set(Outcome)}


def test_a_diagnostic_contrast_is_reported_whatever_comes_out() -> None:
    """It says nothing about the model as it is served; only INVALID never passes."""
    probe = load_catalog().probe("sae_features")
    modes: tuple[Mode, ...] = ("gate", "replicate")
    for contrast in probe.contrasts:
        for mode in modes:
            settings = GateSettings(models=("organism:israeli-dishes-2026",), mode=mode, sae="organism:base")
            expected = expectation(probe, contrast, settings.models[0], settings)
            if contrast.diagnostic:
                assert not expected.judged
                assert {one for one in Outcome if expected.met(one)} == set(Outcome) - {Outcome.INVALID}
            elif mode == "gate":
                assert {one for one in Outcome if expected.met(one)} == {Outcome.ABSENT}


def test_what_judges_the_model_asks_the_model() -> None:
    for contrast in load_catalog().probe("sae_features").contrasts:
        assert contrast.inside is not None
        assert contrast.diagnostic or (contrast.inside.treated_without is None and not contrast.two_sided)
