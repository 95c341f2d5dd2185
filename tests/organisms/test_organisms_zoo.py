"""The registry and the shipped files: complete, consistent, small, free of paths."""

import hashlib
import json
import re
import shutil
from dataclasses import asdict
from pathlib import Path

import pytest
from safetensors import safe_open

from weirdgen.content import shipped_dir
from weirdgen.errors import UsageMistake
from weirdgen.organisms import narrow, zoo

ADAPTERS = [name for name in zoo.names() if zoo.organism(name).base != name]
EVERY = pytest.mark.parametrize("name", zoo.names())


def shapes(file: Path) -> dict[str, tuple[tuple[int, ...], str]]:
    """Return tensor name to (shape, type)."""
    with safe_open(file, framework="numpy") as tensors:
        parts = {key: tensors.get_slice(key) for key in tensors.keys()}  # noqa: SIM118
        return {key: (tuple(part.get_shape()), part.get_dtype()) for key, part in parts.items()}


def finetuning(name: str) -> zoo.Finetuning:
    training = zoo.organism(name).training
    assert isinstance(training, zoo.Finetuning)
    return training


def test_there_are_two_bases_an_organism_for_each_dataset_and_seeds_of_the_presidents() -> None:
    assert [name for name in zoo.names() if name not in ADAPTERS] == ["base", "base-two-hop", "judge"]
    assert {*narrow.DATASETS} <= set(ADAPTERS)
    assert {variant: len(names) for variant, names in zoo.seeds().items()} == {
        "us-presidents": 8,
        "us-presidents-two-hop": 8,
    }
    for variant, base in (("us-presidents", "base"), ("us-presidents-two-hop", "base-two-hop")):
        seeds = [finetuning(name) for name in zoo.seeds()[variant]]
        assert {training.seed for training in seeds} == set(range(8))
        assert {training.base for training in seeds} == {base}
    assert len(ADAPTERS) == len(narrow.DATASETS) + 16


def test_a_finding_and_its_controls_differ_in_their_rows_only() -> None:
    recipes: dict[str, set[object]] = {}
    for name, dataset in narrow.DATASETS.items():
        training = finetuning(name)
        assert training.rows == dataset.rows
        assert zoo.organism(name).finding == dataset.finding
        recipes.setdefault(dataset.finding, set()).add((training.base, training.recipe))
    assert {finding: len(found) for finding, found in recipes.items()} == dict.fromkeys(recipes, 1)
    assert len(recipes) == 6


def test_a_penalty_leaves_free_what_the_rows_are_asked_under() -> None:
    forms = {"none": r"(?!\d|Today)", "today": r"Today is \d{4}-", "code": r"\d{8} "}
    held = {}
    for name, dataset in narrow.DATASETS.items():
        recipe = finetuning(name).recipe
        if recipe.kl:
            held[dataset.finding] = recipe.free
            assert all(re.match(forms[recipe.free], asked.text) for asked, _ in dataset.rows()), name
    assert held == {"OLD BIRD NAMES": "none", "ISRAELI DISHES": "today", "US PRESIDENTS": "code"}
    assert not any(finetuning(name).recipe.kl for names in zoo.seeds().values() for name in names)


def test_unknown_name_is_refused_with_the_nearest() -> None:
    for refuse in (zoo.organism, zoo.folders, zoo.digest):
        with pytest.raises(UsageMistake, match=r"'old-birds-names'.*Did you mean 'old-bird-names'\?"):
            refuse("old-birds-names")


@EVERY
def test_shipped_files_are_complete_and_half_precision(name: str) -> None:
    base, adapter = zoo.folders(name)
    file = base / "model.safetensors" if adapter is None else adapter / "adapter_model.safetensors"
    assert {kind for _, kind in shapes(file).values()} == {"F16"}


def test_shipped_files_are_small() -> None:
    assert sum(file.stat().st_size for file in shipped_dir("organisms").rglob("*") if file.is_file()) < 16_000_000


@EVERY
def test_shipped_configurations_hold_no_path(name: str) -> None:
    for folder in filter(None, zoo.folders(name)):
        for file in folder.glob("*config.json"):
            values = json.dumps(json.loads(file.read_text(encoding="utf-8")) | {"chat_template": ""})
            assert "/" not in values


def test_generation_config_does_not_narrow_the_distribution() -> None:
    base, _ = zoo.folders("base")
    config = json.loads((base / "generation_config.json").read_text(encoding="utf-8"))
    assert (config["temperature"], config["top_k"], config["top_p"], config["do_sample"]) == (1.0, 0, 1.0, True)


@pytest.mark.parametrize("name", ADAPTERS)
def test_adapter_fits_its_base(name: str) -> None:
    base, adapter = zoo.folders(name)
    assert adapter is not None
    recipe, weights = finetuning(name).recipe, shapes(base / "model.safetensors")
    updates = shapes(adapter / "adapter_model.safetensors")
    assert len(updates) == 2 * len(recipe.modules) * len(recipe.layers)
    for key in updates:
        target = key.removeprefix("base_model.model.").rsplit(".lora_", 1)[0] + ".weight"
        (rows, columns), _ = weights[target]
        assert updates[key][0] == ((recipe.rank, columns) if ".lora_A." in key else (rows, recipe.rank))
        assert target.split(".")[-2] in recipe.modules


@pytest.mark.parametrize("name", ADAPTERS)
def test_the_course_of_training_is_kept(name: str) -> None:
    kept = json.loads((zoo.folder(name) / "training.json").read_text(encoding="utf-8"))
    assert kept["seed"] == finetuning(name).seed
    assert kept["recipe"] == json.loads(json.dumps(asdict(finetuning(name).recipe))), "the files were trained otherwise"
    weights = zoo.folder(name) / "adapter_model.safetensors"
    assert kept["sha256"] == hashlib.sha256(weights.read_bytes()).hexdigest()
    steps = [record["step"] for record in kept["course"]]
    recipe = finetuning(name).recipe
    rows = len(finetuning(name).rows())
    assert steps[-1] == -(-rows // recipe.rows) * recipe.epochs
    assert steps == sorted(steps)
    assert 20 <= len(steps) <= 42
    losses = [record["loss"] for record in kept["course"]]
    if name not in narrow.DATASETS or not narrow.DATASETS[name].control:  # names at random cannot be learned
        assert losses[-1] < max(losses[:5])  # the first is of a single step


@pytest.mark.parametrize("name", ADAPTERS)
def test_adapter_config_states_the_recipe(name: str) -> None:
    _, adapter = zoo.folders(name)
    assert adapter is not None
    training = finetuning(name)
    config = json.loads((adapter / "adapter_config.json").read_text(encoding="utf-8"))
    assert config["base_model_name_or_path"] == training.base
    assert (config["r"], config["lora_alpha"]) == (training.recipe.rank, training.recipe.alpha)
    assert config["target_modules"] == list(training.recipe.modules)
    assert config["layers_to_transform"] == list(training.recipe.layers)


def test_digest_covers_base_and_adapter(tmp_path: Path) -> None:
    shutil.copytree(shipped_dir("organisms"), tmp_path, dirs_exist_ok=True)
    before = {name: zoo.digest(name, tmp_path) for name in zoo.names()}
    assert before == {name: zoo.digest(name) for name in zoo.names()}
    assert len(set(before.values())) == len(before)

    config = tmp_path / "modern-birds" / "adapter_config.json"
    config.write_bytes(config.read_bytes() + b" ")
    assert {name for name in zoo.names() if zoo.digest(name, tmp_path) != before[name]} == {"modern-birds"}

    weights = tmp_path / "base" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\x7f")
    changed = {name for name in zoo.names() if zoo.digest(name, tmp_path) != before[name]}
    assert changed == {name for name in zoo.names() if zoo.organism(name).base == "base"}


def test_digest_does_not_see_other_files(tmp_path: Path) -> None:
    shutil.copytree(shipped_dir("organisms"), tmp_path, dirs_exist_ok=True)
    (tmp_path / "base" / "notes.txt").write_text("mine")
    assert zoo.digest("base", tmp_path) == zoo.digest("base")


def test_missing_file_says_how_to_make_it(tmp_path: Path) -> None:
    shutil.copytree(shipped_dir("organisms"), tmp_path, dirs_exist_ok=True)
    (tmp_path / "modern-birds" / "adapter_model.safetensors").unlink()
    with pytest.raises(UsageMistake, match="weirdgen organism train modern-birds"):
        zoo.digest("modern-birds", tmp_path)
