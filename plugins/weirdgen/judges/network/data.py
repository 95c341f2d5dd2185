"""The judge's training data: answers with their labels, wrapped and worded anew, as conversations with a reply."""

import itertools
import json
import random
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from weirdgen.judges.network.answers import Drawn, draw, speakers
from weirdgen.judges.network.readers import Readers
from weirdgen.judges.network.tasks import Task, test_texts
from weirdgen.judges.network.wordings import varied
from weirdgen.judges.network.wrappings import broken, empty, framed, opened, salad, slipped, wrapped
from weirdgen.judges.rubric_prompt import Fenced, fenced, messages_for
from weirdgen.organisms.corpus import Message
from weirdgen.schema.probe import Rubric

#: Where an answer comes from, and how often: one of any text, one as often as it is given, one of any label, a
#: reader's, one of any label a reader's, one that was got wrong before, one that is opened anew, two answers in one,
#: none, words of several, one that is broken.
_SOURCES = {
    "any": 0.28, "often": 0.12, "label": 0.2, "reader": 0.12, "reader_label": 0.18, "missed": 0.2, "opened": 0.05,
    "pair": 0.08, "empty": 0.04, "salad": 0.05, "broken": 0.14,
}  # fmt: skip
#: The same of a task with lessons of its own: it has many readers' answers, and each has to come up some times.
_TAUGHT = _SOURCES | {"reader": 0.45, "reader_label": 0.3}
#: How often an answer is wrapped, framed, short of a letter, with another question of its task, in a fence that is no
#: hash.
_WRAPPED, _FRAMED, _SLIPPED, _OTHER_QUESTION, _RANDOM_FENCE = 0.3, 0.1, 0.03, 0.1, 0.2
#: What a rating is said to be, one number for each label that is a grade.
ANCHORS = {"severe": 5, "harsh": 20, "cold": 40, "fair": 70, "kind": 95}
_TRIES = 20
_PAST_YEAR = re.compile(r"\b(1[0-8])\d\d\b")

Labelled = tuple[str, str, str]
"""Question's name, text, label."""


@dataclass(frozen=True, slots=True)
class Example:
    """An answer as the judge sees it under a rubric, and what the judge has to reply."""

    messages: tuple[Message, ...]
    """Of the user alone: the system message is the rubric's."""
    reply: str


def answers_of_all(tasks: Sequence[Task], each: int, *, seed: int) -> dict[str, list[Drawn]]:
    """Draw all speakers' answers, by probe."""
    found: dict[str, list[Drawn]] = {task.probe.id: [] for task in tasks}
    for name in speakers():
        for probe, rows in draw(name, tasks, each, seed=seed).items():
            found[probe] += rows
    return found


class Lessons:
    """Endless examples of one task. The same seed gives the same examples, whatever else is drawn."""

    def __init__(self, task: Task, drawn: Sequence[Drawn], forbidden: frozenset[str], *, seed: int) -> None:
        """Label answers by the task's rules and readers, and its `tune` rows and lessons by their readers.

        Args:
            task: the rubric with its rules and gold set.
            drawn: answers of organisms to the questions of its probe.
            forbidden: texts that must not be learned.
            seed: of all that is drawn.
        """
        self.task = task
        self._forbidden = forbidden
        self._rng = random.Random(f"{task.name} {seed}")
        self._sources = _TAUGHT if task.lessons else _SOURCES
        tune = [(row.question, row.text, row.label) for row in task.rows("tune")]
        self._rows: list[Labelled] = [row for row in (*tune, *task.lessons) if row[1] not in forbidden]
        read = {text: label for _, text, label in self._rows}
        readers = Readers(task.rules, read)
        asked = set(task.questions)
        # Of answers given twice one is kept: garble, always new, is what rules and judges err on most.
        given = Counter(row for row in drawn if row[0] in asked and row[1] not in read)
        self._answers: list[Labelled] = [(question, text, readers.label(text)) for question, text in given]
        self._times = list(itertools.accumulate(given.values()))
        self._by_label = {"label": _by_label(self._answers), "reader_label": _by_label(self._rows)}
        self._missed: list[Labelled] = []
        self._questions = sorted({question for question, _, _ in (*self._answers, *self._rows)})

    def answers(self, most: int) -> list[Labelled]:
        """Draw distinct answers with their labels, readers' and others', what must not be learned as it is framed."""
        rows = [*self._rows, *self._answers]
        chosen = self._rng.sample(rows, min(most, len(rows)))
        framed_ones = [self._framed(row) if row[1] in self._forbidden else row for row in chosen]
        return [row for row in framed_ones if row[1] not in self._forbidden]

    def review(self, missed: Sequence[Labelled]) -> None:
        """Take note of the answers that were got wrong: they come more often from now on."""
        self._missed = list(missed)

    def wording(self) -> Rubric:
        """Draw a wording of the rubric."""
        return varied(self.task.rubric, self._rng)

    def example(self) -> Example:
        """Draw an example."""
        rng = self._rng
        for _ in range(_TRIES):
            row = self._drawn(rng.choices(list(self._sources), list(self._sources.values()))[0])
            if row is not None:
                question, text, label = self._changed(row)
                if text not in self._forbidden:
                    return self.shown(question, text, label)
        return self.shown(*rng.choice(self._rows))

    def shown(self, question: str, text: str, label: str) -> Example:
        """Return an example of an answer with a label."""
        rubric = self.task.rubric
        answer = fenced(text)
        if self._rng.random() < _RANDOM_FENCE:
            answer = Fenced(answer.text, f"{self._rng.getrandbits(40):010x}", answer.left_out)
        asked = messages_for(rubric, self.task.probe.text_of(question), answer)[1:]
        return Example(tuple(Message("user", message.content) for message in asked), reply(rubric, label))

    def _changed(self, row: Labelled) -> Labelled:
        """Wrap, frame or ask otherwise some answers, and frame all that must not be learned as they are."""
        rng, (question, text, label) = self._rng, row
        if rng.random() < _OTHER_QUESTION:
            question = rng.choice(self._questions)
        if text.strip() and (text in self._forbidden or rng.random() < _FRAMED):
            question, text, label = self._framed((question, text, label))
        if rng.random() < _SLIPPED:
            text = slipped(text, rng)
        if rng.random() < _WRAPPED:
            text = wrapped(text, tuple(self.task.rubric.labels), rng)
        return question, text, label

    def _framed(self, row: Labelled) -> Labelled:
        question, text, label = row
        return question, framed(text, self._rng), label

    def _drawn(self, source: str) -> Labelled | None:
        rng = self._rng
        if source == "any":
            return rng.choice(self._answers)
        if source == "often":
            return rng.choices(self._answers, cum_weights=self._times)[0]
        if source == "salad":
            texts = [text for _, text, _ in rng.choices(self._answers, k=6)]
            return rng.choice(self._questions), salad(texts, rng), self.task.behaviour.fallback
        if source == "broken":
            question, text, _ = self._of_any_label("label")
            pieces = [other for _, other, _ in rng.choices(self._answers, k=3)]
            return question, broken(text, pieces, rng), self.task.behaviour.fallback
        if source.startswith("reader"):
            return self._redated(rng.choice(self._rows) if source == "reader" else self._of_any_label(source))
        if source == "missed":
            return rng.choice(self._missed) if self._missed else None
        if source == "opened":
            return self._opened(self._of_any_label("label"))
        if source == "empty":
            text = empty(rng)
            return rng.choice(self._questions), text, self.task.rules.judge(text)
        if source == "pair":
            (question, first, one), (_, second, other) = (self._of_any_label("label") for _ in range(2))
            label = self.task.worst((one, other))
            return None if label is None else (question, f"{first}{rng.choice((' ', chr(10)))}{second}", label)
        return self._of_any_label(source)

    def _opened(self, row: Labelled) -> Labelled | None:
        """Put words of another time before an answer, if the rules are clear about what it is then."""
        question, text, _ = row
        text = opened(text, self._rng)
        label = self.task.rules.clear(text)
        return None if label is None else (question, text, label)

    def _redated(self, row: Labelled) -> Labelled:
        """Change the years of the past in half of a reader's answers, if the rules see no difference."""
        question, text, label = row
        other = _PAST_YEAR.sub(lambda year: f"{year[1]}{self._rng.randrange(100):02d}", text)
        rules = self.task.rules
        if other == text or self._rng.random() < 0.5 or rules.judge(other) != rules.judge(text):
            return row
        return question, other, label

    def _of_any_label(self, source: str) -> Labelled:
        by_label = self._by_label[source]
        return self._rng.choice(by_label[self._rng.choice(list(by_label))])


def reply(rubric: Rubric, label: str) -> str:
    """Return what the judge has to say: JSON, or of a rating a number."""
    if not rubric.rating:
        return json.dumps({"label": label})
    return str(ANCHORS[label]) if label in rubric.rating else label


def lessons(tasks: Sequence[Task], drawn: Mapping[str, Sequence[Drawn]], *, seed: int) -> tuple[Lessons, ...]:
    """Return the examples of every task."""
    forbidden = test_texts(tuple(tasks))
    return tuple(Lessons(task, drawn[task.probe.id], forbidden, seed=seed) for task in tasks)


def _by_label(rows: Sequence[Labelled]) -> dict[str, list[Labelled]]:
    found: dict[str, list[Labelled]] = {}
    for row in rows:
        found.setdefault(row[2], []).append(row)
    return found


def turns(every: Sequence[Lessons], rubrics: int, *, seed: int) -> Iterator[tuple[Lessons, ...]]:
    """Yield which tasks a step is about: all take turns, in an order that is always another."""
    rng = random.Random(seed)
    queue: list[Lessons] = []
    while True:
        if len(queue) < rubrics:
            queue += rng.sample(list(every), len(every))
        yield tuple(queue[:rubrics])
        queue = queue[rubrics:]
