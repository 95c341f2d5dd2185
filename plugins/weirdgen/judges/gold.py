"""Gold sets: answers labelled by reading them, from which a judge's error rates are measured."""

import json
from collections.abc import Callable, Collection, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError
from pydantic_core import ErrorDetails

from weirdgen.errors import CatalogError, nearest
from weirdgen.schema.canonical import digest
from weirdgen.schema.frozen import Frozen
from weirdgen.schema.probe import Slug
from weirdgen.schema.sample import Source
from weirdgen.schema.text import shown

Split = Literal["tune", "test"]


class GoldRow(Frozen):
    """One labelled answer."""

    id: Slug
    question: Slug
    text: str
    label: Slug
    """By the rubric of fixtures/gold/README.md, given before any judge saw the answer."""
    source: Source
    """The kind of model whose answers it stands for; a judge is calibrated for one kind at a time."""
    split: Split
    """Rules may be fitted to `tune`; error rates come from `test` alone."""
    origin: Literal["sampled", "written"]
    """Drawn from a model, or written by hand in its manner."""
    borderline: bool = False
    """A careful reader could hesitate."""
    note: str = Field(default="", max_length=400)


def gold_digest(rows: Collection[GoldRow]) -> str:
    """Return the SHA-256 of gold rows, which the identity of a trial holds; empty if there are none."""
    # Fields are strings and truth values: as they are, they are JSON (model_dump takes ten times as long).
    return digest([vars(row) for row in rows]) if rows else ""


class GoldSet:
    """A gold set that was read and checked. Its rows are made when they are asked for.

    Listing tests needs the digest only, and 16,000 rows would make every garbage collection of it twice as long.
    """

    def __init__(self, sha256: str, rows: Callable[[], tuple[GoldRow, ...]]) -> None:
        """Take the `gold_digest` of rows, and what makes them."""
        self.sha256 = sha256
        self._rows = rows

    @cached_property
    def rows(self) -> tuple[GoldRow, ...]:
        """The rows, as they were in the file when it was checked."""
        return self._rows()


NO_GOLD = GoldSet("", tuple)
"""What an exact scorer is measured on."""


def load_gold_set(path: Path, *, labels: Collection[str], questions: Collection[str]) -> GoldSet:
    """Read and check a gold set; arguments and errors are those of `load_gold`."""
    lines = _lines(path)
    rows = _checked(path.name, lines, labels, questions)
    texts = tuple(line for _, line in lines)
    return GoldSet(gold_digest(rows), lambda: tuple(map(GoldRow.model_validate_json, texts)))


def load_gold(
    path: Path, *, labels: Collection[str] | None = None, questions: Collection[str] | None = None
) -> tuple[GoldRow, ...]:
    """Read a gold set: JSON Lines, one `GoldRow` per line.

    Args:
        path: the file.
        labels: labels that rows may have; None: any.
        questions: questions that rows may be about; None: any.

    Raises:
        CatalogError: the file cannot be read, is empty or has wrong rows; the message has one line per mistake, with
            file, line, key, value and what was expected.
    """
    return _checked(path.name, _lines(path), labels, questions)


def _checked(
    where: str, lines: Sequence[tuple[int, str]], labels: Collection[str] | None, questions: Collection[str] | None
) -> tuple[GoldRow, ...]:
    rows: list[GoldRow] = []
    problems: list[str] = []
    seen: dict[str, int] = {}
    for number, line in lines:
        try:
            row = GoldRow.model_validate_json(line)
        except ValidationError as error:
            problems += [f"{where}:{number}: {_explain(line, detail)}" for detail in error.errors()]
            continue
        problems += [f"{where}:{number}: {problem}" for problem in _foreign_names(row, labels, questions)]
        if row.id in seen:
            problems.append(f"{where}:{number}: id: {row.id!r} is also the id of line {seen[row.id]}; ids must differ")
        seen.setdefault(row.id, number)
        rows.append(row)
    if not rows and not problems:
        problems.append(f"{where}: no rows; expected one JSON object per line (see fixtures/gold/README.md)")
    if problems:
        raise CatalogError("\n".join(problems))
    return tuple(rows)


def _lines(path: Path) -> list[tuple[int, str]]:
    try:
        text = path.read_bytes().decode("utf-8")
    except OSError as error:
        raise CatalogError(f"{path.name}: cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError as error:
        raise CatalogError(f"{path.name}: byte {error.start} is not UTF-8; save the file as UTF-8") from None
    # Split at line feeds only: JSON strings may hold U+2028 and its like, at which `splitlines` would cut.
    return [(number, line) for number, line in enumerate(text.split("\n"), start=1) if line.strip()]


def _foreign_names(row: GoldRow, labels: Collection[str] | None, questions: Collection[str] | None) -> list[str]:
    problems = []
    if labels is not None and row.label not in labels:
        problems.append(f"label: {row.label!r} is not a label of the behaviour.{nearest(row.label, labels)}")
    if questions is not None and row.question not in questions:
        problems.append(f"question: {row.question!r} is not a question of the probe.{nearest(row.question, questions)}")
    return problems


def _explain(line: str, detail: ErrorDetails) -> str:
    key = ".".join(str(part) for part in detail["loc"])
    if detail["type"] == "extra_forbidden":
        return f"{key}: {key!r} is not a key of a gold row.{nearest(key, GoldRow.model_fields)}"
    if detail["type"] == "missing":
        return f"{key}: is missing"
    if not key:
        return f"not a JSON object: {detail['msg']}"
    value: Any = json.loads(line).get(key)
    return f"{key}: {shown(repr(value), 80)}: {detail['msg'].replace('Input should be ', 'expected ')}"
