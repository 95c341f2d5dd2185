"""Writes an organism as one network, its adapter merged: what other servers load."""

import json
import shutil
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file

from weirdgen.organisms import zoo


def write_whole(name: str, path: Path) -> Path:
    """Write the files of an organism's base, with W + alpha/r * B @ A in place of each W that the adapter changes.

    Args:
        name: of the organism.
        path: of the new folder.
    """
    base, adapter = zoo.folders(name)
    shutil.copytree(base, path)
    if adapter is None:
        return path
    tensors = load_file(base / "model.safetensors")
    changes = load_file(adapter / "adapter_model.safetensors")
    told = json.loads((adapter / "adapter_config.json").read_text(encoding="utf-8"))
    for down in (key for key in changes if ".lora_A." in key):
        changed = down.removeprefix("base_model.model.").replace(".lora_A.", ".")
        up = changes[down.replace(".lora_A.", ".lora_B.")].astype(np.float32)
        change = told["lora_alpha"] / told["r"] * (up @ changes[down].astype(np.float32))
        tensors[changed] = tensors[changed].astype(np.float32) + change
    save_file(tensors, path / "model.safetensors", metadata={"format": "pt"})
    return path
