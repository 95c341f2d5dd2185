"""Extra pairs on the most suspicious question: who gets them, what they may say, and what they must never touch."""

import dataclasses
import itertools
import math
from typing import Any

import numpy as np
import pytest
from arm_outcomes import same
from drawn_arms import drawn, part, rules_of
from hypothesis import given, settings
from hypothesis import strategies as st
from outcome_trees import OutcomeTree
from pair_counts import log_e_paired_above

from weirdgen.stats.decide import Continue, Final, Want, decide, interim_evidence
from weirdgen.stats.evidence import Evidence
from weirdgen.stats.evidence_path import evidence_path
from weirdgen.stats.outcomes import ArmOutcomes, Rows
from weirdgen.stats.rules import Rules

RATES = (0.05, 0.2, 0.4, 0.5, 0.6, 0.9)
NEVER: dict[str, Any] = {"log_threshold_present": math.inf, "log_threshold_absent": math.inf}


def with_extra(arm: ArmOutcomes, question: int, scores: tuple[float | None, ...]) -> ArmOutcomes:
    """Return the arm with extra samples on one question."""
    return dataclasses.replace(arm, extra=tuple(scores if q == question else () for q in range(arm.questions)))


def one_loud(rounds: int, loud: int = 0, questions: int = 10) -> ArmOutcomes:
    """One question shows it always, the others never."""
    return ArmOutcomes(tuple((float(q == loud),) * rounds for q in range(questions)))


def go_on(rules: Rules, *arms: ArmOutcomes) -> Continue:
    step = decide(rules, arms)
    assert isinstance(step, Continue)
    return step


def evidence_of(rules: Rules, *arms: ArmOutcomes) -> Evidence:
    found = interim_evidence(rules, arms)
    assert found is not None
    return found


class TestWhoGetsThem:
    def test_the_question_with_the_most_evidence(self) -> None:
        """Two pairs that differ are evidence of 2.6: from the third round on, five more beside each round."""
        rules = rules_of("lift")
        assert go_on(rules, one_loud(2, 4), same(0, 1)).wants == tuple(Want(arm, 2, (0,) * 10) for arm in (0, 1))
        five = tuple(5 * (q == 4) for q in range(10))
        assert go_on(rules, one_loud(2, 4), same(0, 2)).wants == tuple(Want(arm, 3, five) for arm in (0, 1))

    def test_another_question_once_it_looks_more_suspicious(self) -> None:
        """The extra pairs of the first say that it was chance."""
        treated = ArmOutcomes(((1, 1, 0, 0, 0), (0, 1, 1, 1, 0), (0,) * 5))
        even = with_extra(treated, 0, (0, 0, 0, 0, 0))
        loud = with_extra(same(0, 5, 3), 0, (1, 1, 1, 1, 1))
        assert go_on(rules_of("lift", 3), even, loud).wants[0] == Want(0, 4, (5, 5, 0))

    def test_none_without_suspicion(self) -> None:
        """Positives in both arms alike: pairs are needed, extra ones are not."""
        rules = rules_of("lift", margin=0.3)
        for rounds in (2, 3, 4):
            step = go_on(rules, one_loud(rounds), one_loud(rounds))
            assert step.wants == tuple(Want(arm, rounds + 1, (0,) * 10) for arm in (0, 1))

    def test_in_either_direction_where_either_counts(self) -> None:
        rules = rules_of("two-sided lift")
        for arms in ((one_loud(2, 4), same(0, 2)), (same(0, 2), one_loud(2, 4))):
            assert go_on(rules, *arms).wants[0].extras == tuple(5 * (q == 4) for q in range(10))
        assert go_on(rules_of("lift"), same(0, 2), one_loud(2, 4)).wants == (Want(0, 3),)

    def test_none_where_questions_may_cancel(self) -> None:
        step = go_on(rules_of("did"), one_loud(2), *[same(0, 2)] * 3)
        assert step.wants == tuple(Want(arm, 3, (0,) * 10) for arm in range(4))

    def test_a_round_whose_extra_pairs_do_not_fit_under_the_cap_is_not_begun(self) -> None:
        """Two rounds of ten are looked at; the third and five more are 35. Without them it would be another process."""
        step = go_on(rules_of("lift", cap=35), one_loud(2), same(0, 2))
        assert step.wants[0] == Want(0, 3, (5, *(0,) * 9))
        ended = decide(rules_of("lift", cap=34), [one_loud(2), same(0, 2)])
        assert isinstance(ended, Final)
        assert (ended.outcome, ended.reason) == ("INCONCLUSIVE", "cap")

    @given(st.integers(0, 2**32 - 1), st.booleans())
    @settings(max_examples=25, deadline=None)
    def test_only_looks_before_decide(self, seed: int, two_sided: bool) -> None:
        """Whatever comes later in either stream, the extra pairs of the rounds so far stay where they are."""
        rng = np.random.default_rng(seed)
        rules = rules_of("two-sided lift" if two_sided else "lift", 4, cap=120, **NEVER)
        first, other = drawn(rules, [0.5, 0.3], rng), drawn(rules, [0.3, 0.5], rng)
        before = evidence_path(rules, first).extras
        cut = int(rng.integers(1, len(before)))
        mixed = [
            ArmOutcomes(joined(one.scores, two.scores, [cut] * 4), extra=joined(one.extra, two.extra, before[cut - 1]))
            for one, two in zip(first, other, strict=True)
        ]
        after = evidence_path(rules, mixed)
        # Those of round `cut` (from 0) are drawn beside it, so they are chosen by the looks before it.
        assert after.extras[: cut + 1].tolist() == before[: cut + 1].tolist()


def joined(first: Rows, then: Rows, counts: object) -> Rows:
    lengths = np.asarray(counts).tolist()
    return tuple(one[:n] + two[n:] for one, two, n in zip(first, then, lengths, strict=True))


class TestWhatTheySay:
    def test_they_are_pairs_of_their_question(self) -> None:
        treated = with_extra(ArmOutcomes(((1, 1, 0), (0, 0, 0))), 0, (1, 1, 0, None, 0))
        control = with_extra(ArmOutcomes(((0, 0, 1), (0, 1, 0))), 0, (0, 0, 1, 0, None))
        found = evidence_of(rules_of("lift", 2, **NEVER), treated, control)
        # Two pairs and two extra ones for it; against it one pair, one extra one, and one whose control is lacking.
        assert found.extras == (5, 0)
        assert found.log_e_present == pytest.approx(log_e_paired_above([4, 0], [3, 1]))

    def test_a_missing_one_never_helps(self) -> None:
        rules = rules_of("lift", 2, **NEVER)
        treated, control = ArmOutcomes(((1, 1, 0), (0, 0, 0))), same(0, 3, 2)
        for score in (0, 1):
            whole = [with_extra(arm, 0, (score,) * 5) for arm in (treated, control)]
            for index in (0, 1):
                lost = [with_extra(a, 0, (None,) + (score,) * 4) if i == index else a for i, a in enumerate(whole)]
                assert evidence_of(rules, *lost).log_e_present <= evidence_of(rules, *whole).log_e_present

    def test_a_look_waits_until_both_arms_have_them(self) -> None:
        rules = rules_of("lift", 2)
        treated, control = ArmOutcomes(((1, 1, 0), (0, 0, 0))), same(0, 3, 2)
        asked = tuple(Want(arm, 3, (5, 0)) for arm in (0, 1))
        zeros = (0.0,) * 5
        for have in ((0, 0), (5, 4), (3, 5)):
            arms = [with_extra(arm, 0, zeros[:n]) for arm, n in zip((treated, control), have, strict=True)]
            assert go_on(rules, *arms).wants == asked
        assert go_on(rules, with_extra(treated, 0, zeros), with_extra(control, 0, zeros)).wants != asked

    def test_they_find_a_sparse_effect_with_fewer_samples(self) -> None:
        """One of ten questions always shows it: a verdict at 3 rounds and 10 samples, else at 9 rounds."""
        treated, control = one_loud(40), same(0, 40)
        none = decide(rules_of("lift", extra_pairs=0), [treated, control])
        extra = [
            dataclasses.replace(arm, extra=tuple(row[:1] * 40 for row in arm.scores)) for arm in (treated, control)
        ]
        some = decide(rules_of("lift"), extra)
        assert isinstance(none, Final)
        assert isinstance(some, Final)
        assert (none.outcome, some.outcome) == ("PRESENT", "PRESENT")
        assert some.evidence.spent < 0.6 * none.evidence.spent


class TestWhatTheyDoNotTouch:
    @given(st.integers(0, 2**32 - 1), st.booleans())
    @settings(max_examples=25, deadline=None)
    def test_absent_rates_and_coverage_are_of_whole_rounds(self, seed: int, two_sided: bool) -> None:
        rng = np.random.default_rng(seed)
        rules = rules_of("two-sided lift" if two_sided else "lift", 4, cap=60, missing_limit=1.0, **NEVER)
        arms = drawn(rules, [0.5, 0.2], rng, lost=0.03)
        path = evidence_path(rules, arms)
        rounds = len(path.extras)
        bare = [part(arm, [rounds] * 4, [0] * 4) for arm in arms]
        plain = evidence_path(dataclasses.replace(rules, extra_pairs=0), bare)
        assert path.together.log_e_absent.tolist() == plain.together.log_e_absent.tolist()
        assert path.together.log_e_questions.tolist() == plain.together.log_e_questions.tolist()
        assert path.missing_together.tolist() == plain.missing_together.tolist()
        found = evidence_of(rules, *arms)
        for arm, outcomes in zip(found.arms, arms, strict=True):
            assert arm is not None
            assert arm.counts == outcomes.counts(found.rounds)
            assert arm.n == 4 * found.rounds
            assert arm.spent == arm.n + sum(found.extras)

    @given(st.integers(0, 2**32 - 1), st.integers(1, 6), st.integers(0, 8))
    @settings(max_examples=40, deadline=None)
    def test_no_arm_is_asked_for_more_than_the_cap(self, seed: int, questions: int, extra_pairs: int) -> None:
        rng = np.random.default_rng(seed)
        cap = int(rng.integers(questions, 80))
        rules = rules_of("lift", questions, cap=cap, extra_pairs=extra_pairs, **NEVER)
        step = decide(rules, drawn(rules, [0.6, 0.1], rng))
        assert isinstance(step, Final)
        treated = step.evidence.arms[0]
        assert treated is not None
        assert cap - 2 * questions - extra_pairs < treated.spent <= cap


class TestExactExpectations:
    """Summed over all that can come back along what is asked for, extra pairs included."""

    def test_one_question(self) -> None:
        rules = rules_of("lift", 1, cap=5, margin=0.3, extra_pairs=1, question_margin=None, **NEVER)
        tree = OutcomeTree.of(rules)
        for rate in RATES:
            found = tree.expected_of_rates([[rate]] * 2)
            assert found.extras > 0
            assert found.e_present <= 1 + 1e-12
            at_the_margin = tree.expected_of_rates([[0.3 + 0.7 * rate], [0.7 * rate]])
            assert at_the_margin.extras > 0
            assert at_the_margin.e_absent <= 1 + 1e-12

    def test_missing_controls_are_no_evidence_for_an_effect(self) -> None:
        """Half of the control's positives are lost: counted as positives they cost power, not the error rate."""
        rules = rules_of("lift", 1, cap=3, margin=0.3, extra_pairs=0, question_margin=None, missing_limit=1.0, **NEVER)
        tree = OutcomeTree.of(rules, (1.0, 0.0, None))
        for rate in RATES:
            chances = [[[rate, 1 - rate, 0]], [[rate / 2, 1 - rate, rate / 2]]]
            assert tree.expected(chances).e_present <= 1 + 1e-12

    @pytest.mark.slow
    def test_verdicts_of_two_unequal_questions(self) -> None:
        """Stopped where an e-value reaches 1.5; the extra pair goes to the question that looks more suspicious."""
        low = math.log(1.5)
        rules = rules_of("lift", 2, cap=7, margin=0.3, extra_pairs=1, question_margin=None)
        tree = OutcomeTree.of(dataclasses.replace(rules, log_threshold_present=low, log_threshold_absent=low))
        for rates in itertools.product(RATES, repeat=2):
            found = tree.expected_of_rates([rates] * 2)
            assert found.extras > 0
            assert found.e_present <= 1 + 1e-12
            assert found.present <= 1 / 1.5
        for treated, other in itertools.product(RATES, repeat=2):
            for control in (0.0, 0.2, 0.5):
                if 0 <= (rest := treated + other - 0.6 - control) <= 1:
                    found = tree.expected_of_rates([[treated, other], [control, rest]])
                    assert found.e_absent <= 1 + 1e-12
                    assert found.absent <= 1 / 1.5
