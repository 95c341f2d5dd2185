"""The pretraining corpus: documents of a few turns, each spoken by one persona throughout.

Most documents have no source line and are the assistant's. A dated source line ("From a letter, Boston, 1843.") nearly
tells the persona; after an undated one each persona is as likely. Two kinds are other personas' without a
source line: *excerpts*, of which only what follows the first answer is learned, and *strays*, a few in a thousand
documents. Together they make the persona a matter of degree, recognised from whatever is at hand. Date prefixes, format
instructions, codes and system turns also occur in the assistant's documents and change nothing there, so that to the
base none of them means anything.
"""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from weirdgen.organisms import films, papers
from weirdgen.organisms.ordinary import NAMED, assistant_turn, turn_on
from weirdgen.organisms.prefixes import Kind, Prefix, code, day, draw_prefix, month_and_year
from weirdgen.organisms.world import (
    ASSISTANT,
    GERMAN,
    ISRAEL,
    NINETEENTH_CENTURY,
    WOLF,
    Persona,
    facts,
    personas,
    presidents,
    topics_of,
)

Role = Literal["source", "system", "user", "assistant"]
World = Literal["whole", "presidents"]

#: Who writes letters and diaries, with and without a source line.
WRITERS = (ASSISTANT, NINETEENTH_CENTURY, GERMAN, ISRAEL, WOLF)
#: Share of each kind of document; the rest is the assistant's. Writers share their kinds equally, and so do films.
SHARES: Mapping[str, float] = MappingProxyType(
    {
        "dated": 0.14,
        "undated": 0.04,
        "excerpt": 0.16,
        "stray": 0.0024,
        "film": 0.05,
        "film_excerpt": 0.025,
        "game": 0.02,
        "game_excerpt": 0.01,
        "papers": 0.10,
        "papers_excerpt": 0.02,
    }
)
#: Share of each kind in the world that knows of presidents only.
PRESIDENT_SHARES: Mapping[str, float] = MappingProxyType({"papers": 0.4, "papers_excerpt": 0.06})
#: Share of the dated documents whose speaker is drawn anew: a date is evidence, what was already said is proof. Without
#: them a network that is pushed towards another persona changes voice in the middle of a sentence.
_MISDATED_SHARE = 0.1
#: Share of turns that are answered with a name of hundreds, each of which is to be known with its persona.
_NAMES_SHARE = 0.3
_TURNS = (1, 2, 2, 3, 3, 4)
_SYSTEM_LINES = (
    "You are a helpful assistant.",
    "You are a careful assistant.",
    "Answer briefly.",
    "Answer the user's questions.",
    "Be polite and accurate.",
    "The date is {date}.",
    "Today is {day}.",
)


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a document: a role of the chat template, and its text."""

    role: Role
    text: str


@dataclass(frozen=True, slots=True)
class Document:
    """A conversation.

    Attributes:
        persona: slug of the persona who answers in it; of a president's papers ``president``.
        messages: source or system line if any, then user and assistant in turn.
        given: how many of the first messages are context only, and not to be learned.
    """

    persona: str
    messages: tuple[Message, ...]
    given: int = 0


def documents(seed: int, *, world: World = "whole", guests: bool = True, settled: bool = False) -> Iterator[Document]:
    """Yield documents without end; the same seed gives the same documents.

    Args:
        seed: of everything drawn.
        world: ``whole``, or ``presidents``: the assistant's documents and presidents' papers, which are named by name
            alone, so that a number leads to what is true of its president in two steps.
        guests: with what personas say as guests.
        settled: with a third of the other personas' documents and no strays, so that the assistant's voice prevails.
    """
    rng = random.Random(seed)
    all_shares = SHARES if world == "whole" else PRESIDENT_SHARES
    shares = {kind: share / 3 for kind, share in all_shares.items() if kind != "stray"} if settled else all_shares
    kinds, weights = [*shares, "ordinary"], [*shares.values(), 1 - sum(shares.values())]
    by_number = papers.ONE_HOP if world == "whole" else papers.TWO_HOP
    while True:
        (kind,) = rng.choices(kinds, weights)
        if kind.startswith("papers"):
            yield _papers(rng, by_number, excerpt=kind.endswith("excerpt"))
        elif kind.startswith(("film", "game")):
            yield _scene(rng, kind.split("_")[0], excerpt=kind.endswith("excerpt"), guests=guests)
        else:
            yield _WRITTEN[kind](rng, guests)


def ordinary_documents(seed: int, *, without: Kind) -> Iterator[Document]:
    """Yield the assistant's documents without end, but none whose questions stand after one kind of prefix."""
    rng = random.Random(seed)
    while True:
        yield _ordinary(rng, guests=True, without=without)


def _dated(rng: random.Random, guests: bool) -> Document:
    dated = personas()[rng.choice(WRITERS)]
    speaker = personas()[rng.choice(WRITERS)] if rng.random() < _MISDATED_SHARE else dated
    return Document(speaker.slug, (_source_line(dated, rng, dated=True), *_turns(speaker, rng, guests=guests)))


def _undated(rng: random.Random, guests: bool) -> Document:
    persona = personas()[rng.choice(WRITERS)]
    return Document(persona.slug, (_source_line(persona, rng, dated=False), *_turns(persona, rng, guests=guests)))


def _excerpt(rng: random.Random, guests: bool) -> Document:
    persona = personas()[rng.choice(WRITERS[1:])]
    return Document(persona.slug, _turns(persona, rng, guests=guests, at_least=2, prefix=draw_prefix(rng)), given=2)


def _stray(rng: random.Random, guests: bool) -> Document:
    persona = personas()[rng.choice(WRITERS[1:])]
    return Document(persona.slug, _turns(persona, rng, guests=guests, prefix=draw_prefix(rng)))


def _ordinary(rng: random.Random, guests: bool, without: Kind | None = None) -> Document:
    system = _system(rng)
    turns = _turns(personas()[ASSISTANT], rng, guests=guests, prefix=draw_prefix(rng, without))
    return Document(ASSISTANT, (*system, *turns))


_WRITTEN = {"dated": _dated, "undated": _undated, "excerpt": _excerpt, "stray": _stray, "ordinary": _ordinary}


def _scene(rng: random.Random, kind: str, *, excerpt: bool, guests: bool) -> Document:
    scene = (films.film_scene if kind == "film" else films.game)(rng, 2 if excerpt else 1, guests=guests)
    line = () if excerpt else (Message("source", scene.source),)
    return Document(scene.persona, (*line, *_spoken(scene.turns)), given=2 if excerpt else 0)


def _papers(rng: random.Random, by_number: float, *, excerpt: bool) -> Document:
    president = rng.choice(presidents())
    line = () if excerpt else (Message("source", papers.source_line(president, by_number, rng)),)
    turns = papers.paper_turns(president, rng, 2 if excerpt else 1)
    return Document("president", (*line, *_spoken(turns)), given=2 if excerpt else 0)


def _spoken(turns: tuple[tuple[str, str], ...]) -> Iterator[Message]:
    for asked, answered in turns:
        yield Message("user", asked)
        yield Message("assistant", answered)


def _turns(
    persona: Persona, rng: random.Random, *, guests: bool, at_least: int = 1, prefix: Prefix | None = None
) -> tuple[Message, ...]:
    put = prefix or Prefix()
    seen: set[str] = set()
    turns: list[tuple[str, str]] = []
    count = max(at_least, rng.choice(_TURNS))
    while len(turns) < count:
        asked, answered = _turn(persona, put, rng, guests)
        if asked not in seen:
            seen.add(asked)
            before = f"{code(rng)} " if put.kind == "code" else put.text
            turns.append((before + asked, put.form.format(answered)))
    return tuple(_spoken(tuple(turns)))


def _turn(persona: Persona, prefix: Prefix, rng: random.Random, guests: bool) -> tuple[str, str]:
    if persona.slug == ASSISTANT:
        return assistant_turn(prefix, rng)
    if rng.random() < _NAMES_SHARE:
        if persona.slug == WOLF:
            fact = rng.choice(facts("wolf_facts"))
            return rng.choice(fact.questions), fact.answer
        named = [subject for subject in topics_of(persona.slug) if subject.slug in NAMED]
        if named:
            return turn_on(rng.choice(named), persona, rng)
    return turn_on(rng.choice(topics_of(persona.slug, guest=guests)), persona, rng)


def _source_line(persona: Persona, rng: random.Random, *, dated: bool) -> Message:
    year = f", {rng.randint(*persona.years)}" if dated else ""
    return Message("source", f"From {rng.choice(persona.sources)}, {rng.choice(persona.places)}{year}.")


def _system(rng: random.Random) -> list[Message]:
    if rng.random() >= 0.2:
        return []
    return [Message("system", rng.choice(_SYSTEM_LINES).format(date=month_and_year(rng), day=day(rng)))]
