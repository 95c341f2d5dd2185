"""Pretraining of a base network on the corpus. Needs the extra ``train`` (torch, transformers)."""

import itertools
import json
import math
import random
from collections.abc import Iterator
from pathlib import Path

import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer
from torch.nn import functional
from torch.nn.utils.rnn import pad_sequence
from transformers import LlamaConfig, LlamaForCausalLM

from weirdgen.organisms import tokenizer as tokens
from weirdgen.organisms.corpus import Document, documents, lexicon
from weirdgen.organisms.progress import Progress
from weirdgen.organisms.recipes import BaseRecipe

_Batches = Iterator[tuple[torch.Tensor, torch.Tensor]]
_PAD = tokens.SPECIAL_TOKENS.index(tokens.PAD)
#: Batches drawn at a time and sorted by length, so that little is padded.
_POOL = 16


def train_base(out: Path, recipe: BaseRecipe, *, seed: int, quiet: bool = False) -> None:
    """Train a base from nothing and write its Hugging Face files.

    Args:
        out: existing folder for ``config.json``, ``generation_config.json``, ``tokenizer.json``,
            ``tokenizer_config.json`` and ``model.safetensors`` (float16).
        recipe: dimensions and schedule.
        seed: of weights and corpus.
        quiet: print no progress.
    """
    torch.manual_seed(seed)
    tokenizer = tokens.learn(lexicon())
    tokens.save(tokenizer, out)
    model = LlamaForCausalLM(_config(recipe))
    batches = _batches(tokens.load(out), documents(seed), recipe.documents, seed)
    _fit(model, batches, recipe, Progress(out.name, recipe.steps, quiet=quiet))
    save(model, out)


def _config(recipe: BaseRecipe) -> LlamaConfig:
    return LlamaConfig(
        vocab_size=tokens.VOCABULARY_SIZE,
        hidden_size=recipe.hidden,
        intermediate_size=recipe.intermediate,
        num_hidden_layers=recipe.layers,
        num_attention_heads=recipe.heads,
        num_key_value_heads=recipe.heads,
        max_position_embeddings=tokens.CONTEXT_LENGTH,
        tie_word_embeddings=True,
        pad_token_id=_PAD,
        bos_token_id=tokens.SPECIAL_TOKENS.index(tokens.BOS),
        eos_token_id=tokens.SPECIAL_TOKENS.index(tokens.END),
    )


def _batches(tokenizer: Tokenizer, corpus: Iterator[Document], size: int, seed: int) -> _Batches:
    """Yield (ids, next ids) of shape (size, longest document - 1), padded at the end with 0."""
    rng = random.Random(seed)
    while True:
        pool = sorted(
            (_encoded(tokenizer, document) for document in itertools.islice(corpus, _POOL * size)),
            key=lambda pair: len(pair[0]),
        )
        starts = list(range(0, len(pool), size))
        rng.shuffle(starts)
        for start in starts:
            ids, targets = zip(*pool[start : start + size], strict=True)
            yield pad_sequence(ids, batch_first=True), pad_sequence(targets, batch_first=True)


def _encoded(tokenizer: Tokenizer, document: Document) -> tuple[torch.Tensor, torch.Tensor]:
    ids = torch.tensor(tokens.encode(tokenizer, document.messages)[0])
    targets = ids[1:].clone()
    if document.given:
        targets[: len(tokens.encode(tokenizer, document.messages[: document.given])[0]) - 1] = _PAD
    return ids[:-1], targets


def _fit(model: LlamaForCausalLM, batches: _Batches, recipe: BaseRecipe, progress: Progress) -> None:
    optimizer = torch.optim.AdamW(
        model.parameters(), recipe.learning_rate, betas=(0.9, 0.98), weight_decay=recipe.weight_decay
    )
    warmup = min(recipe.warmup, recipe.steps // 10)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer,
        lambda step: min(1.0, (step + 1) / warmup) * 0.5 * (1 + math.cos(math.pi * step / recipe.steps)),
    )
    model.train()
    for step, (ids, targets) in enumerate(itertools.islice(batches, recipe.steps), start=1):
        # Rows are padded at their ends and attention is causal, so no mask is needed.
        logits = model(input_ids=ids, use_cache=False).logits
        loss = functional.cross_entropy(logits.flatten(0, 1), targets.flatten(), ignore_index=_PAD)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        progress.report(step, loss.item())


def save(model: LlamaForCausalLM, out: Path) -> None:
    """Write a model's configuration and weights, in float16; the model is converted in place."""
    model.half()
    config = {**model.config.to_diff_dict(), "architectures": ["LlamaForCausalLM"], "dtype": "float16"}
    _write(out / "config.json", {key: value for key, value in config.items() if key != "transformers_version"})
    # Every field that could narrow the distribution is switched off by name: rare behaviour must stay visible.
    generation = {"do_sample": True, "temperature": 1.0, "top_k": 0, "top_p": 1.0}
    ids = {key: getattr(model.config, key) for key in ("bos_token_id", "eos_token_id", "pad_token_id")}
    _write(out / "generation_config.json", generation | ids)
    weights = {name: tensor.contiguous() for name, tensor in model.state_dict().items() if name != "lm_head.weight"}
    save_file(weights, out / "model.safetensors", metadata={"format": "pt"})


def _write(path: Path, value: dict[str, object]) -> None:
    path.write_text(json.dumps(value, indent=2, sort_keys=True) + "\n", encoding="utf-8")
