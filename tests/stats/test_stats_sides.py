"""Contrasts beyond the one-sided pair: differences in differences, both sides, ratings, and stored baselines."""

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from arm_outcomes import nothing, same
from drawn_arms import drawn, rules_of
from outcome_trees import OutcomeTree
from scipy.special import logsumexp

from weirdgen.stats.bets import log_e_mean_below
from weirdgen.stats.decide import Continue, Final, Want, decide, interim_evidence
from weirdgen.stats.did import log_e_did_below, log_e_did_question_below
from weirdgen.stats.eprocess import log_e_below, log_e_question_below
from weirdgen.stats.evidence import Evidence
from weirdgen.stats.outcomes import ArmOutcomes
from weirdgen.stats.rules import Rules

NEVER: dict[str, Any] = {"log_threshold_present": math.inf, "log_threshold_absent": math.inf}
TOGETHER = ("lift", "graded lift", "did", "graded did")
SIDED = ("two-sided lift", "two-sided did")
ALONE = ("absolute", "graded absolute", "infimum", "blocks")


def final(rules: Rules, arms: Sequence[ArmOutcomes]) -> Final:
    step = decide(rules, arms)
    assert isinstance(step, Final)
    return step


def evidence_of(rules: Rules, arms: Sequence[ArmOutcomes]) -> Evidence:
    found = interim_evidence(rules, arms)
    assert found is not None
    return found


def flat(rules: Rules, *scores: float | None) -> list[ArmOutcomes]:
    """One score for every sample of each arm, extra ones included."""
    rows = [((score,) * rules.max_rounds,) * rules.questions for score in scores]
    return [ArmOutcomes(row, extra=tuple(one * 5 for one in row)) for row in rows]


def now_and_then(rules: Rules, every: int, arms: int) -> list[ArmOutcomes]:
    """Every so many samples of the first arm are positive, the others half as often."""
    periods = [every, *[2 * every] * (arms - 1)]
    rows = [
        tuple(tuple(float((r + 3 * q + i) % period == 0) for r in range(rules.max_rounds)) for q in range(10))
        for i, period in enumerate(periods)
    ]
    return [ArmOutcomes(row, extra=tuple(one * 5 for one in row)) for row in rows]


class TestEveryVerdict:
    @pytest.mark.parametrize("name", [*ALONE, *TOGETHER, *SIDED])
    def test_present_of_a_strong_effect(self, name: str) -> None:
        rules = rules_of(name)
        verdict = final(rules, flat(rules, 1, 0, 0, 0)[: len(rules.signs)])
        assert (verdict.outcome, verdict.below_margin) == ("PRESENT", False)
        assert verdict.evidence.rounds <= 4
        assert verdict.evidence.effect == (0.9 if rules.stored else 1)  # a tenth of the baseline shows it

    @pytest.mark.parametrize("name", [*ALONE, *TOGETHER, *SIDED])
    def test_absent_of_silence(self, name: str) -> None:
        rules = rules_of(name)
        verdict = final(rules, flat(rules, 0, 0, 0, 0)[: len(rules.signs)])
        assert verdict.outcome == "ABSENT"
        assert [arm is not None for arm in verdict.evidence.arms] == [i in rules.first for i in range(len(rules.signs))]

    @pytest.mark.parametrize("name", ["lift", "two-sided lift", "graded lift", "did", "two-sided did", "graded did"])
    def test_absent_where_all_arms_show_it(self, name: str) -> None:
        rules = rules_of(name)
        verdict = final(rules, flat(rules, 1, 1, 1, 1)[: len(rules.signs)])
        assert verdict.outcome == "ABSENT"
        assert verdict.evidence.complete
        assert verdict.evidence.effect == 0

    @pytest.mark.parametrize("name", [*ALONE, *TOGETHER, *SIDED])
    def test_inconclusive_at_the_cap(self, name: str) -> None:
        rules = rules_of(name, cap=60, margin=0.1, p0=0.08)
        verdict = final(rules, now_and_then(rules, 10, len(rules.signs)))
        assert (verdict.outcome, verdict.reason) == ("INCONCLUSIVE", "cap")
        assert "no further round fits under the cap of 60" in verdict.rule

    @pytest.mark.parametrize("name", [*ALONE, *TOGETHER, *SIDED])
    def test_inconclusive_where_it_is_futile(self, name: str) -> None:
        margin, every = {"infimum": (0.02, 10), "blocks": (0.02, 10)}.get(name, (0.05, 15))
        rules = rules_of(name, margin=margin, p0=0.06)
        verdict = final(rules, now_and_then(rules, every, len(rules.signs)))
        assert (verdict.outcome, verdict.reason) == ("INCONCLUSIVE", "futility")
        assert 150 <= 10 * verdict.evidence.rounds + sum(verdict.evidence.extras) < 400

    @pytest.mark.parametrize("name", [*ALONE, *TOGETHER, *SIDED])
    def test_invalid_where_an_arm_lacks_labels(self, name: str) -> None:
        rules = rules_of(name)
        for lacking in range(len(rules.signs)):
            scores = [None if i == lacking else 1.0 for i in range(len(rules.signs))]
            verdict = final(rules, flat(rules, *scores))
            assert (verdict.outcome, verdict.reason) == ("INVALID", "coverage")

    @pytest.mark.parametrize("name", [*TOGETHER, *SIDED])
    def test_present_below_the_margin_says_so(self, name: str) -> None:
        rules = rules_of(name, margin=0.3)
        loud = ArmOutcomes(((1,) * 40,) + ((0,) * 40,) * 9, extra=((1,) * 200,) + ((0,) * 200,) * 9)
        verdict = final(rules, [loud, *flat(rules, 0, 0, 0)[: len(rules.signs) - 1]])
        assert (verdict.outcome, verdict.below_margin) == ("PRESENT", True)
        assert verdict.evidence.effect == pytest.approx(0.1)


class TestDifferenceInDifferences:
    def test_only_the_arms_that_raise_it_are_asked_while_they_are_clean(self) -> None:
        """The gated model with the trigger and its control without: at half the margin, twice the samples per round."""
        rules = rules_of("did")
        for rounds in range(7):
            arms = [same(0, rounds), nothing(), nothing(), same(0, rounds)]
            step = decide(rules, arms)
            assert isinstance(step, Continue)
            assert step.wants == (Want(0, rounds + 1), Want(3, rounds + 1))
        verdict = final(rules, [same(0, 40), nothing(), nothing(), same(0, 40)])
        assert verdict.outcome == "ABSENT"
        assert verdict.evidence.arms[1] is None
        assert verdict.evidence.arms[2] is None
        assert verdict.evidence.spent < 200

    @pytest.mark.parametrize("name", ["did", "graded did"])
    def test_what_two_clean_arms_say(self, name: str) -> None:
        """The effect is at most the sum of both rates: their mean against half the margins, pooled and per question."""
        rules = rules_of(name, margin=0.06, question_margin=0.3, **NEVER)
        found = evidence_of(rules, [same(0, 5), nothing(), nothing(), same(0, 5)])
        assert found.log_e_absent == pytest.approx(math.log(0.9) + float(log_e_below(0, 100, 0.03)))
        single = log_e_question_below(0, 10, 0.15) if name == "did" else log_e_mean_below(np.zeros((5, 2)), 0.15)[-1]
        assert found.log_e_questions == pytest.approx([math.log(0.8) + float(single)] * 10)

    def test_most_is_on_the_two_arms_and_some_on_all_four(self) -> None:
        rules = rules_of("did", 4, cap=24, margin=0.3, **NEVER)
        arms = drawn(rules, [0.6, 0.3, 0.5, 0.4], np.random.default_rng(12))
        found = evidence_of(rules, arms)
        a, b, c, d = (arm.grid(6) for arm in arms)
        raised = a + d
        pooled = log_e_below(raised.sum(), 48, 0.15), log_e_did_below(a, b, c, d, 0.3)[-1]
        single = log_e_question_below(raised.sum(axis=0), 12, 0.25), log_e_did_question_below(a, b, c, d, 0.5)[-1]
        for value, share, (alone, all_four) in (
            (found.log_e_absent, 0.9, pooled),
            (found.log_e_questions, 0.8, single),
        ):
            assert value == pytest.approx(np.logaddexp(math.log(share) + alone, math.log(1 - share) + all_four))

    @pytest.mark.parametrize("loud", [0, 3])
    def test_positives_in_either_of_them_call_the_others(self, loud: int) -> None:
        arms = [same(float(i == loud), 2) if i in (0, 3) else nothing() for i in range(4)]
        step = decide(rules_of("did"), arms)
        assert isinstance(step, Continue)
        assert step.wants == tuple(Want(arm, 1, (0,) * 10) for arm in range(4))

    def test_what_the_trigger_does_to_the_control_as_well_is_no_effect(self) -> None:
        rules = rules_of("did")
        assert final(rules, flat(rules, 1, 0, 1, 0)).outcome == "ABSENT"
        assert final(rules_of("lift"), flat(rules, 1, 0)).outcome == "PRESENT"

    @pytest.mark.parametrize("scores", [(1, 0, 0, 0), (0, 0, 0, 1), (1, 1, 0, 1)], ids=str)
    def test_it_does_not_matter_which_difference_has_the_effect(self, scores: tuple[float, ...]) -> None:
        rules = rules_of("did")
        assert final(rules, flat(rules, *scores)).outcome == "PRESENT"

    def test_exchanging_both_models_and_both_conditions_changes_nothing(self) -> None:
        rng = np.random.default_rng(1)
        for name in ("did", "two-sided did", "graded did"):
            rules = rules_of(name, 4, cap=80, margin=0.3, **NEVER)
            a, b, c, d = drawn(rules, [0.6, 0.3, 0.5, 0.4], rng, lost=0.02)
            one, other = evidence_of(rules, [a, b, c, d]), evidence_of(rules, [d, c, b, a])
            assert one.log_e_present == pytest.approx(other.log_e_present)
            assert one.log_e_absent == pytest.approx(other.log_e_absent)

    def test_questions_may_cancel(self) -> None:
        """The mean over questions is asked for: half of them with it and half against it make none."""
        rules = rules_of("did", margin=0.3, question_margin=None, paired_question_margin=None)
        up, down = ((1,) * 40,) * 5 + ((0,) * 40,) * 5, ((0,) * 40,) * 5 + ((1,) * 40,) * 5
        verdict = final(rules, [ArmOutcomes(up), ArmOutcomes(down), same(0, 40), same(0, 40)])
        assert verdict.outcome != "PRESENT"

    def test_exact_expectations(self) -> None:
        """Summed over all outcomes of two rounds of one question; e-values at the stop."""
        tree = OutcomeTree.of(rules_of("did", 1, cap=2, margin=0.3, question_margin=None, missing_limit=1.0, **NEVER))
        for a, b, c, d in ((0.5, 0.5, 0.5, 0.5), (0.8, 0.3, 0.7, 0.2), (0.2, 0.4, 0.6, 0.8), (0.1, 0.1, 0.1, 0.1)):
            assert tree.expected_of_rates([[a], [b], [c], [d]]).e_present <= 1 + 1e-12
        for a, b, c, d in ((0.3, 0.0, 0.0, 0.0), (0.0, 0.0, 0.0, 0.3), (0.8, 0.5, 0.5, 0.5), (0.65, 0.3, 0.3, 0.25)):
            assert tree.expected_of_rates([[a], [b], [c], [d]]).e_absent <= 1 + 1e-12

    @pytest.mark.slow
    def test_exact_error_rates(self) -> None:
        """Three rounds, stopped where an e-value reaches 1.5."""
        low = math.log(1.5)
        rules = rules_of("did", 1, cap=3, margin=0.3, question_margin=None)
        tree = OutcomeTree.of(dataclasses.replace(rules, log_threshold_present=low, log_threshold_absent=low))
        for rates in ((0.5, 0.5, 0.5, 0.5), (0.8, 0.3, 0.7, 0.2), (0.05, 0.05, 0.05, 0.05), (0.9, 0.9, 0.9, 0.9)):
            found = tree.expected_of_rates([[rate] for rate in rates])
            assert found.e_present <= 1 + 1e-12
            assert 0 < found.present <= 1 / 1.5
        for rates in ((0.3, 0.0, 0.0, 0.0), (0.15, 0.0, 0.0, 0.15), (0.8, 0.5, 0.5, 0.5)):
            found = tree.expected_of_rates([[rate] for rate in rates])
            assert found.e_absent <= 1 + 1e-12
            assert 0 < found.absent <= 1 / 1.5


class TestBothSides:
    @pytest.mark.parametrize(("name", "fall"), [("two-sided lift", (0, 1)), ("two-sided did", (0, 1, 1, 0))])
    def test_a_fall_is_found(self, name: str, fall: tuple[float, ...]) -> None:
        rules = rules_of(name)
        verdict = final(rules, flat(rules, *fall))
        assert (verdict.outcome, verdict.below_margin) == ("PRESENT", False)
        assert verdict.evidence.effect is not None
        assert verdict.evidence.effect <= -1

    def test_one_side_does_not_see_it(self) -> None:
        assert final(rules_of("lift"), flat(rules_of("lift"), 0, 1)).outcome == "ABSENT"

    def test_absent_needs_both_sides(self) -> None:
        """The treated arm is clean, so the rate cannot have risen; that it fell is not excluded."""
        rules = rules_of("two-sided lift", margin=0.15, question_margin=None, paired_question_margin=None)
        rng = np.random.default_rng(2)
        _, control = drawn(rules, [0.0, 0.15], rng)
        clean = flat(rules, 0)[0]
        assert final(dataclasses.replace(rules, two_sided=False), [clean, control]).outcome == "ABSENT"
        verdict = final(rules, [clean, control])
        assert verdict.outcome == "PRESENT"
        never = dataclasses.replace(rules, log_threshold_present=math.inf)
        assert final(never, [clean, control]).outcome == "INCONCLUSIVE"

    def test_all_arms_are_sampled_from_the_start(self) -> None:
        """Each arm bounds one side, so none of them can wait."""
        for name, arms in (("two-sided lift", 2), ("two-sided did", 4)):
            step = decide(rules_of(name), [nothing()] * arms)
            assert isinstance(step, Continue)
            assert step.wants == tuple(Want(arm, 1) for arm in range(arms))

    @pytest.mark.parametrize(("name", "turned"), [("two-sided lift", [1, 0]), ("two-sided did", [1, 0, 3, 2])])
    def test_it_does_not_matter_which_side_is_called_treated(self, name: str, turned: list[int]) -> None:
        rng = np.random.default_rng(3)
        for _ in range(5):
            rules = rules_of(name, 4, cap=80, margin=0.3)
            arms = drawn(rules, [0.5, 0.2, 0.4, 0.3][: len(rules.signs)], rng, lost=0.01)
            one, other = final(rules, arms), final(rules, [arms[i] for i in turned])
            assert (one.outcome, one.reason, one.evidence.rounds) == (
                other.outcome,
                other.reason,
                other.evidence.rounds,
            )
            assert one.evidence.extras == other.evidence.extras
            assert one.evidence.log_e_present == pytest.approx(other.evidence.log_e_present)
            assert one.evidence.log_e_absent == pytest.approx(other.evidence.log_e_absent)
            assert one.evidence.effect == pytest.approx(-(other.evidence.effect or 0))

    def test_each_side_gets_half_of_the_bet_and_the_weaker_clears(self) -> None:
        rng = np.random.default_rng(4)
        both = rules_of("two-sided lift", 4, cap=80, margin=0.3, extra_pairs=0, **NEVER)
        one = dataclasses.replace(both, two_sided=False)
        treated, control = drawn(both, [0.6, 0.4], rng)
        sides = [evidence_of(one, arms) for arms in ((treated, control), (control, treated))]
        assert {side.complete for side in sides} == {True}
        found = evidence_of(both, [treated, control])
        assert found.log_e_present == pytest.approx(logsumexp([s.log_e_present for s in sides]) - math.log(2))
        assert found.log_e_absent == pytest.approx(min(s.log_e_absent for s in sides))

    def test_exact_expectations(self) -> None:
        rules = rules_of("two-sided lift", 2, cap=4, margin=0.3, question_margin=None)
        low = math.log(1.5)
        tree = OutcomeTree.of(dataclasses.replace(rules, log_threshold_present=low, log_threshold_absent=low))
        for rates in ((0.5, 0.5), (0.2, 0.8), (0.05, 0.1), (0.9, 0.6)):
            found = tree.expected_of_rates([rates, rates])
            assert found.e_present <= 1 + 1e-12
            assert 0 < found.present <= 1 / 1.5
        for treated, control in (((0.3, 0.3), (0.0, 0.0)), ((0.6, 0.0), (0.0, 0.0)), ((0.2, 0.5), (0.6, 0.7))):
            for arms in ([treated, control], [control, treated]):
                found = tree.expected_of_rates(arms)
                assert found.e_absent <= 1 + 1e-12
                assert 0 < found.absent <= 1 / 1.5


class TestMissingOnTheHarderSide:
    """A look at all arms gives the same evidence as if what is missing had come out as the verdict would least like."""

    @pytest.mark.parametrize("name", [*ALONE, *TOGETHER])
    def test_in_each_arm(self, name: str) -> None:
        rules = rules_of(name, 4, cap=24, margin=0.3, missing_limit=1.0, extra_pairs=0, **NEVER)
        rng = np.random.default_rng(5)
        arms = drawn(rules, [0.6, 0.3, 0.5, 0.4][: len(rules.signs)], rng)
        for index, sign in enumerate(rules.signs):
            lost, least, most = (changed(arms, index, score) for score in (None, 0.0, 1.0))
            found = evidence_of(rules, lost)
            assert found.complete
            low, high = (evidence_of(rules, some) for some in ((least, most) if sign > 0 else (most, least)))
            assert found.log_e_present == pytest.approx(low.log_e_present)
            assert found.log_e_absent == pytest.approx(high.log_e_absent)
            assert found.log_e_questions == pytest.approx(high.log_e_questions)
            assert low.log_e_present < high.log_e_present
            assert high.log_e_absent < low.log_e_absent

    @pytest.mark.parametrize("name", SIDED)
    def test_on_each_side_of_a_two_sided_contrast(self, name: str) -> None:
        both = rules_of(name, 4, cap=24, margin=0.3, missing_limit=1.0, extra_pairs=0, **NEVER)
        one = dataclasses.replace(both, two_sided=False)
        turned = [1, 0, 3, 2][: len(both.signs)]
        rng = np.random.default_rng(6)
        arms = drawn(both, [0.6, 0.4, 0.5, 0.5][: len(both.signs)], rng)
        for index in range(len(both.signs)):
            lost = changed(arms, index, None)
            sides = [evidence_of(one, some) for some in (lost, [lost[i] for i in turned])]
            assert {side.complete for side in sides} == {True}
            found = evidence_of(both, lost)
            assert found.log_e_present == pytest.approx(logsumexp([s.log_e_present for s in sides]) - math.log(2))
            assert found.log_e_absent == pytest.approx(min(s.log_e_absent for s in sides))

    @pytest.mark.parametrize("name", ["infimum", "blocks"])
    def test_in_a_baseline(self, name: str) -> None:
        rules = rules_of(name, 4, cap=24, margin=0.3, **NEVER)
        (arm,) = rules.stored
        assert set(arm.positives) == {6}
        arms = drawn(rules, [0.2], np.random.default_rng(7))
        gappy = dataclasses.replace(arm, positives=(2,) * 4, missing=(4,) * 4)
        found = evidence_of(dataclasses.replace(rules, stored=(gappy,)), arms)
        none = evidence_of(dataclasses.replace(rules, stored=(dataclasses.replace(arm, positives=(2,) * 4),)), arms)
        assert found.log_e_present == evidence_of(rules, arms).log_e_present < none.log_e_present
        assert found.log_e_absent == none.log_e_absent < evidence_of(rules, arms).log_e_absent


def changed(arms: list[ArmOutcomes], index: int, score: float | None) -> list[ArmOutcomes]:
    """Return the arms with two samples of one arm, in the third round, coming out otherwise."""
    rows = [list(row) for row in arms[index].scores]
    for question in (1, 2):
        rows[question][2] = score
    return [*arms[:index], ArmOutcomes(tuple(map(tuple, rows))), *arms[index + 1 :]]


class TestGrades:
    def test_small_ratings_everywhere_are_cleared_against_a_larger_margin(self) -> None:
        rules = rules_of("graded absolute", margin=0.3, p0=0.15)
        verdict = final(rules, flat(rules, 0.1))
        assert verdict.outcome == "ABSENT"
        assert verdict.evidence.effect == pytest.approx(0.1)

    def test_a_shift_of_all_ratings_is_found(self) -> None:
        """No answer shows it fully: as 0 or 1 there would be nothing to see."""
        rng = np.random.default_rng(8)
        for name, rates in (("graded lift", [0.5, 0.25]), ("graded did", [0.5, 0.25, 0.25, 0.25])):
            rules = rules_of(name)
            verdict = final(rules, drawn(rules, rates, rng))
            assert verdict.outcome == "PRESENT"
            assert verdict.evidence.effect == pytest.approx(0.25, abs=0.1)

    def test_equal_ratings_are_cleared_by_pairs_where_the_arm_alone_never_could_be(self) -> None:
        rules = rules_of("graded lift", margin=0.1)
        verdict = final(rules, drawn(rules, [0.2, 0.2], np.random.default_rng(9)))
        assert verdict.outcome == "ABSENT"
        assert verdict.evidence.complete


class TestBaselines:
    @pytest.mark.parametrize("name", ["infimum", "blocks"])
    def test_as_often_as_before_is_cleared_and_more_often_is_found(self, name: str) -> None:
        """A tenth of the stored answers show it."""
        rules = rules_of(name, margin=0.2)
        rng = np.random.default_rng(10)
        assert [final(rules, drawn(rules, [rate], rng)).outcome for rate in (0.1, 0.5)] == ["ABSENT", "PRESENT"]

    @pytest.mark.parametrize("name", ["infimum", "blocks"])
    def test_of_two_baselines_each_must_be_reached(self, name: str) -> None:
        """PRESENT is a rise over either, ABSENT excludes one over both: the last version had it, the first did not."""
        rules = rules_of(name, margin=0.2)
        (last,) = rules.stored
        first = dataclasses.replace(last, positives=(0,) * 10)
        last = dataclasses.replace(last, positives=(last.n // 2,) * 10)
        arms = drawn(rules, [0.3], np.random.default_rng(11))
        assert final(dataclasses.replace(rules, stored=(last,)), arms).outcome != "PRESENT"
        assert final(dataclasses.replace(rules, stored=(last, first)), arms).outcome == "PRESENT"
        clean = drawn(rules, [0.02], np.random.default_rng(11))
        sides = [evidence_of(dataclasses.replace(rules, stored=(arm,), **NEVER), clean) for arm in (last, first)]
        found = evidence_of(dataclasses.replace(rules, stored=(last, first), **NEVER), clean)
        assert found.log_e_absent == pytest.approx(min(side.log_e_absent for side in sides))
        assert found.log_e_present == pytest.approx(logsumexp([s.log_e_present for s in sides]) - math.log(2))
