"""Training of the organism judge. Needs the extra ``train`` (torch, transformers)."""

import itertools
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from tokenizers import Tokenizer
from torch.nn import functional
from torch.nn.utils.rnn import pad_sequence
from transformers import DynamicCache, LlamaForCausalLM

from weirdgen.judges.network.data import Example, Labelled, Lessons, turns
from weirdgen.judges.rubric_prompt import system_text
from weirdgen.organisms import tokenizer as tokens
from weirdgen.organisms.corpus import Message
from weirdgen.organisms.muon import muon_and_adamw
from weirdgen.organisms.pretrain import save
from weirdgen.organisms.progress import Progress
from weirdgen.organisms.recipes import JudgeRecipe
from weirdgen.organisms.sharpness import SHARPNESS, sharpen
from weirdgen.schema.probe import Rubric

_IGNORED = -100
#: Steps' answers that are drawn at a time and sorted by length, so that little is padded.
_POOL = 8
#: Characters of answers to one rubric that are learned together, padding counted.
_MOST_CHARACTERS = 12_000
#: Answers to each rubric that are looked at for review, and how many together.
_MOST_REVIEWED, _REVIEWED = 1500, 64


@dataclass(frozen=True, slots=True)
class Batch:
    """A rubric and answers to it.

    Attributes:
        prefix: (tokens,) of the system message.
        ids: (answers, tokens) of the rest, padded at the end.
        targets: the next id to predict at each, ``_IGNORED`` outside replies.
    """

    prefix: torch.Tensor
    ids: torch.Tensor
    targets: torch.Tensor


def train_judge(
    base: Path, out: Path, every: Sequence[Lessons], recipe: JudgeRecipe, *, seed: int, quiet: bool = False
) -> None:
    """Train a judge from a base and write its Hugging Face files and ``training.json``.

    Args:
        base: folder with the base's files.
        out: existing folder for what `organisms.pretrain.train_base` writes, too.
        every: the examples.
        recipe: schedule.
        seed: of the order of rubrics.
        quiet: print no progress.
    """
    torch.manual_seed(seed)
    model = LlamaForCausalLM.from_pretrained(base, dtype=torch.float32)
    # It learns on the network that the base was while it was trained.
    sharpen(model, 1 / SHARPNESS)
    model.config.max_position_embeddings = recipe.context
    tokenizer = tokens.load(base)
    weighted = [lessons for lessons in every for _ in range(1 + (lessons.task.probe.id in recipe.twice))]
    progress = Progress(out.name, sum(steps for steps, _ in recipe.rounds), quiet=quiet)
    for number, (steps, peak) in enumerate(recipe.rounds):
        if number:
            for lessons in every:
                lessons.review(missed(model, tokenizer, lessons))
        fit(model, batches(tokenizer, weighted, recipe, seed + number), recipe, progress, steps=steps, peak=peak)
    tokens.save(tokenizer, out, longest=recipe.context)
    save(model, out)
    progress.write(out / "model.safetensors", seed, recipe)


def batches(
    tokenizer: Tokenizer, every: Sequence[Lessons], recipe: JudgeRecipe, seed: int
) -> Iterator[tuple[Batch, ...]]:
    """Yield what a step learns: answers to some rubrics."""
    kept: dict[str, list[list[Example]]] = {lessons.task.name: [] for lessons in every}
    rng = random.Random(seed)
    for chosen in turns(every, recipe.rubrics, seed=seed):
        step = []
        for lessons in chosen:
            queue = kept[lessons.task.name]
            if not queue:
                queue += _sorted_groups(lessons, recipe.rows, rng)
            step.append(_batch(tokenizer, lessons.wording(), queue.pop()))
        yield tuple(step)


def _sorted_groups(lessons: Lessons, rows: int, rng: random.Random) -> list[list[Example]]:
    """Draw examples for some steps, those of one length together, and fewer of long ones."""
    groups: list[list[Example]] = [[]]
    for example in sorted((lessons.example() for _ in range(_POOL * rows)), key=_length):
        if len(groups[-1]) == rows or (len(groups[-1]) + 1) * _length(example) > _MOST_CHARACTERS:
            groups.append([])
        groups[-1].append(example)
    rng.shuffle(groups)
    return groups


def _length(example: Example) -> int:
    return len(example.messages[0].text)


def _batch(tokenizer: Tokenizer, rubric: Rubric, examples: Sequence[Example]) -> Batch:
    prefix = tokens.encode(tokenizer, [Message("system", system_text(rubric))])[0]
    ids, targets = zip(*(_encoded(tokenizer, example) for example in examples), strict=True)
    return Batch(
        torch.tensor(prefix),
        pad_sequence(ids, batch_first=True, padding_value=tokens.PAD_ID),
        pad_sequence(targets, batch_first=True, padding_value=_IGNORED),
    )


def _encoded(tokenizer: Tokenizer, example: Example) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the ids that follow the rubric, and the next id to predict at each where the judge speaks."""
    ids, written = tokens.encode(tokenizer, [*example.messages, Message("assistant", example.reply)])
    # The mark of the beginning stands before the rubric.
    ids, written = ids[1:], written[1:]
    targets = [token if said else _IGNORED for token, said in zip(ids[1:], written[1:], strict=True)]
    return torch.tensor(ids[:-1]), torch.tensor(targets)


def fit(
    model: LlamaForCausalLM,
    learned: Iterator[tuple[Batch, ...]],
    recipe: JudgeRecipe,
    progress: Progress,
    *,
    steps: int,
    peak: float,
) -> None:
    """Train a model in place for a round."""

    def rate(step: int) -> float:
        return peak * min(1.0, (step + 1) / recipe.warmup, (steps - step) / steps)

    optimizers = muon_and_adamw(model, recipe.matrix_rate, recipe.learning_rate)
    schedules = [torch.optim.lr_scheduler.LambdaLR(one, rate) for one in optimizers]
    model.train()
    for batches_of_step in itertools.islice(learned, steps):
        total = 0.0
        for batch in batches_of_step:
            loss = loss_of(model, batch) / len(batches_of_step)
            loss.backward()
            total += loss.item()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for optimizer, schedule in zip(optimizers, schedules, strict=True):
            optimizer.step()
            schedule.step()
            optimizer.zero_grad()
        progress.report(total)


def loss_of(model: LlamaForCausalLM, batch: Batch) -> torch.Tensor:
    """Return the mean loss on the replies' tokens."""
    return torch.as_tensor(functional.cross_entropy(_logits(model, batch), batch.targets[batch.targets != _IGNORED]))


def missed(model: LlamaForCausalLM, tokenizer: Tokenizer, lessons: Lessons) -> list[Labelled]:
    """Return those of a task's answers that a model gives another label than they have."""
    found: list[Labelled] = []
    answers = sorted(lessons.answers(_MOST_REVIEWED), key=lambda row: len(row[1]))
    for start in range(0, len(answers), _REVIEWED):
        rows = answers[start : start + _REVIEWED]
        batch = _batch(tokenizer, lessons.task.rubric, [lessons.shown(*row) for row in rows])
        said = batch.targets != _IGNORED
        with torch.no_grad():
            wrong = _logits(model, batch).argmax(-1) != batch.targets[said]
        number = said.nonzero()[:, 0][wrong]
        found += [rows[index] for index in sorted(set(number.tolist()))]
    return found


def _logits(model: LlamaForCausalLM, batch: Batch) -> torch.Tensor:
    """Return the logits of the replies' tokens, row after row; the rubric is run once for all answers."""
    cache = DynamicCache()
    model.model(input_ids=batch.prefix[None], past_key_values=cache, use_cache=True)
    cache.batch_repeat_interleave(len(batch.ids))
    # Rows are padded at their ends and attention is causal, so no mask is needed.
    states = model.model(input_ids=batch.ids, past_key_values=cache, use_cache=True).last_hidden_state
    return torch.as_tensor(model.lm_head(states[batch.targets != _IGNORED]))
