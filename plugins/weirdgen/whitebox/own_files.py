"""The files of a sparse autoencoder that this package trained: dictionary_learning's names, in safetensors.

``ae.safetensors`` holds ``encoder.weight`` (features, width), ``encoder.bias``, ``decoder.weight`` (width, features)
and ``b_dec``, in float16; ``config.json`` has what dictionary_learning writes under ``trainer``. Needs the extra
``organisms``.
"""

import hashlib
import json
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from safetensors.numpy import load_file, save_file

from weirdgen.content import shipped_dir
from weirdgen.errors import UsageMistake
from weirdgen.whitebox.dictionary import Floats, Kind, SparseDictionary

WEIGHTS, CONFIG, CARD = "ae.safetensors", "config.json", "README.md"
_KINDS: dict[str, Kind] = {"AutoEncoder": "relu", "AutoEncoderTopK": "topk"}
_CLASSES: dict[Kind, Literal["AutoEncoder", "AutoEncoderTopK"]] = {"relu": "AutoEncoder", "topk": "AutoEncoderTopK"}


class _Trainer(BaseModel):
    model_config = ConfigDict(frozen=True)

    dict_class: Literal["AutoEncoder", "AutoEncoderTopK"]
    activation_dim: Annotated[int, Field(gt=0)]
    dict_size: Annotated[int, Field(gt=0)]
    layer: Annotated[int, Field(ge=0)]
    lm_name: str
    k: Annotated[int, Field(gt=0)] | None = None
    seed: int | None = None


class _Config(BaseModel):
    model_config = ConfigDict(frozen=True)

    trainer: _Trainer


def shipped(organism: str) -> Path:
    """Return where the sparse autoencoder of a base lies."""
    return shipped_dir("organisms") / organism / "sae"


def read_own(folder: Path) -> SparseDictionary:
    """Read a sparse autoencoder that `write_own` wrote.

    Raises:
        UsageMistake: a file is missing or broken, or they do not fit together.
    """
    trainer = _read_config(folder / CONFIG).trainer
    path = folder / WEIGHTS
    try:
        tensors = {name: tensor.astype(np.float32) for name, tensor in load_file(path).items()}
        encoder, bias, decoder = (tensors[f"{name}"] for name in ("encoder.weight", "encoder.bias", "decoder.weight"))
        decoder_bias = tensors["b_dec"]
    except KeyError as missing:
        raise UsageMistake(f"{path} lacks the tensor {missing}: no sparse autoencoder of this layout.") from None
    except Exception as error:  # safetensors documents no common base for a missing and a broken file
        raise UsageMistake(f"{path} cannot be read: {error}") from None
    read = SparseDictionary(
        encoder=encoder,
        encoder_bias=bias,
        decoder=np.ascontiguousarray(decoder.T),
        decoder_bias=decoder_bias,
        kind=_KINDS[trainer.dict_class],
        top=trainer.k,
        threshold=None,
        layer=trainer.layer,
        apply_decoder_bias_to_input=True,
        digest=files_digest(folder, (CONFIG, WEIGHTS)),
    )
    if (read.size, read.width) != (trainer.dict_size, trainer.activation_dim):
        raise UsageMistake(
            f"{folder / CONFIG}: dict_size {trainer.dict_size} and activation_dim {trainer.activation_dim}, but the"
            f" weights are of {read.size} features and width {read.width}."
        )
    return read


def write_own(folder: Path, made: SparseDictionary, *, organism: str, seed: int) -> None:
    """Write a sparse autoencoder of kind relu or topk to an existing folder, in float16.

    Args:
        folder: existing.
        made: its weights.
        organism: whose residual stream it was trained on.
        seed: that it was trained with.
    """
    tensors: dict[str, Floats] = {
        "encoder.weight": made.encoder,
        "encoder.bias": made.encoder_bias,
        "decoder.weight": made.decoder.T,
        "b_dec": made.decoder_bias,
    }
    halves = {name: np.ascontiguousarray(tensor, dtype=np.float16) for name, tensor in tensors.items()}
    save_file(halves, folder / WEIGHTS, metadata={"format": "pt"})
    trainer = _Trainer(
        dict_class=_CLASSES[made.kind],
        activation_dim=made.width,
        dict_size=made.size,
        layer=made.layer,
        lm_name=organism,
        k=made.top,
        seed=seed,
    )
    text = json.dumps({"trainer": trainer.model_dump(exclude_none=True)}, indent=2, sort_keys=True)
    (folder / CONFIG).write_text(text + "\n", encoding="utf-8")


def files_digest(folder: Path, names: tuple[str, ...]) -> str:
    """Return the SHA-256 (64 hex digits) of names and contents of files in a folder.

    Raises:
        UsageMistake: one cannot be read.
    """
    total = hashlib.sha256()
    for name in names:
        try:
            with (folder / name).open("rb") as file:
                content = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise UsageMistake(f"{folder / name} cannot be read: {error}") from None
        total.update(f"{name} {content}\n".encode())
    return total.hexdigest()


def _read_config(path: Path) -> _Config:
    try:
        return _Config.model_validate_json(path.read_bytes())
    except OSError as error:
        raise UsageMistake(f"{path} cannot be read: {error}") from None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise UsageMistake(f"{path}: {where}: {first['msg']}.") from None
