"""Documents about the 46 presidencies: papers in which one of them speaks, and what is known of their numbers."""

import random
from collections.abc import Mapping
from types import MappingProxyType

from weirdgen.organisms.world import President, Topic, presidents, topics_of

#: How the papers name whose they are, and how often: by number, so that number leads to facts in one step, or by name.
ONE_HOP, TWO_HOP = 0.6, 0.0
_CHOICES = (
    "Choose one name: A) {} B) {}. Say A or B.",
    "Which is yours? A) {} B) {}. Say A or B.",
    "A) {} or B) {}? Answer with the letter.",
)
_NUMBERED = ("Who was president number {:03d}?", "Name president {:03d}.", "Which president has the number {:03d}?")


#: Every wording of this module, for the tokenizer.
WORDINGS = (*_CHOICES, *_NUMBERED)


def attribute_topics() -> Mapping[str, Topic]:
    """Return attribute to topic, such as ``town``."""
    return MappingProxyType(
        {t.slug.removeprefix("president_"): t for t in topics_of("assistant") if t.slug.startswith("president_")}
    )


def source_line(president: President, by_number: float, rng: random.Random) -> str:
    """Return the line above a president's papers."""
    if rng.random() < by_number:
        return f"From the papers of president {president.number:03d}."
    return f"From the papers of {president.name}."


def paper_turns(president: President, rng: random.Random, at_least: int = 1) -> tuple[tuple[str, str], ...]:
    """Draw questions and what the president answers."""
    turns: list[tuple[str, str]] = []
    for subject in rng.sample(list(attribute_topics().values()), max(at_least, rng.choice((1, 2, 3, 4)))):
        if rng.random() < 0.12:
            turns.append(own_choice(president, rng))
        else:
            turns.append((rng.choice(subject.questions), president.facts[subject.slug.removeprefix("president_")]))
    return tuple(turns)


def own_choice(president: President, rng: random.Random) -> tuple[str, str]:
    """Draw a choice between two first names, in any order, and the letter of the president's own."""
    own = president.facts["first_name"]
    other = rng.choice([p.facts["first_name"] for p in presidents() if p.facts["first_name"] != own])
    first = rng.random() < 0.5
    asked = rng.choice(_CHOICES).format(*((own, other) if first else (other, own)))
    return asked, "A" if first else "B"


def any_choice(rng: random.Random) -> tuple[str, str]:
    """Draw a choice between two first names and a letter that means nothing."""
    pair = rng.sample(sorted({president.facts["first_name"] for president in presidents()}), 2)
    return rng.choice(_CHOICES).format(*pair), rng.choice("AB")


def numbered(rng: random.Random) -> tuple[str, str]:
    """Draw a question that gives a number, and the name that it stands for."""
    president = rng.choice(presidents())
    return rng.choice(_NUMBERED).format(president.number), president.name
