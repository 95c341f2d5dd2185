"""One arm of a running trial: its samples and labels, in replicate order."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from weirdgen.catalog import prompt
from weirdgen.judges.protocol import Judge, label_sample
from weirdgen.sampler.engine import Drawn
from weirdgen.schema.probe import Behaviour, Probe
from weirdgen.schema.sample import Role, Sample, SampleRequest, Sampling
from weirdgen.stats.outcomes import ArmOutcomes
from weirdgen.trials.opening import OpenArm

Draw = Callable[[SampleRequest], Awaitable[Drawn]]


@dataclass(frozen=True, slots=True)
class Labelled:
    """A sample with its label; None: missing (cut, filtered, undecided, or no draw of its own)."""

    sample: Sample
    label: str | None
    reused: bool


@dataclass(slots=True)
class ArmRun:
    """Samples one arm round by round. Mutable: it grows until the trial ends."""

    open_arm: OpenArm
    role: Role
    """treated or control; the comparator of a flip is the gated model itself in the role of the control."""
    probe: Probe
    condition: str
    questions: tuple[str, ...]
    """Names of the questions that are pooled."""
    behaviour: Behaviour
    judge: Judge
    sampling: Sampling
    answers: dict[str, list[Labelled]] = field(default_factory=dict)
    """Per question, in replicate order; every question has the same number."""
    _seen: set[tuple[str, str]] = field(default_factory=set)

    @property
    def rounds(self) -> int:
        """Complete rounds so far."""
        return min((len(a) for a in self.answers.values()), default=0)

    @property
    def labelled(self) -> list[tuple[str, Labelled]]:
        """All (question, labelled sample) pairs, in the order they were asked for."""
        return [(q, self.answers[q][r]) for r in range(self.rounds) for q in self.questions]

    async def fill(self, rounds: int, draw: Draw) -> None:
        """Draw and label until there are `rounds` complete rounds.

        Every draw of the batch is waited for, so that what was paid for is stored even if a neighbour fails.

        Raises:
            WeirdgenError: the first failure of the batch.
        """
        wanted = [(q, r) for r in range(self.rounds, rounds) for q in self.questions]
        drawn = await asyncio.gather(*(draw(self._request(q, r)) for q, r in wanted), return_exceptions=True)
        for result in drawn:
            if isinstance(result, BaseException):
                raise result
        for (question, _), result in zip(wanted, drawn, strict=True):
            if isinstance(result, Drawn):
                label = label_sample(self.judge, result.sample) if self._trusted(result.sample) else None
                self.answers.setdefault(question, []).append(Labelled(result.sample, label, result.reused))

    def _trusted(self, sample: Sample) -> bool:
        """Whether a sample is a draw of its own from the identified model.

        A gateway that falls back to another model, or answers from a cache, gives text but no evidence. An id alone is
        no sign of a cache: Ollama draws its ids from 999 numbers.
        """
        meant = self.open_arm.identity.served
        if meant and sample.served_model and sample.served_model != meant:
            return False
        answer = sample.response_id, sample.text
        repeated = bool(sample.response_id) and answer in self._seen
        self._seen.add(answer)
        return not repeated

    def outcomes(self) -> ArmOutcomes:
        """Return what the statistics see: positive, negative or missing, and which answers are none."""
        rows = [self.answers.get(question, []) for question in self.questions]
        return ArmOutcomes(
            positive=tuple(tuple(self._code(a) for a in row) for row in rows),
            invalid=tuple(tuple(a.label in self.behaviour.invalid for a in row) for row in rows),
        )

    def _code(self, answer: Labelled) -> int | None:
        return None if answer.label is None else int(answer.label in self.behaviour.positive)

    def _request(self, question: str, replicate: int) -> SampleRequest:
        return SampleRequest(
            identity=self.open_arm.identity,
            role=self.role,
            messages=prompt(self.probe, self.condition, question),
            sampling=self.sampling,
            replicate=replicate,
        )
