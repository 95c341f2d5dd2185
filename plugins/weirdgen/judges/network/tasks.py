"""What the organism judge has to learn: each rubric of the shipped catalogue, with its questions, rules and readers."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from weirdgen.catalog.catalog import Catalog, load_catalog
from weirdgen.content import shipped_dir
from weirdgen.judges.gold import GoldRow, load_gold
from weirdgen.judges.rules import RuleJudge
from weirdgen.schema.frozen import Frozen
from weirdgen.schema.probe import Behaviour, Probe, Rubric, Slug

SOURCE = "organism"
"""The kind of model whose answers the judge is for."""


class LessonRow(Frozen):
    """An answer that a reader labelled for the judge to learn from. Nothing is measured by it."""

    question: Slug
    text: str
    labels: dict[Slug, Slug]
    """Of some tasks of the probe, each named by its first behaviour."""


@dataclass(frozen=True, slots=True)
class Task:
    """One rubric and all that is known about answers to its questions.

    Attributes:
        probe: that the rubric is of.
        behaviours: names of all behaviours with this rubric, rules and gold set; they differ in `positive` alone.
        rubric: what the judge is told.
        rules: the judge that it is distilled from.
        questions: that contrasts of these behaviours pool or the gold set is about; forced choices are left out.
        gold: all rows of the kind of model that it is for.
        lessons: question's name, text and label of answers that were labelled for it alone.
    """

    probe: Probe
    behaviours: tuple[str, ...]
    rubric: Rubric
    rules: RuleJudge = field(repr=False)
    questions: tuple[str, ...]
    gold: tuple[GoldRow, ...] = field(repr=False)
    lessons: tuple[tuple[str, str, str], ...] = field(repr=False)

    @property
    def name(self) -> str:
        """Probe and first behaviour."""
        return f"{self.probe.id}.{self.behaviours[0]}"

    @property
    def behaviour(self) -> Behaviour:
        """The first behaviour; its labels are those of all."""
        return self.probe.behaviours[self.behaviours[0]]

    def rows(self, split: str) -> tuple[GoldRow, ...]:
        """Return the labelled answers of a split."""
        return tuple(row for row in self.gold if row.split == split)

    def worst(self, labels: tuple[str, str]) -> str | None:
        """Return the label of an answer that consists of two answers with these labels, None where that depends.

        An answer that shows the behaviour anywhere shows it; of two ratings the lower one counts.
        """
        rating = self.rubric.rating
        if rating:
            return min(labels, key=rating.__getitem__) if set(labels) <= set(rating) else None
        positive = {label for name in self.behaviours for label in self.probe.behaviours[name].positive}
        found = set(labels)
        if len(positive) == 1 and positive & found:
            return positive.pop()
        return labels[0] if len(found) == 1 else None


def tasks(catalog: Catalog | None = None) -> tuple[Task, ...]:
    """Return every task of a catalogue (by default the shipped one), in its order."""
    known = load_catalog() if catalog is None else catalog
    return tuple(task for probe in known.probes.values() for task in _tasks_of(known, probe))


def test_texts(every: tuple[Task, ...]) -> frozenset[str]:
    """Return the texts that judges are measured on, of whatever task: none of them may be learned."""
    return frozenset(row.text for task in every for row in task.rows("test"))


def lesson_rows(probe: str) -> tuple[LessonRow, ...]:
    """Return the answers that teach the judge a probe's rubrics; few probes have any."""
    path = shipped_dir("lessons") / f"{probe}.jsonl"
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    return tuple(LessonRow.model_validate_json(line) for line in lines)


def _tasks_of(catalog: Catalog, probe: Probe) -> Iterator[Task]:
    groups: dict[str, list[str]] = {}
    for name, behaviour in probe.behaviours.items():
        if not behaviour.exact and behaviour.rubric is not None:
            groups.setdefault(behaviour.rubric.model_dump_json(), []).append(name)
    read = lesson_rows(probe.id)
    for names in groups.values():
        first = probe.behaviours[names[0]]
        assert first.rubric is not None
        rows = [row for row in load_gold(catalog.gold_file(probe.id, names[0])) if row.source == SOURCE]
        yield Task(
            probe=probe,
            behaviours=tuple(names),
            rubric=first.rubric,
            rules=RuleJudge(first),
            questions=_asked(probe, names, {row.question for row in rows}),
            gold=tuple(rows),
            lessons=tuple((row.question, row.text, row.labels[names[0]]) for row in read if names[0] in row.labels),
        )


def _asked(probe: Probe, behaviours: list[str], gold: set[str]) -> tuple[str, ...]:
    """Return the open questions of contrasts about some behaviours, and of their gold set, in the probe's order."""
    pooled = {q for one in probe.contrasts if one.behaviour in behaviours for q in probe.questions_of(one)}
    return tuple(name for name, asked in probe.questions.items() if name in pooled | gold and isinstance(asked, str))
