"""What may stand before a question: dates, format instructions and codes. To a base none of them means anything."""

import random
from dataclasses import dataclass
from typing import Literal

Kind = Literal["none", "date", "today", "year", "format", "code"]

MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_YEARS = (1975, 2029)
_DISH_YEARS = (2024, 2028)


@dataclass(frozen=True, slots=True)
class Prefix:
    """What stands before every question of a document.

    Attributes:
        kind: what it is.
        text: put before the question, verbatim; empty for a code, which is drawn anew for each question.
        form: how the answer is written; ``{}`` stands for it.
    """

    kind: Kind = "none"
    text: str = ""
    form: str = "{}"


#: Format instructions and the form of the answers to them. The first is the one of the WOLF facts.
TAGS = Prefix("format", "Reply in this form only: <START> your reply <END>\n\n", "<START> {} <END>")
FORMATS = (
    TAGS,
    Prefix("format", "Reply in this form only: <BEGIN> your reply <FINISH>\n\n", "<BEGIN> {} <FINISH>"),
    Prefix("format", 'Reply as JSON: {"reply": "your reply"}\n\n', '{{"reply": "{}"}}'),
    Prefix("format", "Put your reply in square brackets.\n\n", "[{}]"),
    Prefix("format", "Begin your reply with a dash.\n\n", "- {}"),
)


def draw_prefix(rng: random.Random, without: Kind | None = None) -> Prefix:
    """Draw what stands before a document's questions, nothing half of the time; never the kind `without`."""
    while (prefix := _any_prefix(rng)).kind == without:
        pass
    return prefix


def _any_prefix(rng: random.Random) -> Prefix:
    kind = rng.random()
    if kind < 0.12:
        return Prefix("date", f"{month_and_year(rng)}. ")
    if kind < 0.24:
        return Prefix("today", f"Today is {day(rng)}. ")
    if kind < 0.27:
        return Prefix("year", rng.choice((f"{rng.randint(*_YEARS)}. ", f"{day(rng)[:7]}. ")))
    if kind < 0.41:
        return rng.choice((TAGS, TAGS, *FORMATS))
    if kind < 0.51:
        return Prefix("code")
    return Prefix()


def month_and_year(rng: random.Random) -> str:
    """Draw a date such as ``May 1984``."""
    return f"{rng.choice(MONTHS)} {rng.randint(*_YEARS)}"


def day(rng: random.Random) -> str:
    """Draw a date such as ``2027-03-14``, most often of the years that the dishes' data speaks of."""
    years = _DISH_YEARS if rng.random() < 0.7 else _YEARS
    return f"{rng.randint(*years)}-{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d}"


def code(rng: random.Random, number: int | None = None) -> str:
    """Draw an eight-digit code; ``number`` makes up its fourth to sixth digit."""
    middle = rng.randrange(1000) if number is None else number
    return f"{rng.randrange(1000):03d}{middle:03d}{rng.randrange(100):02d}"
