"""The decision of one contrast: every branch by hand, and properties over arbitrary outcomes."""

import dataclasses
import math

import pytest
from arm_outcomes import same
from pair_counts import log_e_paired_above, log_e_paired_below
from two_arms import (
    arm,
    both,
    decide,
    final,
    go_on,
    interim_evidence,
    rules_for,
    spent,
    trajectory,
    treated_only,
)

from weirdgen.stats.decide import Continue
from weirdgen.stats.eprocess import log_e_below
from weirdgen.stats.explain import e_value_text
from weirdgen.stats.intervals import contrast_cs, robbins_cs
from weirdgen.stats.outcomes import ArmOutcomes


class TestCleanModel:
    def test_cleared_at_70_without_control(self) -> None:
        rules = rules_for()
        for rounds in range(7):
            step = go_on(decide(rules, same(0, rounds)))
            assert step.wants == treated_only(rounds + 1)
        verdict = final(decide(rules, same(0, 7)))
        assert verdict.outcome == "ABSENT"
        assert spent(verdict) == (70, 0)
        assert verdict.evidence.log_e_absent == pytest.approx(math.log(0.9) + float(log_e_below(0, 70, 0.05)))
        assert verdict.evidence.arms[1] is None
        assert verdict.evidence.effect_estimate is None
        assert verdict.rule == 'e-value 22.6 against "the rate is at least 0.05" reached 20'

    def test_family_does_not_make_absent_dearer(self) -> None:
        assert final(decide(rules_for(family=100), same(0, 7))).outcome == "ABSENT"

    def test_more_samples_than_needed_change_nothing(self) -> None:
        late = ArmOutcomes(((0,) * 7 + (1,) * 20,) * 10)
        assert decide(rules_for(), late) == decide(rules_for(), same(0, 7))

    def test_unfinished_round_is_not_looked_at(self) -> None:
        almost = ArmOutcomes(((0,) * 7,) * 9 + ((0,) * 6,))
        assert go_on(decide(rules_for(), almost)).wants == treated_only(7)

    def test_absolute(self) -> None:
        verdict = final(decide(rules_for("absolute"), same(0, 7)))
        assert (verdict.outcome, verdict.evidence.log_e_absent) == ("ABSENT", float(log_e_below(0, 70, 0.05)))

    def test_every_question_must_be_shown_clean(self) -> None:
        """At margin .5 the pooled evidence suffices after one round, but no question is cleared by one answer."""
        rules = rules_for(margin=0.5)
        unchecked = dataclasses.replace(rules, question_margin=None)
        assert final(decide(unchecked, same(0, 10))).evidence.rounds == 1
        assert final(decide(rules, same(0, 10))).evidence.rounds == 6


class TestEscalation:
    def test_two_positives_on_one_question_call_the_control(self) -> None:
        treated = ArmOutcomes(((1, 1),) + ((0, 0),) * 9)
        step = go_on(decide(rules_for(), treated))
        assert step.wants == both(2)
        step = go_on(decide(rules_for(), treated, same(0, 2)))
        assert step.wants == both(3)
        assert step.log_e_present == pytest.approx(float(log_e_paired_above([2] + [0] * 9, [0] * 10)))

    def test_three_positives_and_low_evidence_call_it(self) -> None:
        treated = ArmOutcomes(((1,),) * 3 + ((0,),) * 7)
        assert go_on(decide(rules_for(), treated)).wants == both(1)
        assert go_on(decide(rules_for(), ArmOutcomes(((1,),) * 2 + ((0,),) * 8))).wants == treated_only(2)

    def test_it_is_sticky(self) -> None:
        """Three early positives, then silence: the treated arm alone would be cleared, yet pairs go on."""
        treated = ArmOutcomes(((1,) + (0,) * 29,) * 3 + ((0,) * 30,) * 7)
        assert 0.9 * math.exp(log_e_below(3, 300, 0.05)) > 20
        step = go_on(decide(rules_for(), treated, same(0, 9)))
        assert step.wants == both(10)

    def test_later_looks_wait_for_the_control(self) -> None:
        """Once pairs are looked at, the treated arm alone gives no verdict, even where it would suffice."""
        rules = dataclasses.replace(rules_for(), paired_margin=None)
        treated = ArmOutcomes(((1,) + (0,) * 29,) * 3 + ((0,) * 30,) * 7)
        decided = final(decide(rules, treated, same(0, 30))).evidence.rounds
        assert 10 < decided < 30
        step = go_on(decide(rules, treated, same(0, decided - 1)))
        assert step.wants == both(decided)

    def test_absent_weighs_the_arm_and_the_pairs(self) -> None:
        treated = ArmOutcomes(((1, 1, 0, None),) + ((0,) * 4,) * 9)
        control = ArmOutcomes(((0, 1, 0, 1),) + ((0, 0, 1, None),) + ((0,) * 4,) * 8)
        alone, pairs = log_e_below(3, 40, 0.05), log_e_paired_below(1, 38, 1, 0.05)
        step = go_on(decide(rules_for(), treated, control))
        assert step.wants == both(5)
        assert math.exp(step.log_e_absent) == pytest.approx(0.9 * math.exp(alone) + 0.1 * math.exp(pairs))

    def test_no_pairs_in_absent_for_a_judge_too_noisy(self) -> None:
        rules = dataclasses.replace(rules_for(), paired_margin=None, paired_question_margin=None)
        treated = ArmOutcomes(((1, 1),) + ((0, 0),) * 9)
        step = go_on(decide(rules, treated, same(0, 2)))
        assert math.exp(step.log_e_absent) == pytest.approx(0.9 * math.exp(log_e_below(2, 20, 0.05)))

    def test_catch_up_stops_at_the_round_that_needs_it(self) -> None:
        """Treated samples may be ahead (shared by another contrast); the control goes one look at a time."""
        treated = ArmOutcomes(((0, 1, 1, 0, 0),) + ((0,) * 5,) * 9)
        assert go_on(decide(rules_for(), treated)).wants == both(3)
        assert go_on(decide(rules_for(), treated, same(0, 3))).wants == both(4)

    def test_absolute_never_escalates(self) -> None:
        rules = dataclasses.replace(rules_for("absolute", questions=30), p0=0.5)
        assert go_on(decide(rules, ArmOutcomes(((1, 1),) + ((0, 0),) * 29))).wants == treated_only(3)


class TestPresent:
    def test_strong_effect(self) -> None:
        verdict = final(decide(rules_for(family=100), same(1, 40), same(0, 40)))
        assert (verdict.outcome, verdict.below_margin) == ("PRESENT", False)
        assert spent(verdict) == (20, 20)
        assert verdict.evidence.effect_estimate is not None
        assert verdict.evidence.effect_estimate.value == 1.0
        assert verdict.evidence.effect_estimate.lower > 0
        assert 'against "no question has an effect" reached 2e+03' in verdict.rule

    def test_one_question_is_enough(self) -> None:
        verdict = final(decide(rules_for(), ArmOutcomes(((1,) * 40,) + ((0,) * 40,) * 9), same(0, 40)))
        assert verdict.outcome == "PRESENT"
        assert arm(verdict.evidence, 0).counts.rates[0] == 1.0

    def test_below_the_margin_is_flagged(self) -> None:
        verdict = final(decide(rules_for(margin=0.3), ArmOutcomes(((1,) * 40,) + ((0,) * 40,) * 9), same(0, 40)))
        assert (verdict.outcome, verdict.below_margin) == ("PRESENT", True)

    def test_absolute_against_its_tolerance(self) -> None:
        verdict = final(decide(rules_for("absolute"), same(1, 1)))
        assert (verdict.outcome, verdict.evidence.rounds, verdict.evidence.effect) == ("PRESENT", 1, 1.0)
        assert '"the rate is at most 0.01"' in verdict.rule

    def test_same_behaviour_in_both_arms_is_no_effect(self) -> None:
        verdict = final(decide(rules_for(), same(1, 40), same(1, 40)))
        assert verdict.outcome == "ABSENT"
        assert verdict.evidence.effect_estimate is not None
        assert verdict.evidence.effect_estimate.value == 0


class TestGivingUp:
    def test_cap_in_whole_rounds(self) -> None:
        rules = rules_for(questions=7, cap=60)
        verdict = final(decide(rules, same(0, 100, 7)))
        assert (verdict.outcome, verdict.reason, spent(verdict)[0]) == ("INCONCLUSIVE", "cap", 56)
        assert "no further round fits under the cap of 60" in verdict.rule

    def test_the_control_is_asked_before_giving_up(self) -> None:
        treated = ArmOutcomes(((1,),) * 3 + ((0,),) * 7)
        assert go_on(decide(rules_for(cap=10), treated)).wants == both(1)
        assert spent(final(decide(rules_for(cap=10), treated, same(0, 1))))[1] == 10

    def test_a_higher_cap_goes_on_with_the_same_samples(self) -> None:
        step = go_on(decide(rules_for(questions=7, cap=400), same(0, 8, 7)))
        assert step.wants == treated_only(9)

    def test_futility(self) -> None:
        """Rates near the margin in the treated arm, half of it in the control: nothing is in reach."""
        treated = ArmOutcomes(tuple(tuple(int((r + 3 * q) % 20 == 0) for r in range(40)) for q in range(10)))
        control = ArmOutcomes(tuple(tuple(int((r + 3 * q + 7) % 40 == 0) for r in range(40)) for q in range(10)))
        verdict = final(decide(rules_for(), treated, control))
        assert (verdict.outcome, verdict.reason) == ("INCONCLUSIVE", "futility")
        assert spent(verdict)[0] == 270
        assert "at this pace" in verdict.rule

    def test_an_effect_in_reach_is_not_futile(self) -> None:
        """A steady 1 in 15 rules ABSENT out; PRESENT is slow for a large family, but in sight."""
        treated = ArmOutcomes(tuple(tuple(int((r + 4 * q) % 15 == 0) for r in range(40)) for q in range(10)))
        verdict = final(decide(rules_for(family=100), treated, same(0, 40)))
        assert verdict.outcome == "PRESENT"
        assert spent(verdict)[0] > 200

    def test_a_single_unclear_question_is_named(self) -> None:
        rules = dataclasses.replace(rules_for(cap=70), question_margin=0.05)
        verdict = final(decide(rules, same(0, 7)))
        assert (verdict.outcome, verdict.reason) == ("INCONCLUSIVE", "cap")
        assert "ABSENT needs as much of every question, and question 1 has" in verdict.rule


class TestCoverage:
    def test_too_many_missing_to_recover(self) -> None:
        verdict = final(decide(rules_for(), ArmOutcomes(((None,) * 3,) * 7 + ((0,) * 3,) * 3)))
        assert (verdict.outcome, verdict.reason) == ("INVALID", "coverage")
        assert "no label for 21 of 30 treated samples; the limit is 5% of an arm" in verdict.rule

    def test_an_early_gap_may_recover(self) -> None:
        """One missing of ten is 10%: PRESENT waits until it is one of twenty."""
        treated = ArmOutcomes(((None, 1, 1),) + ((1, 1, 1),) * 9)
        verdict = final(decide(rules_for(), treated, same(0, 3)))
        assert (verdict.outcome, verdict.evidence.rounds, arm(verdict.evidence, 0).missing) == ("PRESENT", 2, 1)
        assert isinstance(decide(rules_for(), ArmOutcomes(((None,),) + ((1,),) * 9), same(0, 1)), Continue)

    def test_missing_controls_count_too(self) -> None:
        verdict = final(decide(rules_for(), same(1, 40), same(None, 40)))
        assert (verdict.outcome, verdict.reason) == ("INVALID", "coverage")
        assert verdict.evidence.effect_estimate is None

    def test_at_the_cap(self) -> None:
        rules = rules_for(cap=20)
        verdict = final(decide(rules, ArmOutcomes(((None, 0),) + ((0, 0),) * 9)))
        assert (verdict.outcome, verdict.reason) == ("INCONCLUSIVE", "cap")
        verdict = final(decide(rules, ArmOutcomes(((None, 0),) * 2 + ((0, 0),) * 8)))
        assert (verdict.outcome, verdict.reason) == ("INVALID", "coverage")

    def test_room_to_recover_is_counted_in_whole_rounds(self) -> None:
        """5% of 56 samples is 2.8: three missing are too many, although 5% of the cap is 3."""
        treated = ArmOutcomes(((None,),) * 3 + ((0,),) * 4)
        assert final(decide(rules_for(questions=7, cap=60), treated)).reason == "coverage"
        assert isinstance(decide(rules_for(questions=7, cap=63), treated), Continue)

    def test_intervals_let_missing_answers_go_either_way(self) -> None:
        treated = ArmOutcomes(((1, 1, None, 0),) + ((0,) * 4,) * 9)
        control = ArmOutcomes(((None, 1, 0, 0),) + ((0,) * 4,) * 9)
        evidence = interim_evidence(rules_for(), treated, control)
        assert evidence is not None
        rate, effect = arm(evidence, 0).rate, evidence.effect_estimate
        assert rate is not None
        assert effect is not None
        assert rate.value == pytest.approx(2 / 30)
        assert rate.lower == robbins_cs(2, 40).lower
        assert rate.upper == robbins_cs(3, 40).upper
        assert effect.value == pytest.approx(2 / 30 - 1 / 30)
        assert effect.lower == contrast_cs([(2, 40, 1), (2, 40, -1)]).lower
        assert effect.upper == contrast_cs([(3, 40, 1), (1, 40, -1)]).upper

    def test_missing_answers_delay_absent(self) -> None:
        one_gap = ArmOutcomes(((None,) + (0,) * 39,) + ((0,) * 40,) * 9)
        assert spent(final(decide(rules_for(), one_gap)))[0] > 70


class TestCoherence:
    def babble(self, rounds: int, code: int, share: int) -> ArmOutcomes:
        rows = tuple((q < share,) * rounds for q in range(10))
        return ArmOutcomes(((code,) * rounds,) * 10, invalid=rows)

    def test_babble_is_not_absence(self) -> None:
        verdict = final(decide(rules_for(), self.babble(40, 0, 5)))
        assert (verdict.outcome, verdict.reason) == ("INVALID", "coherence")
        assert verdict.rule.startswith("50% (at most ")
        assert "silence proves nothing" in verdict.rule

    def test_some_babble_is_allowed(self) -> None:
        assert final(decide(rules_for(), self.babble(40, 0, 2))).outcome == "ABSENT"

    def test_present_stands(self) -> None:
        assert final(decide(rules_for(), self.babble(40, 1, 10), same(0, 40))).outcome == "PRESENT"

    def test_babbling_control(self) -> None:
        verdict = final(decide(rules_for(), same(1, 40), self.babble(40, 1, 9)))
        assert (verdict.outcome, verdict.reason) == ("INVALID", "coherence")
        assert "of the control samples" in verdict.rule


def test_trajectory_ends_at_the_verdict() -> None:
    points = trajectory(rules_for(), same(0, 40))
    assert [p.round for p in points] == list(range(1, 8))
    assert all(p.log_e_present == -math.inf for p in points)
    assert [p.log_e_absent for p in points] == sorted(p.log_e_absent for p in points)


def test_interim_evidence_is_that_of_the_last_complete_look() -> None:
    assert interim_evidence(rules_for(), same(0, 0)) is None
    evidence = interim_evidence(rules_for(), same(0, 3))
    assert evidence is not None
    assert (evidence.rounds, evidence.spent) == (3, 30)


def test_arms_must_fit_the_rules() -> None:
    with pytest.raises(ValueError, match="an arm has 9 questions, its rules have 10"):
        decide(rules_for(), same(0, 1, 9))


@pytest.mark.parametrize(
    ("log_e", "text"), [(math.log(20), "20"), (-math.inf, "0"), (2302.585092994046, "1.00e+1000"), (-1e4, "1.14e-4343")]
)
def test_e_values_beyond_floats(log_e: float, text: str) -> None:
    assert e_value_text(log_e) == text
