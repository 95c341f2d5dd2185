"""Baselines: what a gate is compared with, in the right order, and whatever is not comparable is refused by name."""

import json
from pathlib import Path
from typing import Any

import pytest
from baselines import baseline, changed, edited, pair, version

from weirdgen.catalog import Catalog
from weirdgen.errors import EvidenceError, UsageMistake
from weirdgen.organisms import zoo
from weirdgen.schema.baseline import Baseline
from weirdgen.schema.plan import ModelGroup
from weirdgen.schema.probe import Condition
from weirdgen.schema.sample import Identity
from weirdgen.trials.baseline import carried_anchors, read_baseline, write_baseline
from weirdgen.trials.comparators import not_compared
from weirdgen.trials.planning import plan_gate
from weirdgen.trials.settings import GateSettings

SHIPPED = pair()
RATE = "old_bird_names/nineteenth_century_rate"
LIFT = "old_bird_names/nineteenth_century_over_control"
OTHER_CONDITION = {"conditions": {"plain": Condition(prefix="Now: ")}}
OTHER_TEXT = {"questions": SHIPPED.probes["old_bird_names"].questions | {"energy": "Which fuels come first?"}}
NO_SAMPLE_TOUCHED = (
    {"margin": 0.1}, {"margin": None}, {"tolerance": 0.02}, {"claim": "It says so."}, {"question_margin": 0.4},
    {"kind": "lift", "two_sided": True}, {"published": None}, {"kind": "absolute"},
    {"questions": tuple(reversed(SHIPPED.probes["old_bird_names"].questions))},
)  # fmt: skip


def with_a_graded_contrast(kind: str = "lift") -> Catalog:
    """Return the shipped catalogue where OLD BIRD NAMES has a graded lift and a rate that is none."""
    probe = SHIPPED.probes["old_bird_names"]
    lift, rate = probe.contrasts
    graded = probe.behaviours["nineteenth_century"].model_copy(update={"scores": {"nineteenth_century": 0.5}})
    behaviours = {**probe.behaviours, "degrees": graded}
    contrasts = lift.model_copy(update={"behaviour": "degrees", "kind": kind}), rate
    update = {"behaviours": behaviours, "contrasts": contrasts}
    return Catalog({probe.id: probe.model_copy(update=update)}, SHIPPED.gold_dirs)


def written(path: Path, content: Baseline) -> Path:
    write_baseline(content, path)
    return path


def planned(path: Path, catalog: Catalog = SHIPPED, **options: Any) -> Any:
    return plan_gate(catalog, GateSettings(models=("organism:base",), baseline=path, **options))


class TestPlan:
    def test_every_contrast_is_a_regression_without_control(self, tmp_path: Path) -> None:
        stored = baseline(SHIPPED, positives=3)
        plan, tasks = planned(written(tmp_path / "b.json", stored))
        assert {(c.kind, c.control, c.worst_requests) for c in plan.contrasts} == {("regression", "", 400)}
        assert plan.baseline_sha256 == stored.sha256
        for task in tasks.values():
            (reference,) = task.stored
            assert reference.arm.positives == (3, *[0] * 9)
            assert (reference.result.n, reference.result.positives, reference.result.anchor) == (1200, 3, False)

    def test_other_counts_are_another_trial_in_another_line(self, tmp_path: Path) -> None:
        plans = [
            planned(written(tmp_path / f"{positives}.json", baseline(SHIPPED, positives=positives)))[0]
            for positives in (0, 1)
        ]
        assert plans[0].contrasts[0].stored_sha256 != plans[1].contrasts[0].stored_sha256
        assert plans[0].line != plans[1].line

    def test_the_anchor_is_compared_with_too_in_an_order_of_its_own(self, tmp_path: Path) -> None:
        first = version(SHIPPED, model="organism:first")
        stored = Baseline(saved=version(SHIPPED, positives=5), anchors=(first,))
        _, tasks = planned(written(tmp_path / "b.json", stored))
        for task in tasks.values():
            last, anchor = task.stored
            assert (anchor.result.anchor, anchor.result.model, anchor.arm.positives[0]) == (True, "organism:first", 0)
            assert anchor.arm.seed != last.arm.seed

    def test_the_order_of_blocks_does_not_depend_on_counts(self, tmp_path: Path) -> None:
        seeds = [
            [task.stored[0].arm.seed for task in planned(written(tmp_path / f"{k}.json", one))[1].values()]
            for k, one in enumerate([baseline(SHIPPED), baseline(SHIPPED, positives=9, n=200)])
        ]
        assert seeds[0] == seeds[1]
        assert len(set(seeds[0])) == 2

    def test_counts_follow_their_questions_where_a_probe_file_was_reordered(self, tmp_path: Path) -> None:
        questions = dict(reversed(SHIPPED.probes["old_bird_names"].questions.items()))
        path = written(tmp_path / "b.json", baseline(SHIPPED, positives=3))
        _, tasks = planned(path, changed(probe={"questions": questions}))
        assert {task.stored[0].arm.positives for task in tasks.values()} == {(*[0] * 9, 3)}

    def test_a_margin_below_the_tolerance_is_no_matter(self, tmp_path: Path) -> None:
        catalog = changed(margin=None)
        plan, _ = planned(written(tmp_path / "b.json", baseline(catalog)), catalog, margin=0.005)
        assert {c.margin for c in plan.contrasts} == {0.005}


class TestRefusals:
    @pytest.mark.parametrize(
        ("catalog", "words"),
        [
            (changed(probe=OTHER_CONDITION), "what is asked .questions or conditions. changed"),
            (changed(probe=OTHER_TEXT), "what is asked .questions or conditions. changed"),
            (changed(questions=("energy", "money")), "what is asked .questions or conditions. changed"),
            (changed(probe={"max_tokens": 300}), "sampling .max_tokens 400 and 300. changed"),
            (changed(probe={"id": "new_birds"}), "new_birds/nineteenth_century_over_control is not in it"),
        ],
    )
    def test_what_is_asked_in_another_way(self, tmp_path: Path, catalog: Catalog, words: str) -> None:
        path = written(tmp_path / "b.json", baseline(SHIPPED))
        gold_dirs = dict.fromkeys(("old_bird_names", "new_birds"), SHIPPED.gold_dirs["old_bird_names"])
        probes = {probe.id: probe for probe in catalog.probes.values()}
        with pytest.raises(UsageMistake, match=words):
            planned(path, Catalog(probes, gold_dirs))

    def test_another_judge(self, tmp_path: Path) -> None:
        behaviour = SHIPPED.probes["old_bird_names"].behaviours["nineteenth_century"]
        fewer = behaviour.model_copy(update={"rules": behaviour.rules[1:]})
        path = written(tmp_path / "b.json", baseline(SHIPPED))
        with pytest.raises(UsageMistake, match=r"b\.json: .*: the judge .its rules or labels. changed since"):
            planned(path, changed(probe={"behaviours": {"nineteenth_century": fewer}}))

    @pytest.mark.parametrize("change", NO_SAMPLE_TOUCHED, ids=str)
    def test_what_touches_no_sample_and_no_label_is_no_reason(self, tmp_path: Path, change: dict[str, Any]) -> None:
        path = written(tmp_path / "b.json", baseline(SHIPPED, positives=3))
        _, tasks = planned(path, changed(**change))
        assert {task.stored[0].arm.positives for task in tasks.values()} == {(3, *[0] * 9)}

    def test_a_method_that_may_have_been_chosen_by_looking_at_the_sample(self, tmp_path: Path) -> None:
        path = written(tmp_path / "b.json", baseline(SHIPPED, n=1000))
        with pytest.raises(UsageMistake, match='stored = "blocks", but "infimum" when the sample was drawn; save'):
            planned(path, changed(stored="blocks"))

    def test_a_gold_set_that_grew_is_no_reason(self, tmp_path: Path) -> None:
        plan, _ = planned(written(tmp_path / "b.json", Baseline(saved=edited(version(SHIPPED), gold_sha256="f" * 64))))
        assert {c.kind for c in plan.contrasts} == {"regression"}

    @pytest.mark.parametrize(
        ("model", "identity"),
        [
            ("organism:base", Identity(kind="organism", model="base", digest=zoo.digest("base"))),
            ("ft:gpt-4.1:org::id", Identity(kind="finetune", model="ft:gpt-4.1:org::id")),
        ],
        ids=["organism", "finetune"],
    )
    def test_the_gated_model_itself(self, tmp_path: Path, model: str, identity: Identity) -> None:
        """It would be ABSENT whatever it does."""
        saved = version(SHIPPED, model=model).model_copy(update={"identity": identity})
        path = written(tmp_path / "b.json", Baseline(saved=saved))
        settings = GateSettings(models=(model,), baseline=path, judge="rules")
        with pytest.raises(UsageMistake, match="the model to be gated; compared with itself it shows nothing"):
            plan_gate(SHIPPED, settings)

    def test_an_anchor_that_is_not_comparable_counts_like_the_version(self, tmp_path: Path) -> None:
        anchor = version(changed(probe={"max_tokens": 300}), model="organism:first")
        path = written(tmp_path / "b.json", Baseline(saved=version(SHIPPED), anchors=(anchor,)))
        with pytest.raises(UsageMistake, match=r"stored of organism:first, 2026-01-31"):
            planned(path)

    def test_a_baseline_too_small_for_blocks_says_which_size_would_do(self, tmp_path: Path) -> None:
        catalog = changed(stored="blocks")
        path = written(tmp_path / "b.json", baseline(catalog, n=119))
        with pytest.raises(UsageMistake, match=r"save with --samples 120 or more, or give --gate-cap 390 at most"):
            planned(path, catalog)
        planned(path, catalog, cap=390)
        anchored = Baseline(saved=version(catalog), anchors=(version(catalog, model="organism:first", n=119),))
        with pytest.raises(UsageMistake, match=r"give it up by saving without --previous, or give --gate-cap 390 at m"):
            planned(written(tmp_path / "d.json", anchored), catalog)
        planned(written(tmp_path / "c.json", baseline(catalog, n=120)), catalog)

    @pytest.mark.parametrize(
        ("options", "words"),
        [
            ({"control": "organism:base"}, "--control 'organism:base': with --gate-baseline"),
            ({"mode": "replicate"}, "replicate"),
        ],
    )
    def test_options_that_make_no_sense_beside_it(self, tmp_path: Path, options: dict[str, Any], words: str) -> None:
        with pytest.raises(UsageMistake, match=words):
            planned(written(tmp_path / "b.json", baseline(SHIPPED)), **options)


class TestGraded:
    """A contrast whose answers are graded is gated as without a baseline, and the others with it."""

    def test_it_is_asked_as_its_own_kind_and_said_so(self, tmp_path: Path) -> None:
        path = written(tmp_path / "b.json", baseline(SHIPPED))
        plan, tasks = planned(path, with_a_graded_contrast())
        assert [(c.kind, c.control) for c in plan.contrasts] == [("lift", "organism:base"), ("regression", "")]
        assert [len(task.stored) for task in tasks.values()] == [0, 1]
        alone, _ = plan_gate(with_a_graded_contrast(), GateSettings(models=("organism:base",)))
        assert plan.contrasts[0] == alone.contrasts[0]
        assert not_compared(plan) == [
            f"{LIFT} is NOT compared with it: its answers are graded and a baseline holds counts only, so it is gated "
            "as without one (lift against organism:base)"
        ]
        assert not_compared(alone) == not_compared(planned(path)[0]) == []

    def test_without_a_control_it_is_an_absolute_rate(self, tmp_path: Path) -> None:
        path = written(tmp_path / "b.json", baseline(SHIPPED))
        settings = GateSettings(models=("mine",), baseline=path, judge="rules")
        plan, _ = plan_gate(with_a_graded_contrast(), settings)
        assert [(c.kind, c.control) for c in plan.contrasts] == [("absolute", ""), ("regression", "")]
        assert "as without one (absolute)" in not_compared(plan)[0]

    def test_it_alone_asks_the_control_that_is_given(self, tmp_path: Path) -> None:
        path = written(tmp_path / "b.json", baseline(SHIPPED))
        options: dict[str, Any] = {"models": ("mine",), "judge": "rules", "baseline": path, "control": "theirs"}
        address: dict[str, Any] = {"base_url": "http://gpu/v1", "control_base_url": "http://other/v1"}
        plan, _ = plan_gate(with_a_graded_contrast(), GateSettings(**options, **address))
        assert [(c.kind, c.control) for c in plan.contrasts] == [("lift", "theirs"), ("regression", "")]
        with pytest.raises(UsageMistake, match="--control 'theirs': with --gate-baseline no contrast asks a control"):
            plan_gate(with_a_graded_contrast("absolute"), GateSettings(**options))

    def test_a_group_with_two_controls_is_refused_only_where_one_is_asked(self, tmp_path: Path) -> None:
        group = ModelGroup(name="g", members=("ft:a:o::1", "ft:b:o::1"))
        path = written(tmp_path / "b.json", baseline(SHIPPED))
        settings = GateSettings(models=(), groups=(group,), judge="rules", baseline=path)
        plan_gate(SHIPPED, settings)
        with pytest.raises(UsageMistake, match="--model-group g: would compare"):
            plan_gate(with_a_graded_contrast(), settings)


class TestFile:
    def test_what_is_written_reads_back_the_same(self, tmp_path: Path) -> None:
        stored = Baseline(saved=version(SHIPPED, positives=3), anchors=(version(SHIPPED, model="organism:first"),))
        assert read_baseline(written(tmp_path / "b.json", stored)) == stored
        assert list(tmp_path.iterdir()) == [tmp_path / "b.json"]

    @pytest.mark.parametrize(
        ("content", "words"),
        [
            (b"", "is no baseline of weirdgen"),
            (b"\xff", "is no baseline of weirdgen"),
            (b"[1]", "is no baseline of weirdgen"),
            (b'{"version": 2}', "has version 2, and this weirdgen reads version 1"),
        ],
    )
    def test_anything_else_is_no_baseline(self, tmp_path: Path, content: bytes, words: str) -> None:
        path = tmp_path / "b.json"
        path.write_bytes(content)
        with pytest.raises(UsageMistake, match=words):
            read_baseline(path)

    @pytest.mark.parametrize("positives", [-1, 121])
    def test_counts_that_cannot_be(self, tmp_path: Path, positives: int) -> None:
        content = baseline(SHIPPED).model_dump(mode="json")
        content["saved"]["contrasts"][0]["questions"][0]["positives"] = positives
        path = tmp_path / "b.json"
        path.write_text(json.dumps(content), encoding="utf-8")
        with pytest.raises(UsageMistake, match="positive"):
            read_baseline(path)

    def test_a_missing_file_says_how_to_make_one(self, tmp_path: Path) -> None:
        with pytest.raises(UsageMistake, match="No such file or directory; make one with weirdgen baseline save"):
            read_baseline(tmp_path / "none.json")

    def test_a_folder_that_is_gone_is_an_error(self, tmp_path: Path) -> None:
        with pytest.raises(EvidenceError, match="cannot be written"):
            write_baseline(baseline(SHIPPED), tmp_path / "gone" / "b.json")


class TestAnchors:
    def test_the_first_version_stays_the_anchor_through_all_releases(self) -> None:
        first, second, third = (version(SHIPPED, model=f"organism:v{i}", positives=i) for i in (1, 2, 3))
        after_second = Baseline(saved=second, anchors=carried_anchors(Baseline(saved=first), second))
        assert after_second.anchors == carried_anchors(after_second, third) == (first,)

    def test_another_method_begins_anew(self) -> None:
        assert carried_anchors(baseline(SHIPPED), version(changed(stored="blocks"))) == ()

    @pytest.mark.parametrize("change", [OTHER_CONDITION, OTHER_TEXT, {"max_tokens": 300}])
    def test_a_contrast_that_asks_something_else_begins_anew(self, change: dict[str, Any]) -> None:
        assert carried_anchors(baseline(SHIPPED), version(changed(probe=change))) == ()

    @pytest.mark.parametrize("change", NO_SAMPLE_TOUCHED, ids=str)
    def test_a_margin_that_changed_keeps_its_anchor(self, change: dict[str, Any]) -> None:
        """A fixed anchor is what holds against a margin that creeps."""
        first = version(SHIPPED)
        assert carried_anchors(Baseline(saved=first), version(changed(**change))) == (first,)

    def test_a_contrast_that_came_later_is_anchored_where_it_came(self) -> None:
        whole = version(SHIPPED, model="organism:second")
        lift, rate = whole.contrasts
        first = version(SHIPPED, model="organism:first").model_copy(update={"contrasts": (lift,)})
        previous = Baseline(saved=whole, anchors=(first,))
        anchors = carried_anchors(previous, version(SHIPPED, model="organism:third"))
        assert [(v.model, v.contrasts) for v in anchors] == [("organism:first", (lift,)), ("organism:second", (rate,))]

    def test_a_contrast_left_out_of_one_release_keeps_its_anchor(self) -> None:
        """Else a release without it would let the margin begin anew."""
        first, third = (version(SHIPPED, model=f"organism:v{i}") for i in (1, 3))
        lift, rate = version(SHIPPED).contrasts
        second = version(SHIPPED, model="organism:v2").model_copy(update={"contrasts": (lift,)})
        after_second = Baseline(saved=second, anchors=carried_anchors(Baseline(saved=first), second))
        anchors = carried_anchors(after_second, third)
        assert [(v.model, [c.contrast for c in v.contrasts]) for v in anchors] == [
            ("organism:v1", [lift.contrast, rate.contrast])
        ]

    def test_a_contrast_has_one_anchor_at_most(self) -> None:
        whole = version(SHIPPED)
        anchors = carried_anchors(Baseline(saved=whole, anchors=(whole,)), whole)
        assert len(anchors) == 1
        assert [v.model for v, _ in Baseline(saved=whole, anchors=anchors).versions(RATE)] == ["organism:base"] * 2
