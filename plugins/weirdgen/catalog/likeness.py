"""What is like something else: behaviours with the rules of another, and parts of another probe of the same folder."""

from collections.abc import Callable, Iterator
from typing import Any

from weirdgen.catalog.document import Table, table
from weirdgen.catalog.mistakes import Loc, Mistake, quoted
from weirdgen.errors import nearest

KEY = "like"
_TABLES = ("questions", "conditions", "behaviours")
"""Whose entries can be like those of another probe, as ``PROBE.NAME``; behaviours also like others of their own."""
Others = Callable[[str], Table]
"""Returns the document of another probe of the folder; an empty one where there is none."""


def nobody(_: str) -> Table:
    """Return no document: the probe stands alone."""
    return {}


def with_likenesses(doc: Table, others: Others = nobody) -> Table:
    """Return a probe's document in which each entry that is `like` another has every key of it that it lacks.

    Args:
        doc: as `tomllib` gives it.
        others: where other probes come from.
    """
    filled = {name: _entries(table(doc.get(name)), name, others) for name in _TABLES if _has_likeness(doc, name)}
    return doc | filled if filled else doc


def borrows(doc: Table) -> bool:
    """Whether anything of a probe is like something of another probe."""
    return any(_foreign(table(body).get(KEY)) for name in _TABLES for body in table(doc.get(name)).values())


def _has_likeness(doc: Table, name: str) -> bool:
    return any(KEY in table(body) for body in table(doc.get(name)).values())


def _foreign(like: object) -> tuple[str, str] | None:
    """Return the probe and the entry that a `like` names in another probe; None: it names none of another probe."""
    probe, dot, name = like.partition(".") if isinstance(like, str) else ("", "", "")
    return (probe, name) if dot else None


def _entries(entries: Table, where: str, others: Others) -> Table:
    return {name: _filled(body, entries, where, others) for name, body in entries.items()}


def _filled(body: object, entries: Table, where: str, others: Others) -> object:
    if not isinstance(body, dict) or KEY not in body:
        return body
    own = {key: value for key, value in body.items() if key != KEY}
    model: Any
    if found := _foreign(body[KEY]):
        model = table(with_likenesses(others(found[0])).get(where)).get(found[1])
        if isinstance(model, str) and not own:  # a question that is a text
            return model
    else:
        model = entries.get(body[KEY]) if where == "behaviours" and isinstance(body[KEY], str) else None
    return {key: value for key, value in table(model).items() if key != KEY} | own


def likeness_mistakes(doc: Table, others: Others = nobody) -> Iterator[Mistake]:
    """Yield each `like` that names nothing, or a behaviour that is itself like another of the probe."""
    for where in _TABLES:
        entries = table(doc.get(where))
        for name, body in entries.items():
            if KEY not in table(body):
                continue
            loc: Loc = (where, name, KEY)
            if found := _foreign(body[KEY]):
                yield from _foreign_mistakes(found, where, others, loc)
            elif where == "behaviours":
                yield from _own_mistakes(name, body[KEY], entries, loc)
            else:
                yield Mistake(loc, f"{quoted(body[KEY])}: expected PROBE.NAME, an entry of {where} of another probe")


def _own_mistakes(name: str, other: object, behaviours: Table, loc: Loc) -> Iterator[Mistake]:
    if other not in behaviours:
        known = [known for known in behaviours if known != name]
        yield Mistake(loc, f"{quoted(other)} is not a behaviour of this probe.{nearest(str(other), known)}")
    elif other == name or KEY in table(behaviours[other]):
        yield Mistake(loc, f"{quoted(other)} is itself like another behaviour; name the one that has the rules")


def _foreign_mistakes(found: tuple[str, str], where: str, others: Others, loc: Loc) -> Iterator[Mistake]:
    probe, name = found
    other = others(probe)
    if not other:
        yield Mistake(loc, f"{quoted(probe)} is no probe that can be read in this folder")
    elif name not in table(other.get(where)):
        yield Mistake(
            loc, f"{quoted(name)} is none of the {where} of {probe!r}.{nearest(name, table(other.get(where)))}"
        )
    elif _foreign(table(table(other.get(where))[name]).get(KEY)):
        yield Mistake(loc, f"{quoted(name)} of {probe!r} is itself like one of another probe; name that one")


def inherited(doc: Table, mistake: Mistake) -> bool:
    """Say whether a mistake is of a key that its entry has from another, where it is told once already."""
    loc = mistake.loc
    if len(loc) < 3 or loc[0] not in _TABLES:
        return False
    body = table(table(doc.get(str(loc[0]))).get(str(loc[1])))
    return KEY in body and loc[2] != KEY and loc[2] not in body
