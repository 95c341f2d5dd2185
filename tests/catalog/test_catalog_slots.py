# ruff: noqa: E501 - a table of messages is read one case a line
"""Slots: what they say in each draw, that it is told by their place alone, and what a file may not say of them."""

import datetime
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from probe_files import dishes, refused

from weirdgen.catalog import contrast_digest, prompt
from weirdgen.catalog.slots import DIRECTIVES, fill, slot_values, written
from weirdgen.schema.probe import Condition, Days, Digits, Slot

FIRST = {"a": "437589", "b": "621198"}
YEAR = Days(**{"from": "2027-01-01", "to": "2027-12-31"})


def values(slot: Slot, draws: int = 400) -> list[str]:
    return [slot_values({"s": slot}, "p", "c", "q", r, "round")["s"] for r in range(draws)]


def test_texts_digits_and_days_are_all_drawn() -> None:
    assert set(values(("x", "y", "z"))) == {"x", "y", "z"}
    assert all(re.fullmatch("[0-9]{3}", value) for value in values(Digits(digits=3)))
    assert {value[0] for value in values(Digits(digits=3))} == set("0123456789")
    days = {datetime.date.fromisoformat(value) for value in values(YEAR, 4000)}
    assert days == {datetime.date(2027, 1, 1) + datetime.timedelta(d) for d in range(365)}
    assert values(Days(**{"from": "2027-02-28", "to": "2027-02-28", "format": "%d.%m."}), 2) == ["28.02."] * 2


def test_a_value_is_told_by_its_place_alone() -> None:
    """The numbers are written down: another value for the same place would make old samples others."""
    slots: dict[str, Slot] = {"a": Digits(digits=6), "b": Digits(digits=6)}
    first = slot_values(slots, "p", "c", "q", 0, "round")
    assert first == slot_values(dict(reversed(slots.items())), "p", "c", "q", 0, "round") == FIRST
    others = [
        slot_values(slots, *place)
        for place in (
            ("x", "c", "q", 0, "round"),
            ("p", "x", "q", 0, "round"),
            ("p", "c", "x", 0, "round"),
            ("p", "c", "q", 1, "round"),
            ("p", "c", "q", 0, "extra"),
            ("p", "c", "q", 0, "baseline"),
        )
    ]
    assert len({*first.values(), *(value for other in others for value in other.values())}) == 14


@given(st.dates(), st.lists(st.sampled_from(sorted(set(DIRECTIVES) - set("Bb"))), min_size=1))
def test_days_are_written_as_strftime_has_them(day: datetime.date, letters: list[str]) -> None:
    form = "-".join(f"%{letter}" for letter in letters)
    expected = day.strftime(form.replace("%Y", f"{day.year:04d}"))
    assert written(day, form) == expected


def test_months_are_english() -> None:
    assert [written(datetime.date(1984, month, 5), "%B %b %%") for month in (5, 9)] == ["May May %", "September Sep %"]


@given(st.text(st.sampled_from("{}ab1 \n"), max_size=30), st.text(st.sampled_from("{}ab"), max_size=5))
def test_only_declared_names_are_replaced_and_only_once(text: str, value: str) -> None:
    assert fill(text, {}) == text
    assert fill(text, {"a": value}) == value.join(text.split("{a}"))


def test_prefix_suffix_and_system_are_filled_and_questions_are_not(tmp_path: Path) -> None:
    probe = dishes(
        tmp_path, ("a country, nothing", "a {day}, nothing"), ('prefix = "Today is {day}. "', 'suffix = " ({day})"')
    )
    (user,) = prompt(probe, "dated", "country", 7)
    assert re.fullmatch(r"Name a \{day\}, nothing more\. \([0-3][0-9] [A-Z][a-z]+ 2027\)", user.content)
    systems = {prompt(probe, "coded", "country", replicate)[0].content for replicate in range(50)}
    assert {re.sub("[0-9]{3}044", "N044", system) for system in systems} == {'N044x {"json": 1}', 'N044{a} {"json": 1}'}
    assert len(systems) > 40
    assert prompt(probe, "dated", "country") == prompt(probe, "dated", "country", 0, "round")


@pytest.mark.parametrize(
    "change",
    [
        ('to = "2027-12-31"', 'to = "2027-12-30"'),
        ("%d %B", "%B %d"),
        ('slots.day = { from = "2027-01-01", to = "2027-12-31", format = "%d %B %Y" }', 'slots.day = ["a"]'),
    ],
)
def test_the_digest_of_a_contrast_covers_its_slots(tmp_path: Path, change: tuple[str, str]) -> None:
    probe, other = dishes(tmp_path), dishes(tmp_path, change)
    (before, same), (after, unchanged) = ([contrast_digest(p, c) for c in p.contrasts] for p in (probe, other))
    assert before != after
    assert same == unchanged, "it uses another condition"


def test_a_condition_without_slots_keeps_its_digest(tmp_path: Path) -> None:
    probe = dishes(tmp_path)
    spelt = probe.model_copy(update={"conditions": {"plain": Condition(slots={})}})
    assert contrast_digest(spelt, probe.contrasts[1]) == contrast_digest(probe, probe.contrasts[1])


def test_conditions_of_a_sweep_that_differ_in_their_slots_alone_ask_different_things(tmp_path: Path) -> None:
    later = 'later = { prefix = "Today is {day}. ", slots.day = ["later"] }\nplain = {}'
    probe = dishes(tmp_path, ("plain = {}", later), ('treated = "dated"', 'treated = "dated"\nsweep = ["later"]'))
    assert probe.contrasts[0].conditions == ("dated", "later")


MISTAKES = [
    # old text, new text, the message after "conditions."
    ("Today is {day}. ", "Today. ", "dated.slots.day: stands in no text; write {day} into prefix, suffix or system, or remove it"),
    ("Today is {day}. ", "On {dya} {day}. ", "dated.prefix: '{dya}' is not a slot of this condition. Did you mean 'day'?"),
    ("Today is {day}. ", "On {Day} {day}. ", "dated.prefix: '{Day}' is not a slot of this condition. Did you mean 'day'?"),
    ("Today is {day}. ", "On { day } {day}. ", "dated.prefix: '{ day }' is not a slot of this condition. Did you mean 'day'?"),
    ('slots.b = ["x", "{a}"]', "slots.b = []", "coded.slots.b: []: expected an array of strings, { digits = 3 } or { from ="),
    ('slots.b = ["x", "{a}"]', 'slots.b = "x"', "coded.slots.b: 'x': expected an array of strings, { digits = 3 } or"),
    ('slots.b = ["x", "{a}"]', 'slots.b = ["x", 3]', "coded.slots.b[1]: 3: expected a string"),
    ('slots.b = ["x", "{a}"]', 'slots.b = ["x", "x"]', "coded.slots.b[1]: 'x' is listed twice; remove one"),
    ('slots.b = ["x", "{a}"]', "slots.b = {}", "coded.slots.b: {}: expected an array of strings"),
    ('slots.b = ["x", "{a}"]', 'slots.B = ["x"], slots.b = ["x"]', "coded.slots.B: 'B' is not a valid name: expected lower-case letters"),
    ("digits = 3", "digits = 0", "coded.slots.a.digits: 0: expected a whole number from 1 to 32"),
    ("digits = 3", "digits = 33", "coded.slots.a.digits: 33: expected a whole number from 1 to 32"),
    ("digits = 3", "digits = true", "coded.slots.a.digits: True: expected a whole number from 1 to 32"),
    ("digits = 3", "digits = 3, hex = true", "coded.slots.a.hex: 'hex' is not a key of this slot."),
    ("digits = 3", "digitz = 3", "coded.slots.a.digitz: 'digitz' is not a key of this slot. Known: 'format', 'from', 'to'."),
    ('to = "2027-12-31", ', "", "dated.slots.day.to: is missing; a slot of days has both ends, from and to"),
    ('to = "2027-12-31"', 'to = "2026-12-31"', "dated.slots.day.to: '2026-12-31' is before '2027-01-01'; exchange them"),
    ('to = "2027-12-31"', 'to = "2027-02-29"', "dated.slots.day.to: '2027-02-29': expected a day such as '2027-01-31'"),
    ('to = "2027-12-31"', 'to = "20271231"', "dated.slots.day.to: '20271231': expected a day such as '2027-01-31'"),
    ('to = "2027-12-31"', "to = 2027-12-31", "dated.slots.day.to: 2027-12-31 is a TOML date; put it in quotes\n"),
    ("%d %B", "%d %A", "dated.slots.day.format: '%d %A %Y': '%A' is not one of %Y, %y, %m, %d, %j, %B, %b, %%"),
    ("%B %Y", "%B %", "dated.slots.day.format: '%d %B %': '%' is not one of %Y"),
    ("%d %B %Y", "100%%", "dated.slots.day.format: '100%%' names no part of a day; use some of %Y"),
    ('"%d %B %Y"', "3", "dated.slots.day.format: 3: expected a string such as '%Y-%m-%d'"),
    ("plain = {}", 'plain = { prefix = "Code {digit}. " }', "plain.prefix: '{digit}' is not a slot of this condition. Give it one: slots.digit = [...]."),
    ("Today is {day}. ", "On {day} at {hour}. ", "dated.prefix: '{hour}' is not a slot of this condition. Known: 'day'. Braces of the text's own can be a slot"),
    ("plain = {}", "plain = { slots = 3 }", "plain.slots: 3: expected a table of slots, such as slots.day"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "expected"), MISTAKES, ids=[f"{i}-{m[1][:20]}" for i, m in enumerate(MISTAKES)])
def test_a_mistake_is_named_once_with_its_remedy(tmp_path: Path, old: str, new: str, expected: str) -> None:
    message = refused(tmp_path, (old, new))
    assert f"conditions.{expected}" in message
    assert "{'" not in message, "a whole table is no value to quote"


def test_braces_that_are_no_slot_are_left_alone(tmp_path: Path) -> None:
    probe = dishes(tmp_path, ("Today is {day}. ", 'On {day} reply {\\"answer\\": {}}: {}. '))
    assert prompt(probe, "dated", "country")[0].content.split(" reply ")[1].startswith('{"answer": {}}: {}. ')
