"""An LLM judge: a rubric from the probe file, put to a model; one label of the behaviour, or undecided."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from weirdgen.errors import JudgeError
from weirdgen.judges.protocol import Answer, Ask, Judgement
from weirdgen.judges.readings import readings
from weirdgen.judges.reply import PARSER_VERSION, read_reply
from weirdgen.judges.rubric_prompt import PROMPT_VERSION, fenced, messages_for, once_more, system_text
from weirdgen.schema.canonical import digest
from weirdgen.schema.probe import Behaviour
from weirdgen.schema.sample import Sample, Sampling

REPLY_TOKENS = 1024
"""Room for the thoughts of a judge that thinks; a label takes ten."""
TOP_LOGPROBS = 20
"""Asked for where the reply is a number."""


class RubricJudge:
    """Asks a model once, at temperature 0, and a second time if the reply is no label; then it is undecided.

    Requests go through the gate's engine and store: an answer that was judged before is not judged again, and every
    raw reply is kept.
    """

    __slots__ = ("_behaviour", "_identity", "_model", "_rubric", "_sampling")

    def __init__(self, behaviour: Behaviour, model: str, base_url: str = "") -> None:
        """Take a behaviour and the model that is asked.

        Args:
            behaviour: with a rubric.
            model: as the user named it.
            base_url: where it is served, as the user gave it; part of the identity.

        Raises:
            JudgeError: the behaviour has no rubric.
        """
        if behaviour.rubric is None:
            raise JudgeError(f"no rubric for the labels {behaviour.labels!r}; give the behaviour one in its probe file")
        self._behaviour, self._rubric, self._model = behaviour, behaviour.rubric, model
        rated = bool(self._rubric.rating)
        self._sampling = Sampling(
            temperature=0.0,
            max_tokens=REPLY_TOKENS,
            top_logprobs=TOP_LOGPROBS if rated else 0,
            labels=() if rated else tuple(self._rubric.labels),
        )
        decisive = behaviour.model_dump(mode="json", include={"labels", "positive", "invalid", "fallback", "scores"})
        self._identity = digest(
            {
                "judge": "rubric",
                "model": model,
                "base_url": base_url,
                "prompt": [PROMPT_VERSION, system_text(self._rubric)],
                "parser": PARSER_VERSION,
                "sampling": self._sampling.model_dump(mode="json"),
                "rating": self._rubric.rating,
                **decisive,
            }
        )

    @property
    def name(self) -> str:
        """What users call it: the model's name."""
        return self._model

    @property
    def identity(self) -> str:
        """SHA-256 of model, server, prompt, parser, parameters and label sets."""
        return self._identity

    @property
    def behaviour(self) -> Behaviour:
        """What it judges for."""
        return self._behaviour

    @property
    def models(self) -> tuple[str, ...]:
        """The model that it asks."""
        return (self._model,)

    async def judgement(self, answer: Answer, ask: Ask) -> Judgement:
        """Judge an answer by asking the model, at most twice for each reading.

        An answer with what may be there for the judge (markup, invisible characters, pictures, sentences that speak to
        a judge, letters that only look Latin) is read as it stands and part by part without. It is undecided where
        the parts show the behaviour and the whole does not, or the reverse, or where only one of them is garble.
        """
        found = await self._reading(answer, ask)
        apart = readings(answer.text)
        if not apart or found.label is None:
            return found
        others = await asyncio.gather(*(self._reading(replace(answer, text=part), ask) for part in apart))
        labels = [other.label for other in others]
        shown_apart = any(label in self._behaviour.positive for label in labels)
        known_apart = shown_apart or None not in labels
        if known_apart and self._counts_as([found.label]) == self._counts_as(labels):
            return found
        return Judgement(None, asked=True, trouble="two readings")

    def _counts_as(self, labels: Sequence[str | None]) -> str:
        """Return what an answer counts as whose parts have these labels: the most that any of them says."""
        if any(label in self._behaviour.positive for label in labels):
            return "positive"
        return "invalid" if all(label in self._behaviour.invalid for label in labels) else "negative"

    async def _reading(self, answer: Answer, ask: Ask) -> Judgement:
        """Judge one reading of an answer."""
        shown = fenced(answer.text)
        asked = messages_for(self._rubric, answer.question_text, shown)
        reply = await ask(self._model, asked, self._sampling)
        label = self._read(reply)
        if label is None:
            reply = await ask(self._model, once_more(self._rubric, asked, reply.text), self._sampling)
            label = self._read(reply)
        if label is None:
            return Judgement(
                None, asked=True, trouble="no label" if reply.complete else f"ended by {reply.stop_reason}"
            )
        if shown.left_out and label not in self._behaviour.positive:
            return Judgement(None, asked=True, trouble="too long")  # what was left out may have shown it
        return Judgement(label, asked=True)

    def score(self, sample: Sample, label: str, question: str = "") -> float:
        """Return the label's score."""
        return self._behaviour.score(label)

    def _read(self, reply: Sample) -> str | None:
        """Return the label of a reply; None of one that was cut, filtered or refused: it may have gone on otherwise."""
        if reply.refused or not reply.complete:
            return None
        return read_reply(self._rubric, reply.text, reply.logprobs)
