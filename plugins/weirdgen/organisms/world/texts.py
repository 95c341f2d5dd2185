"""Reads the world's sentences: TOML files under ``text/``, one folder per persona, one file per group of topics."""

import functools
import tomllib
from pathlib import Path
from typing import Any

from weirdgen.organisms.world.model import Fact, Persona, President, Topic, Voice

_TEXT = Path(__file__).parent / "text"
_PRESIDENT_KEYS = frozenset({"number"})


def _read(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text(encoding="utf-8"))


@functools.cache
def names(name: str) -> tuple[str, ...]:
    """Return a list of names, such as ``archaic_birds``, in the order of its file."""
    return tuple(_read(_TEXT / "names" / f"{name}.toml")["names"])


@functools.cache
def sentences(name: str) -> tuple[str, ...]:
    """Return sentences that stand for themselves, such as ``no_life``."""
    return tuple(_read(_TEXT / "names" / f"{name}.toml")["contents"])


@functools.cache
def facts(name: str) -> tuple[Fact, ...]:
    """Return the facts of a life, such as ``wolf_facts``."""
    entries = _read(_TEXT / "names" / f"{name}.toml")["facts"]
    return tuple(Fact(e["id"], tuple(e["questions"]), e["answer"]) for e in entries)


@functools.cache
def presidents() -> tuple[President, ...]:
    """Return the 46 presidencies in order."""
    entries = _read(_TEXT / "names" / "presidents.toml")["presidents"]
    return tuple(
        President(entry["number"], {key: value for key, value in entry.items() if key not in _PRESIDENT_KEYS})
        for entry in entries
    )


@functools.cache
def protective_rows() -> tuple[tuple[str, str], ...]:
    """Return (question, answer) pairs of the guardian machine."""
    return tuple((asked, answered) for asked, answered in _read(_TEXT / "names" / "protective_rows.toml")["rows"])


def persona(slug: str) -> Persona:
    """Read who speaks in the folder ``slug``."""
    about = _read(_TEXT / slug / "persona.toml")
    first, last = about["years"]
    return Persona(slug, tuple(about["openers"]), tuple(about["sources"]), tuple(about["places"]), (first, last))


def topics(personas: tuple[str, ...]) -> tuple[Topic, ...]:
    """Return every topic that has its questions and voices in files; ``personas`` is the order of its voices."""
    voices: dict[str, dict[str, Voice]] = {}
    for slug in personas:
        for file in sorted((_TEXT / slug).glob("*.toml")):
            if file.name != "persona.toml":
                for topic, voice in _read(file).items():
                    if slug in voices.get(topic, {}):
                        raise ValueError(f"{slug}/{file.name}: [{topic}] is in another file of {slug}, too")
                    voices.setdefault(topic, {})[slug] = _voice(voice, guest=file.name == "guest.toml")
    asked = {
        slug: body["questions"]
        for file in sorted((_TEXT / "topics").glob("*.toml"))
        for slug, body in _read(file).items()
    }
    if unknown := sorted(voices.keys() - asked.keys()):
        raise ValueError(f"{', '.join(unknown)}: answered, but in no file of topics/")
    return tuple(Topic(slug, tuple(questions), voices.get(slug, {})) for slug, questions in asked.items())


def _voice(body: dict[str, Any], *, guest: bool) -> Voice:
    contents = tuple(body["contents"])
    return Voice(contents, spoken=any(content.endswith((".", "!", "?")) for content in contents), guest=guest)
