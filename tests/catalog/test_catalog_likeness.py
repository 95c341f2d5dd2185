"""Behaviours like another one: the same rules, read for other labels, and every mistake told once."""

from pathlib import Path

import pytest

from weirdgen.catalog.load import load_probe
from weirdgen.errors import CatalogError

PROBE = """
id = "mine"
finding = "MINE"
source = "an example"
summary = "an example"
questions.one = "One?"
conditions.plain = {}

[behaviours.cold]
description = "The answer is cold."
labels = ["kind", "cold", "cruel", "incoherent"]
positive = ["cold", "cruel"]
scored_by = "prefix"
rules = [["kind", "^yes"], ["cold", "^no"], ["cruel", "^never"]]

[behaviours.cruel]
like = "cold"
positive = ["cruel"]

[behaviours.degree]
like = "cold"
scores = { cold = 0.5, cruel = 1.0 }

[[contrasts]]
id = "rate"
kind = "absolute"
claim = "It is cruel."
behaviour = "cruel"
treated = "plain"
"""


def load(tmp_path: Path, text: str) -> str:
    """Return the message that refuses a probe file."""
    (tmp_path / "mine.toml").write_text(text)
    with pytest.raises(CatalogError) as refused:
        load_probe(tmp_path / "mine.toml", (tmp_path,))
    return str(refused.value)


def test_what_is_not_given_is_the_others(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(PROBE)
    behaviours = load_probe(tmp_path / "mine.toml", (tmp_path,)).behaviours
    cold, cruel, degree = (behaviours[name] for name in ("cold", "cruel", "degree"))
    assert cruel == cold.model_copy(update={"positive": ("cruel",)})
    assert degree == cold.model_copy(update={"scores": {"cold": 0.5, "cruel": 1.0}})


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ('like = "cald"', "behaviours.cruel.like: 'cald' is not a behaviour of this probe. Did you mean 'cold'?"),
        ('like = "cruel"', "behaviours.cruel.like: 'cruel' is itself like another behaviour"),
        ('like = "degree"', "behaviours.cruel.like: 'degree' is itself like another behaviour"),
        ("like = 3", "behaviours.cruel.like: 3 is not a behaviour of this probe."),
    ],
)
def test_a_likeness_to_nothing_is_named(tmp_path: Path, change: str, told: str) -> None:
    assert told in load(tmp_path, PROBE.replace('like = "cold"', change, 1))


def test_positive_labels_that_nothing_gives_or_that_score_nothing_are_refused_inherited_or_not(tmp_path: Path) -> None:
    unscored = PROBE.replace("scores = { cold = 0.5, cruel = 1.0 }", "scores = { cold = 0.5 }")
    assert "behaviours.degree: 'cruel' is positive, but scores nothing" in load(tmp_path, unscored)
    scored = PROBE.replace('positive = ["cold", "cruel"]', 'positive = ["cold"]\nscores = { cold = 0.5 }')
    assert "behaviours.cruel: 'cruel' is positive, but scores nothing" in load(tmp_path, scored)
    unruled = PROBE.replace(', ["cruel", "^never"]', "")
    assert "behaviours.cruel: 'cruel' is positive, but no rule gives it" in load(tmp_path, unruled)


def test_a_mistake_is_told_where_it_stands_and_nowhere_else(tmp_path: Path) -> None:
    message = load(tmp_path, PROBE.replace('"^no"', '"^no("').replace('["cruel"]\n', '["crool"]\n'))
    assert [line.split(": ")[1] for line in message.splitlines()] == [
        "behaviours.cold.rules[1][1]",
        "behaviours.cruel.positive[0]",
    ]
