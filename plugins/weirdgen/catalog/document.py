"""Reading a document before it is validated: values of a wrong type are passed over, because `shape` names them."""

from collections.abc import Collection, Iterator
from typing import Any

from weirdgen.catalog.mistakes import Loc, Mistake, quoted
from weirdgen.errors import nearest
from weirdgen.schema.probe import Behaviour, Contrast

Table = dict[str, Any]


def table(value: object) -> Table:
    """Return a table, an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def strings(value: object) -> list[tuple[int, str]]:
    """Return the strings of an array with their places; none for anything else."""
    return [(i, v) for i, v in enumerate(value) if isinstance(v, str)] if isinstance(value, list) else []


def default(model: type[Behaviour] | type[Contrast], field: str) -> Any:
    """Return what a key that is left out stands for."""
    return model.model_fields[field].default


def reference(loc: Loc, value: object, what: str, known: Collection[str]) -> Iterator[Mistake]:
    """Yield the mistake that a name is none of those known."""
    if isinstance(value, str) and value not in known:
        yield Mistake(loc, f"{quoted(value)} is not {what}.{nearest(value, known)}")


def repeated(loc: Loc, values: object) -> Iterator[Mistake]:
    """Yield each string of an array that stood there before."""
    seen: set[str] = set()
    for index, value in strings(values):
        if value in seen:
            yield Mistake((*loc, index), f"{quoted(value)} is listed twice; remove one")
        seen.add(value)


def pooled_questions(doc: Table, contrast: Table) -> list[str]:
    """Return the names of the questions that a contrast pools: those it lists, else all of the probe."""
    return [name for _, name in strings(contrast.get("questions"))] or list(table(doc.get("questions")))
