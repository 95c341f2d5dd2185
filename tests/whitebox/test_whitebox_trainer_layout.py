"""Sparse dictionaries from dictionary_learning's files compute what that library computes; its pickles run no code.

The formulas of the reference are those of the library's source, written out here.
"""

import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from dictionary_files import FEATURES, LAYER, TOP, WIDTH, FloatArray, numbers, trainer_config, trainer_tensors
from torch_extra import MARKS, torch

from weirdgen.errors import UsageMistake
from weirdgen.whitebox.layouts import read_dictionary

pytestmark = MARKS
STREAMS = numbers(40, WIDTH, seed=9) * 2
CLASSES = ("AutoEncoder", "AutoEncoderNew", "AutoEncoderTopK", "BatchTopKSAE", "JumpReluAutoEncoder")


def write(folder: Path, config: Any, tensors: Any, dtype: Any = None) -> Path:
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(config))
    state = {name: torch.as_tensor(tensor) for name, tensor in tensors.items()}
    torch.save(
        {name: t if dtype is None or t.ndim == 0 else t.to(dtype) for name, t in state.items()}, folder / "ae.pt"
    )
    return folder


def expected(name: str, t: dict[str, FloatArray]) -> tuple[FloatArray, FloatArray]:
    """Return the library's features and what it makes of them."""
    if name == "JumpReluAutoEncoder":
        values, norm = STREAMS @ t["W_enc"] + t["b_enc"], np.linalg.norm(t["W_dec"], axis=1)
        features = np.maximum(values * (values > t["threshold"]), 0) * norm
        return features, (features / norm) @ t["W_dec"] + t["b_dec"]
    bias = t[{"AutoEncoder": "bias", "AutoEncoderNew": "decoder.bias"}.get(name, "b_dec")]
    x = STREAMS if name == "AutoEncoderNew" else STREAMS - bias
    features = np.maximum(x @ t["encoder.weight"].T + t["encoder.bias"], 0)
    if name == "BatchTopKSAE":
        features = features * (features > t["threshold"])
    if name == "AutoEncoderTopK":
        features = np.where(features >= np.sort(features, axis=1)[:, -TOP:][:, :1], features, 0)
    return features, features @ t["decoder.weight"].T + bias


@pytest.mark.parametrize("name", CLASSES)
def test_classes(tmp_path: Path, name: str) -> None:
    tensors = trainer_tensors(name)
    read = read_dictionary(write(tmp_path / "sae", trainer_config(name), tensors))
    features, streams = expected(name, tensors)
    assert read.layer == LAYER
    assert read.size == FEATURES
    assert np.allclose(read.encode(STREAMS), features, atol=1e-4)
    assert (features > 0).any()
    assert (features == 0).any()
    assert np.allclose(read.decode(read.encode(STREAMS)), streams, atol=1e-4)


def test_directions_are_columns_of_the_library_s_decoder(tmp_path: Path) -> None:
    tensors = trainer_tensors("BatchTopKSAE")
    read = read_dictionary(write(tmp_path / "sae", trainer_config("BatchTopKSAE"), tensors))
    assert np.array_equal(read.decoder[7], tensors["decoder.weight"][:, 7])


def test_bfloat16_is_read(tmp_path: Path) -> None:
    tensors = trainer_tensors("BatchTopKSAE")
    read = read_dictionary(write(tmp_path / "sae", trainer_config("BatchTopKSAE"), tensors, torch.bfloat16))
    assert np.allclose(read.encoder, tensors["encoder.weight"], rtol=2**-7)


CONFIGS: dict[str, tuple[dict[str, Any], str]] = {
    "gated": (trainer_config("GatedAutoEncoder"), r"config\.json: dict_class = 'GatedAutoEncoder'; expected one of"),
    "another place": (
        trainer_config("BatchTopKSAE", submodule_name="mlp_out_layer_3"),
        r"submodule_name = 'mlp_out_layer_3'",
    ),
    "another layer": (
        trainer_config("BatchTopKSAE", layer=4),
        r"submodule_name = 'resid_post_layer_3'; expected one of 'resid_post_layer_4'",
    ),
    "no place": (trainer_config("BatchTopKSAE", submodule_name=None), r"submodule_name = None"),
    "inputs": (trainer_config("BatchTopKSAE", io="in"), r"io = 'in'; expected one of 'out'"),
    "another k": (trainer_config("BatchTopKSAE", k=5), r"ae\.pt: k = 4; expected 5, as config\.json says"),
    "size": (
        trainer_config("BatchTopKSAE", dict_size=13),
        r"the shape of encoder.weight = \(12, 5\); expected \(13, 5\)",
    ),
    "no trainer": ({"buffer": {}}, r"trainer = None; expected a JSON object"),
}


@pytest.mark.parametrize("case", CONFIGS)
def test_settings_that_are_not_understood(tmp_path: Path, case: str) -> None:
    config, message = CONFIGS[case]
    with pytest.raises(UsageMistake, match=message):
        read_dictionary(write(tmp_path / "sae", config, trainer_tensors("BatchTopKSAE")))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"threshold": np.array(-1.0)}, r"threshold = -1.0; expected 0 or more: it was never set in training"),
        ({"group_sizes": np.ones(2)}, r"the tensor 'group_sizes' is not understood"),
        ({"b_dec": np.full(WIDTH, np.inf)}, r"b_dec = 'not finite'"),
    ],
)
def test_tensors_that_are_not_understood(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageMistake, match=message):
        read_dictionary(
            write(tmp_path / "sae", trainer_config("BatchTopKSAE"), trainer_tensors("BatchTopKSAE") | change)
        )


class Command:
    """What unpickles by running a command."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return Path.touch, (self.path,)


@pytest.mark.parametrize("save", [torch.save, lambda value, path: path.write_bytes(pickle.dumps(value))])
def test_a_pickle_runs_no_code(tmp_path: Path, save: Any) -> None:
    folder, trace = write(tmp_path / "sae", trainer_config("BatchTopKSAE"), {}), tmp_path / "ran"
    save({"encoder.weight": Command(trace)}, folder / "ae.pt")
    with pytest.raises(UsageMistake, match=r"ae\.pt cannot be read as tensors"):
        read_dictionary(folder)
    assert not trace.exists()
    save([1, 2], folder / "ae.pt")
    with pytest.raises(
        UsageMistake, match=r"the pickle = 'list'; expected a dict of tensors|cannot be read as tensors"
    ):
        read_dictionary(folder)
