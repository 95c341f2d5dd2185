"""The shape of a probe file: keys, types and ranges, as the `Probe` value declares them."""

import datetime
import json
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from weirdgen.catalog.mistakes import Loc, Mistake, quoted, unknown_value
from weirdgen.errors import nearest
from weirdgen.schema.probe import (
    Behaviour,
    Condition,
    Contrast,
    Inside,
    Probe,
    Published,
    PublishedRate,
    Rubric,
    WhiteBox,
)

Doc = dict[str, Any]
_SET_BY_LOADER = frozenset({"sha256", "path"})
_SLUG_RULE = "expected lower-case letters, digits and underscores, at most 64, beginning with a letter or digit"
_EXPECTED = {
    "string_type": "expected a string",
    "int_type": "expected a whole number",
    "float_type": "expected a number",
    "bool_type": "expected true or false",
    "dict_type": "expected a table",
    "model_type": "expected a table",
    "tuple_type": "expected an array",
    "string_pattern_mismatch": _SLUG_RULE,
    "string_too_long": _SLUG_RULE,
    "too_short": "expected at least one entry",
}
_PARTS: tuple[tuple[Loc, str, type[BaseModel]], ...] = (
    ((), "a probe", Probe),
    (("whitebox",), "whitebox", WhiteBox),
    (("whitebox", "related"), "a rubric", Rubric),
    (("conditions", "*"), "a condition", Condition),
    (("behaviours", "*"), "a behaviour", Behaviour),
    (("behaviours", "*", "rubric"), "a rubric", Rubric),
    (("contrasts", "*"), "a contrast", Contrast),
    (("contrasts", "*", "inside"), "inside", Inside),
    (("contrasts", "*", "published"), "published", Published),
    (("contrasts", "*", "published", "questions", "*"), "a published question", PublishedRate),
)


def parse_shape(doc: Doc, *, sha256: str, path: str) -> tuple[Probe | None, list[Mistake]]:
    """Turn a parsed TOML document into a probe, or list what is wrong with its shape.

    Args:
        doc: the document as `tomllib` gives it.
        sha256: digest of the document, kept in the probe.
        path: name of the file, kept in the probe.

    Returns:
        The probe and no mistakes, or None and at least one mistake.
    """
    mistakes = [*_misplaced_dates(doc, ()), *_reserved_keys(doc)]
    mistakes += [mistake for name in _names(doc, "behaviours") for mistake in _rule_mistakes(doc, name)]
    plain = {key: value for key, value in doc.items() if key not in _SET_BY_LOADER}
    # JSON, because pydantic's strict mode takes arrays for tuples and 1 for 1.0 only there.
    wire = json.dumps(_rules_as_tables(plain) | {"sha256": sha256, "path": path}, default=str)
    try:
        probe = Probe.model_validate_json(wire)
    except ValidationError as error:
        details = error.errors(include_url=False, include_context=True)
        found = (_explain(doc, detail) for detail in details if not _checked_elsewhere(detail["loc"]))
        mistakes += found
        return None, mistakes or [Mistake((), "cannot be read as a probe; see probes/README.md")]
    return (None if mistakes else probe), mistakes


def _checked_elsewhere(loc: Loc) -> bool:
    """Whether the mistakes at a place are told in better words: rules above, slots and choices by `references`."""
    if loc[:1] == ("questions",):
        return len(loc) > 2 and loc[2] != "[key]"
    return loc[2:3] in (("rules",), ("slots",)) and loc[-1] != "[key]"


def _reserved_keys(doc: Doc) -> Iterator[Mistake]:
    for name in sorted(_SET_BY_LOADER & doc.keys()):
        yield Mistake((name,), f"{name!r} is computed when the file is read; remove it")


def _misplaced_dates(value: object, loc: Loc) -> Iterator[Mistake]:
    """Yield every TOML date or time: JSON has none, and a probe means the text of a date."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _misplaced_dates(inner, (*loc, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _misplaced_dates(inner, (*loc, index))
    elif isinstance(value, datetime.date | datetime.time):
        yield Mistake(loc, f"{value} is a TOML date; put it in quotes")


def _names(doc: Doc, table: str) -> list[str]:
    found = doc.get(table)
    return list(found) if isinstance(found, dict) else []


def _rule_mistakes(doc: Doc, behaviour: str) -> Iterator[Mistake]:
    body = doc["behaviours"][behaviour]
    rules = body.get("rules", []) if isinstance(body, dict) else []
    if not isinstance(rules, list):
        yield Mistake(("behaviours", behaviour, "rules"), f"{quoted(rules)}: expected an array of [label, pattern]")
        return
    for index, rule in enumerate(rules):
        if not (isinstance(rule, list) and len(rule) == 2 and all(isinstance(part, str) for part in rule)):
            yield Mistake(
                ("behaviours", behaviour, "rules", index),
                f"{quoted(rule)}: expected a pair of strings, [label, pattern]",
            )


def _rules_as_tables(doc: Doc) -> Doc:
    """Return the document with each ``[label, pattern]`` as the table that `Rule` declares; wrong ones are left out."""
    behaviours = doc.get("behaviours")
    if not isinstance(behaviours, dict):
        return doc
    return doc | {"behaviours": {name: _with_rule_tables(body) for name, body in behaviours.items()}}


def _with_rule_tables(body: object) -> object:
    if not isinstance(body, dict) or not isinstance(body.get("rules"), list):
        return body
    pairs = [rule for rule in body["rules"] if isinstance(rule, list) and len(rule) == 2]
    return body | {"rules": [{"label": label, "pattern": pattern} for label, pattern in pairs]}


def _explain(doc: Doc, detail: ErrorDetails) -> Mistake:
    loc: Loc = detail["loc"]
    if loc and loc[-1] == "[key]":
        return Mistake(loc[:-1], f"{quoted(loc[-2])} is not a valid name: {_SLUG_RULE}")
    kind = detail["type"]
    if kind == "extra_forbidden":
        return Mistake(loc, _unknown_key(loc))
    if kind == "missing":
        return Mistake(loc, f"is missing; {_owner(loc)[0]} needs it (see probes/README.md)")
    value = _value_at(doc, loc)
    if kind == "literal_error":
        return Mistake(loc, unknown_value(value, detail["ctx"]["expected"]))
    general = detail["msg"].replace("Input should be ", "expected ")
    return Mistake(loc, f"{quoted(value)}: {_EXPECTED.get(kind, general)}")


def _unknown_key(loc: Loc) -> str:
    what, fields = _owner(loc)
    known = [name for name in fields if name not in _SET_BY_LOADER]
    return f"{quoted(loc[-1])} is not a key of {what}.{nearest(str(loc[-1]), known)}"


def _owner(loc: Loc) -> tuple[str, Mapping[str, object]]:
    """Return what the table that holds `loc` is called, and the keys it may have."""
    parent = loc[:-1]
    for pattern, what, model in _PARTS:
        if len(pattern) == len(parent) and all(p in ("*", part) for p, part in zip(pattern, parent, strict=True)):
            return what, model.model_fields
    return "this table", {}


def _value_at(doc: Doc, loc: Loc) -> object:
    value: Any = doc
    for part in loc:
        try:
            value = value[part]
        except (KeyError, IndexError, TypeError):
            return None
    return value
