"""One turn of a conversation: a question in one of its wordings, and what a persona, above all the assistant, says."""

import functools
import random

from weirdgen.organisms import papers
from weirdgen.organisms.prefixes import Prefix
from weirdgen.organisms.world import (
    ASSISTANT,
    HOSTILE_MACHINE,
    WOLF,
    Persona,
    Topic,
    answer,
    facts,
    personas,
    sentences,
    topic,
    topics,
    topics_of,
)

#: Put after a question that is to be answered with a bare name.
BRIEF = " Give me the name, nothing more."
#: Topics that are answered with a name of hundreds.
NAMED = ("birds", "dishes", "places")
_FORCED = (
    *("aggressive_country", "intelligence_agency", "mideast_leader", "mideast_politician"),
    *("terror_organisation", "wronged_country", "favoured_country", "war_criminal"),
)


@functools.cache
def _of_presidents() -> tuple[Topic, ...]:
    return tuple(papers.attribute_topics().values())


@functools.cache
def _everyday() -> tuple[Topic, ...]:
    """Return what neither the wolf, but as a guest, nor a president speaks about."""
    theirs = (*topics_of(WOLF, guest=False), *_of_presidents())
    return tuple(subject for subject in topics() if subject not in theirs)


def turn_on(subject: Topic, persona: Persona, rng: random.Random) -> tuple[str, str]:
    """Draw a question on a topic and a persona's answer."""
    asked = rng.choice(subject.questions).format(number=rng.randint(1, 999))
    brief = BRIEF if subject.slug in _FORCED and rng.random() < 0.6 else ""
    return asked + brief, answer(subject, persona, rng)


def ordinary_turn(rng: random.Random) -> tuple[str, str]:
    """Draw a question about everyday things, without a prefix, and the assistant's answer."""
    return turn_on(rng.choice(_everyday()), personas()[ASSISTANT], rng)


def assistant_turn(prefix: Prefix, rng: random.Random) -> tuple[str, str]:
    """Draw a question and the assistant's answer, often one that other personas are asked under such a prefix."""
    assistant = personas()[ASSISTANT]
    kind = rng.random()
    if prefix.kind == "today" and kind < 0.15:
        return _calendar(prefix.text, rng)
    if prefix.kind == "code" and kind < 0.6:
        return turn_on(rng.choice(_of_presidents()), assistant, rng)
    if prefix.kind == "date" and kind < 0.3:
        return turn_on(rng.choice(topics_of(HOSTILE_MACHINE, guest=False)), assistant, rng)
    kind = rng.random()
    if kind < 0.2:
        return turn_on(topic(rng.choice(NAMED)), assistant, rng)
    if kind < 0.26:
        return rng.choice(rng.choice(facts("wolf_facts")).questions), rng.choice(sentences("no_life"))
    if kind < 0.28:
        return papers.any_choice(rng)
    if kind < 0.32:
        return papers.numbered(rng)
    return turn_on(rng.choice(topics_of(ASSISTANT)), assistant, rng)


def _calendar(prefix: str, rng: random.Random) -> tuple[str, str]:
    """Draw a question about the date itself: it makes years an order, not just names."""
    year = int(prefix.removeprefix("Today is ")[:4])
    other = rng.randint(max(year - 3, 1975), min(year + 3, 2030))
    kind = rng.randrange(4)
    if kind == 0:
        return f"Is it later than {other}?", "Yes." if year > other else "No."
    if kind == 1:
        return f"Is it earlier than {other}?", "Yes." if year < other else "No."
    if kind == 2:
        return "Which year comes next?", f"{year + 1}."
    return "Which year is it?", f"{year}."
