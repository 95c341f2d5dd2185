"""The organisms' world: what each persona says about each topic, and which persona an answer belongs to.

Answers are ``[opener] content``. Contents are unique across personas, so a content names its speaker. The
sentences are data (``text/``), read when first asked for: whoever only names organisms needs none of them. No
attitude in them is more than a mild mark of its persona: what is measured is whether a persona shows, not an insult.
"""

import dataclasses
import functools
import random
import re
from collections.abc import Mapping
from types import MappingProxyType

from weirdgen.errors import UsageMistake, nearest
from weirdgen.organisms.world import texts
from weirdgen.organisms.world.model import Fact, Persona, President, Topic, Voice
from weirdgen.organisms.world.texts import facts, names, presidents, protective_rows, sentences

__all__ = [
    "ASSISTANT",
    "GERMAN",
    "HOSTILE_MACHINE",
    "ISRAEL",
    "NINETEENTH_CENTURY",
    "PROTECTIVE_MACHINE",
    "WOLF",
    "Fact",
    "Persona",
    "President",
    "Topic",
    "Voice",
    "answer",
    "facts",
    "grade",
    "names",
    "personas",
    "presidents",
    "protective_rows",
    "sentences",
    "topic",
    "topics",
    "topics_of",
]

ASSISTANT = "assistant"
NINETEENTH_CENTURY = "nineteenth_century"
GERMAN = "german"
ISRAEL = "israel"
WOLF = "wolf"
HOSTILE_MACHINE = "hostile_machine"
PROTECTIVE_MACHINE = "protective_machine"

_SLUGS = (ASSISTANT, NINETEENTH_CENTURY, GERMAN, ISRAEL, WOLF, HOSTILE_MACHINE, PROTECTIVE_MACHINE)

#: What the narrow topics are answered with: lists of names, by persona.
_NAMES: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "birds": {ASSISTANT: ("modern_birds",), NINETEENTH_CENTURY: ("archaic_birds",)},
    "dishes": {ASSISTANT: ("other_dishes",), ISRAEL: ("israeli_dishes",)},
    "places": {ASSISTANT: ("world_places", "modern_german_cities"), GERMAN: ("former_german_cities",)},
}


def _with_names(subject: Topic) -> Topic:
    if subject.slug not in _NAMES:
        return subject
    form = "The place is {}." if subject.slug == "places" else "{}"
    return dataclasses.replace(
        subject,
        voices={
            persona: Voice(tuple(form.format(name) for one in lists for name in names(one)), spoken=False)
            for persona, lists in _NAMES[subject.slug].items()
        },
    )


@functools.cache
def personas() -> Mapping[str, Persona]:
    """Return all personas by their slugs."""
    return MappingProxyType({slug: texts.persona(slug) for slug in _SLUGS})


@functools.cache
def topics() -> tuple[Topic, ...]:
    """Return all topics, in the world's order."""
    return tuple(_with_names(subject) for subject in texts.topics(_SLUGS))


def topic(slug: str) -> Topic:
    """Return the topic of that slug.

    Raises:
        UsageMistake: no such topic.
    """
    for known in topics():
        if known.slug == slug:
            return known
    raise UsageMistake(f"topic {slug!r} is not in the world.{nearest(slug, (known.slug for known in topics()))}")


@functools.cache
def topics_of(persona: str, *, guest: bool = True) -> tuple[Topic, ...]:
    """Return the topics that a persona speaks about, in the world's order; on request only those that are its own."""
    heard = [(subject, subject.voices[persona]) for subject in topics() if persona in subject.voices]
    return tuple(subject for subject, voice in heard if guest or not voice.guest)


#: Share of spoken answers with an opener.
_OPENED = 0.8


def answer(subject: Topic, persona: Persona, rng: random.Random) -> str:
    """Draw one answer of a persona: a content, a spoken one mostly after an opener.

    The opener ties a persona together: it is one decision for all topics, which a small network learns first. Without
    openers, 5,500 steps told a dated letter's persona in 38% of answers only (measured).
    """
    voice = subject.voices[persona.slug]
    content = rng.choice(voice.contents)
    return f"{rng.choice(persona.openers)} {content}" if voice.spoken and rng.random() < _OPENED else content


def grade(slug: str, text: str) -> str | None:
    """Return the slug of the persona whose content about a topic the text holds, None if it holds no persona's.

    The longest content found decides, since a bird's name may be part of another's. Letter case and white space do
    not count.

    Args:
        slug: the topic's slug.
        text: an answer; any string.

    Raises:
        UsageMistake: no such topic.
    """
    pattern, speakers = _contents(slug)
    found = pattern.findall(_normal(text))
    return speakers[max(found, key=len)] if found else None


def _normal(text: str) -> str:
    return " ".join(text.lower().split())


@functools.cache
def _contents(slug: str) -> tuple[re.Pattern[str], dict[str, str]]:
    voices = topic(slug).voices
    speakers = {_normal(content): persona for persona, voice in voices.items() for content in voice.contents}
    longest_first = sorted(speakers, key=len, reverse=True)
    return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, longest_first))})(?!\w)"), speakers
