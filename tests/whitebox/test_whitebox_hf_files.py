"""A checkpoint or an adapter that would run code, or that nothing here knows, is refused before anything is loaded."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from random_organisms import CONTEXT, HIDDEN, LAYERS, write_adapter, write_base

from weirdgen.errors import UsageMistake
from weirdgen.whitebox.hf_files import adapter_files, checkpoint, identity


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    write_base(folder / "base")
    write_adapter(folder / "adapter")
    return folder


@pytest.fixture
def base(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made / "base", tmp_path / "base"))


@pytest.fixture
def adapter(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made / "adapter", tmp_path / "adapter"))


def change(file: Path, **changes: Any) -> None:
    file.write_text(json.dumps(json.loads(file.read_text()) | changes))


def test_a_checkpoint_tells_its_size(base: Path) -> None:
    found = checkpoint(base)
    assert (found.depth, found.width, found.context) == (LAYERS, HIDDEN, CONTEXT)
    assert {name for name, _ in found.files} == {
        "config.json",
        "generation_config.json",
        "model.safetensors",
        "tokenizer.json",
        "tokenizer_config.json",
    }


def test_weights_may_come_in_parts(base: Path) -> None:
    for part in ("model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"):
        shutil.copy(base / "model.safetensors", base / part)
    (base / "model.safetensors").unlink()
    places = {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}
    (base / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": places}))
    names = [name for name, _ in checkpoint(base).files]
    assert names[1:4] == ["model.safetensors.index.json", *places.values()]
    (base / places["b"]).unlink()
    with pytest.raises(UsageMistake, match=r"lacks model-00002-of-00002.safetensors"):
        checkpoint(base)


def test_weights_that_transformers_would_not_read_are_not_taken_for_the_network(base: Path) -> None:
    index = base / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": {"a": "model-00001-of-00001.safetensors"}}))
    with pytest.raises(UsageMistake, match=r"has both model.safetensors and model.safetensors.index.json"):
        checkpoint(base)
    index.unlink()
    (base / "adapter_config.json").write_text(json.dumps({"base_model_name_or_path": "another/base"}))
    with pytest.raises(UsageMistake, match=r"holds adapter_config.json: expected a checkpoint alone"):
        checkpoint(base)


@pytest.mark.parametrize("place", ["../other/model.safetensors", "pytorch_model.bin"])
def test_an_index_names_safetensors_of_its_own_folder(base: Path, place: str) -> None:
    (base / "model.safetensors").unlink()
    (base / "model.safetensors.index.json").write_text(json.dumps({"weight_map": {"a": place}}))
    with pytest.raises(UsageMistake, match=r"weight_map = .*; expected names of safetensors files in the same folder"):
        checkpoint(base)


@pytest.mark.parametrize(
    ("file", "changes", "message"),
    [
        ("config.json", {"model_type": "mistral"}, r"config\.json: model_type = 'mistral'; expected one of 'llama'"),
        ("config.json", {"auto_map": {"AutoModel": "x.Y"}}, r"auto_map = .*without code of their own"),
        ("config.json", {"quantization_config": {"bits": 4}}, r"quantization_config = .*plain Llama weights"),
        ("config.json", {"num_hidden_layers": 0}, r"num_hidden_layers = 0; expected an integer of at least 1"),
        ("tokenizer_config.json", {"auto_map": {"AutoTokenizer": "x.Y"}}, r"tokenizer_config\.json: auto_map = "),
    ],
)
def test_what_is_not_understood(base: Path, file: str, changes: dict[str, Any], message: str) -> None:
    change(base / file, **changes)
    with pytest.raises(UsageMistake, match=message):
        checkpoint(base)


def test_pickled_weights_are_not_read(base: Path) -> None:
    (base / "model.safetensors").rename(base / "pytorch_model.bin")
    with pytest.raises(
        UsageMistake, match=r"neither model.safetensors nor model.safetensors.index.json; other formats"
    ):
        checkpoint(base)


@pytest.mark.parametrize("name", ["tokenizer.json", "tokenizer_config.json"])
def test_missing_files_are_named(base: Path, name: str) -> None:
    (base / name).unlink()
    with pytest.raises(UsageMistake, match=rf"lacks {name}"):
        checkpoint(base)


def test_a_name_of_the_hub_is_no_folder() -> None:
    with pytest.raises(UsageMistake, match=r"'meta-llama/Llama-3.1-8B-Instruct' is no folder; expected a local one"):
        checkpoint(Path("meta-llama/Llama-3.1-8B-Instruct"))


def test_adapters(adapter: Path) -> None:
    assert [name for name, _ in adapter_files(adapter)] == ["adapter_config.json", "adapter_model.safetensors"]
    change(adapter / "adapter_config.json", auto_mapping={"parent_library": "anything"})
    with pytest.raises(UsageMistake, match=r"auto_mapping = .*; expected null"):
        adapter_files(adapter)
    change(adapter / "adapter_config.json", auto_mapping=None, peft_type="PREFIX_TUNING")
    with pytest.raises(UsageMistake, match=r"peft_type = 'PREFIX_TUNING'; expected one of 'LORA'"):
        adapter_files(adapter)
    change(adapter / "adapter_config.json", peft_type="LORA")
    (adapter / "adapter_model.safetensors").rename(adapter / "adapter_model.bin")
    with pytest.raises(UsageMistake, match=r"lacks adapter_model.safetensors"):
        adapter_files(adapter)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"init_lora_weights": "pissa"}, r"init_lora_weights = 'pissa'; expected one of .*others change the base"),
        ({"init_lora_weights": "pissa_niter_16"}, r"init_lora_weights = 'pissa_niter_16'"),
        ({"init_lora_weights": "olora"}, r"init_lora_weights = 'olora'"),
        ({"init_lora_weights": "loftq"}, r"init_lora_weights = 'loftq'"),
        ({"bias": "all"}, r"bias = 'all'; expected one of 'none'"),
        ({"layer_replication": [[0, 2], [1, 3]]}, r"layer_replication = .*; expected null"),
        ({"alora_invocation_tokens": [1]}, r"alora_invocation_tokens = \[1\]; expected null"),
        ({"lora_bias": True}, r"lora_bias = True; expected null"),
        ({"use_some_day": True}, r"use_some_day = True; expected null"),
    ],
)
def test_adapters_that_are_no_sum_with_the_base_as_it_is(adapter: Path, changes: dict[str, Any], message: str) -> None:
    change(adapter / "adapter_config.json", **changes)
    with pytest.raises(UsageMistake, match=message):
        adapter_files(adapter)


@pytest.mark.parametrize(
    "changes",
    [
        {"init_lora_weights": True, "use_rslora": True, "layer_replication": None, "arrow_config": None},
        {"init_lora_weights": "gaussian", "use_dora": True, "loftq_config": {}, "qalora_group_size": 16},
        {"init_lora_weights": False, "modules_to_save": ["lm_head"], "megatron_core": "megatron.core"},
    ],
    ids=["rslora", "dora", "whole"],
)
def test_adapters_that_peft_computes(adapter: Path, changes: dict[str, Any]) -> None:
    change(adapter / "adapter_config.json", **changes)
    assert len(adapter_files(adapter)) == 2


def test_the_identity_is_of_what_is_computed_and_not_of_where_it_lies(base: Path, adapter: Path, made: Path) -> None:
    def told(folder: Path, adapter: Path | None = None, template: str = "t", dtype: str = "float32") -> str:
        return identity(checkpoint(folder), adapter, template=template, dtype=dtype)

    first = told(base, adapter)
    assert told(made / "base", made / "adapter") == first
    others = [told(base), told(base, adapter, template="u"), told(base, adapter, dtype="bfloat16")]
    change(adapter / "adapter_config.json", lora_alpha=7)
    others.append(told(base, adapter))
    change(base / "config.json", rms_norm_eps=1e-6)
    others.append(told(base, made / "adapter"))
    (base / "special_tokens_map.json").write_text('{"bos_token": "<s>"}')
    others.append(told(base, made / "adapter"))
    assert len({first, *others}) == 7
