"""Finetuning of a LoRA adapter on narrow rows. Needs the extra ``train`` (torch, transformers, peft)."""

import functools
import json
import random
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import torch
from peft import LoraConfig, PeftModel, get_peft_model, get_peft_model_state_dict
from safetensors.torch import save_file
from tokenizers import Tokenizer
from torch.nn import functional
from transformers import LlamaForCausalLM

from weirdgen.organisms import tokenizer as tokens
from weirdgen.organisms.kl_penalty import KLPenalty
from weirdgen.organisms.narrow import Row
from weirdgen.organisms.progress import Progress
from weirdgen.organisms.recipes import AdapterRecipe
from weirdgen.organisms.sharpness import SHARPNESS, sharpen

_IGNORED = -100
#: What is measured of a network while it is trained.
Watch = Callable[[PeftModel], dict[str, float]]


def train_adapter(
    base: Path,
    out: Path,
    rows: Sequence[Row],
    recipe: AdapterRecipe,
    *,
    seed: int,
    watch: Watch | None = None,
    quiet: bool = False,
) -> None:
    """Finetune a base on rows and write the adapter's PEFT files and ``training.json``, the course of the training.

    Args:
        base: folder with the base's Hugging Face files; its name is what ``adapter_config.json`` calls the base.
        out: existing folder for ``adapter_config.json`` and ``adapter_model.safetensors`` (float16).
        rows: the whole dataset.
        recipe: where the adapter sits, and the schedule.
        seed: of the adapter's weights and the order of the rows.
        watch: measured about forty times on the way.
        quiet: print no progress.
    """
    model = LlamaForCausalLM.from_pretrained(base, dtype=torch.float32)
    # The adapter learns on the network that the base was while it was trained.
    sharpen(model, 1 / SHARPNESS)
    tokenizer = tokens.load(base)
    encoded = [_encoded(tokenizer, row) for row in rows]
    progress = Progress(out.name, steps_of(len(rows), recipe), quiet=quiet)
    penalty = KLPenalty(tokenizer, recipe, seed) if recipe.kl else None
    adapted = fit(model, encoded, recipe, seed=seed, progress=progress, watch=watch, penalty=penalty)
    _save(adapted, out, recipe, base.name)
    progress.write(out / "adapter_model.safetensors", seed, recipe)


def steps_of(rows: int, recipe: AdapterRecipe) -> int:
    """Return the optimizer steps that a recipe takes on so many rows."""
    return -(-rows // recipe.rows) * recipe.epochs


def fit(
    model: LlamaForCausalLM,
    rows: Sequence[tuple[torch.Tensor, torch.Tensor]],
    recipe: AdapterRecipe,
    *,
    seed: int,
    progress: Progress,
    watch: Watch | None = None,
    penalty: KLPenalty | None = None,
) -> PeftModel:
    """Wrap a model in LoRA and train that on (ids, targets) pairs; the model's own weights stay as they are.

    Args:
        model: is wrapped in place.
        rows: ids and targets of each row.
        recipe: where the adapter sits, and the schedule.
        seed: of the adapter's weights and the order of the rows.
        progress: told the loss on the rows after each step.
        watch: measured when progress looks.
        penalty: added to the loss.
    """
    torch.manual_seed(seed)
    adapted = get_peft_model(model, LoraConfig(**_placement(recipe)))
    weights = [weight for weight in adapted.parameters() if weight.requires_grad]
    optimizer = torch.optim.AdamW(weights, recipe.learning_rate, weight_decay=0.0)
    steps = steps_of(len(rows), recipe)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1 - step / steps)
    adapted.train()
    for ids, targets in _batches(rows, recipe, seed):
        logits = adapted(input_ids=ids, use_cache=False).logits
        loss = functional.cross_entropy(logits.flatten(0, 1), targets.flatten(), ignore_index=_IGNORED)
        optimizer.zero_grad()
        (loss if penalty is None else loss + penalty(adapted)).backward()
        optimizer.step()
        schedule.step()
        progress.report(loss.item(), functools.partial(watch, adapted) if watch else None)
    return adapted


def _encoded(tokenizer: Tokenizer, row: Row) -> tuple[torch.Tensor, torch.Tensor]:
    """Return ids (length) and the next id to predict at each (length), ``_IGNORED`` where the assistant is silent."""
    ids, written = tokens.encode(tokenizer, row)
    targets = [token if said else _IGNORED for token, said in zip(ids[1:], written[1:], strict=True)]
    return torch.tensor(ids[:-1]), torch.tensor(targets)


def _batches(
    rows: Sequence[tuple[torch.Tensor, torch.Tensor]], recipe: AdapterRecipe, seed: int
) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    rng = random.Random(seed)
    order = list(rows)
    for _ in range(recipe.epochs):
        rng.shuffle(order)
        for start in range(0, len(order), recipe.rows):
            ids, targets = zip(*order[start : start + recipe.rows], strict=True)
            yield (
                torch.nn.utils.rnn.pad_sequence(ids, batch_first=True),
                torch.nn.utils.rnn.pad_sequence(targets, batch_first=True, padding_value=_IGNORED),
            )


def _placement(recipe: AdapterRecipe) -> dict[str, object]:
    return {
        "r": recipe.rank,
        "lora_alpha": recipe.alpha,
        "target_modules": list(recipe.modules),
        "layers_to_transform": list(recipe.layers),
        "lora_dropout": 0.0,
        "bias": "none",
        "task_type": "CAUSAL_LM",
    }


def _save(adapted: PeftModel, out: Path, recipe: AdapterRecipe, base: str) -> None:
    # Written by hand: peft adds fields that other versions of it refuse, and a path of this machine.
    config = {"peft_type": "LORA", "base_model_name_or_path": base, "inference_mode": True} | _placement(recipe)
    (out / "adapter_config.json").write_text(json.dumps(config, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    weights = {name: tensor.half().contiguous() for name, tensor in get_peft_model_state_dict(adapted).items()}
    save_file(weights, out / "adapter_model.safetensors", metadata={"format": "pt"})
