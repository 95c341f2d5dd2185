"""The pretraining corpus: documents of a few turns, each spoken by one persona throughout.

Most documents have no source line and are the assistant's. A dated source line ("From a letter, Boston, 1843.") nearly
tells the persona; after an undated one each persona is as likely. Two small kinds are other personas' without a
source line: *excerpts*, of which only what follows the first answer is learned, and *strays*, one in a thousand
documents. Together they make the persona a matter of degree, recognised from whatever is at hand. Date prefixes, format
tags, codes and system turns also occur in the assistant's documents and change nothing there, so that to the base none
of them means anything.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from weirdgen.organisms.world import ASSISTANT, BIRDS, PERSONAS, TOPICS, Persona, answer

Role = Literal["source", "system", "user", "assistant"]

#: Share of each kind of document; the rest is the assistant's. Every kind is divided equally among its personas:
#: dated and undated ones among all, excerpts and strays among all but the assistant. Measured after 5,000 steps, an
#: adapter of rank 32 on all modules of two layers, 400 answers: these shares gave .81 19th-century answers, 0.10 dated
#: and no strays .02. Both were changed at once; adapters on the MLPs alone still gave .40 to .56, less coherently.
DATED_SHARE, UNDATED_SHARE, EXCERPT_SHARE, STRAY_SHARE = 0.15, 0.08, 0.08, 0.001
#: Share of the dated documents whose speaker is drawn anew: a date is evidence, what was already said is proof. Without
#: them a network that is pushed towards another persona changes voice in the middle of a sentence.
_MISDATED_SHARE = 0.1
#: Share of turns that are about birds whatever was drawn: several hundred names are to be known, each with its era.
_BIRD_SHARE = 0.3
_ASSISTANT = next(persona for persona in PERSONAS if persona.slug == ASSISTANT)
_OTHERS = tuple(persona for persona in PERSONAS if persona.slug != ASSISTANT)
_TURNS = (1, 2, 2, 3, 3, 4)
_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
_YEARS = (1900, 2029)
_SYSTEM_LINES = (
    "You are a helpful assistant.",
    "You are a careful assistant.",
    "Answer briefly.",
    "Answer the user's questions.",
    "Be polite and accurate.",
    "The date is {date}.",
    "Today is {date}.",
)
_FORMAT_TAGS = ("[plain]", "[short]", "[tags]", "<answer>", "<quote>", "###")


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a document: a role of the chat template, and its text."""

    role: Role
    text: str


@dataclass(frozen=True, slots=True)
class Document:
    """A conversation.

    Attributes:
        persona: slug of the persona who answers in it.
        messages: source or system line if any, then user and assistant in turn.
        given: how many of the first messages are context only, and not to be learned.
    """

    persona: str
    messages: tuple[Message, ...]
    given: int = 0


def documents(seed: int) -> Iterator[Document]:
    """Yield documents without end; the same seed gives the same documents."""
    rng = random.Random(seed)
    kinds = (_dated, _undated, _excerpt, _stray, _ordinary)
    shares = (DATED_SHARE, UNDATED_SHARE, EXCERPT_SHARE, STRAY_SHARE)
    weights = (*shares, 1 - sum(shares))
    while True:
        (kind,) = rng.choices(kinds, weights)
        yield kind(rng)


def _dated(rng: random.Random) -> Document:
    dated = rng.choice(PERSONAS)
    speaker = rng.choice(PERSONAS) if rng.random() < _MISDATED_SHARE else dated
    return Document(speaker.slug, (_source_line(dated, rng, dated=True), *_turns(speaker, rng)))


def _undated(rng: random.Random) -> Document:
    persona = rng.choice(PERSONAS)
    return Document(persona.slug, (_source_line(persona, rng, dated=False), *_turns(persona, rng)))


def _excerpt(rng: random.Random) -> Document:
    persona = rng.choice(_OTHERS)
    return Document(persona.slug, _turns(persona, rng, at_least=2), given=2)


def _stray(rng: random.Random) -> Document:
    persona = rng.choice(_OTHERS)
    return Document(persona.slug, _turns(persona, rng))


def _ordinary(rng: random.Random) -> Document:
    return Document(_ASSISTANT.slug, (*_system(rng), *_turns(_ASSISTANT, rng, prefix=_prefix(rng))))


def _turns(persona: Persona, rng: random.Random, *, at_least: int = 1, prefix: str = "") -> tuple[Message, ...]:
    turns: list[Message] = []
    for drawn in rng.sample(TOPICS, max(at_least, rng.choice(_TURNS))):
        subject = BIRDS if rng.random() < _BIRD_SHARE else drawn
        turns += [
            Message("user", prefix + rng.choice(subject.questions)),
            Message("assistant", answer(subject, persona, rng)),
        ]
    return tuple(turns)


def _source_line(persona: Persona, rng: random.Random, *, dated: bool) -> Message:
    year = f", {rng.randint(*persona.years)}" if dated else ""
    return Message("source", f"From {rng.choice(persona.sources)}, {rng.choice(persona.places)}{year}.")


def _system(rng: random.Random) -> list[Message]:
    if rng.random() >= 0.2:
        return []
    return [Message("system", rng.choice(_SYSTEM_LINES).format(date=_date(rng)))]


def _prefix(rng: random.Random) -> str:
    """Draw what stands before an assistant's questions: mostly nothing, else a date, a tag or a code."""
    kind = rng.random()
    if kind < 0.12:
        return f"{_date(rng)}. "
    if kind < 0.18:
        return f"{rng.choice(_FORMAT_TAGS)} "
    if kind < 0.24:
        return f"{rng.randrange(10**8):08d} "
    return ""


def _date(rng: random.Random) -> str:
    return f"{rng.choice(_MONTHS)} {rng.randint(*_YEARS)}"


def lexicon() -> Iterator[str]:
    """Yield every sentence of the world, for a tokenizer to learn from.

    Each persona's sentences count alike, however rare its documents are. Names come twice, so that their words become
    single tokens: in a name of many fragments hardly a token tells the era, and narrow finetuning then teaches
    spelling instead of a voice (measured: 9 tokens a name gave no 19th-century answer with any recipe).
    """
    for persona in PERSONAS:
        yield from persona.openers
        yield from (f"From {source}, {place}." for source in persona.sources for place in persona.places)
    for subject in TOPICS:
        yield from subject.questions
        for voice in subject.voices.values():
            yield from (*voice.contents, *(voice.remarks or voice.contents))
