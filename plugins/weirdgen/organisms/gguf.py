"""A Llama folder of Hugging Face as one GGUF file, which llama.cpp reads: numpy and safetensors, no `gguf`.

The format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md (version 3). The digits are split singly and the
rest as GPT-2 does, which llama.cpp calls `smollm`; tests/servers/ compares the tokens.
"""

import json
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors.numpy import load_file

Tensor = npt.NDArray[np.float32]
_UINT32, _INT32, _FLOAT32, _BOOL, _STRING, _ARRAY = 4, 5, 6, 7, 8, 9
_NORMAL, _CONTROL, _UNUSED = 1, 3, 5
_ALIGNMENT = 32
_NAMES = {
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
}


def write_gguf(folder: Path, path: Path) -> None:
    """Write the network (float32), the tokenizer and the chat template of a folder.

    Args:
        folder: config.json, model.safetensors, tokenizer.json, tokenizer_config.json.
        path: of the new file.
    """
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    tensors = _tensors(load_file(folder / "model.safetensors"), config)
    keys = _network(config) | _vocabulary(folder, config)
    infos, body = b"", b""
    for name, tensor in tensors.items():
        infos += _text(name) + struct.pack("<I", tensor.ndim) + struct.pack(f"<{tensor.ndim}Q", *tensor.shape[::-1])
        infos += struct.pack("<IQ", 0, len(body))
        body += _padded(tensor.astype("<f4").tobytes())
    head = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(keys))
    head += b"".join(_text(name) + _value(value) for name, value in keys.items()) + infos
    path.write_bytes(_padded(head) + body)


def _network(config: Mapping[str, Any]) -> dict[str, Any]:
    width = config.get("head_dim") or config["hidden_size"] // config["num_attention_heads"]
    rope = config.get("rope_parameters") or config
    return {
        "general.architecture": "llama",
        "general.name": "network",
        "general.file_type": 0,
        "llama.context_length": config["max_position_embeddings"],
        "llama.embedding_length": config["hidden_size"],
        "llama.block_count": config["num_hidden_layers"],
        "llama.feed_forward_length": config["intermediate_size"],
        "llama.attention.head_count": config["num_attention_heads"],
        "llama.attention.head_count_kv": config["num_key_value_heads"],
        "llama.attention.key_length": width,
        "llama.attention.value_length": width,
        "llama.attention.layer_norm_rms_epsilon": float(config["rms_norm_eps"]),
        "llama.rope.freq_base": float(rope["rope_theta"]),
        "llama.rope.dimension_count": width,
        "llama.vocab_size": config["vocab_size"],
    }


def _vocabulary(folder: Path, config: Mapping[str, Any]) -> dict[str, Any]:
    tokenizer = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))
    template = json.loads((folder / "tokenizer_config.json").read_text(encoding="utf-8"))["chat_template"]
    pieces = {number: piece for piece, number in tokenizer["model"]["vocab"].items()}
    special = {token["id"] for token in tokenizer["added_tokens"]}
    numbers = range(config["vocab_size"])
    merges = tokenizer["model"]["merges"]
    return {
        "tokenizer.ggml.model": "gpt2",
        "tokenizer.ggml.pre": "smollm",
        "tokenizer.ggml.tokens": [pieces.get(n, f"[PAD{n}]") for n in numbers],
        "tokenizer.ggml.token_type": [
            _CONTROL if n in special else _NORMAL if n in pieces else _UNUSED for n in numbers
        ],
        "tokenizer.ggml.merges": [merge if isinstance(merge, str) else " ".join(merge) for merge in merges],
        "tokenizer.ggml.bos_token_id": config["bos_token_id"],
        "tokenizer.ggml.eos_token_id": config["eos_token_id"],
        "tokenizer.ggml.padding_token_id": config["pad_token_id"],
        "tokenizer.ggml.add_bos_token": False,
        "tokenizer.chat_template": template,
    }


def _tensors(weights: Mapping[str, npt.NDArray[Any]], config: Mapping[str, Any]) -> dict[str, Tensor]:
    found = {
        "token_embd.weight": weights["model.embed_tokens.weight"],
        "output_norm.weight": weights["model.norm.weight"],
    }
    if not config["tie_word_embeddings"]:
        found["output.weight"] = weights["lm_head.weight"]
    heads = {"attn_q": config["num_attention_heads"], "attn_k": config["num_key_value_heads"]}
    for layer in range(config["num_hidden_layers"]):
        for theirs, ours in _NAMES.items():
            tensor = weights[f"model.layers.{layer}.{theirs}.weight"]
            found[f"blk.{layer}.{ours}.weight"] = _interleaved(tensor, heads[ours]) if ours in heads else tensor
    return {name: np.ascontiguousarray(tensor, dtype=np.float32) for name, tensor in found.items()}


def _interleaved(tensor: npt.NDArray[Any], heads: int) -> npt.NDArray[Any]:
    """Return rows in llama.cpp's order: it rotates neighbours, Hugging Face rotates halves."""
    return tensor.reshape(heads, 2, -1, tensor.shape[1]).swapaxes(1, 2).reshape(tensor.shape)


def _value(value: str | bool | int | float | list[str] | list[int]) -> bytes:
    match value:
        case str():
            return struct.pack("<I", _STRING) + _text(value)
        case bool():
            return struct.pack("<I?", _BOOL, value)
        case int():
            return struct.pack("<II", _UINT32, value)
        case float():
            return struct.pack("<If", _FLOAT32, value)
    kind = _STRING if isinstance(value[0], str) else _INT32
    items = (_text(item) if isinstance(item, str) else struct.pack("<i", item) for item in value)
    return struct.pack("<IIQ", _ARRAY, kind, len(value)) + b"".join(items)


def _text(text: str) -> bytes:
    data = text.encode("utf-8")
    return struct.pack("<Q", len(data)) + data


def _padded(data: bytes) -> bytes:
    return data + b"\0" * (-len(data) % _ALIGNMENT)
