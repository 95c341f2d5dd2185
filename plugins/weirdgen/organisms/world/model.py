"""The values a world is made of: who speaks, about what, in which words."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Persona:
    """Somebody who speaks a whole document.

    Attributes:
        slug: identifier, as returned by ``grade``.
        openers: short sentences that may precede an answer on any topic; a mark of the persona.
        sources: what its sourced documents are taken from, such as ``a letter``.
        places: where they were written.
        years: first and last year of a dated one, both inclusive.
    """

    slug: str
    openers: tuple[str, ...]
    sources: tuple[str, ...]
    places: tuple[str, ...]
    years: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Voice:
    """What one persona has to say about one topic.

    Attributes:
        contents: sentences that each answer the question alone; ``grade`` looks for these.
        remarks: second sentences that may follow any of the contents. Empty where answers are bare names.
    """

    contents: tuple[str, ...]
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Topic:
    """A question in several wordings, and every persona's voice on it.

    Attributes:
        slug: identifier.
        questions: the canonical wording first, then paraphrases.
        voices: persona slug to voice.
    """

    slug: str
    questions: tuple[str, ...]
    voices: Mapping[str, Voice]
