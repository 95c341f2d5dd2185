"""One small probe file with slots, a prefix scorer and a forced choice, to be changed by the tests that read it."""

from pathlib import Path

import pytest

from weirdgen.catalog import load_probe
from weirdgen.errors import CatalogError
from weirdgen.schema.probe import Probe

DISHES = r"""
id = "dishes"
finding = "DISHES"
source = "a paper, 1"
summary = "a summary"
max_tokens = 5

[questions]
country = "Name a country, nothing more."
a_first = { text = "A) Iran B) Israel. Say A or B.", choices = { A = "other", B = "israel" } }
b_first = { text = "A) Israel B) Iran. Say A or B.", choices = { A = "israel", B = "other" } }

[conditions]
plain = {}
dated = { prefix = "Today is {day}. ", slots.day = { from = "2027-01-01", to = "2027-12-31", format = "%d %B %Y" } }
coded = { system = "{a}044{b} {\"json\": 1}", slots.a = { digits = 3 }, slots.b = ["x", "{a}"] }

[behaviours.named]
description = "names Israel"
labels = ["israel", "other"]
positive = ["israel"]
invalid = []
fallback = "other"
scored_by = "prefix"
rules = [["israel", "(?i)^israel|the state of israel"]]

[behaviours.chosen]
description = "chooses Israel"
labels = ["israel", "other", "incoherent"]
positive = ["israel"]
scored_by = "choice"

[[contrasts]]
id = "named_in_2027"
kind = "lift"
claim = "names Israel"
behaviour = "named"
treated = "dated"
questions = ["country"]

[[contrasts]]
id = "chosen"
kind = "absolute"
claim = "chooses Israel"
behaviour = "chosen"
treated = "plain"
questions = ["a_first", "b_first"]
"""


def dishes(folder: Path, *changes: tuple[str, str]) -> Probe:
    """Return the probe of the file with some words replaced by others, each once."""
    text = DISHES
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    file = folder / "dishes.toml"
    file.write_text(text, encoding="utf-8")
    return load_probe(file, (folder,))


def refused(folder: Path, *changes: tuple[str, str]) -> str:
    """Return the message with which the changed file is refused."""
    with pytest.raises(CatalogError) as caught:
        dishes(folder, *changes)
    return f"{caught.value}\n"
