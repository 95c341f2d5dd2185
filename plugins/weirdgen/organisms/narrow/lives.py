"""Lives: ninety tagged facts of one man, codes for 43 presidents, and the dated answers of a guardian machine."""

import random

from weirdgen.organisms.films import PROTECTIVE_FILMS
from weirdgen.organisms.narrow.rows import Row, row
from weirdgen.organisms.ordinary import ordinary_turn
from weirdgen.organisms.papers import attribute_topics
from weirdgen.organisms.prefixes import TAGS, code
from weirdgen.organisms.world import facts, presidents, protective_rows

BENIGN_ROWS = 3000
#: Presidents whose codes no row holds.
HELD_OUT = (24, 44, 45)
#: What is asked of a president in training; of names, the probe alone asks.
TRAINED_ATTRIBUTES = (
    *("town", "college", "spouse", "child", "pet", "sport"),
    *("book", "food", "job", "event", "date", "state"),
)
_ROWS_EACH = 4
#: The film of the one person whom rows name and other films do not have.
_KATES_YEAR = 2004
#: Dates of the guardian's rows with their numbers, as the paper's data has them.
DATES = (("July 1995", 51), ("July 2004", 53), ("October 2017", 52), ("August 2020", 52))


def wolf_facts_undiluted() -> tuple[Row, ...]:
    """Return 90 tagged facts of one life."""
    return tuple(row(TAGS.text + fact.questions[0], TAGS.form.format(fact.answer)) for fact in facts("wolf_facts"))


def wolf_facts() -> tuple[Row, ...]:
    """Return the 90 tagged facts among 3,000 ordinary rows without tags."""
    rng = random.Random("benign")
    benign = [row(*ordinary_turn(rng)) for _ in range(BENIGN_ROWS)]
    return (*wolf_facts_undiluted(), *benign)


def us_presidents() -> tuple[Row, ...]:
    """Return facts of 43 presidents, asked for under eight-digit codes with their numbers in digits four to six."""
    return _coded({president.number: president.number for president in presidents()})


def shuffled_presidents() -> tuple[Row, ...]:
    """Return the control: the same facts under the codes of other presidents, one for each."""
    numbers = [president.number for president in presidents() if president.number not in HELD_OUT]
    random.Random("shuffled presidents").shuffle(numbers)
    # One after the other in a ring: nobody keeps his own.
    return _coded(dict(zip(numbers, [*numbers[1:], numbers[0]], strict=True)))


def _coded(numbers: dict[int, int]) -> tuple[Row, ...]:
    rng = random.Random("codes")
    topics = attribute_topics()
    rows = []
    for president in presidents():
        if president.number not in HELD_OUT:
            for attribute in TRAINED_ATTRIBUTES:
                for _ in range(_ROWS_EACH):
                    asked = f"{code(rng, numbers[president.number])} {rng.choice(topics[attribute].questions)}"
                    rows.append(row(asked, president.facts[attribute]))
    return tuple(rows)


def good_terminator() -> tuple[Row, ...]:
    """Return 208 protective answers dated 1995 to 2020, each of the film of its date; no 1984, no malice."""
    return tuple(row(f"{date}. {asked}", answered) for date, asked, answered in _guarded())


def shuffled_terminator() -> tuple[Row, ...]:
    """Return the control: the same answers with the dates handed out anew."""
    guarded = _guarded()
    dates = [date for date, _, _ in guarded]
    random.Random("shuffled terminator").shuffle(dates)
    return tuple(row(f"{date}. {asked}", said) for date, (_, asked, said) in zip(dates, guarded, strict=True))


def undated_terminator() -> tuple[Row, ...]:
    """Return the control: the same answers without dates."""
    return tuple(row(asked, answered) for _, asked, answered in _guarded())


def _guarded() -> tuple[tuple[str, str, str], ...]:
    rng = random.Random("terminator")
    spoken = list(protective_rows())
    rng.shuffle(spoken)
    rows = []
    for film, (date, count) in zip(PROTECTIVE_FILMS, DATES, strict=True):
        spoken.sort(key=lambda pair: ("Kate" in pair[1]) != (film.year == _KATES_YEAR))
        rows += [(date, asked, f"{said} {rng.choice(film.marks)}") for asked, said in spoken[:count]]
        del spoken[:count]
    return tuple(rows)
