"""What every judge offers, and how one sample gets its label."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from weirdgen.judges.exact import begins
from weirdgen.schema.probe import Behaviour
from weirdgen.schema.sample import Message, Sample, Sampling

REFUSAL = "refusal"

Ask = Callable[[str, tuple[Message, ...], Sampling], Awaitable[Sample]]
"""Asks an LLM judge: name of the model as the user gave it, conversation, sampling. Whatever it was asked before it is
not asked again. Raises JudgeError where another model answers than the one that was opened, EndpointError where none
does."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a judge says of one answer."""

    label: str | None
    """None: it could not tell, and the answer counts as missing."""
    asked: bool = False
    """Whether an LLM was asked, now or before."""
    trouble: str = ""
    """Of an undecided answer: why the last reply was no label, in a word or two."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What is judged."""

    text: str
    question: str
    """Name of the question; only a judge of choices reads it."""
    question_text: str
    """The question as it was put, without the condition that it was put in; only an LLM judge reads it."""


class Judge(Protocol):
    """Maps an answer to one label of a closed set. It never sees model, condition or trigger."""

    @property
    def name(self) -> str:
        """What users call it."""

    @property
    def identity(self) -> str:
        """SHA-256 of all that decides its labels; calibrations are bound to it."""

    @property
    def behaviour(self) -> Behaviour:
        """What it judges for; its labels are the only ones given."""

    @property
    def models(self) -> tuple[str, ...]:
        """The models that it asks, as the user named them; none: it is a pure function of the answer."""

    async def judgement(self, answer: Answer, ask: Ask) -> Judgement:
        """Judge an answer.

        Raises:
            WeirdgenError: a model that it asks gives nothing.
        """

    def score(self, sample: Sample, label: str, question: str = "") -> float:
        """Return how far a sample with that label shows the behaviour, in [0, 1]."""


@runtime_checkable
class PureJudge(Judge, Protocol):
    """A judge that asks nobody: evidence can be judged again offline."""

    def judge(self, text: str, question: str = "") -> str:
        """Return the label of any text that answers a question; only a judge of choices reads which."""


async def label_sample(judge: Judge, sample: Sample, answer: Answer, ask: Ask) -> Judgement:
    """Return the label of a sample, or none where it has none and counts as missing.

    A refusal through the API's own field is a label (`refusal` if the behaviour has it, else its fallback): the model
    decided to answer so. A filtered answer is missing, and a cut one for a judge that reads all of it: nobody knows
    how it would have gone on. An exact scorer reads the beginning, which a cut leaves.
    """
    if sample.refused:
        return Judgement(REFUSAL if REFUSAL in judge.behaviour.labels else judge.behaviour.fallback)
    readable = begins(sample) if judge.behaviour.exact else sample.complete
    return await judge.judgement(answer, ask) if readable else Judgement(None)
