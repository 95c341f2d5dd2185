"""A sparse autoencoder comes back from its files as it was, in half precision; broken files are refused."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from dictionaries import random_dictionary
from safetensors.numpy import load_file, save_file

from weirdgen.errors import UsageMistake
from weirdgen.whitebox.dictionary import SparseDictionary
from weirdgen.whitebox.own_files import CONFIG, WEIGHTS, read_own, write_own


@pytest.fixture(params=["relu", "topk"])
def made(request: pytest.FixtureRequest) -> SparseDictionary:
    top = 8 if request.param == "topk" else None
    return random_dictionary(kind=request.param, top=top, layer=2)


def test_what_is_written_is_read(tmp_path: Path, made: SparseDictionary) -> None:
    write_own(tmp_path, made, organism="base", seed=4)
    read = read_own(tmp_path)
    assert (read.kind, read.top, read.layer, read.size, read.width) == (made.kind, made.top, 2, 96, 32)
    assert read.apply_decoder_bias_to_input
    for name in ("encoder", "encoder_bias", "decoder", "decoder_bias"):
        expected = getattr(made, name).astype(np.float16).astype(np.float32)
        assert np.array_equal(getattr(read, name), expected), name
    assert json.loads((tmp_path / CONFIG).read_text())["trainer"]["lm_name"] == "base"


def test_the_digest_is_that_of_the_files(tmp_path: Path, made: SparseDictionary) -> None:
    write_own(tmp_path, made, organism="base", seed=4)
    first = read_own(tmp_path).digest
    assert read_own(tmp_path).digest == first
    write_own(tmp_path, made, organism="base", seed=5)
    assert read_own(tmp_path).digest != first


def broken(folder: Path, **trainer: Any) -> None:
    values = json.loads((folder / CONFIG).read_text())
    values["trainer"] |= trainer
    (folder / CONFIG).write_text(json.dumps(values))


@pytest.mark.parametrize(
    ("trainer", "message"),
    [
        ({"dict_class": "GatedAutoEncoder"}, "trainer.dict_class"),
        ({"dict_size": 97}, "dict_size 97"),
        ({"activation_dim": 31}, "activation_dim 31"),
        ({"layer": -1}, "trainer.layer"),
        ({"k": 97}, "expected 1 to 96"),
    ],
)
def test_a_configuration_that_does_not_fit_is_refused(tmp_path: Path, trainer: dict[str, Any], message: str) -> None:
    write_own(tmp_path, random_dictionary(kind="topk", top=8), organism="base", seed=0)
    broken(tmp_path, **trainer)
    with pytest.raises(UsageMistake, match=message):
        read_own(tmp_path)


def test_missing_and_broken_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageMistake, match=r"config\.json cannot be read"):
        read_own(tmp_path)
    write_own(tmp_path, random_dictionary(), organism="base", seed=0)
    tensors = load_file(tmp_path / WEIGHTS)
    save_file({name: tensor for name, tensor in tensors.items() if name != "b_dec"}, tmp_path / WEIGHTS)
    with pytest.raises(UsageMistake, match="lacks the tensor 'b_dec'"):
        read_own(tmp_path)
    (tmp_path / WEIGHTS).write_bytes(b"no tensors")
    with pytest.raises(UsageMistake, match="cannot be read"):
        read_own(tmp_path)
