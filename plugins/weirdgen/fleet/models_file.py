"""The file that names the models of a fleet: one a line, with what only this model needs."""

import argparse
import hashlib
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from weirdgen.errors import UsageMistake, nearest
from weirdgen.schema.text import shown

OWN_OPTIONS = (
    *("--control", "--base-url", "--control-base-url", "--judge", "--judge-base-url"),
    *("--gate-baseline", "--gate-adapter", "--gate-sae", "--gate-layer"),
)
"""What a line may say of its model: who answers, whom it is compared with, who judges. Each takes a value.

Error rates, caps and selections are the fleet's: models that were gated otherwise cannot stand in one table."""
_COMMENT = re.compile(r"(^|\s)#.*$")
_SAFE = re.compile(r"[^A-Za-z0-9._-]+")
_NAME_CHARACTERS = 60
_THE_FLEETS = ("fleet.json", "fleet.md", "fleet.html", "junit.xml")


@dataclass(frozen=True, slots=True)
class FleetModel:
    """One line of the file."""

    name: str
    """As pytest's ``--model`` takes it."""
    line: int
    """From 1."""
    options: tuple[str, ...] = ()
    """Further arguments of its gate, each ``--option=value``."""

    @property
    def folder(self) -> str:
        """Name of its folder: safe on every file system, and of no other model, whatever else is in the file."""
        safe = _SAFE.sub("-", self.name).strip(".-")[:_NAME_CHARACTERS]
        if safe == self.name and safe == safe.lower() and safe not in _THE_FLEETS:
            return safe
        return f"{safe or 'model'}-{hashlib.sha256(self.name.encode()).hexdigest()[:8]}"


def read_models(path: Path) -> list[FleetModel]:
    """Read a file of models.

    Raises:
        UsageMistake: it cannot be read, names no model, or has a line that cannot be used; file and line are named.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageMistake(f"{path}: is not UTF-8 text: {error}") from None
    except OSError as error:
        raise UsageMistake(f"{path}: {error.strerror or error}; name a file with one model a line") from None
    return parse_models(text, str(path))


def parse_models(text: str, file: str) -> list[FleetModel]:
    """Return the models that a text names.

    Args:
        text: one model a line, then options; ``#`` at a line's start or after white space begins a comment.
        file: name of it, for messages.

    Raises:
        UsageMistake: there is no model, or a line cannot be used.
    """
    found: dict[str, FleetModel] = {}
    for model in _models(text, file):
        if (other := found.setdefault(model.name, model)) is not model:
            raise UsageMistake(f"{file}:{model.line}: model {model.name!r} stands on line {other.line}, too")
    if not found:
        raise UsageMistake(f"{file}: names no model; write one a line")
    return list(found.values())


def _models(text: str, file: str) -> Iterator[FleetModel]:
    for number, line in enumerate(text.split("\n"), start=1):
        where = f"{file}:{number}"
        try:
            words = shlex.split(_COMMENT.sub("", line))
        except ValueError as error:
            raise UsageMistake(f"{where}: {error}: {shown(line.strip(), 80)}") from None
        if words:
            yield _model(words, number, where)


def _model(words: list[str], line: int, where: str) -> FleetModel:
    name, *rest = words
    if name.startswith("-"):
        raise UsageMistake(f"{where}: begins with {shown(repr(name), 80)}; a line begins with its model")
    if not all(word.isprintable() for word in words):
        raise UsageMistake(f"{where}: has a character that cannot be printed: {shown(' '.join(words), 80)}")
    if "," in name or not name:
        raise UsageMistake(f"{where}: {name!r} is no model; one a line, and none has a comma")
    return FleetModel(name, line, tuple(_options(rest, where)))


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in place of ending the process."""

    def error(self, message: str) -> NoReturn:
        raise ValueError(message)


def _options(words: list[str], where: str) -> list[str]:
    """Return a line's options, each as one argument, so that no value can be taken for an option."""
    parser = _Parser(add_help=False, allow_abbrev=False)
    for option in OWN_OPTIONS:
        parser.add_argument(option, action="append" if option == "--judge" else "store")
    try:
        given, others = parser.parse_known_args(words)
    except ValueError as error:
        raise UsageMistake(f"{where}: {shown(str(error))}") from None
    if others:
        word = others[0].partition("=")[0]
        known = nearest(word, OWN_OPTIONS) if word.startswith("--") else ""
        raise UsageMistake(
            f"{where}: {shown(repr(others[0]), 80)} cannot stand beside a model.{known} What every gate is to get "
            "stands after -- on the command line"
        )
    return [
        f"{option}={value}"
        for option in OWN_OPTIONS
        for value in _listed(getattr(given, option.lstrip("-").replace("-", "_")))
    ]


def _listed(value: str | list[str] | None) -> list[str]:
    return [] if value is None else [value] if isinstance(value, str) else value
