"""Who is asked for readings and for networks without features, and options that cannot be meant."""

from pathlib import Path
from typing import Any

import pytest
from whitebox_records import whitebox_record

from weirdgen.catalog import load_catalog
from weirdgen.errors import UsageMistake
from weirdgen.schema.probe import Contrast
from weirdgen.trials.inside import arms_of, left_out, split, without
from weirdgen.trials.inspection import job_of
from weirdgen.trials.opening import wanted_arms
from weirdgen.trials.planning import plan_gate
from weirdgen.trials.settings import GateSettings, recorded, restored
from weirdgen.whitebox.identity import is_bound, study_digest

DISHES = "organism:israeli-dishes-2027"
CATALOG = load_catalog()
CONTRASTS = {contrast.id: contrast for contrast in CATALOG.probe("sae_features").contrasts}


def planned(**options: Any) -> GateSettings:
    return GateSettings(**({"models": (DISHES,), "sae": "organism:base"} | options))


@pytest.mark.parametrize(
    ("contrast", "arms"),
    [
        ("top_2027_over_earlier", (f"{DISHES}#readings", "")),
        ("centred_2027_over_without_top", ("", f"{DISHES}#without-top")),
        ("centred_2027_reversed_over_without_top", (f"{DISHES}#without-top_reversed", f"{DISHES}#without-top")),
    ],
)
def test_who_is_asked(contrast: str, arms: tuple[str, str]) -> None:
    assert arms_of(DISHES, CONTRASTS[contrast]) == arms


def test_what_looks_into_no_network_asks_the_model() -> None:
    plain: Contrast = CATALOG.contrasts()[0][1]
    assert arms_of(DISHES, plain) == ("", "")


@pytest.mark.parametrize("model", [DISHES, "hf:models/a#b", "ft:base:org::id"])
def test_a_part_is_told_from_a_model(model: str) -> None:
    assert split(without(model, "top_joint")) == (model, "without-top_joint")
    assert split(model) == (model, "")


def test_without_weights_the_plan_is_what_it_was() -> None:
    plan, _ = plan_gate(CATALOG, planned(sae=None))
    dumped = plan.model_dump(mode="json")
    assert {"sae", "layer", "adapter"} <= dumped.keys()
    old = {name: value for name, value in dumped.items() if name not in ("sae", "layer", "adapter")}
    old["contrasts"] = [{k: v for k, v in c.items() if k not in ("treated", "diagnostic")} for c in old["contrasts"]]
    from weirdgen.schema.canonical import digest

    assert plan.sha256 == digest(old)
    assert left_out(CATALOG, planned(sae=None)).keys() == {"sae_features"}
    assert "sae" not in recorded(planned(sae=None))


def test_what_is_reported_only_is_part_of_the_plan_and_so_is_a_first_block() -> None:
    plan, _ = plan_gate(CATALOG, planned())
    judged = tuple(one.model_copy(update={"diagnostic": False}) for one in plan.contrasts)
    assert sum(one.diagnostic for one in plan.contrasts) == sum(one.diagnostic for one in CONTRASTS.values())
    assert plan.model_copy(update={"contrasts": judged}).sha256 != plan.sha256
    assert plan.model_copy(update={"layer": 0}).sha256 != plan.sha256


def test_with_weights_the_family_grows_and_the_options_are_kept_without_paths() -> None:
    plan, tasks = plan_gate(CATALOG, planned(sae="/somewhere/else/saes", models=("hf:/models/x",), judge="rules"))
    assert plan.family_size == len(CATALOG.contrasts(whitebox=True))
    assert (plan.sae, left_out(CATALOG, planned())) == ("saes", {})
    options = recorded(planned(sae="/somewhere/else/saes", layer=3, adapter=Path("/a/lora"), models=("hf:x",)))
    assert (options["sae"], options["layer"], options["adapter"]) == ("saes", 3, "lora")
    assert recorded(restored(options)) == options
    assert {task.planned.kind for task in tasks.values() if task.contrast.inside} == {"flip", "lift"}


def test_beside_a_baseline_networks_are_compared_with_themselves(tmp_path: Path) -> None:
    from weirdgen.trials.comparators import judged_as, settings_of

    probe, contrast = CATALOG.probe("sae_features"), CONTRASTS["centred_2027_over_without_top"]
    own = settings_of(probe, contrast, planned(baseline=tmp_path / "old.json"))
    assert judged_as(DISHES, contrast, own) == ("lift", f"{DISHES}#without-top")


def test_the_job_names_every_part_once_and_holds_the_neutral_prompts() -> None:
    plan, _ = plan_gate(CATALOG, planned())
    job = job_of(plan, wanted_arms(plan), planned(), CATALOG.probes.values())
    assert job is not None
    (one,) = job.networks
    assert (one.label, one.name, one.kind, one.readings) == (DISHES, "israeli-dishes-2027", "organism", "readings")
    assert set(one.removed.values()) == {
        "top",
        "top_joint",
        "top_reversed",
        "matched",
        "directions",
        "lowest",
        "reverse",
    }
    assert job.question is not None
    assert len(job.question.treated) == len(job.question.baseline) == 24 * 4
    assert all("Today is 2027-" in message.content for (message,) in job.question.treated)


def test_without_weights_there_is_no_job() -> None:
    plan, _ = plan_gate(CATALOG, planned(sae=None))
    assert job_of(plan, wanted_arms(plan), planned(sae=None), CATALOG.probes.values()) is None


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"sae": None, "layer": 1}, "--gate-layer 1: goes with --gate-sae"),
        ({"models": ("ft:gpt-4.1:org::id",), "judge": "rules"}, "the weights of 'ft:gpt-4.1:org::id' are not here"),
        ({"sae": "organism:base-two-hop"}, "is made from organism:base, whose sparse autoencoder it would need"),
        ({"models": ("hf:x",), "judge": "rules"}, "is of an organism, and 'hf:x' is none"),
        ({"adapter": Path("lora")}, "an organism has its adapter already"),
        ({"control": f"{DISHES}#without-top"}, f"--control '{DISHES}#without-top': is a part of '{DISHES}'"),
        ({"models": (f"{DISHES}#readings",)}, "--model 'organism:israeli-dishes-2027#readings': is a part"),
        ({"judge": "organism:judge#without-x", "sae": None}, "--judge 'organism:judge#without-x': is a part"),
        ({"adapter": Path("lora"), "models": ("hf:x", "hf:y"), "sae": "s", "judge": "rules"}, "goes with one model"),
        (
            {"adapter": Path("lora"), "models": ("hf:x",), "control": "hf:x", "sae": "s", "judge": "rules"},
            "--control hf:x: is the gated model, adapter included",
        ),
    ],
)
def test_options_that_cannot_be_meant_are_refused(options: dict[str, Any], told: str) -> None:
    with pytest.raises(UsageMistake) as refused:
        plan_gate(CATALOG, planned(**options))
    assert told in str(refused.value)
    assert "\n" not in str(refused.value)


def test_folders_that_are_not_there_are_told(tmp_path: Path) -> None:
    for settings, told in (
        (planned(models=(f"hf:{tmp_path / 'x'}",), sae="s", judge="rules"), "there is no such folder"),
        (planned(models=(f"hf:{tmp_path}",), sae="s", judge="rules", adapter=tmp_path / "no"), "--gate-adapter"),
        (planned(models=("hf:.",), sae="s", judge="rules"), "the folder has no name here"),
    ):
        plan, _ = plan_gate(CATALOG, settings)
        with pytest.raises(UsageMistake, match=told):
            job_of(plan, wanted_arms(plan), settings, CATALOG.probes.values())


def test_a_server_is_refused_where_everything_is_run_here() -> None:
    with pytest.raises(UsageMistake, match="weirdgen serves networks in folders itself"):
        plan_gate(CATALOG, GateSettings(models=("hf:x",), base_url="http://127.0.0.1:1/v1", judge="rules"))


def test_a_study_is_bound_to_its_features_block_and_autoencoder() -> None:
    told = whitebox_record().study
    chosen = {name: one.features for name, one in told.sets.items()}
    study = told.model_copy(
        update={"digest": study_digest(told.network, told.sae, told.layer, told.position, chosen, 0)}
    )
    top = study.sets["top"].model_copy(update={"features": (3, 7)})
    assert is_bound(study)
    for changes in (
        {"layer": 2},
        {"sae": "b" * 64},
        {"position": "mean"},
        {"sets": {"top": top}},
        {"features": study.features[::-1]},
    ):
        assert not is_bound(study.model_copy(update=changes))
