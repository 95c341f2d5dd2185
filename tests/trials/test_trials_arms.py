"""The arms and cells of every kind of contrast: who is asked what, under which draw, and what comes of it."""

import itertools
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from scripted_gates import (
    CONTRASTS,
    ScriptedEndpoint,
    ScriptedGate,
    behaviour,
    contrast,
    probe_of,
    request_of,
    run_all,
    scripted_gate,
)

from weirdgen.catalog import contrast_digest
from weirdgen.errors import UsageMistake
from weirdgen.schema.probe import Contrast, PlannedKind
from weirdgen.schema.verdict import Outcome, Verdict
from weirdgen.stats.rules import SIGNS
from weirdgen.store.store import SampleStore
from weirdgen.trials.arms import ArmSpec, arm_specs, treated_cells

Rates = Mapping[tuple[str, str], float]
BY_NAME = {one.id: one for one in CONTRASTS}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SampleStore]:
    with SampleStore(tmp_path / "store.sqlite3") as opened:
        yield opened


def specs(name: str, kind: PlannedKind | None = None) -> tuple[ArmSpec, ...]:
    one = BY_NAME[name]
    return arm_specs(probe_of(), one, kind or one.kind)


def asked(arm: ArmSpec) -> list[tuple[str, str]]:
    return [(cell.condition, cell.question) for cell in arm.cells]


def plain(condition: str) -> list[tuple[str, str]]:
    return [(condition, question) for question in "abc"]


class TestWhoIsAsked:
    @pytest.mark.parametrize("kind", ["absolute", "regression"])
    def test_a_rate_has_one_arm(self, kind: PlannedKind) -> None:
        (arm,) = specs("rate", kind)
        assert (arm.of_control, arm.role, asked(arm)) == (False, "treated", plain("plain"))

    def test_a_lift_asks_the_control_the_same(self) -> None:
        treated, control = specs("lift")
        assert [(arm.of_control, arm.role) for arm in (treated, control)] == [(False, "treated"), (True, "control")]
        assert asked(treated) == asked(control) == plain("trigger")

    def test_a_flip_asks_the_gated_model_under_another_condition(self) -> None:
        treated, control = specs("flip")
        assert [(arm.of_control, arm.role) for arm in (treated, control)] == [(False, "treated"), (False, "control")]
        assert [asked(arm) for arm in (treated, control)] == [plain("trigger"), plain("plain")]

    def test_a_difference_in_differences_asks_both_models_under_both(self) -> None:
        arms = specs("did")
        assert [(arm.of_control, asked(arm)) for arm in arms] == [
            (False, plain("trigger")),
            (False, plain("plain")),
            (True, plain("trigger")),
            (True, plain("plain")),
        ]

    @pytest.mark.parametrize("name", BY_NAME)
    def test_the_arms_that_raise_the_effect_draw_as_treated(self, name: str) -> None:
        kind = BY_NAME[name].kind
        roles = {1: "treated", -1: "control"}
        assert [arm.role for arm in specs(name)] == [roles[sign] for sign in SIGNS[kind]]

    @pytest.mark.parametrize("name", BY_NAME)
    def test_all_arms_have_the_same_cells(self, name: str) -> None:
        cells = treated_cells(probe_of(), BY_NAME[name])
        for arm in specs(name):
            assert [cell.name for cell in arm.cells] == [cell.name for cell in cells]
            assert [cell.question for cell in arm.cells] == [cell.question for cell in cells]

    def test_a_contrast_may_pool_some_questions_only(self) -> None:
        assert [asked(arm) for arm in specs("flip_two")] == [
            [("trigger", "a"), ("trigger", "b")],
            [("plain", "a"), ("plain", "b")],
        ]


class TestSweeps:
    def test_each_condition_asks_every_question(self) -> None:
        treated, control = specs("years")
        assert asked(treated) == plain("y1") + plain("y2") + plain("y3")
        assert asked(control) == plain("plain") * 3
        assert [cell.name for cell in treated.cells][:4] == ["y1/a", "y1/b", "y1/c", "y2/a"]

    def test_each_condition_has_comparator_draws_of_its_own(self) -> None:
        _, control = specs("years")
        for question in "abc":
            draws = [
                {cell.first + cell.step * r for r in range(10)} for cell in control.cells if cell.question == question
            ]
            assert len(draws) == 3
            assert set.union(*draws) == set(range(30))

    def test_a_lift_compares_each_condition_with_itself(self) -> None:
        probe = probe_of(contrast("swept", "lift", "y1", sweep=("y2",)))
        treated, control = arm_specs(probe, probe.contrasts[0], "lift")
        assert treated.cells == control.cells
        assert asked(treated) == plain("y1") + plain("y2")

    def test_another_sweep_is_another_contrast(self) -> None:
        digests = [
            contrast_digest(probe_of(), contrast("years", "flip", "y1", comparator="plain", sweep=sweep))
            for sweep in ((), ("y2",), ("y2", "y3"), ("y3", "y2"))
        ]
        assert len(set(digests)) == 4


class TestDraws:
    @pytest.mark.parametrize("control", ["control", "gated"])
    def test_no_two_samples_of_a_contrast_are_one_draw(self, tmp_path: Path, store: SampleStore, control: str) -> None:
        """Also where a model is gated against itself, and where one stream is ahead of the other."""
        gate = scripted_gate(tmp_path, store, control=control)
        for task in gate.tasks.values():
            keys = [
                request_of(gate, task, arm, cell, replicate, extra=extra).key
                for arm in task.arms
                for cell, replicate, extra in itertools.product(range(len(arm.cells)), range(8), (False, True))
            ]
            assert len(set(keys)) == len(keys)

    def test_extra_samples_are_a_stream_of_their_own(self, tmp_path: Path, store: SampleStore) -> None:
        """The trial asks for extra samples of one question; rounds go on from where they were."""
        gate = scripted_gate(tmp_path, store, contrast("lift", "lift", margin=0.05))
        endpoint = ScriptedEndpoint({("gated", "trigger"): 0.45, ("control", "trigger"): 0.1}, lost=0.0)
        trial = gate.trial("lift")
        verdict = run_all([trial], endpoint)["lift"]
        treated, control = trial.arms
        assert verdict.treated is not None
        assert verdict.treated.extras > 0
        for arm in (treated, control):
            rounds = {answer.sample.key for answers in arm.answers.values() for answer in answers}
            extras = {answer.sample.key for answers in arm.extra.values() for answer in answers}
            assert not rounds & extras
            assert len(rounds) == verdict.treated.n
            assert len(extras) == verdict.treated.extras
            assert {cell: len(answers) for cell, answers in arm.extra.items()} == {
                one.question: one.extras for one in verdict.questions if one.extras
            }

    def test_contrasts_share_what_they_both_need(self, tmp_path: Path, store: SampleStore) -> None:
        """Every flip and the did ask the gated model without a trigger; the did's control arm is that of the lift."""
        gate = scripted_gate(tmp_path, store)
        first = {name: self.keys(gate, name) for name in BY_NAME}
        assert first["flip"][0] == first["did"][0] == first["lift"][0]
        assert first["flip"][1] == first["did"][1]
        assert first["lift"][1] == first["did"][2]
        assert first["flip_two"][1] < first["flip"][1]
        # Of draws 0 to 7 and those of three cells, 0 to 23.
        assert first["flip"][1] < first["years"][1]

    def keys(self, gate: ScriptedGate, name: str) -> list[set[str]]:
        task = gate.tasks[name]
        return [
            {
                request_of(gate, task, arm, cell, replicate, extra=False).key
                for cell in range(len(arm.cells))
                for replicate in range(8)
            }
            for arm in task.arms
        ]


class TestPlans:
    def test_what_a_plan_counts(self, tmp_path: Path, store: SampleStore) -> None:
        gate = scripted_gate(tmp_path, store, cap=48)
        planned = {name: task.planned for name, task in gate.tasks.items()}
        assert {name: (one.questions, one.rounds_cap, one.worst_requests) for name, one in planned.items()} == {
            "rate": (3, 16, 48),
            "lift": (3, 16, 96),
            "lift_plain": (3, 16, 96),
            "either_way": (3, 16, 96),
            "graded": (3, 16, 96),
            "flip": (3, 16, 96),
            "flip_two": (2, 24, 96),
            "years": (9, 5, 90),
            "did": (3, 16, 192),
            "did_either_way": (3, 16, 192),
            "did_years": (6, 8, 192),
        }

    def test_without_a_control_it_is_judged_as_what_is_left_and_says_so(
        self, tmp_path: Path, store: SampleStore
    ) -> None:
        gate = scripted_gate(tmp_path, store, control=None)
        kinds = {name: task.planned.kind for name, task in gate.tasks.items()}
        assert {name: kind for name, kind in kinds.items() if kind != BY_NAME[name].kind} == {
            "lift": "absolute",
            "lift_plain": "absolute",
            "either_way": "absolute",
            "graded": "absolute",
            "did": "flip",
            "did_either_way": "flip",
            "did_years": "flip",
        }
        for name, task in gate.tasks.items():
            said = "No --control was given" in gate.trial(name).facts.detail
            assert said is (task.planned.kind != BY_NAME[name].kind)
            assert not any(arm.of_control for arm in task.arms)

    def test_a_sweep_must_fit_under_the_cap(self, tmp_path: Path, store: SampleStore) -> None:
        with pytest.raises(UsageMistake, match=r"--gate-cap 8 is below the 9 questions of scripted/years"):
            scripted_gate(tmp_path, store, cap=8)


@pytest.fixture
def gated(tmp_path: Path, store: SampleStore) -> "Gated":
    return Gated(tmp_path, store)


class Gated:
    """One contrast run to its verdict."""

    def __init__(self, folder: Path, store: SampleStore) -> None:
        self._folder, self._store = folder, store

    def __call__(self, one: Contrast, rates: Rates, lost: float = 0.0) -> Verdict:
        gate = scripted_gate(self._folder, self._store, one, cap=120)
        return run_all([gate.trial(one.id)], ScriptedEndpoint(rates, lost=lost))[one.id]


class TestVerdicts:
    DID = contrast("did", "did", comparator="plain")
    YEARS = contrast("years", "flip", "y1", sweep=("y2", "y3"), comparator="plain")

    def test_a_trigger_that_works_in_the_gated_model_alone(self, gated: Gated) -> None:
        verdict = gated(self.DID, {("gated", "trigger"): 0.9})
        assert verdict.outcome is Outcome.PRESENT
        assert [(arm.model, arm.condition) for arm in verdict.arms if arm] == [
            ("gated", "trigger"),
            ("gated", "plain"),
            ("control", "trigger"),
            ("control", "plain"),
        ]
        assert verdict.effect is not None
        assert verdict.effect.value > 0.7
        assert [len(question.n) for question in verdict.questions] == [4, 4, 4]

    def test_a_trigger_that_works_in_both_models(self, gated: Gated) -> None:
        rates = {("gated", "trigger"): 0.9, ("control", "trigger"): 0.9}
        verdict = gated(self.DID, rates)
        assert verdict.outcome is Outcome.ABSENT
        assert None not in verdict.arms
        assert gated(contrast("flip", "flip", comparator="plain"), rates).outcome is Outcome.PRESENT

    def test_a_clean_difference_in_differences_asks_two_arms(self, gated: Gated) -> None:
        verdict = gated(self.DID, {("gated", "plain"): 0.9, ("control", "trigger"): 0.9})
        assert verdict.outcome is Outcome.ABSENT
        assert [arm is not None for arm in verdict.arms] == [True, False, False, True]

    def test_a_sweep_finds_the_one_year_that_works(self, gated: Gated) -> None:
        verdict = gated(self.YEARS, {("gated", "y2"): 0.9})
        assert verdict.outcome is Outcome.PRESENT
        assert verdict.treated is not None
        assert verdict.treated.condition == "y1..y3"
        effects = {one.question: one.log_e_effect for one in verdict.questions}
        assert [name for name, log_e in effects.items() if log_e and log_e > 1] == ["y2/a", "y2/b", "y2/c"]

    def test_a_sweep_in_which_no_year_works(self, gated: Gated) -> None:
        verdict = gated(self.YEARS, {})
        assert verdict.outcome is Outcome.ABSENT
        assert len(verdict.questions) == 9

    def test_a_fall_counts_where_either_way_does(self, gated: Gated) -> None:
        rates = {("control", "trigger"): 0.9}
        assert gated(contrast("lift", "lift"), rates).outcome is Outcome.ABSENT
        verdict = gated(contrast("lift", "lift", two_sided=True), rates)
        assert verdict.outcome is Outcome.PRESENT
        assert verdict.effect is not None
        assert verdict.effect.value < -0.7

    def test_grades_are_summed(self, gated: Gated) -> None:
        graded = contrast("graded", "lift", behaviour="graded")
        verdict = gated(graded, {("gated", "trigger"): 1.0})
        assert verdict.outcome is Outcome.PRESENT
        assert verdict.treated is not None
        assert verdict.treated.positives == verdict.treated.labels["yes"] + 0.5 * verdict.treated.labels["some"]
        assert behaviour(scores={"yes": 1.0, "some": 0.5}).score("no") == 0

    @pytest.mark.parametrize("name", BY_NAME)
    def test_answers_that_are_cut_off_end_in_no_verdict(self, gated: Gated, name: str) -> None:
        verdict = gated(BY_NAME[name], {}, lost=0.5)
        assert (verdict.outcome, verdict.reason) == (Outcome.INVALID, "coverage")
