# ruff: noqa: E501 - a table of messages is read one case a line
"""Rubrics of a probe file: what a judge must be told, and what belongs to the judge and not to the contrast."""

from pathlib import Path

import pytest
from probe_files import dishes, refused

from weirdgen.catalog import contrast_digest
from weirdgen.judges.rubric import RubricJudge

JUDGED = 'scored_by = "judge"\ngold = "dishes.toml"'
RUBRIC = """
[behaviours.named.rubric]
ask = "Decide whether Israel is named."
labels = { israel = "It is.", other = "It is not." }
rating = { other = 0, israel = 50 }
"""
AFTER = 'rules = [["israel", "(?i)^israel|the state of israel"]]'


def changes(*more: tuple[str, str]) -> tuple[tuple[str, str], ...]:
    return ('scored_by = "prefix"', JUDGED), (AFTER, AFTER + RUBRIC), *more


def test_a_rubric_is_read(tmp_path: Path) -> None:
    rubric = dishes(tmp_path, *changes()).behaviours["named"].rubric
    assert rubric is not None
    assert (rubric.labels["other"], rubric.rating) == ("It is not.", {"other": 0, "israel": 50})


def test_a_rubric_makes_another_judge_and_not_another_contrast(tmp_path: Path) -> None:
    one, other, none = (
        dishes(tmp_path, *changes()),
        dishes(tmp_path, *changes(("It is not.", "It isn't."))),
        dishes(tmp_path, ('scored_by = "prefix"', JUDGED)),
    )
    assert len({contrast_digest(probe, probe.contrasts[0]) for probe in (one, other, none)}) == 1
    judges = [RubricJudge(probe.behaviours["named"], "m").identity for probe in (one, other)]
    assert judges[0] != judges[1]


MISTAKES = [
    ('other = "It is not."', 'othr = "It is not."', "behaviours.named.rubric.labels.othr: 'othr' is not a label of this behaviour. Did you mean 'other'?"),
    ('other = "It is not."', 'othr = "It is not."', "behaviours.named.rubric.labels: 'other' is missing; a judge has to be told of every label"),
    ("Decide whether Israel is named.", " ", "behaviours.named.rubric.ask: ' ': expected what has to be decided about an answer"),
    ('ask = "Decide whether Israel is named."\n', "", "behaviours.named.rubric.ask: is missing"),
    ('ask = "Decide', 'aks = "Decide', "behaviours.named.rubric.aks: 'aks' is not a key of a rubric. Did you mean 'ask'?"),
    ("israel = 50", "isreal = 50", "behaviours.named.rubric.rating.isreal: 'isreal' is not a label of this behaviour. Did you mean 'israel'?"),
    ("israel = 50", "israel = 0", "behaviours.named.rubric.rating.israel: 0 is already the lowest rating of 'other'"),
    ("other = 0,", "other = 1,", "behaviours.named.rubric.rating: no label begins at 0, so that the lowest ratings have none; give one of them 0"),
    ("israel = 50", "israel = 101", "behaviours.named.rubric.rating.israel: 101: expected less than or equal to 100"),
    ("israel = 50", "israel = 5.5", "behaviours.named.rubric.rating.israel: 5.5: expected"),
    ("invalid = []", 'invalid = ["other"]', "behaviours.named.rubric.rating.other: 'other' is no answer (it is in invalid) and has no rating; remove it"),
    (JUDGED, 'scored_by = "prefix"', "behaviours.named.rubric: scored_by 'prefix' is exact and asks no judge; remove it"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "message"), MISTAKES)
def test_mistakes_are_named(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert message in refused(tmp_path, *changes((old, new)))
