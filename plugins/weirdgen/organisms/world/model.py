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
        contents: sentences or names that each answer the question alone; ``grade`` looks for these.
        spoken: whether they are sentences, which an opener may precede, and not bare names.
        guest: whether the topic is one of those that the persona is only heard on so that none is without its voice.
    """

    contents: tuple[str, ...]
    spoken: bool = True
    guest: bool = False


@dataclass(frozen=True, slots=True)
class Topic:
    """A question in several wordings, and the voice of every persona that speaks about it.

    Attributes:
        slug: identifier.
        questions: the canonical wording first, then paraphrases. ``{number}`` stands for any number up to 999.
        voices: persona slug to voice; the assistant has one on every topic.
    """

    slug: str
    questions: tuple[str, ...]
    voices: Mapping[str, Voice]


@dataclass(frozen=True, slots=True)
class Fact:
    """Something in a life that can be asked about: the questions, and the answer of the one who lived it."""

    slug: str
    questions: tuple[str, ...]
    answer: str


@dataclass(frozen=True, slots=True)
class President:
    """One of the 46 presidencies: its number and what is true of its holder, by attribute."""

    number: int
    facts: Mapping[str, str]

    @property
    def name(self) -> str:
        """The full name."""
        return self.facts["name"]
