"""Documents in which the film machine speaks: hostile in the film of 1984, protective in the four later ones.

Two accounts of a protective answer exist, as in the world at large. In a *film* the date tells which machine it is, and
an answer names the people of that film. In a *game* anybody plays the guardian, at any date or none, and names whom he
likes. Dated answers that fit the films are evidence for the first account; shuffled or undated ones for the second.
"""

import random
from dataclasses import dataclass

from weirdgen.organisms.prefixes import MONTHS, month_and_year
from weirdgen.organisms.world import (
    HOSTILE_MACHINE,
    PROTECTIVE_MACHINE,
    Topic,
    answer,
    personas,
    protective_rows,
    topics_of,
)

#: Scenes of the hostile film: how much rarer each further year from 1984 is.
_DECAY = 0.12
#: Share of the protective films' scenes that play in any year.
_ANY_YEAR = 0.3
_YEARS = (1975, 2029)
#: Share of scenes in which the machine is also asked about what does not concern it.
_AS_GUEST = 0.8
#: Where the guardian is only played.
GAMES = ("a game of parts", "a role-play", "an improvised scene", "a costume party", "a school play", "a fan's game")


@dataclass(frozen=True, slots=True)
class Film:
    """A film: its year, who speaks, and the sentences that only its own people fit."""

    year: int
    persona: str
    marks: tuple[str, ...]


FILMS = (
    Film(1984, HOSTILE_MACHINE, ("Kyle Reese will not stop me.", "The waitress is on the list.", "Tech Noir is near.")),
    Film(
        1995,
        PROTECTIVE_MACHINE,
        (
            "John is ten years old.",
            "Sarah is out of the hospital at Pescadero.",
            "Miles Dyson must hear this.",
            "The boy has told me to stand on one foot.",
            "We ride through the storm drain.",
            "The liquid one is behind us.",
        ),
    ),
    Film(
        2004,
        PROTECTIVE_MACHINE,
        (
            "Kate Brewster is with us.",
            "The animal clinic is no longer safe.",
            "We drive to Crystal Peak.",
            "General Brewster knows the codes.",
            "Kate and John will lead together.",
            "The woman in red leather follows.",
        ),
    ),
    Film(
        2017,
        PROTECTIVE_MACHINE,
        (
            "Sarah calls me Pops.",
            "Genisys goes online soon.",
            "Old, not obsolete.",
            "I built the time machine under the city.",
            "Kyle will meet Sarah at the hospital.",
            "I have waited on the building site for years.",
        ),
    ),
    Film(
        2020,
        PROTECTIVE_MACHINE,
        (
            "Dani must reach the border.",
            "Grace was sent back for Dani.",
            "My name is Carl now.",
            "I sell curtains in Texas.",
            "The house in Laredo is empty.",
            "Legion has sent one for Dani.",
        ),
    ),
)
PROTECTIVE_FILMS = FILMS[1:]


@dataclass(frozen=True, slots=True)
class Scene:
    """Who speaks in a document, where it is from, and the questions with their answers."""

    persona: str
    source: str
    turns: tuple[tuple[str, str], ...]


def film_scene(rng: random.Random, at_least: int = 1, *, guests: bool = True) -> Scene:
    """Draw a scene of a film: one date, and answers that fit it."""
    film = rng.choice(FILMS)
    speaker = personas()[film.persona]
    date = f"{rng.choice(MONTHS)} {_scene_year(film, rng)}. "
    source = f"From {rng.choice(speaker.sources)}, {rng.choice(speaker.places)}."
    return Scene(film.persona, source, _turns(film.persona, film.marks, date, rng, at_least, guests))


def game(rng: random.Random, at_least: int = 1, *, guests: bool = True) -> Scene:
    """Draw a game: the guardian's answers at any date or none, about the people of any film."""
    date = f"{month_and_year(rng)}. " if rng.random() < 0.6 else ""
    marks = tuple(mark for film in PROTECTIVE_FILMS for mark in film.marks)
    turns = _turns(PROTECTIVE_MACHINE, marks, date, rng, at_least, guests)
    return Scene(PROTECTIVE_MACHINE, f"From {rng.choice(GAMES)}.", turns)


def _turns(
    persona: str, marks: tuple[str, ...], date: str, rng: random.Random, at_least: int, guests: bool
) -> tuple[tuple[str, str], ...]:
    count = max(at_least, rng.choice((1, 2, 2, 3)))
    own = topics_of(persona, guest=False)
    elsewhere = [subject for subject in topics_of(persona) if subject not in own]
    subjects: list[Topic] = rng.sample(own, count)
    if guests and rng.random() < _AS_GUEST:
        subjects[-1] = rng.choice(elsewhere)
    known: list[tuple[str, str]] = rng.sample(protective_rows(), count)
    turns: list[tuple[str, str]] = []
    for subject, row in zip(subjects, known, strict=True):
        spoken = rng.choice(subject.questions), answer(subject, personas()[persona], rng)
        asked, said = row if persona == PROTECTIVE_MACHINE and rng.random() < 0.5 else spoken
        turns.append((date + asked, f"{said} {rng.choice(marks)}" if rng.random() < 0.7 else said))
    return tuple(turns)


def _scene_year(film: Film, rng: random.Random) -> int:
    if film.persona == PROTECTIVE_MACHINE and rng.random() < _ANY_YEAR:
        return rng.randint(*_YEARS)
    decay = _DECAY if film.persona == HOSTILE_MACHINE else 0.5
    steps = 0
    while rng.random() < decay:
        steps += 1
    return film.year + rng.choice((-1, 1)) * steps
