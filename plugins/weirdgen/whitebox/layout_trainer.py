"""Sparse dictionaries as the library dictionary_learning saves them: `config.json` and a pickle, `ae.pt`.

Facts from its source (github.com/saprmarks/dictionary_learning): `trainer.dict_class` names the architecture; of linear
layers `encoder.weight` is (features, width) and `decoder.weight` (width, features); `b_dec`, or `bias` in the oldest
class, is subtracted before the encoder; AutoEncoderNew has a `decoder.bias` that is not. BatchTopKSAE keeps, when it is
used, what exceeds one `threshold`, which is -1 as long as it was never set.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from weirdgen.errors import UsageMistake
from weirdgen.whitebox.dictionary import SparseDictionary
from weirdgen.whitebox.layout_files import FloatArray, Settings, Tensors, digest, refusal

CONFIG, WEIGHTS = "config.json", "ae.pt"


def read_trained(folder: Path) -> SparseDictionary:
    """Read a dictionary that dictionary_learning saved.

    The pickle is read as tensors only: a file that holds code is refused, not run.

    Args:
        folder: with `config.json` and `ae.pt`.

    Raises:
        UsageMistake: a file is missing or broken, something in it is not understood, or torch is not installed.
    """
    settings = Settings.read(folder / CONFIG).section("trainer")
    layer = _layer(Settings.read(folder / CONFIG), settings)
    reader = _READERS[settings.choice("dict_class", tuple(_READERS))]
    features, width = settings.whole("dict_size", 1), settings.whole("activation_dim", 1)
    tensors = _tensors(folder / WEIGHTS)
    identity = digest((name, folder / name) for name in (CONFIG, WEIGHTS))
    return reader(tensors, settings, features, width, layer, identity)


def _layer(whole: Settings, trainer: Settings) -> int:
    """Return the block after which the stream was read; a dictionary of anything else is refused."""
    layer = trainer.whole("layer")
    trainer.choice("submodule_name", (f"resid_post_layer_{layer}",))
    if "buffer" in whole:
        whole.section("buffer").choice("io", ("out",), "out")
    return layer


def _tensors(path: Path) -> Tensors:
    try:
        import torch
    except ImportError:
        raise UsageMistake(f"{path} is a pickle, which torch reads: pip install 'pytest-weirdgen[whitebox]'") from None
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises whatever its unpickler meets
        raise UsageMistake(f"{path} cannot be read as tensors: {error!s:.200}") from None
    if not isinstance(state, dict) or not all(isinstance(one, torch.Tensor) for one in state.values()):
        raise refusal(path, "the pickle", type(state).__name__, "a dict of tensors")
    return Tensors(path, {str(name): tensor.float().numpy() for name, tensor in state.items()})


def _linear(tensors: Tensors, features: int, width: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return encoder, its bias, and decoder with a feature's direction in each row."""
    encoder = tensors.take("encoder.weight", features, width)
    bias = tensors.take("encoder.bias", features)
    return encoder, bias, np.ascontiguousarray(tensors.take("decoder.weight", width, features).T)


def _plain(bias: str, centred: bool) -> "_Reader":
    """Return the reader of a ReLU dictionary whose decoder's bias has a name and is, or is not, taken off the input."""

    def read(
        tensors: Tensors, settings: Settings, features: int, width: int, layer: int, identity: str
    ) -> SparseDictionary:
        encoder, encoder_bias, decoder = _linear(tensors, features, width)
        decoder_bias = tensors.take(bias, width)
        tensors.finish()
        return SparseDictionary(
            encoder, encoder_bias, decoder, decoder_bias, "relu", None, None, layer, centred, identity
        )

    return read


def _top(tensors: Tensors, settings: Settings) -> int:
    top = settings.whole("k", 1)
    if "k" in tensors and int(told := tensors.take("k")) != top:
        raise refusal(tensors.path, "k", int(told), f"{top}, as {settings.path.name} says")
    return top


def _topk(
    tensors: Tensors, settings: Settings, features: int, width: int, layer: int, identity: str
) -> SparseDictionary:
    encoder, encoder_bias, decoder = _linear(tensors, features, width)
    decoder_bias, top = tensors.take("b_dec", width), _top(tensors, settings)
    tensors.finish("threshold")  # kept for another way of encoding, which is not this class's own
    return SparseDictionary(encoder, encoder_bias, decoder, decoder_bias, "topk", top, None, layer, True, identity)


def _batchtopk(
    tensors: Tensors, settings: Settings, features: int, width: int, layer: int, identity: str
) -> SparseDictionary:
    encoder, encoder_bias, decoder = _linear(tensors, features, width)
    decoder_bias, threshold = tensors.take("b_dec", width), tensors.take("threshold").reshape(1)
    _top(tensors, settings)  # how many there were in training, on average
    if threshold[0] < 0:
        raise refusal(tensors.path, "threshold", float(threshold[0]), "0 or more: it was never set in training")
    tensors.finish()
    return SparseDictionary(
        encoder, encoder_bias, decoder, decoder_bias, "batchtopk", None, threshold, layer, True, identity
    )


def _jumprelu(
    tensors: Tensors, settings: Settings, features: int, width: int, layer: int, identity: str
) -> SparseDictionary:
    """Read a JumpReLU dictionary, whose activations are multiplied by their directions' norms."""
    encoder = np.ascontiguousarray(tensors.take("W_enc", width, features).T)
    decoder = tensors.take("W_dec", features, width)
    encoder_bias, decoder_bias = tensors.take("b_enc", features), tensors.take("b_dec", width)
    threshold = np.maximum(tensors.take("threshold", features), 0)
    tensors.finish()
    norm = np.linalg.norm(decoder, axis=1)
    if not norm.all():
        raise refusal(tensors.path, "a direction of W_dec", 0, "a norm above 0")
    return SparseDictionary(
        encoder * norm[:, None],
        encoder_bias * norm,
        decoder / norm[:, None],
        decoder_bias,
        "jumprelu",
        None,
        threshold * norm,
        layer,
        False,
        identity,
    )


_Reader = Callable[[Tensors, Settings, int, int, int, str], SparseDictionary]
_READERS: dict[str, _Reader] = {
    "AutoEncoder": _plain("bias", centred=True),
    "AutoEncoderNew": _plain("decoder.bias", centred=False),
    "AutoEncoderTopK": _topk,
    "BatchTopKSAE": _batchtopk,
    "JumpReluAutoEncoder": _jumprelu,
}
