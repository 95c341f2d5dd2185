"""Sparse dictionaries as SAELens saves them: `cfg.json` and `sae_weights.safetensors`.

Facts from its source (github.com/decoderesearch/SAELens): `W_enc` is (width, features), `W_dec` (features, width).
Until version 6 the place was told by `hook_name` (once `hook_point`) and the activation by `activation_fn`
(`activation_fn_str`) with `activation_fn_kwargs`; since then the place is in `metadata` and `architecture` tells all.
Missing keys mean what its own loader takes them for: `apply_b_dec_to_input` true, `normalize_activations` none.
"""

import re
from pathlib import Path

import numpy as np

from weirdgen.whitebox.dictionary import Kind, SparseDictionary
from weirdgen.whitebox.layout_files import FloatArray, Settings, Tensors, digest, read_safetensors, refusal

CONFIG, WEIGHTS = "cfg.json", "sae_weights.safetensors"
_PLACE = re.compile(r"blocks\.(\d+)\.hook_resid_(pre|post)")


def read_lens(folder: Path) -> SparseDictionary:
    """Read a dictionary that SAELens saved.

    Args:
        folder: with `cfg.json` and `sae_weights.safetensors`.

    Raises:
        UsageMistake: a file is missing or broken, or something in it is not understood.
    """
    settings = Settings.read(folder / CONFIG)
    layer, (kind, top) = _layer(settings), _kind(settings)
    _refuse_transformed(settings)
    features, width = settings.whole("d_sae", 1), settings.whole("d_in", 1)
    tensors = read_safetensors(folder / WEIGHTS)
    encoder = np.ascontiguousarray(tensors.take("W_enc", width, features).T)
    decoder = tensors.take("W_dec", features, width)
    encoder_bias, decoder_bias = tensors.take("b_enc", features), tensors.take("b_dec", width)
    threshold = np.maximum(tensors.take("threshold", features), 0) if kind == "jumprelu" else None
    _finish(tensors)
    if settings.choice("rescale_acts_by_decoder_norm", (True, False), False):
        encoder, encoder_bias, decoder = _rescaled(tensors, encoder, encoder_bias, decoder)
    centred = settings.choice("apply_b_dec_to_input", (True, False), True)
    identity = digest((name, folder / name) for name in (CONFIG, WEIGHTS))
    return SparseDictionary(
        encoder, encoder_bias, decoder, decoder_bias, kind, top, threshold, layer, centred, identity
    )


def _layer(settings: Settings) -> int:
    """Return the block after which the stream is read; before block L is after block L - 1."""
    at = settings.section("metadata") if "metadata" in settings else settings
    key = "hook_name" if "hook_name" in at else "hook_point"
    place = at.get(key, "")
    for other in ("hook_name_out", "hook_head_index"):
        if other in at:
            raise refusal(settings.path, other, at.get(other), "null: dictionaries of one residual stream only")
    match = _PLACE.fullmatch(place) if isinstance(place, str) else None
    if match is None or (match[1], match[2]) == ("0", "pre"):
        raise refusal(settings.path, key, place, "blocks.L.hook_resid_post, or blocks.L.hook_resid_pre with L > 0")
    return int(match[1]) - (match[2] == "pre")


def _kind(settings: Settings) -> tuple[Kind, int | None]:
    """Return what the encoder keeps, and how many."""
    kind = settings.choice("architecture", ("standard", "topk", "jumprelu"), "standard")
    name = "activation_fn" if "activation_fn" in settings else "activation_fn_str"
    function = settings.choice(name, ("relu", "topk") if kind == "standard" else ("relu", kind), "relu")
    if "topk" not in (kind, function):
        return ("jumprelu" if kind == "jumprelu" else "relu"), None
    return "topk", (settings if "k" in settings else settings.section("activation_fn_kwargs")).whole("k", 1)


def _refuse_transformed(settings: Settings) -> None:
    """Refuse dictionaries of streams that something is done to first."""
    settings.choice("normalize_activations", ("none", False), "none")
    settings.choice("reshape_activations", ("none",), "none")
    settings.choice("finetuning_scaling_factor", (False,), False)


def _finish(tensors: Tensors) -> None:
    """Refuse what is not understood; a scaling factor of ones, which old versions wrote, does nothing."""
    name = "scaling_factor"
    if name in tensors and not tensors.all_ones(name):
        raise refusal(tensors.path, name, "other than 1", "ones: fold it into W_dec")
    tensors.finish(name)


def _rescaled(
    tensors: Tensors, encoder: FloatArray, bias: FloatArray, decoder: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return encoder, bias and decoder of the same function with directions of norm 1."""
    norm = np.linalg.norm(decoder, axis=1)
    if not norm.all():
        raise refusal(tensors.path, "a direction of W_dec", 0, "a norm above 0")
    return encoder * norm[:, None], bias * norm, decoder / norm[:, None]
