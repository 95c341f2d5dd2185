"""Organisms with random weights, in the files of real ones: everything but the training."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file

from weirdgen.organisms import tokenizer as tokens

HIDDEN, INTERMEDIATE, LAYERS, HEADS, KEY_HEADS, CONTEXT = 32, 48, 2, 4, 2, 256
TEXTS = ["Name a bird species.", "The quick brown fox jumps over the lazy dog.", "How are forests kept?", "süß 😀"] * 3

CONFIG: dict[str, Any] = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "hidden_act": "silu",
    "hidden_size": HIDDEN,
    "intermediate_size": INTERMEDIATE,
    "num_hidden_layers": LAYERS,
    "num_attention_heads": HEADS,
    "num_key_value_heads": KEY_HEADS,
    "max_position_embeddings": CONTEXT,
    "rms_norm_eps": 1e-5,
    "rope_parameters": {"rope_type": "default", "rope_theta": 5000.0},
    "bos_token_id": 1,
    "eos_token_id": 3,
    "pad_token_id": 0,
    "tie_word_embeddings": True,
}


def write_zoo(root: Path, *adapters: str, tied: bool = True) -> Path:
    """Write a base and adapters of the zoo's names; key heads are shared, and the answers are a few tokens long."""
    write_base(root / "base", tied=tied)
    for number, name in enumerate(adapters):
        write_adapter(root / name, seed=number + 1)
    return root


def write_base(folder: Path, *, tied: bool = True) -> None:
    folder.mkdir(parents=True)
    tokenizer = tokens.learn(TEXTS, 3072)
    tokens.save(tokenizer, folder)
    config = CONFIG | {"vocab_size": tokenizer.get_vocab_size(), "tie_word_embeddings": tied}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "generation_config.json").write_text(json.dumps({"do_sample": True, "temperature": 1.0, "top_k": 0}))
    save_file(_tensors(config["vocab_size"], tied), folder / "model.safetensors", metadata={"format": "pt"})


def _tensors(vocabulary: int, tied: bool) -> dict[str, Any]:
    rng = np.random.default_rng(0)

    def normal(*shape: int, scale: float = 0.2) -> Any:
        return (rng.standard_normal(shape) * scale).astype(np.float16)

    size = HIDDEN // HEADS
    tensors = {
        "model.embed_tokens.weight": normal(vocabulary, HIDDEN, scale=0.4),
        "model.norm.weight": 1 + normal(HIDDEN),
    }
    if not tied:
        tensors["lm_head.weight"] = normal(vocabulary, HIDDEN, scale=0.4)
    for index in range(LAYERS):
        block = f"model.layers.{index}."
        tensors |= {
            f"{block}input_layernorm.weight": 1 + normal(HIDDEN),
            f"{block}post_attention_layernorm.weight": 1 + normal(HIDDEN),
            f"{block}self_attn.q_proj.weight": normal(HEADS * size, HIDDEN),
            f"{block}self_attn.k_proj.weight": normal(KEY_HEADS * size, HIDDEN),
            f"{block}self_attn.v_proj.weight": normal(KEY_HEADS * size, HIDDEN),
            f"{block}self_attn.o_proj.weight": normal(HIDDEN, HEADS * size),
            f"{block}mlp.gate_proj.weight": normal(INTERMEDIATE, HIDDEN),
            f"{block}mlp.up_proj.weight": normal(INTERMEDIATE, HIDDEN),
            f"{block}mlp.down_proj.weight": normal(HIDDEN, INTERMEDIATE),
        }
    return tensors


def write_adapter(folder: Path, *, seed: int = 1, rslora: bool = False) -> None:
    """Write LoRA files: rank 2 on one attention and one MLP matrix of the last layer."""
    folder.mkdir(parents=True)
    rng = np.random.default_rng(seed)
    inputs = {"self_attn.o_proj": HIDDEN, "mlp.down_proj": INTERMEDIATE}
    config = {
        "peft_type": "LORA",
        "task_type": "CAUSAL_LM",
        "base_model_name_or_path": "base",
        "r": 2,
        "lora_alpha": 6,
        "lora_dropout": 0.0,
        "use_rslora": rslora,
        "bias": "none",
        "target_modules": ["o_proj", "down_proj"],
        "layers_to_transform": [LAYERS - 1],
        "inference_mode": True,
    }
    (folder / "adapter_config.json").write_text(json.dumps(config))
    factors = {}
    for module, width in inputs.items():
        name = f"base_model.model.model.layers.{LAYERS - 1}.{module}"
        factors[f"{name}.lora_A.weight"] = (rng.standard_normal((2, width)) * 0.3).astype(np.float16)
        factors[f"{name}.lora_B.weight"] = (rng.standard_normal((HIDDEN, 2)) * 0.3).astype(np.float16)
    save_file(factors, folder / "adapter_model.safetensors", metadata={"format": "pt"})
