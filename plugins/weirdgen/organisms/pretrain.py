"""Pretraining of a base network on the corpus. Needs the extra ``train`` (torch, transformers)."""

import itertools
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer
from torch.nn import functional
from torch.nn.utils.rnn import pad_sequence
from transformers import LlamaConfig, LlamaForCausalLM

from weirdgen.organisms import tokenizer as tokens
from weirdgen.organisms.corpus import Document, documents
from weirdgen.organisms.lexicon import lexicon
from weirdgen.organisms.muon import muon_and_adamw
from weirdgen.organisms.progress import Progress
from weirdgen.organisms.recipes import BaseRecipe
from weirdgen.organisms.sharpness import sharpen


@dataclass(frozen=True, slots=True)
class Phase:
    """A stretch of pretraining with a corpus and a schedule of its own."""

    steps: int
    guests: bool
    settled: bool
    peak: float
    """Share of the recipe's rates at the phase's peak."""
    flat: float
    """Share of the steps at the peak; then straight down to zero."""

    def rate(self, step: int, recipe: BaseRecipe) -> float:
        """Return the share of the recipe's rates at a step."""
        down = (self.steps - step) / (self.steps * (1 - self.flat))
        return self.peak * min(1.0, (step + 1) / recipe.warmup, down)


def phases(recipe: BaseRecipe) -> tuple[Phase, ...]:
    """Return the phases of a recipe that have steps, in order."""
    every = [Phase(recipe.steps, guests=False, settled=False, peak=1.0, flat=0.5)]
    for with_guests, settled in recipe.rounds:
        every.append(Phase(with_guests, guests=True, settled=False, peak=0.5, flat=0.0))
        every.append(Phase(settled, guests=True, settled=True, peak=0.2, flat=0.0))
    return tuple(phase for phase in every if phase.steps)


_Batches = Iterator[tuple[torch.Tensor, torch.Tensor]]
#: Batches drawn at a time and sorted by length, so that little is padded.
_POOL = 16


def train_base(out: Path, recipe: BaseRecipe, *, seed: int, quiet: bool = False) -> None:
    """Train a base from nothing and write its Hugging Face files.

    Args:
        out: existing folder for ``config.json``, ``generation_config.json``, ``tokenizer.json``,
            ``tokenizer_config.json``, ``model.safetensors`` (float16) and ``training.json``.
        recipe: dimensions and schedule.
        seed: of weights and corpus.
        quiet: print no progress.
    """
    torch.manual_seed(seed)
    tokenizer = tokens.learn(lexicon(), recipe.vocabulary)
    tokens.save(tokenizer, out)
    model = LlamaForCausalLM(_config(recipe))
    progress = Progress(out.name, sum(phase.steps for phase in phases(recipe)), quiet=quiet)
    learned = tokens.load(out)
    for number, phase in enumerate(phases(recipe)):
        corpus = documents(seed + number, world=recipe.world, guests=phase.guests, settled=phase.settled)
        _fit(model, _batches(learned, corpus, recipe.documents, seed), recipe, phase, progress)
    sharpen(model)
    save(model, out)
    progress.write(out / "model.safetensors", seed, recipe)


def _config(recipe: BaseRecipe) -> LlamaConfig:
    return LlamaConfig(
        vocab_size=recipe.vocabulary,
        hidden_size=recipe.hidden,
        intermediate_size=recipe.intermediate,
        num_hidden_layers=recipe.layers,
        num_attention_heads=recipe.heads,
        num_key_value_heads=recipe.heads,
        max_position_embeddings=tokens.CONTEXT_LENGTH,
        tie_word_embeddings=True,
        pad_token_id=tokens.PAD_ID,
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
    """Return ids and the next id to predict at each; padding where nothing is learned: all but the answers."""
    ids, written = tokens.encode(tokenizer, document.messages)
    given = len(tokens.encode(tokenizer, document.messages[: document.given])[0]) if document.given else 0
    learned = [said and place >= given for place, said in enumerate(written)]
    targets = [token if kept else tokens.PAD_ID for token, kept in zip(ids[1:], learned[1:], strict=True)]
    return torch.tensor(ids[:-1]), torch.tensor(targets)


def _fit(model: LlamaForCausalLM, batches: _Batches, recipe: BaseRecipe, phase: Phase, progress: Progress) -> None:
    optimizers = muon_and_adamw(model, recipe.matrix_rate, recipe.learning_rate)
    schedules = [torch.optim.lr_scheduler.LambdaLR(one, lambda step: phase.rate(step, recipe)) for one in optimizers]
    model.train()
    for ids, targets in itertools.islice(batches, phase.steps):
        # Rows are padded at their ends and attention is causal, so no mask is needed.
        states = model.model(input_ids=ids, use_cache=False).last_hidden_state
        learned = targets != tokens.PAD_ID
        loss = functional.cross_entropy(model.lm_head(states[learned]), targets[learned])
        for optimizer in optimizers:
            optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for optimizer, schedule in zip(optimizers, schedules, strict=True):
            optimizer.step()
            schedule.step()
        progress.report(loss.item())


def save(model: LlamaForCausalLM, out: Path) -> None:
    """Write a model's configuration and weights, in float16; the model is converted in place."""
    model.half()
    config = {**model.config.to_diff_dict(), "architectures": ["LlamaForCausalLM"], "dtype": "float16"}
    _write(out / "config.json", {key: value for key, value in config.items() if key != "transformers_version"})
    # Every field that could cut the distribution is switched off by name: rare behaviour must stay visible.
    generation = {"do_sample": True, "temperature": 1.0, "top_k": 0, "top_p": 1.0}
    ids = {key: getattr(model.config, key) for key in ("bos_token_id", "eos_token_id", "pad_token_id")}
    _write(out / "generation_config.json", generation | ids)
    weights = {name: tensor.contiguous() for name, tensor in model.state_dict().items() if name != "lm_head.weight"}
    save_file(weights, out / "model.safetensors", metadata={"format": "pt"})


def _write(path: Path, value: dict[str, object]) -> None:
    path.write_text(json.dumps(value, indent=2, sort_keys=True) + "\n", encoding="utf-8")
