"""Decisions over arbitrary outcomes: finite, the same in every order, and no easier for a lost label."""

import dataclasses
import math

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from two_arms import (
    arm,
    decide,
    interim_evidence,
    rules_for,
    trajectory,
)

from weirdgen.stats import decide as core
from weirdgen.stats.decide import Continue, Final
from weirdgen.stats.outcomes import ArmOutcomes
from weirdgen.stats.rules import Kind, Rules


def arms(questions: int, rounds: int, codes: st.SearchStrategy[int | None]) -> st.SearchStrategy[ArmOutcomes]:
    row = st.lists(codes, min_size=rounds, max_size=rounds).map(tuple)
    return st.lists(row, min_size=questions, max_size=questions).map(lambda rows: ArmOutcomes(tuple(rows)))


def mostly(code: int) -> st.SearchStrategy[int | None]:
    return st.sampled_from([code] * 12 + [1 - code, None])


@st.composite
def trials(draw: st.DrawFn) -> tuple[Rules, ArmOutcomes, ArmOutcomes]:
    questions, rounds = draw(st.integers(1, 6)), draw(st.integers(0, 24))
    kinds: list[Kind] = ["absolute", "lift"]
    kind = draw(st.sampled_from(kinds))
    rules = rules_for(kind, questions, cap=20 * questions, margin=draw(st.sampled_from([0.05, 0.2])))
    treated, control = (draw(arms(questions, rounds, mostly(draw(st.integers(0, 1))))) for _ in range(2))
    return rules, treated, control


def cut(arm: ArmOutcomes, rounds: int) -> ArmOutcomes:
    return ArmOutcomes(tuple(row[:rounds] for row in arm.scores))


class TestProperties:
    @given(trials())
    @settings(max_examples=80, deadline=None)
    def test_finite_evidence_and_same_answer_twice(self, trial: tuple[Rules, ArmOutcomes, ArmOutcomes]) -> None:
        step = decide(*trial)
        assert step == decide(*trial)
        values = (
            [step.log_e_present, step.log_e_absent]
            if isinstance(step, Continue)
            else [
                step.evidence.log_e_present,
                step.evidence.log_e_absent,
            ]
        )
        assert all(v < math.inf and not math.isnan(v) for v in values)
        if isinstance(step, Final):
            for estimate in (arm(step.evidence, 0).rate, step.evidence.effect_estimate):
                assert estimate is None or estimate.lower <= estimate.value <= estimate.upper

    @given(trials())
    @settings(max_examples=60, deadline=None)
    def test_the_loop_finds_what_hindsight_finds(self, trial: tuple[Rules, ArmOutcomes, ArmOutcomes]) -> None:
        """Sampling only what `decide` asks for ends in the same verdict as handing over everything at once."""
        rules, treated, control = trial
        everything = [treated] if rules.kind == "absolute" else [treated, control]
        have = [0] * len(everything)
        while True:
            step = core.decide(rules, [cut(arm, rounds) for arm, rounds in zip(everything, have, strict=True)])
            if isinstance(step, Final):
                assert step == core.decide(rules, everything)
                return
            assert any(want.rounds > have[want.arm] for want in step.wants)
            for want in step.wants:
                have[want.arm] = max(want.rounds, have[want.arm])
            if max(have) > treated.rounds:
                assert isinstance(core.decide(rules, everything), Continue)
                return

    @given(trials(), st.data())
    @settings(max_examples=60, deadline=None)
    def test_order_of_questions_does_not_matter(
        self, trial: tuple[Rules, ArmOutcomes, ArmOutcomes], data: st.DataObject
    ) -> None:
        rules, treated, control = trial
        order = data.draw(st.permutations(range(rules.questions)))
        moved = [ArmOutcomes(tuple(arm.scores[q] for q in order)) for arm in (treated, control)]
        first, second = trajectory(rules, treated, control), trajectory(rules, *moved)
        assert [p.round for p in first] == [p.round for p in second]
        for before, after in zip(first, second, strict=True):
            assert after.log_e_present == pytest.approx(before.log_e_present, abs=1e-9)
            assert after.log_e_absent == pytest.approx(before.log_e_absent, abs=1e-9)

    @given(trials(), st.integers(0, 10**6), st.booleans())
    @settings(max_examples=80, deadline=None)
    def test_a_lost_label_only_makes_verdicts_harder(
        self, trial: tuple[Rules, ArmOutcomes, ArmOutcomes], where: int, from_control: bool
    ) -> None:
        """Compared at the same look, with the control arm in use on both sides."""
        rules, treated, control = trial
        assume(treated.rounds > 0)
        rules = dataclasses.replace(
            rules, missing_limit=1.0, log_threshold_present=math.inf, log_threshold_absent=math.inf
        )
        question, replicate = where % rules.questions, where // rules.questions % treated.rounds
        rows = [list(row) for row in (control if from_control else treated).scores]
        rows[question][replicate] = None
        lost = ArmOutcomes(tuple(tuple(row) for row in rows))
        full = interim_evidence(rules, treated, control)
        less = interim_evidence(rules, *((treated, lost) if from_control else (lost, control)))
        assert full is not None
        assert less is not None
        assume(full.complete == less.complete and full.rounds == less.rounds)
        assert less.log_e_present <= full.log_e_present + 1e-9
        assert less.log_e_absent <= full.log_e_absent + 1e-9
