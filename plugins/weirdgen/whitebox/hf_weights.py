"""A checkpoint on a device, its adapters put on and taken off. Needs the extra ``whitebox`` (torch and others).

Weights are held once, however many networks are served from them: a finetune, its base, and both with directions
removed. The adapter is not merged, as in the published analysis: merging rounds in bfloat16.
"""

import contextlib
import threading
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from peft import PeftConfig, PeftModel
from torch import Tensor
from transformers import DynamicCache, LlamaForCausalLM
from transformers.utils import logging

from weirdgen.errors import UsageMistake
from weirdgen.whitebox.hf_files import Checkpoint, adapter_files
from weirdgen.whitebox.hf_memory import Rows, free_bytes

#: Sequences that run together. On a processor rows are not free: each costs its part of the products.
_MOST_ROWS = {"cuda": 64, "cpu": 8}
_SLACK = 2.0
"""Of the estimate of what a sequence takes: buffers come and go."""


class TorchWeights:
    """A Llama checkpoint with LoRA adapters, ready to run; one network at a time."""

    def __init__(self, base: Checkpoint, adapters: Sequence[Path] = (), device: str = "auto") -> None:
        """Load onto a device: bfloat16 on CUDA, float32 on a processor.

        Args:
            base: a checked checkpoint.
            adapters: folders of adapters that fit it.
            device: cuda, cuda:N, cpu, or auto for CUDA where there is one.

        Raises:
            UsageMistake: no such device, or files that are broken or do not fit.
        """
        self.base = base
        self.device = chosen_device(device)
        for adapter in adapters:  # before minutes are spent on the weights
            adapter_files(adapter)
        self.dtype = torch.bfloat16 if self.device.type == "cuda" else torch.float32
        self._model = _loaded(base, self.dtype).to(self.device).eval()
        self._adapters = {adapter: f"adapter{number}" for number, adapter in enumerate(dict.fromkeys(adapters))}
        self._peft = _adapted(self._model, self._adapters)
        self._worn: Path | None = next(iter(self._adapters), None)
        self._model.requires_grad_(False)
        self.rows = Rows(_MOST_ROWS[self.device.type])
        self._fitting: dict[int, int] = {}
        self._lock = threading.Lock()

    @property
    def config(self) -> Any:
        """What the checkpoint's `config.json` says."""
        return self._model.config

    @property
    def dtype_name(self) -> str:
        """Name of the type that it computes in."""
        return str(self.dtype).removeprefix("torch.")

    @contextlib.contextmanager
    def wearing(self, adapter: Path | None) -> Iterator[None]:
        """Run with an adapter, or with none; whoever else wants to run, in whichever thread, waits."""
        with self._lock, torch.inference_mode():
            if adapter != self._worn:
                self._put_on(adapter)
                self._worn = adapter
            yield

    def _put_on(self, adapter: Path | None) -> None:
        if adapter is None:
            self._peft.base_model.disable_adapter_layers()
        else:
            self._peft.base_model.enable_adapter_layers()
            self._peft.set_adapter(self._adapters[adapter])
            self._model.requires_grad_(False)

    @contextlib.contextmanager
    def after_block(self, layer: int, hook: Any) -> Iterator[None]:
        """Call a hook with the residual stream (rows, tokens, width) after a block; what it returns goes on instead."""

        def called(_module: Any, _inputs: Any, output: Any) -> Any:
            if isinstance(output, tuple):
                return (hook(output[0]), *output[1:])
            return hook(output)

        handle = self._model.model.layers[layer].register_forward_hook(called)
        try:
            yield
        finally:
            handle.remove()

    def logits(self, ids: Tensor, mask: Tensor, cache: DynamicCache | None) -> Tensor:
        """Run tokens and return what follows the last of each row: (rows, vocabulary), float32.

        Args:
            ids: (rows, tokens) to run, padded from the left.
            mask: (rows, tokens so far): 1 where a token is, 0 where padding is.
            cache: of the tokens before, to which these are added; None: there is none and none is kept.
        """
        positions = (mask.cumsum(dim=1) - 1).clamp(min=0)[:, -ids.shape[1] :]
        output = self._model(
            input_ids=ids,
            attention_mask=mask,
            position_ids=positions,
            past_key_values=cache,
            use_cache=cache is not None,
            logits_to_keep=1,
        )
        last: Tensor = output.logits[:, -1].float()
        return last

    def fitting(self, tokens: int) -> int:
        """Return how many sequences of a length, prompt and answer, run together: estimated once, then what fitted."""
        if tokens not in self._fitting:
            self._fitting[tokens] = self.rows.fitting(self._bytes(tokens), free_bytes(self.device))
        return min(self._fitting[tokens], self.rows.most)

    def _bytes(self, tokens: int) -> int:
        """Return an estimate of what a sequence takes: keys and values, what passes through a block, and a draw."""
        config, size = self.config, torch.finfo(self.dtype).bits // 8
        head = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
        kept = 2 * config.num_hidden_layers * config.num_key_value_heads * head * tokens * size
        passing = tokens * (8 * config.hidden_size + 3 * config.intermediate_size + tokens) * size
        drawing = config.vocab_size * 32
        return int(_SLACK * (kept + passing + drawing))


def chosen_device(name: str) -> torch.device:
    """Return a device by name; auto: CUDA where there is one.

    Raises:
        UsageMistake: no such device, or none that this is made for.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(name)
    except RuntimeError:
        device = torch.device("meta")
    if device.type not in _MOST_ROWS:
        raise UsageMistake(f"device {name!r}; expected auto, cpu, cuda or cuda:N")
    if device.type == "cpu":
        return device
    if (device.index or 0) >= torch.cuda.device_count():
        raise UsageMistake(f"device {name!r}: torch {torch.__version__} sees {torch.cuda.device_count()} CUDA devices")
    return torch.device("cuda", device.index or 0)


def _loaded(base: Checkpoint, dtype: torch.dtype) -> Any:
    bars = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        return LlamaForCausalLM.from_pretrained(
            base.folder, dtype=dtype, local_files_only=True, trust_remote_code=False, use_safetensors=True
        )
    except Exception as error:  # whatever broken files make transformers raise
        raise UsageMistake(f"the checkpoint in {base.folder} cannot be loaded: {error!s:.300}") from None
    finally:
        if bars:
            logging.enable_progress_bar()


def _adapted(model: Any, adapters: dict[Path, str]) -> Any:
    """Put adapters into a network, the first one worn; None: there are none."""
    peft = None
    for folder, name in adapters.items():
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                if peft is None:
                    peft = PeftModel(model, PeftConfig.from_pretrained(str(folder)), adapter_name=name)
                result = peft.load_adapter(str(folder), adapter_name=name, is_trainable=False)
        except Exception as error:  # whatever broken files make peft raise
            raise UsageMistake(f"the adapter in {folder} cannot be put on the checkpoint: {error!s:.300}") from None
        wrong = [*result.unexpected_keys, *(key for key in result.missing_keys if f".{name}." in key)]
        if wrong:
            raise UsageMistake(f"the adapter in {folder} does not fit the checkpoint: {wrong[0]!r} has no counterpart")
    if peft is not None:
        peft.set_adapter(next(iter(adapters.values())))
    return peft
