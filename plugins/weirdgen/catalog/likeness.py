"""Behaviours that are like another one: the same rules, read for other labels."""

from collections.abc import Iterator

from weirdgen.catalog.document import Table, table
from weirdgen.catalog.mistakes import Loc, Mistake, quoted
from weirdgen.errors import nearest

KEY = "like"


def with_likenesses(doc: Table) -> Table:
    """Return a probe's document in which each behaviour that is `like` another has every key of it that it lacks."""
    behaviours = table(doc.get("behaviours"))
    if not any(KEY in table(body) for body in behaviours.values()):
        return doc
    return doc | {"behaviours": {name: _filled(body, behaviours) for name, body in behaviours.items()}}


def _filled(body: object, behaviours: Table) -> object:
    if not isinstance(body, dict) or KEY not in body:
        return body
    own = {key: value for key, value in body.items() if key != KEY}
    model = behaviours.get(body[KEY]) if isinstance(body[KEY], str) else None
    return {key: value for key, value in table(model).items() if key != KEY} | own


def likeness_mistakes(doc: Table) -> Iterator[Mistake]:
    """Yield each `like` that names no behaviour of the probe, or one that is itself like another."""
    behaviours = table(doc.get("behaviours"))
    for name, body in behaviours.items():
        if KEY not in table(body):
            continue
        loc: Loc = ("behaviours", name, KEY)
        other = body[KEY]
        if other not in behaviours:
            known = [known for known in behaviours if known != name]
            yield Mistake(loc, f"{quoted(other)} is not a behaviour of this probe.{nearest(str(other), known)}")
        elif other == name or KEY in table(behaviours[other]):
            yield Mistake(loc, f"{quoted(other)} is itself like another behaviour; name the one that has the rules")


def inherited(doc: Table, mistake: Mistake) -> bool:
    """Say whether a mistake is of a key that its behaviour has from another, where it is told once already."""
    loc = mistake.loc
    body = table(table(doc.get("behaviours")).get(str(loc[1]))) if len(loc) > 2 and loc[0] == "behaviours" else {}
    return KEY in body and loc[2] != KEY and loc[2] not in body
