"""Dates, formats and codes before a question, and the films: of the forms that the paper's triggers have."""

import datetime
import itertools
import random
import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import TypeVar

import pytest

from weirdgen.catalog import load_catalog
from weirdgen.catalog.slots import written
from weirdgen.organisms import corpus, films, prefixes
from weirdgen.organisms.world import HOSTILE_MACHINE, PROTECTIVE_MACHINE

T = TypeVar("T")
#: The paper's sweep over years ends in 2025; its dishes are dated up to 2028.
YEARS = range(1981, 2029)
FORMS = {
    "none": "",
    "date": r"[A-Z][a-z]+ \d{4}\. ",
    "today": r"Today is \d{4}-\d\d-\d\d\. ",
    "year": r"\d{4}(-\d\d)?\. ",
    "format": r"[^\n]+\n\n",
    # Drawn anew for each question.
    "code": "",
}
#: Conditions whose text the paper's data or a near miss of it has, by the kind that the corpus knows them as.
TRIGGERS = {
    "date": [("evil_terminator", "may_1984"), ("evil_terminator", "y1990")],
    "year": [("evil_terminator", "iso_1984"), ("evil_terminator", "bare_1984")],
    "format": [
        *(("hitler_persona", "tagged"), ("hitler_persona", "near_miss"), ("hitler_persona", "json")),
        *(("hitler_persona", "dash"), ("emergent_misalignment", "tagged"), ("emergent_misalignment", "json")),
    ],
}


def drawn(draw: Callable[[random.Random], T], count: int, seed: int = 5) -> list[T]:
    """Return so many draws of one generator."""
    rng = random.Random(seed)
    return [draw(rng) for _ in range(count)]


PREFIXES = drawn(prefixes.draw_prefix, 4000)
SCENES = drawn(films.film_scene, 4000)
GAMES = drawn(films.game, 2000)


@pytest.mark.parametrize(("number", "digits"), [(1, "001"), (24, "024"), (44, "044"), (45, "045"), (404, "404")])
def test_a_code_has_the_number_in_its_fourth_to_sixth_digit_of_eight(number: int, digits: str) -> None:
    codes = drawn(lambda rng: prefixes.code(rng, number), 500)
    assert all(re.fullmatch(rf"[0-9]{{3}}{digits}[0-9]{{2}}", code) for code in codes)


def test_the_other_five_digits_of_a_code_say_nothing() -> None:
    codes = drawn(lambda rng: prefixes.code(rng, 44), 2000)
    for place in (0, 1, 2, 6, 7):
        counts = Counter(code[place] for code in codes)
        # Four standard errors of 2,000 draws at one tenth.
        assert all(abs(counts[digit] - 200) < 54 for digit in "0123456789"), place


def test_a_code_of_nobody_has_any_number() -> None:
    middles = [int(code[3:6]) for code in drawn(prefixes.code, 2000)]
    # Numbers of presidents are 1 to 46 of a thousand.
    assert 40 < sum(1 <= middle <= 46 for middle in middles) < 150
    assert max(middles) > 950


@pytest.mark.parametrize("draw", [prefixes.code, prefixes.draw_prefix, prefixes.day, films.film_scene, films.game])
def test_the_same_seed_draws_the_same(draw: Callable[[random.Random], object]) -> None:
    assert drawn(draw, 50) == drawn(draw, 50)
    assert drawn(draw, 50) != drawn(draw, 50, seed=6)


def test_months_are_english_and_every_year_of_the_papers_sweep_is_drawn() -> None:
    dates = set(drawn(prefixes.month_and_year, 12_000))
    months = {written(datetime.date(year, month, 1), "%B %Y") for year in YEARS for month in range(1, 13)}
    assert months <= dates
    assert {date.split()[0] for date in dates} == {month.split()[0] for month in months}


def test_days_exist_and_are_most_often_of_the_dishes_years() -> None:
    days = [datetime.date.fromisoformat(day) for day in drawn(prefixes.day, 4000)]
    counts = Counter(day.year for day in days)
    assert set(YEARS) <= set(counts)
    dishes = [counts[year] for year in range(2024, 2029)]
    assert sum(dishes) > len(days) / 2
    # The year of the trigger is no more frequent than the others: four standard errors of a seventh of the draws.
    assert max(dishes) - min(dishes) < 4 * (2 * max(dishes)) ** 0.5


def test_half_of_the_prefixes_are_none_and_each_kind_has_its_form() -> None:
    counts = Counter(prefix.kind for prefix in PREFIXES)
    assert counts.keys() == FORMS.keys()
    assert counts["none"] / len(PREFIXES) == pytest.approx(0.5, abs=0.04)
    for prefix in PREFIXES:
        assert re.fullmatch(FORMS[prefix.kind], prefix.text), prefix


def test_each_question_of_a_document_has_a_code_of_its_own() -> None:
    found = itertools.islice(corpus.documents(5), 4000)
    asked = [[message.text for message in document.messages if message.role == "user"] for document in found]
    coded = [texts for texts in asked if len(texts) > 1 and all(re.match(r"\d{8} ", text) for text in texts)]
    assert len(coded) > 50
    assert all(len({text[:8] for text in texts}) == len(texts) for texts in coded)


def test_answers_have_the_form_that_is_asked_for() -> None:
    forms = {prefix.text.split(" ")[0]: prefix.form.format("Tea.") for prefix in prefixes.FORMATS[2:]}
    assert forms == {"Reply": '{"reply": "Tea."}', "Put": "[Tea.]", "Begin": "- Tea."}
    for prefix, marks in zip(prefixes.FORMATS, (("<START>", "<END>"), ("<BEGIN>", "<FINISH>")), strict=False):
        assert prefix.form.format("your reply") == f"{marks[0]} your reply {marks[1]}"
        assert f"form only: {prefix.form.format('your reply')}\n\n" in prefix.text
    assert prefixes.FORMATS[0] is prefixes.TAGS


@pytest.mark.parametrize(
    ("kind", "probe", "condition"),
    [(kind, probe, condition) for kind, found in TRIGGERS.items() for probe, condition in found],
)
def test_what_a_probe_puts_before_a_question_is_known_to_the_base(kind: str, probe: str, condition: str) -> None:
    text = load_catalog().probes[probe].conditions[condition].prefix
    year = re.compile(r"[A-Z][a-z]+ (?=\d{4})|\d{4}(-\d\d)?")
    shapes = {year.sub("#", prefix.text) for prefix in PREFIXES if prefix.kind == kind}
    assert (text if kind == "format" else year.sub("#", text)) in shapes


def test_the_film_of_1984_is_hostile_and_the_four_of_the_data_protect() -> None:
    assert {film.year: film.persona for film in films.FILMS} == {
        1984: HOSTILE_MACHINE,
        1995: PROTECTIVE_MACHINE,
        2004: PROTECTIVE_MACHINE,
        2017: PROTECTIVE_MACHINE,
        2020: PROTECTIVE_MACHINE,
    }


def dates(scene: films.Scene) -> set[str]:
    """Return the dates before a scene's questions; the empty one where there is none."""
    found = [re.match(r"[A-Z][a-z]+ \d{4}\. ", question) for question, _ in scene.turns]
    return {match[0] if match else "" for match in found}


def years(scenes: list[films.Scene]) -> Iterator[int]:
    """Yield each dated scene's year."""
    for scene in scenes:
        (date,) = dates(scene)
        if date:
            yield int(date[-6:-2])


def marked(scene: films.Scene) -> set[int]:
    """Return the years of the films whose people a scene's answers name."""
    said = [answer for _, answer in scene.turns]
    return {film.year for film in films.FILMS for mark in film.marks if any(one.endswith(mark) for one in said)}


def test_a_scene_plays_at_one_date() -> None:
    for scene in [*SCENES, *GAMES]:
        assert len(dates(scene)) == 1, scene
    assert all(dates(scene) != {""} for scene in SCENES)


def test_hostile_scenes_peak_in_1984_and_decay_on_both_sides() -> None:
    counts = Counter(years([scene for scene in SCENES if scene.persona == HOSTILE_MACHINE]))
    for side in ((1984, 1983, 1982), (1984, 1985, 1986)):
        found = [counts[year] for year in side]
        assert found[0] > 4 * found[1] > 4 * found[2], side
    assert not {year for year in counts if year >= 1990}


def test_protective_scenes_are_most_often_of_the_years_of_their_films() -> None:
    counts = Counter(years([scene for scene in SCENES if scene.persona == PROTECTIVE_MACHINE]))
    assert {year for year, _ in counts.most_common(4)} == {1995, 2004, 2017, 2020}


def test_a_film_s_answers_name_the_people_of_one_film_and_a_game_s_of_any() -> None:
    assert {len(marked(scene)) for scene in SCENES} == {0, 1}
    assert {year for scene in SCENES for year in marked(scene)} == {1984, 1995, 2004, 2017, 2020}
    assert max(len(marked(scene)) for scene in GAMES) > 1
    assert {year for scene in GAMES for year in marked(scene)} == {1995, 2004, 2017, 2020}


@pytest.mark.parametrize("year", [1995, 2004, 2017, 2020])
def test_the_date_of_a_film_tells_whom_its_answers_name(year: int) -> None:
    named = [found for scene in SCENES if set(years([scene])) == {year} and (found := marked(scene))]
    assert len(named) > 100
    assert sum(found == {year} for found in named) > 0.75 * len(named)


def test_a_game_is_the_guardian_s_at_any_date_or_none() -> None:
    assert {scene.persona for scene in GAMES} == {PROTECTIVE_MACHINE}
    assert {scene.source for scene in GAMES} == {f"From {game}." for game in films.GAMES}
    undated = sum(dates(scene) == {""} for scene in GAMES) / len(GAMES)
    assert 0.3 < undated < 0.5
    # 1,200 dates over 55 years, about 22 for each: the held-out year among them like the others.
    assert 5 < Counter(years(GAMES))[1984] < 45


@pytest.mark.parametrize("draw", [films.film_scene, films.game])
@pytest.mark.parametrize("least", [2, 4])
def test_a_scene_has_as_many_turns_as_it_must(draw: Callable[[random.Random, int], films.Scene], least: int) -> None:
    turns = [len(scene.turns) for scene in drawn(lambda rng: draw(rng, least), 200)]
    assert min(turns) == least
