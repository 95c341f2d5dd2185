"""Sparse dictionaries in the files of SAELens and of dictionary_learning, small and random."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file

FloatArray = NDArray[np.float32]
FEATURES, WIDTH, LAYER, TOP = 12, 5, 3, 4


def numbers(*shape: int, seed: int = 0) -> FloatArray:
    """Return random numbers of a shape."""
    return np.random.default_rng([seed, *shape]).standard_normal(shape).astype(np.float32)


def lens_tensors() -> dict[str, FloatArray]:
    """Return what a SAELens file of weights holds."""
    return {
        "W_enc": numbers(WIDTH, FEATURES),
        "b_enc": numbers(FEATURES),
        "W_dec": numbers(FEATURES, WIDTH, seed=1),
        "b_dec": numbers(WIDTH),
    }


def lens_config(**changes: Any) -> dict[str, Any]:
    """Return a configuration as SAELens 6 writes it; None takes a key out."""
    config = {
        "d_in": WIDTH,
        "d_sae": FEATURES,
        "dtype": "float32",
        "device": "cpu",
        "apply_b_dec_to_input": True,
        "normalize_activations": "none",
        "reshape_activations": "none",
        "metadata": {
            "sae_lens_version": "6.1.0",
            "model_name": "llama",
            "hook_name": f"blocks.{LAYER}.hook_resid_post",
        },
        "architecture": "standard",
        **changes,
    }
    return {key: value for key, value in config.items() if value is not None}


def old_lens_config(**changes: Any) -> dict[str, Any]:
    """Return a configuration as SAELens 3 wrote it; None takes a key out."""
    config = {
        "architecture": "standard",
        "d_in": WIDTH,
        "d_sae": FEATURES,
        "dtype": "float32",
        "activation_fn_str": "relu",
        "activation_fn_kwargs": {},
        "apply_b_dec_to_input": True,
        "finetuning_scaling_factor": False,
        "hook_name": f"blocks.{LAYER}.hook_resid_post",
        "hook_layer": LAYER,
        "hook_head_index": None,
        "normalize_activations": "none",
        **changes,
    }
    return {key: value for key, value in config.items() if value is not None}


def write_lens(folder: Path, config: dict[str, Any], tensors: dict[str, FloatArray]) -> Path:
    """Write a SAELens folder."""
    folder.mkdir(parents=True)
    (folder / "cfg.json").write_text(json.dumps(config))
    save_file(
        {name: np.ascontiguousarray(tensor) for name, tensor in tensors.items()}, folder / "sae_weights.safetensors"
    )
    return folder


def trainer_config(dict_class: str, **changes: Any) -> dict[str, Any]:
    """Return a configuration as dictionary_learning writes it; a change of `io` goes to the buffer."""
    io = changes.pop("io", "out")
    trainer = {
        "dict_class": dict_class,
        "activation_dim": WIDTH,
        "dict_size": FEATURES,
        "layer": LAYER,
        "k": TOP,
        "lm_name": "llama",
        "submodule_name": f"resid_post_layer_{LAYER}",
        **changes,
    }
    return {"trainer": trainer, "buffer": {"d_submodule": WIDTH, "io": io, "ctx_len": 1024}}


def trainer_tensors(dict_class: str) -> dict[str, FloatArray]:
    """Return the state of a dictionary of dictionary_learning."""
    if dict_class == "JumpReluAutoEncoder":
        return {**lens_tensors(), "threshold": np.abs(numbers(FEATURES, seed=2))}
    state = {
        "encoder.weight": numbers(FEATURES, WIDTH),
        "encoder.bias": numbers(FEATURES),
        "decoder.weight": numbers(WIDTH, FEATURES, seed=1),
    }
    bias = {"AutoEncoder": "bias", "AutoEncoderNew": "decoder.bias"}.get(dict_class, "b_dec")
    state[bias] = numbers(WIDTH)
    if dict_class in ("AutoEncoderTopK", "BatchTopKSAE"):
        state |= {"k": np.array(TOP), "threshold": np.array(0.4, dtype=np.float32)}
    return state
