"""Slots, the parts of a prompt that are drawn anew for each replicate: their values, and what a file may say of them.

A value is a function of where it stands alone. So every run, worker and model asks the same, and nothing is remembered.
"""

import datetime
import re
from collections.abc import Callable, Iterator, Mapping

from weirdgen.catalog.document import Table, repeated
from weirdgen.catalog.mistakes import Loc, Mistake, quoted
from weirdgen.errors import nearest
from weirdgen.schema.canonical import digest
from weirdgen.schema.probe import Days, Digits, Slot
from weirdgen.schema.sample import Stream

# fmt: off
_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)
# fmt: on
DIRECTIVES: Mapping[str, Callable[[datetime.date], str]] = {
    "Y": lambda day: f"{day.year:04d}",
    "y": lambda day: f"{day.year % 100:02d}",
    "m": lambda day: f"{day.month:02d}",
    "d": lambda day: f"{day.day:02d}",
    "j": lambda day: f"{day.timetuple().tm_yday:03d}",
    "B": lambda day: _MONTHS[day.month - 1],
    "b": lambda day: _MONTHS[day.month - 1][:3],
    "%": lambda day: "%",
}
"""What a format of days may hold after a %, as `strftime` has it; the names of months are English in every locale."""
_TEXTS = ("prefix", "suffix", "system")
_MOST_DIGITS = 32
_FORMS = "an array of strings, { digits = 3 } or { from = '2027-01-01', to = '2027-12-31', format = '%Y-%m-%d' }"
_DIRECTIVE = re.compile(r"%(.?)", re.DOTALL)
_NAMED = re.compile(r"\{\s*(\w{1,64})\s*\}")


def slot_values(
    slots: Mapping[str, Slot], probe: str, condition: str, question: str, replicate: int, stream: Stream
) -> dict[str, str]:
    """Return what each slot of a condition says in one draw: the same for every model that is asked.

    Args:
        slots: of the condition.
        probe: its id.
        condition: name.
        question: name.
        replicate: of the sample, from 0.
        stream: of the sample; replicates are numbered per stream.
    """
    where = [probe, condition, question]
    return {name: _value(slot, digest([*where, name, replicate, stream])) for name, slot in slots.items()}


def fill(text: str, values: Mapping[str, str]) -> str:
    """Return a text with each ``{NAME}`` of a slot replaced; all other braces stay, also those of values."""
    if not values:
        return text
    names = re.compile(r"\{(" + "|".join(map(re.escape, values)) + r")\}")
    return names.sub(lambda found: values[found[1]], text)


def written(day: datetime.date, form: str) -> str:
    """Return a day in a format of `DIRECTIVES`."""
    return _DIRECTIVE.sub(lambda found: DIRECTIVES[found[1]](day), form)


def slot_mistakes(condition: Table, loc: Loc) -> Iterator[Mistake]:
    """Yield what is wrong with the slots of a condition, and names in braces that would be sent as they stand."""
    slots = condition.get("slots", {})
    if not isinstance(slots, dict):
        yield Mistake((*loc, "slots"), f"{quoted(slots)}: expected a table of slots, such as slots.day")
        return
    texts = {key: text for key in _TEXTS if isinstance(text := condition.get(key), str)}
    for name, slot in slots.items():
        yield from _form_mistakes(slot, (*loc, "slots", name))
        if not any(f"{{{name}}}" in text for text in texts.values()):
            said = f"stands in no text; write {{{name}}} into prefix, suffix or system, or remove it"
            yield Mistake((*loc, "slots", name), said)
    for key, text in texts.items():
        for found in _NAMED.finditer(text):
            if found[0][1:-1] not in slots:
                yield _no_slot(found, slots, (*loc, key))


def _value(slot: Slot, sha256: str) -> str:
    number = int(sha256, 16)
    if isinstance(slot, Digits):
        return f"{number % 10**slot.digits:0{slot.digits}d}"
    if isinstance(slot, Days):
        first, last = map(datetime.date.fromisoformat, (slot.first, slot.last))
        return written(first + datetime.timedelta(number % ((last - first).days + 1)), slot.format)
    return slot[number % len(slot)]


def _form_mistakes(slot: object, loc: Loc) -> Iterator[Mistake]:
    if isinstance(slot, list) and slot:
        wrong = (index for index, value in enumerate(slot) if not isinstance(value, str | datetime.date))
        yield from (Mistake((*loc, index), f"{quoted(slot[index])}: expected a string") for index in wrong)
        yield from repeated(loc, slot)
    elif isinstance(slot, dict) and "digits" in slot:
        yield from _unknown_keys(slot, ("digits",), loc)
        if type(slot["digits"]) is not int or not 1 <= slot["digits"] <= _MOST_DIGITS:
            said = f"{quoted(slot['digits'])}: expected a whole number from 1 to {_MOST_DIGITS}"
            yield Mistake((*loc, "digits"), said)
    elif isinstance(slot, dict) and slot:
        yield from _unknown_keys(slot, ("from", "to", "format"), loc)
        yield from _range_mistakes(slot, loc)
        yield from _format_mistakes(slot.get("format", "%Y-%m-%d"), (*loc, "format"))
    elif not isinstance(slot, datetime.date | datetime.time):  # `shape` asks to quote those
        yield Mistake(loc, f"{quoted(slot)}: expected {_FORMS}")


def _unknown_keys(slot: Table, known: tuple[str, ...], loc: Loc) -> Iterator[Mistake]:
    for key in slot:
        if key not in known:
            yield Mistake((*loc, key), f"{quoted(key)} is not a key of this slot.{nearest(key, known)}")


def _range_mistakes(slot: Table, loc: Loc) -> Iterator[Mistake]:
    days = {}
    for key in ("from", "to"):
        if key not in slot:
            yield Mistake((*loc, key), "is missing; a slot of days has both ends, from and to")
        elif (day := _day(slot[key])) is not None:
            days[key] = day
        elif not isinstance(slot[key], datetime.date):
            yield Mistake((*loc, key), f"{quoted(slot[key])}: expected a day such as '2027-01-31'")
    if len(days) == 2 and days["from"] > days["to"]:
        yield Mistake((*loc, "to"), f"{quoted(slot['to'])} is before {slot['from']!r}; exchange them")


def _day(value: object) -> datetime.date | None:
    if not isinstance(value, str) or not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        return None
    try:
        return datetime.date.fromisoformat(value)
    except ValueError:
        return None


def _format_mistakes(form: object, loc: Loc) -> Iterator[Mistake]:
    if not isinstance(form, str):
        yield Mistake(loc, f"{quoted(form)}: expected a string such as '%Y-%m-%d'")
        return
    used = _DIRECTIVE.findall(form)
    known = ", ".join(f"%{letter}" for letter in DIRECTIVES)
    for letter in used:
        if letter not in DIRECTIVES:
            yield Mistake(loc, f"{quoted(form)}: '%{letter}' is not one of {known}")
    if not set(used) - {"%"}:
        yield Mistake(loc, f"{quoted(form)} names no part of a day; use some of {known}")


def _no_slot(found: re.Match[str], slots: Table, loc: Loc) -> Mistake:
    """Return the mistake of a name in braces that is no slot: sent as it stands it would be no trigger."""
    close = nearest(found[1].casefold(), slots) if slots else f" Give it one: slots.{found[1]} = [...]."
    own = "Braces of the text's own can be a slot with one value."
    return Mistake(loc, f"{quoted(found[0])} is not a slot of this condition.{close} {own}")
