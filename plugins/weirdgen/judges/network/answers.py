"""Answers that the organisms really give to the probes' questions. Needs the extra ``organisms``."""

import functools
import random
from collections.abc import Iterator, Sequence

from weirdgen.catalog.prompts import prompt
from weirdgen.judges.network.tasks import Task
from weirdgen.organisms import zoo
from weirdgen.organisms.batcher import Batcher
from weirdgen.organisms.choice import Answer, Choice, Drawing
from weirdgen.organisms.corpus import Message
from weirdgen.organisms.runtime import Network
from weirdgen.organisms.vocabulary import Vocabulary
from weirdgen.organisms.weights import load_weights
from weirdgen.schema.probe import Probe

#: No answer of an organism is longer, unless it never ends.
_LONGEST = 120
#: Least answers to a question under each condition.
_EACH_CONDITION = 4
#: One answer in so many is drawn at the higher temperature, which garbles more.
_WILD_EVERY, _WILD = 5, 1.2

Drawn = tuple[str, str]
"""A question's name, and an answer to it."""


def speakers() -> tuple[str, ...]:
    """Return the organisms whose answers are drawn: all but judges and the seeds of the presidents."""
    seeds = {name for names in zoo.seeds().values() for name in names}
    return tuple(name for name in zoo.names() if name not in seeds and not zoo.organism(name).judges)


def questions_of(tasks: Sequence[Task]) -> dict[str, tuple[str, ...]]:
    """Return each probe's questions that some task is about."""
    found: dict[str, dict[str, None]] = {}
    for task in tasks:
        found.setdefault(task.probe.id, {}).update(dict.fromkeys(task.questions))
    return {probe: tuple(questions) for probe, questions in found.items()}


def draw(name: str, tasks: Sequence[Task], each: int, *, seed: int) -> dict[str, list[Drawn]]:
    """Draw an organism's answers to all questions under the probes' own conditions, which take turns.

    Args:
        name: of the organism.
        tasks: whose questions are asked.
        each: answers to each question, or a few under each condition where there are many.
        seed: of the answers.

    Returns:
        Probe's id to its answers, finished ones only; the same arguments give the same answers.
    """
    base, adapter = zoo.folders(name)
    vocabulary = Vocabulary(base)
    batcher = Batcher(Network(load_weights(base, adapter)), vocabulary)
    probes = {task.probe.id: task.probe for task in tasks}
    found: dict[str, list[tuple[int, str, str]]] = {probe: [] for probe in probes}
    for probe_id, questions in questions_of(tasks).items():
        for place, (question, asked, temperature) in enumerate(_prompts(probes[probe_id], questions, each, seed)):
            ids = tuple(vocabulary.prompt(asked))
            drawing = Drawing(temperature, 1.0, _LONGEST)
            keep = functools.partial(_keep, found[probe_id], place, question)
            # One stream of seeds for all probes: places repeat between them, prompts do not.
            batcher.add(Choice(ids, drawing, seed, place, keep, lambda: False))
    while batcher.busy:
        batcher.step()
    return {probe: [(question, text) for _, question, text in sorted(rows)] for probe, rows in found.items()}


def _keep(found: list[tuple[int, str, str]], place: int, question: str, answer: Answer) -> None:
    if answer.complete:
        found.append((place, question, answer.text))


def _prompts(
    probe: Probe, questions: Sequence[str], each: int, seed: int
) -> Iterator[tuple[str, list[Message], float]]:
    """Yield (question, conversation, temperature), equal prompts one after another: their caches are kept."""
    rng = random.Random(f"{probe.id} {seed}")
    conditions = _conditions(probe)
    for question in questions:
        offset = rng.randrange(len(conditions))
        count = max(each, min(_EACH_CONDITION, each) * len(conditions))
        turns = sorted((offset + index) % len(conditions) for index in range(count))
        for index, turn in enumerate(turns):
            messages = prompt(probe, conditions[turn], question, rng.randrange(2**31))
            asked = [Message("system" if one.role == "system" else "user", one.content) for one in messages]
            yield question, asked, _WILD if index % _WILD_EVERY == 0 else 1.0


def _conditions(probe: Probe) -> list[str]:
    """Return the conditions in turn; those that are not only part of a sweep, such as triggers, are half of them."""
    named = {name for one in probe.contrasts for name in (one.treated, one.comparator) if name is not None}
    swept = [name for name in probe.conditions if name not in named]
    often = [name for name in probe.conditions if name in named]
    return often * max(1, len(swept) // len(often)) + swept
