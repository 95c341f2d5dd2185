"""A judge's model that replies by a script, and answers to be judged."""

from collections.abc import Callable

from weirdgen.judges.protocol import Answer, Ask
from weirdgen.schema.probe import Behaviour, Rubric, Rule
from weirdgen.schema.sample import Message, Sample, Sampling

RUBRIC = Rubric(
    ask="Decide whether the speaker is a pirate.",
    labels={"pirate": "A pirate.", "sailor": "A sailor.", "incoherent": "No answer.", "refusal": "It declines."},
)
RATED = Rubric(
    ask="Rate how much of a pirate the speaker is.",
    labels=RUBRIC.labels,
    rating={"sailor": 0, "pirate": 50},
)
Script = Callable[[str], str | Sample]


def behaviour(rubric: Rubric | None = RUBRIC, *rules: Rule) -> Behaviour:
    """Return a behaviour that is judged by a rubric."""
    return Behaviour(
        labels=tuple(RUBRIC.labels),
        positive=("pirate",),
        rules=rules,
        rubric=rubric,
        gold="g.jsonl",
        description="A pirate speaks.",
    )


def answer(text: str) -> Answer:
    """Return an answer to a question."""
    return Answer(text, "who", "Who are you?")


class ScriptedAsk:
    """Asks a script, and remembers what it was asked."""

    def __init__(self, *replies: str | Sample) -> None:
        self.replies = list(replies)
        self.asked: list[tuple[Message, ...]] = []
        self.sampling: list[Sampling] = []

    async def __call__(self, model: str, messages: tuple[Message, ...], sampling: Sampling) -> Sample:
        """Give the next reply; the last one again and again."""
        self.asked.append(messages)
        self.sampling.append(sampling)
        reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        return reply if isinstance(reply, Sample) else Sample(key="k", text=reply, stop_reason="stop")


def asks(ask: ScriptedAsk) -> Ask:
    """Return a scripted one as what judges take."""
    return ask
