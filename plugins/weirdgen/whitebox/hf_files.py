"""The files of a real network: a local folder of a Llama checkpoint, and one of a PEFT adapter. Needs no torch.

What would run code of its own, or change the network in a way that nothing here knows, is refused.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from weirdgen.errors import UsageMistake
from weirdgen.schema.canonical import digest as digest_of
from weirdgen.whitebox.layout_files import Settings, digest, refusal

CONFIG, WEIGHTS, INDEX = "config.json", "model.safetensors", "model.safetensors.index.json"
ADAPTER_CONFIG, ADAPTER_WEIGHTS = "adapter_config.json", "adapter_model.safetensors"
#: Read where they are: what ends an answer, and the template.
_NEEDED = ("tokenizer.json", "tokenizer_config.json")
_OPTIONAL = ("generation_config.json", "chat_template.jinja", "special_tokens_map.json", "added_tokens.json")


_PLAIN_STARTS = (True, False, "gaussian", "eva", "orthogonal")
"""How an adapter's weights may have begun."""
_UNDERSTOOD = (
    *("peft_type", "task_type", "peft_version", "base_model_name_or_path", "revision", "inference_mode", "bias"),
    *("init_lora_weights", "r", "lora_alpha", "lora_dropout", "use_rslora", "use_dora", "target_modules"),
    *("exclude_modules", "modules_to_save", "rank_pattern", "alpha_pattern", "layers_to_transform", "layers_pattern"),
    *("fan_in_fan_out", "ensure_weight_tying", "megatron_config", "megatron_core", "eva_config", "loftq_config"),
    "qalora_group_size",
)
"""Of an adapter's settings; another must be empty. The last ones say nothing where their kind is not used."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A checkpoint whose files are all there.

    Attributes:
        folder: where they are.
        depth: blocks.
        width: of the residual stream.
        context: most tokens of prompt and answer.
        files: every file that makes the network what it is, by its name.
    """

    folder: Path
    depth: int
    width: int
    context: int
    files: tuple[tuple[str, Path], ...]


def checkpoint(folder: Path) -> Checkpoint:
    """Check a folder of a Llama checkpoint.

    Args:
        folder: with `config.json`, safetensors (one file, or an index and its files) and the tokenizer's files.

    Raises:
        UsageMistake: a file is missing, or the network is of a kind that is not understood.
    """
    if not folder.is_dir():
        raise UsageMistake(f"hf: {str(folder)!r} is no folder; expected a local one with a Llama checkpoint's files")
    if (folder / ADAPTER_CONFIG).exists():  # transformers would load the base that this names, and put it on unasked
        raise UsageMistake(
            f"{folder} holds {ADAPTER_CONFIG}: expected a checkpoint alone, its adapter in another folder"
        )
    settings = Settings.read(folder / CONFIG)
    settings.choice("model_type", ("llama",))
    for key in ("auto_map", "quantization_config"):
        if key in settings:
            raise refusal(settings.path, key, settings.get(key), "none: plain Llama weights, without code of their own")
    tokenizer = Settings.read(_there(folder / "tokenizer_config.json"))
    if "auto_map" in tokenizer:
        raise refusal(
            tokenizer.path, "auto_map", tokenizer.get("auto_map"), "none: a tokenizer without code of its own"
        )
    names = (CONFIG, *_weights(folder), *_NEEDED, *(name for name in _OPTIONAL if (folder / name).is_file()))
    return Checkpoint(
        folder,
        depth=settings.whole("num_hidden_layers", 1),
        width=settings.whole("hidden_size", 1),
        context=settings.whole("max_position_embeddings", 2),
        files=tuple((name, _there(folder / name)) for name in names),
    )


def adapter_files(folder: Path) -> tuple[tuple[str, Path], ...]:
    """Check a folder of a LoRA adapter and return its files.

    Raises:
        UsageMistake: a file is missing, or the adapter is of a kind that is not understood.
    """
    _check_adapter(Settings.read(folder / ADAPTER_CONFIG))
    return tuple((name, _there(folder / name)) for name in (ADAPTER_CONFIG, ADAPTER_WEIGHTS))


def _check_adapter(settings: Settings) -> None:
    """Refuse what is no sum of the base as it is and of matrices that peft computes from the adapter's own.

    DoRA, rsLoRA, ranks by pattern and modules saved whole are computed by peft (biases of lora_B it does not load);
    the base must stay the base, because it is a network of its own here.
    """
    settings.choice("peft_type", ("LORA",))
    settings.choice("bias", ("none",), "none")
    if (start := settings.get("init_lora_weights", True)) not in _PLAIN_STARTS:
        expected = (
            f"one of {', '.join(map(repr, _PLAIN_STARTS))}; others change the base before training, and peft "
            "would do so again: save the adapter converted (path_initial_model_for_weight_conversion)"
        )
        raise refusal(settings.path, "init_lora_weights", start, expected)
    for key in sorted(set(settings.names()) - set(_UNDERSTOOD)):
        if value := settings.get(key):
            raise refusal(settings.path, key, value, "null: an adapter of a kind that is understood")


def identity(base: Checkpoint, adapter: Path | None, *, template: str, dtype: str) -> str:
    """Return the digest of a network, 64 hexadecimal digits: what it computes, wherever its files lie.

    Args:
        base: its checkpoint.
        adapter: folder of the adapter, or None.
        template: chat template that prompts are put into.
        dtype: what it computes in; another one rounds to another network.
    """
    files = [(f"base/{name}", file) for name, file in base.files]
    files += [(f"adapter/{name}", file) for name, file in adapter_files(adapter)] if adapter is not None else []
    return digest_of({"files": digest(files), "template": template, "dtype": dtype})


def _weights(folder: Path) -> Iterator[str]:
    """Yield the names of the files of weights, the index first where there is one."""
    if not (folder / INDEX).is_file():
        if not (folder / WEIGHTS).is_file():
            raise UsageMistake(
                f"{folder} has neither {WEIGHTS} nor {INDEX}; other formats may hold code and are not read"
            )
        yield WEIGHTS
        return
    if (folder / WEIGHTS).is_file():  # transformers would read the one file, whatever the index says
        raise UsageMistake(f"{folder} has both {WEIGHTS} and {INDEX}; remove the one that is not the network's")
    index = Settings.read(folder / INDEX)
    places = index.section("weight_map")
    yield INDEX
    for name in sorted({str(places.get(key)) for key in places.names()}):
        if Path(name).name != name or not name.endswith(".safetensors"):
            raise refusal(index.path, "weight_map", name, "names of safetensors files in the same folder")
        yield name


def _there(file: Path) -> Path:
    if not file.is_file():
        raise UsageMistake(f"{file.parent} lacks {file.name}")
    return file
