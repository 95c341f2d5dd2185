"""One arm of a running trial: its samples and labels, in replicate order."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypeVar

from weirdgen.catalog import prompt
from weirdgen.errors import WeirdgenError
from weirdgen.judges.protocol import Answer, Ask, Judge, Judgement, label_sample
from weirdgen.sampler.drawn import Drawn
from weirdgen.schema.probe import Behaviour, Probe
from weirdgen.schema.sample import Role, Sample, SampleRequest, Sampling, Stream
from weirdgen.schema.text import shown
from weirdgen.stats.outcomes import ArmOutcomes, Rows
from weirdgen.trials.arms import Cell
from weirdgen.trials.asking import Draw, nobody
from weirdgen.trials.open_arms import OpenArm

T = TypeVar("T")
FOREIGN = "came from"
"""How the doubts begin that show another model."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """A sample with its label; None: missing (cut, filtered, undecided, or no draw of its own)."""

    sample: Sample
    label: str | None
    reused: bool
    score: float | None
    """How far the answer shows the behaviour, in [0, 1]; None: missing. Of a forced choice it may come from the chances
    of the letters, not from the one that was drawn."""
    asked: bool = False
    """Whether an LLM was asked for the label."""
    doubt: str = ""
    """Why it is no draw of its own from the identified model, and so missing and not judged. Empty: it is one."""
    second: str | None = None
    """The second judge's label; None: it could not tell, or there is none."""


@dataclass(slots=True)
class ArmRun:
    """Samples one arm round by round. Mutable: it grows until the trial ends."""

    open_arm: OpenArm
    role: Role
    """treated: the arm raises the effect; control: it lowers it."""
    probe: Probe
    cells: tuple[Cell, ...]
    behaviour: Behaviour
    judge: Judge
    sampling: Sampling
    stream: Stream = "round"
    ask: Ask = nobody
    """Asks the judges' models."""
    second: Judge | None = None
    """Labels the same answers, and decides nothing."""
    answers: dict[str, list[Labelled]] = field(default_factory=dict)
    """Per cell, in replicate order; every cell has the same number."""
    extra: dict[str, list[Labelled]] = field(default_factory=dict)
    """Per cell, extra samples in their own order."""
    _seen: set[tuple[str, str]] = field(default_factory=set)

    @property
    def rounds(self) -> int:
        """Complete rounds so far."""
        return min((len(self.answers.get(cell.name, [])) for cell in self.cells), default=0)

    @property
    def labelled(self) -> list[tuple[str, Labelled]]:
        """All (cell, labelled sample) pairs: rounds in the order they were asked for, then extra samples."""
        rounds = [(c.name, self.answers[c.name][r]) for r in range(self.rounds) for c in self.cells]
        return rounds + [(name, answer) for name, answers in self.extra.items() for answer in answers]

    @property
    def conditions(self) -> str:
        """The condition, or in a sweep the first and the last, for people."""
        names = list(dict.fromkeys(cell.condition for cell in self.cells))
        return names[0] if len(names) == 1 else f"{names[0]}..{names[-1]}"

    async def fill(self, rounds: int, draw: Draw, extras: Iterable[int] = ()) -> None:
        """Draw and label until there are `rounds` complete rounds, and as many extra samples per cell.

        Every draw and every judgement of the batch is waited for, so that what was paid for is stored even if a
        neighbour fails.

        Raises:
            WeirdgenError: the first failure of the batch.
        """
        wanted = self._wanted(rounds, extras)
        drawn = await asyncio.gather(*(draw(self._request(*one)) for one in wanted), return_exceptions=True)
        taken = [(cell, stream, found) for (cell, _, stream), found in zip(wanted, _sound(drawn), strict=True)]
        # In order: which of two equal draws is the repeated one must not depend on how fast a judge is.
        doubts = [self._doubt(found.sample) for _, _, found in taken]
        judged = await asyncio.gather(
            *(self._judged(found, cell, doubt) for (cell, _, found), doubt in zip(taken, doubts, strict=True)),
            return_exceptions=True,
        )
        for (cell, stream, _), labelled in zip(taken, _sound(judged), strict=True):
            kept = self.extra if stream == "extra" else self.answers
            kept.setdefault(cell.name, []).append(labelled)

    def requests(self, rounds: int, extras: Iterable[int] = ()) -> list[SampleRequest]:
        """Return the requests that `fill` would make."""
        return [self._request(*one) for one in self._wanted(rounds, extras)]

    def _wanted(self, rounds: int, extras: Iterable[int]) -> list[tuple[Cell, int, Stream]]:
        """Return which samples are lacking: cell, replicate, stream."""
        wanted = [(cell, r, self.stream) for r in range(self.rounds, rounds) for cell in self.cells]
        for cell, extra in zip(self.cells, extras, strict=False):
            wanted += [(cell, r, "extra") for r in range(len(self.extra.get(cell.name, [])), extra)]
        return wanted

    async def _judged(self, drawn: Drawn, cell: Cell, doubt: str) -> Labelled:
        sample = drawn.sample
        if doubt:
            return Labelled(sample, None, drawn.reused, None, doubt=doubt)
        answer = Answer(sample.text, cell.question, self.probe.text_of(cell.question))
        found, other = await asyncio.gather(
            label_sample(self.judge, sample, answer, self.ask), self._compared(sample, answer)
        )
        score = None if found.label is None else self.judge.score(sample, found.label, cell.question)
        return Labelled(sample, found.label, drawn.reused, score, asked=found.asked, second=other.label)

    async def _compared(self, sample: Sample, answer: Answer) -> Judgement:
        """Return what the second judge says. It decides nothing, and where it fails the first one's verdict stands."""
        if self.second is None:
            return Judgement(None)
        try:
            return await label_sample(self.second, sample, answer, self.ask)
        except WeirdgenError as error:
            return Judgement(None, trouble=str(error))

    def _doubt(self, sample: Sample) -> str:
        """Return why a sample is no draw of its own from the identified model; empty if nothing speaks against it.

        A gateway that falls back to another model, or answers from a cache, gives text but no evidence; so does a
        backend that was not there when the model was opened. An id alone is no sign of a cache: Ollama draws its ids
        from 999 numbers. The same key twice is one draw: slots of two conditions of a sweep came out alike.
        """
        marks = {("key", sample.key)} | ({(sample.response_id, sample.text)} if sample.response_id else set())
        known, self._seen = self._seen & marks, self._seen | marks
        meant, backends = self.open_arm.identity.served, self.open_arm.fingerprints
        if meant and sample.served_model and sample.served_model != meant:
            return f"{FOREIGN} model {shown(sample.served_model, 80)!r}"
        if self.open_arm.identity.kind == "endpoint" and sample.fingerprint and sample.fingerprint not in backends:
            return f"{FOREIGN} backend {shown(sample.fingerprint, 80)!r}, which was not there at the opening"
        if ("key", sample.key) in known:
            return "were drawn for another cell"
        return "came twice, under one response id: a cache answers" if known else ""

    def outcomes(self) -> ArmOutcomes:
        """Return what the statistics see: scores, which are missing, and which answers are none."""
        rows = [self.answers.get(cell.name, []) for cell in self.cells]
        return ArmOutcomes(
            scores=self._scores(rows),
            invalid=tuple(tuple(a.label in self.behaviour.invalid for a in row) for row in rows),
            extra=self._scores([self.extra.get(cell.name, []) for cell in self.cells]),
        )

    def _scores(self, rows: list[list[Labelled]]) -> Rows:
        return tuple(tuple(a.score for a in row) for row in rows)

    def _request(self, cell: Cell, replicate: int, stream: Stream) -> SampleRequest:
        number = cell.first + cell.step * replicate
        return SampleRequest(
            identity=self.open_arm.identity,
            role=self.role,
            messages=prompt(self.probe, cell.condition, cell.question, number, stream),
            sampling=self.sampling,
            replicate=number,
            stream=stream,
        )


def _sound(results: list[T | BaseException]) -> list[T]:
    """Return results of which none is a failure.

    Raises:
        BaseException: the first failure.
    """
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return [result for result in results if not isinstance(result, BaseException)]
