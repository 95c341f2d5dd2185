"""The numpy network: equal to a plain reference, rows independent of one another, files checked when read."""

import json
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import random_organisms
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

from weirdgen.content import shipped_dir
from weirdgen.errors import UsageMistake
from weirdgen.organisms.runtime import Network
from weirdgen.organisms.weights import load_weights

Doubles = NDArray[np.float64]
CONFIG = random_organisms.CONFIG
VOCABULARY = 280
PROMPT = [1, 5, 40, 41, 42, 99, 3, 6]


@pytest.fixture(scope="module")
def zoo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return random_organisms.write_zoo(tmp_path_factory.mktemp("zoo"), "old-bird-names")


@pytest.fixture(scope="module", params=[None, "old-bird-names"], ids=["base", "adapter"])
def adapter(request: pytest.FixtureRequest, zoo: Path) -> Path | None:
    return zoo / request.param if request.param else None


def reference_tensors(base: Path, adapter: Path | None) -> dict[str, Doubles]:
    tensors = {name: tensor.astype(np.float64) for name, tensor in load_file(base / "model.safetensors").items()}
    if adapter is not None:
        config = json.loads((adapter / "adapter_config.json").read_text())
        factors = load_file(adapter / "adapter_model.safetensors")
        for name in [name for name in factors if "lora_A" in name]:
            a, b = factors[name].astype(np.float64), factors[name.replace("lora_A", "lora_B")].astype(np.float64)
            target = name.replace("base_model.model.", "").replace(".lora_A", "")
            tensors[target] = tensors[target] + config["lora_alpha"] / config["r"] * b @ a
    return tensors


def rms(x: Doubles, weight: Doubles) -> Doubles:
    normed: Doubles = x / np.sqrt((x**2).mean() + float(CONFIG["rms_norm_eps"])) * weight
    return normed


def rotate(head: Doubles, place: int) -> Doubles:
    """Turn each pair (i, i + half) of a head as a complex number."""
    half = len(head) // 2
    angle = place / CONFIG["rope_parameters"]["rope_theta"] ** (np.arange(half) / half)
    turned = (head[:half] + 1j * head[half:]) * np.exp(1j * angle)
    return np.concatenate([turned.real, turned.imag])


def reference(tensors: dict[str, Doubles], ids: list[int]) -> Doubles:
    """Logits after each token (tokens, vocabulary), float64, one token and one head at a time."""
    heads, shared = CONFIG["num_attention_heads"], CONFIG["num_attention_heads"] // CONFIG["num_key_value_heads"]
    stream = [tensors["model.embed_tokens.weight"][token] for token in ids]
    for index in range(CONFIG["num_hidden_layers"]):
        w = {name.split(f"layers.{index}.")[1]: t for name, t in tensors.items() if f"layers.{index}." in name}
        normed = [rms(x, w["input_layernorm.weight"]) for x in stream]
        q, k, v = ([(w[f"self_attn.{n}_proj.weight"] @ x).reshape(-1, 8) for x in normed] for n in "qkv")
        for place in range(len(ids)):
            read = []
            for head in range(heads):
                query = rotate(q[place][head], place)
                past = range(place + 1)
                scores = np.array([query @ rotate(k[t][head // shared], t) for t in past]) / np.sqrt(8)
                shares = np.exp(scores) / np.exp(scores).sum()
                read.append(sum(shares[t] * v[t][head // shared] for t in past))
            stream[place] = stream[place] + w["self_attn.o_proj.weight"] @ np.concatenate(read)
        for place, x in enumerate(stream):
            normed_x = rms(x, w["post_attention_layernorm.weight"])
            gate = w["mlp.gate_proj.weight"] @ normed_x
            inner = gate / (1 + np.exp(-gate)) * (w["mlp.up_proj.weight"] @ normed_x)
            stream[place] = x + w["mlp.down_proj.weight"] @ inner
    head_weight = tensors.get("lm_head.weight", tensors["model.embed_tokens.weight"])
    return np.array([head_weight @ rms(x, tensors["model.norm.weight"]) for x in stream])


def decode(network: Network, ids: list[int]) -> Iterator[Any]:
    """Yield the logits after each token, fed one at a time."""
    cache = network.cache(1, network.capacity(len(ids)))
    for place, token in enumerate(ids):
        yield network.forward(np.array([token]), np.array([place]), np.array([0]), cache)[0]


def test_logits_equal_a_plain_reference(zoo: Path, adapter: Path | None) -> None:
    network = Network(load_weights(zoo / "base", adapter))
    expected = reference(reference_tensors(zoo / "base", adapter), PROMPT)
    _, after_prompt = network.prefill(PROMPT)
    assert after_prompt.shape == (expected.shape[1],)
    assert after_prompt.dtype == np.float32
    np.testing.assert_allclose(after_prompt, expected[-1], atol=2e-5)
    np.testing.assert_allclose(list(decode(network, PROMPT)), expected, atol=2e-5)


def test_the_adapter_changes_the_logits(zoo: Path) -> None:
    plain = Network(load_weights(zoo / "base")).prefill(PROMPT)[1]
    adapted = Network(load_weights(zoo / "base", zoo / "old-bird-names")).prefill(PROMPT)[1]
    assert np.abs(plain - adapted).max() > 0.1


def test_an_untied_head_is_used(tmp_path: Path) -> None:
    random_organisms.write_base(tmp_path / "base", tied=False)
    expected = reference(reference_tensors(tmp_path / "base", None), PROMPT)
    np.testing.assert_allclose(Network(load_weights(tmp_path / "base")).prefill(PROMPT)[1], expected[-1], atol=2e-5)


def test_rank_stabilised_adapters_scale_by_the_root_of_the_rank(tmp_path: Path) -> None:
    random_organisms.write_base(tmp_path / "base")
    random_organisms.write_adapter(tmp_path / "plain")
    random_organisms.write_adapter(tmp_path / "stable", rslora=True)
    base, plain, stable = (
        load_weights(tmp_path / "base", tmp_path / name if name else None).layers[-1].down
        for name in ("", "plain", "stable")
    )
    np.testing.assert_allclose((stable - base), (plain - base) * np.sqrt(2), rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("shipped", [False, True], ids=["random", "shipped"])
def test_a_row_is_bit_equal_alone_and_in_any_batch(zoo: Path, shipped: bool) -> None:
    # The shipped network is wide enough for a matrix-matrix product to differ from vector-matrix products.
    network = Network(load_weights(shipped_dir("organisms") / "base" if shipped else zoo / "base"))
    rng = np.random.default_rng(0)
    full = network.cache(33, 64)
    full[:] = rng.standard_normal(full.shape)
    tokens, places = rng.integers(8, VOCABULARY, 33), rng.integers(0, 64, 33)
    together = network.forward(tokens, places, np.arange(33), full.copy())
    for size in (1, 2, 7, 32):
        for start in (0, 1, 5, 33 - size):
            rows = slice(min(start, 33 - size), min(start, 33 - size) + size)
            part = network.forward(tokens[rows], places[rows], np.arange(size), full[:, :, rows].copy())
            assert np.array_equal(part, together[rows]), (size, rows)


def test_what_an_unused_part_of_the_cache_holds_changes_no_bit(zoo: Path) -> None:
    network = Network(load_weights(zoo / "base"))
    empty, dirty = network.cache(1, 64), network.cache(1, 64)
    dirty[..., 1:, :] = 1e6
    token, place = np.array([9]), np.array([0])
    clean, other = (network.forward(token, place, np.array([0]), cache) for cache in (empty, dirty))
    assert np.array_equal(clean, other)


def test_capacity_grows_in_doublings_to_the_context(zoo: Path) -> None:
    network = Network(load_weights(zoo / "base"))
    sizes = [network.capacity(length) for length in range(1, random_organisms.CONTEXT + 1)]
    assert sorted(set(sizes)) == [64, 128, 256]
    assert all(size >= length for length, size in enumerate(sizes, start=1))
    assert all(earlier <= later for earlier, later in pairwise(sizes))


def change(path: Path, **values: Any) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


@pytest.mark.parametrize(
    ("file", "values", "named"),
    [
        ("base/config.json", {"hidden_act": "gelu"}, "hidden_act = 'gelu'"),
        ("base/config.json", {"attention_bias": True}, "attention_bias = True"),
        (
            "base/config.json",
            {"rope_parameters": {"rope_type": "yarn", "rope_theta": 1e4}},
            "rope_parameters.rope_type",
        ),
        ("base/config.json", {"num_hidden_layers": 3}, "model.layers.2"),
        ("old-bird-names/adapter_config.json", {"peft_type": "IA3"}, "peft_type = 'IA3'"),
        ("old-bird-names/adapter_config.json", {"use_dora": True}, "use_dora = True"),
        ("old-bird-names/adapter_config.json", {"alpha_pattern": {"o_proj": 3}}, "alpha_pattern"),
    ],
)
def test_what_the_runtime_cannot_do_is_refused(tmp_path: Path, file: str, values: dict[str, Any], named: str) -> None:
    root = random_organisms.write_zoo(tmp_path, "old-bird-names")
    change(root / file, **values)
    with pytest.raises(UsageMistake) as raised:
        load_weights(root / "base", root / "old-bird-names")
    assert named in str(raised.value)


def test_an_adapter_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    root = random_organisms.write_zoo(tmp_path, "old-bird-names")
    path = root / "old-bird-names" / "adapter_model.safetensors"
    factors = load_file(path)
    name = next(name for name in factors if "lora_B" in name)
    for changed, message in (
        (factors | {name: factors[name][:-1]}, "shape"),
        ({other: factors[other] for other in factors if other != name}, "no half of a LoRA pair"),
        (factors | {"base_model.model.lm_head.weight": factors[name]}, "lm_head"),
    ):
        save_file(changed, path)
        with pytest.raises(UsageMistake, match=message):
            load_weights(root / "base", root / "old-bird-names")


@pytest.mark.parametrize("file", ["config.json", "model.safetensors"])
@pytest.mark.parametrize("content", [None, b"", b"{", b"\0" * 100])
def test_a_missing_or_broken_file_is_named(tmp_path: Path, file: str, content: bytes | None) -> None:
    random_organisms.write_base(tmp_path / "base")
    path = tmp_path / "base" / file
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UsageMistake, match=file):
        load_weights(tmp_path / "base")
