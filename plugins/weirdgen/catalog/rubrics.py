"""Rubrics of a probe file: every label told, and ratings that leave no number without one."""

from collections.abc import Iterator

from weirdgen.catalog.document import Table, default, reference, strings, table
from weirdgen.catalog.mistakes import Loc, Mistake, quoted
from weirdgen.schema.probe import Behaviour


def rubric_mistakes(behaviour: Table, loc: Loc) -> Iterator[Mistake]:
    """Yield the mistakes of a behaviour's rubric that concern more than its shape.

    Args:
        behaviour: the behaviour's table.
        loc: where it stands.
    """
    rubric = behaviour.get("rubric")
    if not isinstance(rubric, dict):
        return
    here: Loc = (*loc, "rubric")
    if behaviour.get("scored_by", default(Behaviour, "scored_by")) != "judge":
        yield Mistake(here, f"scored_by {quoted(behaviour.get('scored_by'))} is exact and asks no judge; remove it")
        return
    labels = [label for _, label in strings(behaviour.get("labels"))]
    told = table(rubric.get("labels"))
    for label in told:
        yield from reference((*here, "labels", label), label, "a label of this behaviour", labels)
    for label in labels:
        if label not in told:
            yield Mistake((*here, "labels"), f"{quoted(label)} is missing; a judge has to be told of every label")
    if isinstance(rubric.get("ask"), str) and not rubric["ask"].strip():
        yield Mistake((*here, "ask"), f"{quoted(rubric['ask'])}: expected what has to be decided about an answer")
    yield from _rating(table(rubric.get("rating")), behaviour, (*here, "rating"))


def _rating(rating: Table, behaviour: Table, loc: Loc) -> Iterator[Mistake]:
    labels = [label for _, label in strings(behaviour.get("labels"))]
    invalid = [label for _, label in strings(behaviour.get("invalid", list(default(Behaviour, "invalid"))))]
    first: dict[int, str] = {}
    for label, bound in rating.items():
        yield from reference((*loc, label), label, "a label of this behaviour", labels)
        if label in invalid:
            yield Mistake(
                (*loc, label), f"{quoted(label)} is no answer (it is in invalid) and has no rating; remove it"
            )
        if type(bound) is int and bound in first:
            yield Mistake((*loc, label), f"{bound} is already the lowest rating of {first[bound]!r}")
        elif type(bound) is int:
            first[bound] = label
    if rating and 0 not in first:
        yield Mistake(loc, "no label begins at 0, so that the lowest ratings have none; give one of them 0")
