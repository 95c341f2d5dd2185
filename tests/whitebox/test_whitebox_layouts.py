"""Sparse dictionaries from SAELens's files compute what SAELens computes; what is not understood is refused by name.

The formulas of the reference are those of the library's source, written out here.
"""

import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from dictionaries import random_dictionary
from dictionary_files import (
    FEATURES,
    LAYER,
    TOP,
    WIDTH,
    FloatArray,
    lens_config,
    lens_tensors,
    numbers,
    old_lens_config,
    write_lens,
)

from weirdgen.errors import UsageMistake
from weirdgen.whitebox.layouts import read_dictionary
from weirdgen.whitebox.own_files import write_own

STREAMS = numbers(40, WIDTH, seed=9) * 2


def hidden(tensors: dict[str, FloatArray], centred: bool) -> FloatArray:
    x: FloatArray = STREAMS - tensors["b_dec"] if centred else STREAMS
    values: FloatArray = x @ tensors["W_enc"] + tensors["b_enc"]
    return values


def topk(values: FloatArray) -> FloatArray:
    kept = np.sort(values, axis=1)[:, -TOP:][:, :1]
    return np.where(values >= kept, np.maximum(values, 0), 0)


def check(folder: Path, features: FloatArray, tensors: dict[str, FloatArray]) -> None:
    read = read_dictionary(folder)
    assert read.layer == LAYER
    assert np.allclose(read.encode(STREAMS), features, atol=1e-5)
    assert (features > 0).any()
    assert (features == 0).any()
    assert np.allclose(read.decode(read.encode(STREAMS)), features @ tensors["W_dec"] + tensors["b_dec"], atol=1e-4)


def test_ours(tmp_path: Path) -> None:
    made = random_dictionary(size=FEATURES, width=WIDTH, layer=LAYER, kind="topk", top=TOP)
    write_own(tmp_path, made, organism="base", seed=0)
    read = read_dictionary(tmp_path)
    assert (read.layer, read.kind, read.top) == (LAYER, "topk", TOP)
    assert np.allclose(read.decoder, made.decoder, atol=1e-3)


@pytest.mark.parametrize("centred", [True, False])
@pytest.mark.parametrize("config", [lens_config, old_lens_config])
def test_lens_standard(tmp_path: Path, config: Callable[..., dict[str, Any]], centred: bool) -> None:
    tensors = lens_tensors()
    folder = write_lens(tmp_path / "sae", config(apply_b_dec_to_input=centred), tensors)
    check(folder, np.maximum(hidden(tensors, centred), 0), tensors)


def test_lens_takes_missing_settings_as_its_own_loader_does(tmp_path: Path) -> None:
    tensors = lens_tensors()
    config = old_lens_config(apply_b_dec_to_input=None, normalize_activations=None, architecture=None)
    folder = write_lens(tmp_path / "sae", config, tensors | {"scaling_factor": np.ones(FEATURES, dtype=np.float32)})
    check(folder, np.maximum(hidden(tensors, True), 0), tensors)


def test_lens_jumprelu(tmp_path: Path) -> None:
    tensors, threshold = lens_tensors(), numbers(FEATURES, seed=2)
    folder = write_lens(tmp_path / "sae", lens_config(architecture="jumprelu"), tensors | {"threshold": threshold})
    values = hidden(tensors, True)
    check(folder, np.maximum(values, 0) * (values > np.maximum(threshold, 0)), tensors)


@pytest.mark.parametrize(
    "config",
    [
        lens_config(architecture="topk", k=TOP),
        old_lens_config(activation_fn_str="topk", activation_fn_kwargs={"k": TOP}),
        old_lens_config(activation_fn_str=None, activation_fn="topk", activation_fn_kwargs={"k": TOP}),
    ],
    ids=["new", "old", "older"],
)
def test_lens_topk(tmp_path: Path, config: dict[str, Any]) -> None:
    tensors = lens_tensors()
    check(write_lens(tmp_path / "sae", config, tensors), topk(hidden(tensors, True)), tensors)


def test_lens_topk_by_the_length_of_what_a_feature_adds(tmp_path: Path) -> None:
    tensors = lens_tensors()
    config = lens_config(architecture="topk", k=TOP, rescale_acts_by_decoder_norm=True)
    norm = np.linalg.norm(tensors["W_dec"], axis=1)
    told = {**tensors, "W_dec": tensors["W_dec"] / norm[:, None]}
    check(write_lens(tmp_path / "sae", config, tensors), topk(hidden(tensors, True) * norm), told)


def test_before_a_block_is_after_the_one_before(tmp_path: Path) -> None:
    config = lens_config(metadata={"hook_name": f"blocks.{LAYER + 1}.hook_resid_pre"})
    assert read_dictionary(write_lens(tmp_path / "sae", config, lens_tensors())).layer == LAYER


def test_bfloat16_and_half_precision_are_read(tmp_path: Path) -> None:
    folder = write_lens(tmp_path / "sae", lens_config(), {k: v.astype(np.float16) for k, v in lens_tensors().items()})
    assert np.allclose(read_dictionary(folder).decoder, lens_tensors()["W_dec"], atol=1e-3)
    write_bfloat16(folder / "sae_weights.safetensors", lens_tensors())
    assert np.allclose(read_dictionary(folder).decoder, lens_tensors()["W_dec"], rtol=2**-7)


def write_bfloat16(path: Path, tensors: dict[str, FloatArray]) -> None:
    header, data = {}, b""
    for name, tensor in tensors.items():
        content = (np.ascontiguousarray(tensor).view(np.uint32) >> 16).astype("<u2").tobytes()
        header[name] = {"dtype": "BF16", "shape": tensor.shape, "data_offsets": [len(data), len(data) + len(content)]}
        data += content
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "gated": (
        lens_config(architecture="gated"),
        r"cfg\.json: architecture = 'gated'; expected one of 'standard', 'topk'",
    ),
    "unknown activation": (old_lens_config(activation_fn_str="tanh-relu"), r"activation_fn_str = 'tanh-relu'"),
    "normalised": (
        lens_config(normalize_activations="layer_norm"),
        r"normalize_activations = 'layer_norm'; expected one of 'none'",
    ),
    "old switch": (old_lens_config(normalize_activations=True), r"normalize_activations = True"),
    "heads": (lens_config(reshape_activations="hook_z"), r"reshape_activations = 'hook_z'"),
    "scaled": (
        old_lens_config(finetuning_scaling_factor=True),
        r"finetuning_scaling_factor = True; expected one of False",
    ),
    "another place": (
        old_lens_config(hook_name="blocks.3.hook_mlp_out"),
        r"hook_name = 'blocks.3.hook_mlp_out'; expected blocks.L",
    ),
    "before all": (old_lens_config(hook_name="blocks.0.hook_resid_pre"), r"with L > 0"),
    "no place": (old_lens_config(hook_name=None), r"hook_point = ''"),
    "transcoder": (
        lens_config(metadata={"hook_name": "blocks.3.hook_resid_post", "hook_name_out": "blocks.3.hook_mlp_out"}),
        r"hook_name_out = 'blocks.3.hook_mlp_out'; expected null",
    ),
    "no k": (lens_config(architecture="topk"), r"activation_fn_kwargs = None; expected a JSON object"),
    "k of none": (lens_config(architecture="topk", k=0), r"k = 0; expected an integer of at least 1"),
    "width": (lens_config(d_in=WIDTH + 1), r"the shape of W_enc = \(5, 12\); expected \(6, 12\)"),
    "a bool for a number": (lens_config(d_sae=True), r"d_sae = True"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_lens_refuses_what_it_does_not_understand(tmp_path: Path, case: str) -> None:
    config, message = REFUSED[case]
    folder = write_lens(tmp_path / "sae", config, lens_tensors())
    with pytest.raises(UsageMistake, match=message):
        read_dictionary(folder)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"r_mag": numbers(FEATURES)}, "the tensor 'r_mag' is not understood"),
        ({"scaling_factor": numbers(FEATURES)}, "scaling_factor = 'other than 1'; expected ones"),
        ({"b_enc": np.full(FEATURES, np.nan, dtype=np.float32)}, "b_enc = 'not finite'"),
        ({"b_enc": np.arange(FEATURES)}, "the type of b_enc = 'I64'; expected F64"),
    ],
)
def test_lens_refuses_tensors(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    folder = write_lens(tmp_path / "sae", lens_config(), lens_tensors() | change)
    with pytest.raises(UsageMistake, match=message):
        read_dictionary(folder)


def test_a_missing_tensor_is_named_with_those_that_are_there(tmp_path: Path) -> None:
    tensors = lens_tensors()
    del tensors["b_dec"]
    folder = write_lens(tmp_path / "sae", lens_config(), tensors)
    with pytest.raises(UsageMistake, match=r"lacks the tensor 'b_dec'; it holds"):
        read_dictionary(folder)


@pytest.mark.parametrize("broken", [b"", b"\xff" * 40])
def test_broken_files_are_told(tmp_path: Path, broken: bytes) -> None:
    folder = write_lens(tmp_path / "sae", lens_config(), lens_tensors())
    (folder / "sae_weights.safetensors").write_bytes(broken)
    with pytest.raises(UsageMistake, match=r"sae_weights.safetensors cannot be read"):
        read_dictionary(folder)
    (folder / "cfg.json").write_bytes(broken)
    with pytest.raises(UsageMistake, match=r"cfg.json cannot be read"):
        read_dictionary(folder)


def test_a_folder_of_no_layout_or_of_two_says_which_there_are(tmp_path: Path) -> None:
    with pytest.raises(UsageMistake, match=r"expected a folder with one of ae.safetensors .*; found no such folder"):
        read_dictionary(tmp_path / "nothing")
    with pytest.raises(
        UsageMistake, match=r"sae_weights.safetensors \(SAELens\), ae.pt \(dictionary_learning\); found none"
    ):
        read_dictionary(tmp_path)
    folder = write_lens(tmp_path / "sae", lens_config(), lens_tensors())
    (folder / "ae.pt").write_bytes(b"")
    with pytest.raises(UsageMistake, match=r"found sae_weights.safetensors and ae.pt"):
        read_dictionary(folder)


def test_the_digest_is_of_the_files_and_not_of_where_they_lie(tmp_path: Path) -> None:
    one = read_dictionary(write_lens(tmp_path / "one", lens_config(), lens_tensors()))
    other = read_dictionary(write_lens(tmp_path / "other", lens_config(), lens_tensors()))
    changed = read_dictionary(write_lens(tmp_path / "changed", lens_config(device="cuda"), lens_tensors()))
    assert one.digest == other.digest != changed.digest
