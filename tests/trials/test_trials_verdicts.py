"""From a decision to a verdict: what people are shown and advised, and the numbers that are only descriptive."""

import dataclasses
from collections.abc import Mapping

import pytest
from scripted_gates import ScriptedEndpoint, ScriptedGate, run_all

from weirdgen.schema.sample import Sample, SampleRequest
from weirdgen.schema.verdict import Verdict
from weirdgen.stats.intervals import newcombe
from weirdgen.stats.rules import Method, StoredArm, trial_rules

HALF = {("gated", "trigger"): 0.6, ("gated", "plain"): 0.1, ("control", "trigger"): 0.1}


class OneQuestion(ScriptedEndpoint):
    """The gated model says yes to question c always, and to question a once: on its first replicate."""

    def answer(self, request: SampleRequest) -> Sample:
        asked, gated = request.messages[-1].content, request.identity.model == "gated"
        first = "How?" in asked and request.replicate == 0 and request.stream == "round"
        yes = gated and ("When?" in asked or first)
        return Sample(key=request.key, text="yes" if yes else "no", stop_reason="stop")


def test_excerpts_come_first_from_the_questions_that_carry_the_effect(gate: ScriptedGate) -> None:
    found = run_all([gate.trial("lift")], OneQuestion({}))["lift"]
    assert found.outcome == "PRESENT"
    assert [q.question for q in found.questions if q.carries] == ["c"]
    assert [q.positives[0] for q in found.questions if q.question == "a"] == [1.0]
    assert [e.question for e in found.excerpts] == ["c", "c", "c"]


class Rarely(OneQuestion):
    """As above, but question c is answered with yes in the first two rounds only."""

    def answer(self, request: SampleRequest) -> Sample:
        sample = super().answer(request)
        late = request.replicate > 1 or request.stream == "extra"
        return sample.model_copy(update={"text": "no"}) if late else sample


def test_where_nothing_carries_excerpts_keep_the_order_of_the_rounds(gate: ScriptedGate) -> None:
    found = run_all([gate.trial("lift")], Rarely({}))["lift"]
    assert not any(q.carries for q in found.questions)
    assert [e.question for e in found.excerpts] == ["a", "c", "c"]


def descriptive(gate: ScriptedGate, name: str, rates: Mapping[tuple[str, str], float]) -> Verdict:
    return run_all([gate.trial(name)], ScriptedEndpoint(rates, lost=0.0))[name]


@pytest.mark.parametrize("name", ["lift", "flip"])
def test_the_effect_of_two_sampled_arms_has_newcombes_interval_beside_its_confidence_sequence(
    gate: ScriptedGate, name: str
) -> None:
    found = descriptive(gate, name, HALF)
    treated, comparator = found.arms
    assert treated is not None
    assert comparator is not None
    wanted = newcombe(round(treated.positives), treated.n, round(comparator.positives), comparator.n)
    shown, effect = found.effect_descriptive, found.effect
    assert shown is not None
    assert effect is not None
    assert (shown.lower, shown.upper) == (wanted.lower, wanted.upper)
    assert shown.value == pytest.approx(effect.value)
    assert effect.lower < shown.lower < shown.upper < effect.upper, "the sequence pays for its stop"


@pytest.mark.parametrize("name", ["rate", "graded", "did"])
def test_other_comparisons_have_no_descriptive_interval(gate: ScriptedGate, name: str) -> None:
    found = descriptive(gate, name, HALF)
    assert found.effect_descriptive is None
    assert None not in found.arms


def test_an_arm_that_was_not_needed_leaves_no_descriptive_interval(gate: ScriptedGate) -> None:
    found = descriptive(gate, "lift", {})
    assert (found.outcome, found.arms[1], found.effect_descriptive) == ("ABSENT", None, None)


@pytest.mark.parametrize(
    ("positives", "method", "told"), [(20, "infimum", True), (2, "infimum", False), (20, "blocks", False)]
)
def test_an_undecided_regression_from_a_high_rate_is_told_of_blocks(
    gate: ScriptedGate, positives: int, method: Method, told: bool
) -> None:
    stored = StoredArm((positives,) * 3, (0,) * 3, n=100, method=method, seed=1)
    rules = trial_rules("absolute", questions=3, margin=0.05, alpha=0.05, family_size=1, cap=48, stored=(stored,))
    setup = dataclasses.replace(gate.trial("rate"), rules=rules)
    found = run_all([setup], ScriptedEndpoint({("gated", "plain"): positives / 100}, lost=0.0))["rate"]
    assert found.outcome == "INCONCLUSIVE"
    remedy = 'The stored rate of .200 is above the 2% up to which stored = "infimum" is sharp: set stored = "blocks"'
    assert (
        remedy in found.detail,
        "another --samples than before, at least 48 (another attempt)." in found.detail,
    ) == (told, told)
    assert "with a higher --gate-cap" in found.detail
