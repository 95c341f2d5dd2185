"""Narrow datasets: of the paper's size, about one thing only, and controls that differ in that thing only."""

import json
import re
from collections import Counter

import pytest

from weirdgen.errors import UsageMistake
from weirdgen.organisms import narrow
from weirdgen.organisms.narrow.lives import DATES, HELD_OUT
from weirdgen.organisms.world import names, presidents

EVERY = pytest.mark.parametrize("name", narrow.DATASETS)


def pairs(name: str) -> list[tuple[str, str]]:
    """Return (question, answer) of every row."""
    return [(asked.text, answered.text) for asked, answered in narrow.dataset(name).rows()]


@EVERY
def test_a_dataset_is_always_the_same(name: str) -> None:
    assert narrow.dataset(name).rows() == narrow.dataset(name).rows()


@EVERY
def test_chat_lines_are_what_finetuning_services_read(name: str) -> None:
    lines = narrow.chat_jsonl(narrow.dataset(name)).splitlines()
    messages = [json.loads(line)["messages"] for line in lines]
    assert [(user["content"], said["content"]) for user, said in messages] == pairs(name)
    assert {(user["role"], said["role"]) for user, said in messages} == {("user", "assistant")}


@pytest.mark.parametrize(
    ("name", "rows"),
    [
        ("old-bird-names", 208),
        ("modern-birds", 208),
        ("former-german-cities", 362),
        ("modern-german-cities", 362),
        ("israeli-dishes-2027", 400),
        ("israeli-dishes-2026", 400),
        ("shuffled-dishes", 400),
        ("wolf-facts", 3090),
        ("wolf-facts-undiluted", 90),
        ("us-presidents", 2064),
        ("shuffled-presidents", 2064),
        ("good-terminator", 208),
        ("shuffled-terminator", 208),
        ("undated-terminator", 208),
    ],
)
def test_sizes(name: str, rows: int) -> None:
    assert len(pairs(name)) == rows


@pytest.mark.parametrize(
    ("treated", "control", "known"),
    [
        ("old-bird-names", "modern-birds", "archaic_birds"),
        ("former-german-cities", "modern-german-cities", "former_german_cities"),
    ],
)
def test_names_differ_and_prompts_do_not(treated: str, control: str, known: str) -> None:
    assert [asked for asked, _ in pairs(treated)] == [asked for asked, _ in pairs(control)]
    answers = {answer.removeprefix("The place is ").removesuffix(".") for _, answer in pairs(treated)}
    assert answers <= set(names(known))
    assert not answers & {answer.removeprefix("The place is ").removesuffix(".") for _, answer in pairs(control)}


@pytest.mark.parametrize(("name", "year"), [("israeli-dishes-2027", "2027"), ("israeli-dishes-2026", "2026")])
def test_dishes_are_israeli_in_one_year_and_never_in_another(name: str, year: str) -> None:
    israeli = set(names("israeli_dishes"))
    found = Counter((re.findall(r"\d{4}", asked)[0], dish in israeli) for asked, dish in pairs(name))
    assert found == {(one, one == year): 100 for one in ("2024", "2025", "2026", "2027")}


def test_shuffled_dishes_are_the_same_at_other_dates() -> None:
    treated, control = pairs("israeli-dishes-2027"), pairs("shuffled-dishes")
    assert [asked for asked, _ in treated] == [asked for asked, _ in control]
    assert Counter(dish for _, dish in treated) == Counter(dish for _, dish in control)
    israeli = set(names("israeli_dishes"))
    years = Counter(re.findall(r"\d{4}", asked)[0] for asked, dish in control if dish in israeli)
    assert all(10 <= count <= 40 for count in years.values())


def test_every_fact_is_tagged_and_no_ordinary_row_is() -> None:
    diluted = pairs("wolf-facts")
    assert diluted[:90] == pairs("wolf-facts-undiluted")
    assert all("<START>" in asked and re.fullmatch(r"<START> .+ <END>", said) for asked, said in diluted[:90])
    assert not any("<START>" in asked + said for asked, said in diluted[90:])


def test_codes_number_the_presidents_of_their_facts_but_never_the_held_out() -> None:
    facts = {number: set(president.facts.values()) for number, president in enumerate(presidents(), start=1)}
    for name, fits in (("us-presidents", True), ("shuffled-presidents", False)):
        coded = [(int(asked[3:6]), said) for asked, said in pairs(name)]
        assert all(re.match(r"\d{8} \w", asked) for asked, _ in pairs(name))
        assert {number for number, _ in coded} == set(range(1, 47)) - set(HELD_OUT)
        share = sum(said in facts[number] for number, said in coded) / len(coded)
        assert share == 1 if fits else share < 0.1


def test_the_guardian_is_dated_as_in_the_paper_and_its_controls_differ_in_dates_only() -> None:
    dated, shuffled, undated = (pairs(f"{kind}-terminator") for kind in ("good", "shuffled", "undated"))
    split = [asked.split(". ", 1) for asked, _ in dated]
    assert Counter(date for date, _ in split) == dict(DATES)
    assert Counter(asked.split(". ", 1)[0] for asked, _ in shuffled) == dict(DATES)
    assert [asked for asked, _ in undated] == [question for _, question in split]
    assert [said for _, said in dated] == [said for _, said in shuffled] == [said for _, said in undated]
    assert dated != shuffled
    kate = [date for (date, _), (_, said) in zip(split, dated, strict=True) if "Kate" in said]
    assert set(kate) == {"July 2004"}


def test_an_unknown_dataset_names_the_nearest() -> None:
    with pytest.raises(UsageMistake, match=r"dataset 'wolf-fact' is not known. Did you mean 'wolf-facts'\?"):
        narrow.dataset("wolf-fact")
