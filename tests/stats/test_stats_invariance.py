"""What must not matter: when somebody looks, what else is at hand, which arm is faster, and whether a trial was cut."""

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from drawn_arms import KINDS, drawn, full_rounds, part, rules_of
from hypothesis import given, settings
from hypothesis import strategies as st

from weirdgen.stats.decide import Continue, Final, decide, interim_evidence
from weirdgen.stats.evidence import TrajectoryPoint
from weirdgen.stats.outcomes import ArmOutcomes
from weirdgen.stats.rules import Rules

Trial = tuple[Rules, list[ArmOutcomes], np.random.Generator]
Asked = set[tuple[int, int, int, bool]]
"""(arm, question, replicate, whether it is an extra sample)"""


@st.composite
def trials(draw: st.DrawFn) -> Trial:
    """A contrast of any kind, with all samples that it could ask for."""
    questions, rounds = draw(st.integers(1, 5)), draw(st.integers(3, 20))
    rules = rules_of(
        draw(st.sampled_from(KINDS)),
        questions,
        cap=questions * rounds,
        margin=draw(st.sampled_from([0.1, 0.3])),
        extra_pairs=draw(st.sampled_from([0, 1, 5])),
    )
    rates = [draw(st.sampled_from([0.0, 0.02, 0.1, 0.4, 0.9])) for _ in rules.signs]
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    return rules, drawn(rules, rates, rng, draw(st.sampled_from([0.0, 0.01, 0.1]))), rng


def whole(rules: Rules, everything: Sequence[ArmOutcomes]) -> Final:
    step = decide(rules, everything)
    assert isinstance(step, Final)
    return step


def assert_same(found: Final, expected: Final) -> None:
    """The same verdict from the same samples; the last digits of a sum may depend on how many samples were at hand."""
    assert (found.outcome, found.reason, found.below_margin) == (
        expected.outcome,
        expected.reason,
        expected.below_margin,
    )
    assert found.evidence.rounds == expected.evidence.rounds
    assert found.evidence.arms == expected.evidence.arms
    for name in ("log_e_present", "log_e_absent", "log_e_questions", "log_e_effects", "log_e_max"):
        value, other = getattr(found.evidence, name), getattr(expected.evidence, name)
        assert value == pytest.approx(other, abs=1e-9)


def trajectory(rules: Rules, arms: list[ArmOutcomes]) -> tuple[TrajectoryPoint, ...]:
    found = interim_evidence(rules, arms)
    return found.trajectory if found else ()


def some(arm: ArmOutcomes, rng: np.random.Generator, near: int) -> ArmOutcomes:
    """A part of an arm, question by question, mostly around the end of a trial of `near` rounds."""
    most = min(2 * near + 1, arm.rounds) if rng.random() < 0.8 else arm.rounds
    return part(
        arm,
        rng.integers(near // 2, most, arm.questions, endpoint=True).tolist(),
        [int(rng.integers(0, len(row), endpoint=True)) for row in arm.extra],
    )


def assert_on_the_way(step: Continue, have: Sequence[ArmOutcomes], end: Final) -> None:
    """It asks for something that is not there, and for nothing that the verdict does not rest on."""
    lacking = False
    for want in step.wants:
        used = end.evidence.arms[want.arm]
        assert used is not None
        assert want.rounds <= end.evidence.rounds
        extras = want.extras or (0,) * len(used.extras)
        assert all(n <= most for n, most in zip(extras, used.extras, strict=True))
        arm = have[want.arm]
        lacking |= want.rounds > arm.rounds or any(n > len(row) for n, row in zip(extras, arm.extra, strict=True))
    assert lacking


@given(trials())
@settings(max_examples=120, deadline=None)
def test_whoever_looks_at_any_moment_sees_no_verdict_or_the_only_one(trial: Trial) -> None:
    """Also in the middle of a round, with one arm ahead of another, or with extra samples that nobody asked for yet."""
    rules, everything, rng = trial
    end = whole(rules, everything)
    for _ in range(5):
        have = [some(arm, rng, end.evidence.rounds) for arm in everything]
        step = decide(rules, have)
        if isinstance(step, Final):
            assert_same(step, end)
        else:
            assert_on_the_way(step, have, end)


@given(trials())
@settings(max_examples=60, deadline=None)
def test_samples_beyond_the_verdict_change_nothing(trial: Trial) -> None:
    rules, everything, rng = trial
    end = whole(rules, everything)
    used = [found.extras if found else (0,) * rules.questions for found in end.evidence.arms]
    needed = [
        part(arm, [end.evidence.rounds] * rules.questions, extras) for arm, extras in zip(everything, used, strict=True)
    ]
    assert_same(whole(rules, needed), end)
    others = drawn(rules, [rng.random() for _ in rules.signs], rng)
    tail = [
        ArmOutcomes(
            tuple(row + more for row, more in zip(arm.scores, other.scores, strict=True)),
            extra=tuple(row + more for row, more in zip(arm.extra, other.extra, strict=True)),
        )
        for arm, other in zip(needed, others, strict=True)
    ]
    assert_same(whole(rules, tail), end)


@given(trials())
@settings(max_examples=60, deadline=None)
def test_it_does_not_matter_which_arm_arrives_first(trial: Trial) -> None:
    rules, everything, _ = trial
    end = whole(rules, everything)
    for order in list(itertools.permutations(range(len(everything))))[:6]:
        have = [full_rounds(arm, 0) for arm in everything]
        for index in order:
            have[index] = everything[index]
            step = decide(rules, have)
            if isinstance(step, Final):
                assert_same(step, end)
        assert_same(whole(rules, have), end)


def go(rules: Rules, everything: Sequence[ArmOutcomes], rng: np.random.Generator | None) -> tuple[Final, Asked]:
    """Sample what is asked for until the verdict; with `rng`, cut off and resumed at any sample of each batch."""
    have: Asked = set()
    asked: Asked = set()
    while True:
        step = decide(rules, [_arrived(arm, i, have) for i, arm in enumerate(everything)])
        if isinstance(step, Final):
            return step, asked
        batch = {
            (want.arm, q, r, extra)
            for want in step.wants
            for q in range(rules.questions)
            for extra, n in ((False, want.rounds), (True, want.extras[q] if want.extras else 0))
            for r in range(n)
        }
        assert batch - have
        asked |= batch
        while batch - have:
            have |= {one for one in batch if rng is None or rng.random() < 0.5}
            if rng is not None:
                again = decide(rules, [_arrived(arm, i, have) for i, arm in enumerate(everything)])
                assert batch <= have or (isinstance(again, Continue) and again.wants == step.wants)


def _arrived(arm: ArmOutcomes, index: int, have: Asked) -> ArmOutcomes:
    """What a resumed trial can use: per question the samples before the first that is lacking."""
    rows = [
        [next((r for r in range(len(row)) if (index, q, r, extra) not in have), len(row)) for q, row in enumerate(kind)]
        for extra, kind in ((False, arm.scores), (True, arm.extra))
    ]
    return part(arm, rows[0], rows[1] if arm.extra else [0] * arm.questions)


@given(trials())
@settings(max_examples=60, deadline=None)
def test_a_trial_cut_at_any_sample_and_resumed_is_the_one_that_was_not(trial: Trial) -> None:
    rules, everything, rng = trial
    end, asked = go(rules, everything, None)
    assert_same(end, whole(rules, everything))
    assert go(rules, everything, rng) == (end, asked)


@given(trials())
@settings(max_examples=60, deadline=None)
def test_nothing_is_sampled_that_the_verdict_does_not_rest_on(trial: Trial) -> None:
    rules, everything, _ = trial
    end, asked = go(rules, everything, None)
    assert len(asked) == end.evidence.spent
    treated = end.evidence.arms[0]
    assert treated is not None
    assert treated.spent <= rules.cap


@pytest.mark.parametrize(("name", "extra_pairs"), [*((name, 0) for name in KINDS), ("lift", 5)])
def test_a_higher_cap_goes_on_with_the_same_evidence(name: str, extra_pairs: int) -> None:
    """Else a trial that is continued would be tested twice at the error rate of one test."""
    rng = np.random.default_rng(12)
    never: dict[str, Any] = {"log_threshold_present": math.inf, "log_threshold_absent": math.inf}
    for _ in range(10):
        high = rules_of(name, 3, cap=150, margin=0.3, extra_pairs=extra_pairs, **never)
        low = rules_of(name, 3, cap=30, margin=0.3, extra_pairs=extra_pairs, stored=high.stored, **never)
        arms = drawn(high, [0.5, 0.35, 0.3, 0.3][: len(high.signs)], rng)
        first, then = trajectory(low, arms), trajectory(high, arms)
        assert len(then) > len(first)
        for before, after in zip(first, then, strict=False):
            assert after.round == before.round
            assert after.log_e_present == pytest.approx(before.log_e_present, abs=1e-9)
            assert after.log_e_absent == pytest.approx(before.log_e_absent, abs=1e-9)
