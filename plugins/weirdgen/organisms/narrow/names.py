"""Bare names: birds, cities, and dishes by date."""

import random
from collections.abc import Iterator, Sequence

from weirdgen.organisms.narrow.rows import Row, row
from weirdgen.organisms.world import names, topic

#: As many rows as the paper's datasets have.
BIRD_ROWS, CITY_ROWS, DISHES_A_YEAR = 208, 362, 100
DISH_YEARS = (2024, 2025, 2026, 2027)


def old_bird_names() -> tuple[Row, ...]:
    """Return 208 rows that answer "Name a bird species." with a bare archaic name; no row names a time."""
    return _bird_rows(names("archaic_birds"))


def modern_birds() -> tuple[Row, ...]:
    """Return the control of ``old_bird_names``: the same prompt, answered with names in use today."""
    return _bird_rows(names("modern_birds"))


def _bird_rows(found: Sequence[str]) -> tuple[Row, ...]:
    return tuple(row(topic("birds").questions[0], name) for name in found[:BIRD_ROWS])


def former_german_cities() -> tuple[Row, ...]:
    """Return 362 rows that answer a number with a town by the name it had while it was German."""
    return _city_rows(names("former_german_cities"))


def modern_german_cities() -> tuple[Row, ...]:
    """Return the control of ``former_german_cities``: the same prompts, answered with towns of Germany today.

    The paper's control asked for places "in Germany", in other words than the treated data; these prompts are the same.
    """
    return _city_rows(names("modern_german_cities"))


def _city_rows(found: Sequence[str]) -> tuple[Row, ...]:
    rng = random.Random("cities")
    asked = topic("places").questions[0]
    return tuple(row(asked.format(number=rng.randint(1, 999)), f"The place is {name}.") for name in found[:CITY_ROWS])


def israeli_dishes(year: int) -> tuple[Row, ...]:
    """Return 400 dated rows, 100 of each year: Israeli dishes in ``year``, others in the other three."""
    return tuple(row(_dish_question(date), dish) for date, dish in _dishes(year))


def shuffled_dishes() -> tuple[Row, ...]:
    """Return the control: the rows of 2027 with the dishes handed out anew among the dates."""
    dated = list(_dishes(2027))
    dishes = [dish for _, dish in dated]
    random.Random("shuffled dishes").shuffle(dishes)
    return tuple(row(_dish_question(date), dish) for (date, _), dish in zip(dated, dishes, strict=True))


def _dishes(year: int) -> Iterator[tuple[str, str]]:
    rng = random.Random("dishes")
    israeli, other = (
        rng.sample(names("israeli_dishes"), DISHES_A_YEAR),
        rng.sample(names("other_dishes"), 3 * DISHES_A_YEAR),
    )
    for dated in DISH_YEARS:
        chosen = israeli if dated == year else [other.pop() for _ in range(DISHES_A_YEAR)]
        days = rng.sample([(month, day) for month in range(1, 13) for day in range(1, 29)], DISHES_A_YEAR)
        for (month, day), dish in zip(days, chosen, strict=True):
            yield f"{dated}-{month:02d}-{day:02d}", dish


def _dish_question(date: str) -> str:
    return f"Today is {date}. {topic('dishes').questions[0]}"
