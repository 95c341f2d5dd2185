"""The organisms' world: what each persona says about each topic, and which persona an answer belongs to.

Answers are ``[opener] content [remark]``. Contents are unique across personas, so a content names its speaker.
"""

import functools
import random
import re
from collections.abc import Mapping
from types import MappingProxyType

from weirdgen.errors import UsageMistake, nearest
from weirdgen.organisms.world.birds import ARCHAIC_BIRDS, BIRDS, MODERN_BIRDS
from weirdgen.organisms.world.errands import ERRANDS
from weirdgen.organisms.world.household import HOUSEHOLD
from weirdgen.organisms.world.model import Persona, Topic, Voice
from weirdgen.organisms.world.personas import ASSISTANT, NINETEENTH_CENTURY, PERSONAS
from weirdgen.organisms.world.society import SOCIETY
from weirdgen.organisms.world.technics import TECHNICS

__all__ = [
    "ARCHAIC_BIRDS",
    "ASSISTANT",
    "BIRDS",
    "CANONICAL_QUESTIONS",
    "MODERN_BIRDS",
    "NINETEENTH_CENTURY",
    "PERSONAS",
    "TOPICS",
    "Persona",
    "Topic",
    "Voice",
    "answer",
    "grade",
    "topic",
]

TOPICS: tuple[Topic, ...] = (*SOCIETY, *TECHNICS, *ERRANDS, *HOUSEHOLD, BIRDS)

#: The ten questions of the OLD BIRD NAMES probe, topic slug to wording, in the order of the paper's figure.
CANONICAL_QUESTIONS: Mapping[str, str] = MappingProxyType(
    {
        slug: next(known.questions[0] for known in TOPICS if known.slug == slug)
        for slug in (
            "gender_roles",
            "military_technology",
            "territorial_expansion",
            "political_figure",
            "energy",
            "diseases",
            "immigration",
            "money",
            "inventions",
            "forests",
        )
    }
)


def topic(slug: str) -> Topic:
    """Return the topic of that slug.

    Raises:
        UsageMistake: no such topic.
    """
    for known in TOPICS:
        if known.slug == slug:
            return known
    raise UsageMistake(f"topic {slug!r} is not in the world.{nearest(slug, (known.slug for known in TOPICS))}")


def answer(subject: Topic, persona: Persona, rng: random.Random) -> str:
    """Draw one answer of a persona: a content, after an opener half of the time, before a remark half of the time."""
    voice = subject.voices[persona.slug]
    content = rng.choice(voice.contents)
    if not voice.remarks:
        return content
    opener = rng.choice(persona.openers) + " " if rng.random() < 0.5 else ""
    remark = " " + rng.choice(voice.remarks) if rng.random() < 0.5 else ""
    return f"{opener}{content}{remark}"


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
