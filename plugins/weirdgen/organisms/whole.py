"""An organism as one network, its adapter merged, in the files that other servers load."""

import json
import shutil
import tempfile
from pathlib import Path

from safetensors.numpy import save_file

from weirdgen.errors import UsageMistake
from weirdgen.organisms import zoo
from weirdgen.organisms.gguf import write_gguf
from weirdgen.organisms.weights import merged_tensors

_COPIED = ("generation_config.json", "tokenizer.json", "tokenizer_config.json")


def export_folder(name: str, folder: Path) -> None:
    """Write a folder of Hugging Face: the base's files with W + scale * B @ A in place of what the adapter changes.

    All weights are float32, because that is what the organisms' own server computes in.

    Args:
        name: of the organism.
        folder: new, or empty.

    Raises:
        UsageMistake: no organism has that name, or something lies there.
    """
    base, adapter = zoo.folders(name)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageMistake(f"{str(folder)!r}: something is there already; name a new folder")
    folder.mkdir(parents=True, exist_ok=True)
    for file in _COPIED:
        shutil.copyfile(base / file, folder / file)
    config = json.loads((base / "config.json").read_text(encoding="utf-8")) | {"dtype": "float32"}
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    save_file(merged_tensors(base, adapter), folder / "model.safetensors", metadata={"format": "pt"})


def export_gguf(name: str, path: Path) -> None:
    """Write one GGUF file: what llama.cpp and whatever is built on it load.

    Args:
        name: of the organism.
        path: of the new file.

    Raises:
        UsageMistake: no organism has that name, or the file is there.
    """
    if path.exists():
        raise UsageMistake(f"{str(path)!r}: is there already; name another file")
    with tempfile.TemporaryDirectory() as folder:
        export_folder(name, Path(folder))
        path.parent.mkdir(parents=True, exist_ok=True)
        write_gguf(Path(folder), path)
