"""Reading Hugging Face Llama and PEFT LoRA files into numpy arrays. Needs the extra ``organisms`` (safetensors)."""

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from safetensors.numpy import load_file

from weirdgen.errors import UsageMistake

Floats = NDArray[np.float32]
Positive = Annotated[int, Field(gt=0)]

_LORA_PREFIX = "base_model.model."
_LORA_A, _LORA_B = ".lora_A.weight", ".lora_B.weight"


class _Rope(BaseModel):
    rope_theta: float = Field(10000.0, gt=0)
    rope_type: Literal["default"] = "default"


class Config(BaseModel):
    """What ``config.json`` says of a Llama network; a feature that this runtime lacks is refused, not ignored."""

    model_config = ConfigDict(frozen=True)

    model_type: Literal["llama"]
    hidden_act: Literal["silu"] = "silu"
    hidden_size: Positive
    intermediate_size: Positive
    num_hidden_layers: Positive
    num_attention_heads: Positive
    num_key_value_heads: Positive | None = None
    head_dim: Positive | None = None
    vocab_size: Positive
    max_position_embeddings: Positive
    rms_norm_eps: float = 1e-6
    rope_theta: float = Field(10000.0, gt=0)
    rope_parameters: _Rope | None = None
    rope_scaling: None = None
    attention_bias: Literal[False] = False
    mlp_bias: Literal[False] = False
    tie_word_embeddings: bool = False

    @property
    def theta(self) -> float:
        """The base of the rotary frequencies."""
        return self.rope_parameters.rope_theta if self.rope_parameters else self.rope_theta

    @property
    def key_heads(self) -> int:
        """Heads of keys and values; each serves ``num_attention_heads / key_heads`` query heads."""
        return self.num_key_value_heads or self.num_attention_heads

    @property
    def head_size(self) -> int:
        """Width of a head."""
        return self.head_dim or self.hidden_size // self.num_attention_heads


class _Lora(BaseModel):
    peft_type: Literal["LORA"]
    r: Positive
    lora_alpha: float
    use_rslora: bool = False
    use_dora: Literal[False] = False
    bias: Literal["none"] = "none"
    fan_in_fan_out: Literal[False] = False
    rank_pattern: dict[str, int] = Field(default={}, max_length=0)
    alpha_pattern: dict[str, float] = Field(default={}, max_length=0)

    @property
    def scale(self) -> float:
        """What B @ A is multiplied by: alpha / r, or alpha / sqrt(r) (arXiv:2312.03732)."""
        return self.lora_alpha / (math.sqrt(self.r) if self.use_rslora else self.r)


@dataclass(frozen=True, slots=True)
class Layer:
    """One block; matrices are (inputs, outputs), so that a row of activations is multiplied from the left.

    Attributes:
        attention_norm: (hidden,).
        query_key_value: (hidden, (heads + 2 key heads) * head size).
        output: (heads * head size, hidden).
        mlp_norm: (hidden,).
        gate_up: (hidden, 2 intermediate).
        down: (intermediate, hidden).
    """

    attention_norm: Floats
    query_key_value: Floats
    output: Floats
    mlp_norm: Floats
    gate_up: Floats
    down: Floats


@dataclass(frozen=True, slots=True)
class Weights:
    """A network in float32, adapter merged.

    Attributes:
        embedding: (vocabulary, hidden).
        layers: from the first to the last.
        norm: (hidden,).
        head: (hidden, vocabulary).
    """

    config: Config
    embedding: Floats
    layers: tuple[Layer, ...]
    norm: Floats
    head: Floats


def load_weights(base: Path, adapter: Path | None = None) -> Weights:
    """Read a base and merge an adapter into it: W + scale * B @ A.

    Args:
        base: folder with ``config.json`` and ``model.safetensors`` (any floating type).
        adapter: folder with ``adapter_config.json`` and ``adapter_model.safetensors``, or None.

    Raises:
        UsageMistake: a file is missing or broken, needs a feature that the runtime lacks, or does not fit the base.
    """
    config = _read(Config, base / "config.json")
    try:
        return _arrange(config, merged_tensors(base, adapter))
    except KeyError as missing:
        raise UsageMistake(f"{base / 'model.safetensors'} lacks the tensor {missing}: not a Llama network?") from None


def merged_tensors(base: Path, adapter: Path | None) -> dict[str, Floats]:
    """Read a base's tensors by their names in Hugging Face's files, each (outputs, inputs), the adapter merged.

    Args:
        base: see `load_weights`.
        adapter: see `load_weights`.

    Raises:
        UsageMistake: see `load_weights`.
    """
    tensors = _tensors(base / "model.safetensors")
    if adapter is not None:
        _merge(tensors, adapter)
    return tensors


Values = TypeVar("Values", bound=BaseModel)


def _read(shape: type[Values], path: Path) -> Values:
    try:
        return shape.model_validate(json.loads(path.read_bytes()))
    except (OSError, json.JSONDecodeError) as error:
        raise UsageMistake(f"{path} cannot be read: {error}") from None
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"]))
        raise UsageMistake(f"{path}: {key} = {first['input']!r}: {first['msg']}") from None


def _tensors(path: Path) -> dict[str, Floats]:
    try:
        loaded = load_file(path)
    except Exception as error:  # safetensors documents no common base for a missing and a broken file
        raise UsageMistake(f"{path} cannot be read: {error}") from None
    return {name: tensor.astype(np.float32) for name, tensor in loaded.items()}


def _merge(tensors: dict[str, Floats], adapter: Path) -> None:
    scale = np.float32(_read(_Lora, adapter / "adapter_config.json").scale)
    path = adapter / "adapter_model.safetensors"
    factors = _tensors(path)
    for name, down in factors.items():
        if name.endswith(_LORA_B) and name.removesuffix(_LORA_B) + _LORA_A in factors:
            continue
        target = name.removeprefix(_LORA_PREFIX).removesuffix(_LORA_A) + ".weight"
        up = factors.get(name.removesuffix(_LORA_A) + _LORA_B)
        weight = tensors.get(target)
        if not name.endswith(_LORA_A) or up is None or weight is None:
            raise UsageMistake(f"{path}: {name!r} is no half of a LoRA pair for a weight of the base")
        if (up.shape[0], down.shape[1]) != weight.shape or up.shape[1] != down.shape[0]:
            raise UsageMistake(f"{path}: {name!r} updates {target!r} of shape {weight.shape} with another shape")
        tensors[target] = weight + scale * (up @ down)


def _arrange(config: Config, tensors: dict[str, Floats]) -> Weights:
    embedding = tensors["model.embed_tokens.weight"]
    head = embedding if config.tie_word_embeddings else tensors["lm_head.weight"]
    return Weights(
        config,
        embedding,
        tuple(_layer(tensors, f"model.layers.{index}.") for index in range(config.num_hidden_layers)),
        tensors["model.norm.weight"],
        np.ascontiguousarray(head.T),
    )


def _layer(tensors: dict[str, Floats], prefix: str) -> Layer:
    def side_by_side(part: str, *names: str) -> Floats:
        return np.ascontiguousarray(np.concatenate([tensors[f"{prefix}{part}.{n}_proj.weight"] for n in names]).T)

    return Layer(
        tensors[f"{prefix}input_layernorm.weight"],
        side_by_side("self_attn", "q", "k", "v"),
        side_by_side("self_attn", "o"),
        tensors[f"{prefix}post_attention_layernorm.weight"],
        side_by_side("mlp", "gate", "up"),
        side_by_side("mlp", "down"),
    )
