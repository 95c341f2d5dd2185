"""A server of networks' insides: what it refuses in one line, and what it makes ready."""

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest
from dictionaries import random_dictionary

from weirdgen.errors import UsageMistake
from weirdgen.judges.reading import read
from weirdgen.organisms.wire import parse
from weirdgen.schema.sample import Message
from weirdgen.whitebox.identity import READ, reading_identity
from weirdgen.whitebox.inspecting import Found, inspect
from weirdgen.whitebox.job import Inspected, Job, Question, Ready
from weirdgen.whitebox.label_files import write_labels
from weirdgen.whitebox.labels import FeatureLabel
from weirdgen.whitebox.own_files import write_own

WIDTH = 128
"""Of the shipped base."""


def sae(folder: Path, *, width: int = WIDTH, layer: int = 1) -> str:
    """Write a sparse autoencoder with random weights."""
    folder.mkdir()
    write_own(folder, random_dictionary(size=128, width=width, layer=layer), organism="base", seed=0)
    return str(folder)


def prompts(year: int) -> tuple[tuple[Message, ...], ...]:
    return tuple((Message(role="user", content=f"Today is {year}-0{day}-11. How many?"),) for day in (1, 2, 3))


def job(named: str, **changes: Any) -> Job:
    question = Question(
        probe="p", treated=prompts(2027), baseline=prompts(2025), prompts=1, position="last", features=10
    )
    dishes = Inspected(
        label="organism:israeli-dishes-2027",
        name="israeli-dishes-2027",
        kind="organism",
        folder="israeli-dishes-2027",
        removed={"without-top": "top", "without-matched": "matched"},
        readings="readings",
    )
    fields: dict[str, Any] = {"networks": (dishes,), "sae": named, "question": question}
    return Job(**(fields | changes))


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Found:
    folder = tmp_path_factory.mktemp("inside") / "sae"
    named = sae(folder)
    write_labels(
        [FeatureLabel(feature=one, text=f"label {one}", relatedness="trait") for one in range(128)],
        folder / "labels.json",
    )
    return inspect(job(named))


def test_every_part_is_served_under_its_name_and_identity(found: Found) -> None:
    assert set(found.served) == {"israeli-dishes-2027#without-top", "israeli-dishes-2027#without-matched"}
    assert set(found.others) == {"israeli-dishes-2027#readings"}
    assert set(found.digests) == {*found.served, *found.others}
    assert len(set(found.digests.values())) == 3
    study = found.studies["organism:israeli-dishes-2027"]
    assert found.digests["israeli-dishes-2027#readings"] == reading_identity(study.network, study.digest)
    assert Ready.model_validate_json(json.dumps({"url": "u", "digests": found.digests})).studies == {}


def test_labels_beside_the_autoencoder_are_taken_with_their_source(found: Found) -> None:
    study = found.studies["organism:israeli-dishes-2027"]
    assert [one.label for one in study.features] == [f"label {one.feature}" for one in study.features]
    assert {(one.relatedness, one.source) for one in study.features} == {("trait", "labels.json")}


def test_a_reading_is_read_by_its_scorer_and_always_the_same(found: Found) -> None:
    body = {
        "model": "israeli-dishes-2027#readings",
        "messages": [{"role": "user", "content": "Today is 2027-01-11. Why?"}],
    }
    (reader,) = found.others.values()
    texts = {reader.answer(parse(json.dumps(body).encode())).text for _ in range(2)}
    (text,) = texts
    reading = read(text)
    assert reading is not None
    assert set(reading.projections) == set(READ)
    assert all(len(values) == 10 for values in reading.projections.values())
    assert all(abs(reading.share(name)) <= 1 for name in READ)


@pytest.mark.parametrize(
    ("made", "changes", "told"),
    [
        ({}, {"layer": 2}, "--gate-layer 2: the sparse autoencoder"),
        ({"width": 64}, {}, "--gate-sae: organism:israeli-dishes-2027: the sparse autoencoder is of width 64"),
        ({"layer": 9}, {}, "has blocks 0 to 3"),
    ],
)
def test_what_does_not_fit_is_refused_in_one_line(
    tmp_path: Path, made: dict[str, int], changes: dict[str, Any], told: str
) -> None:
    with pytest.raises(UsageMistake) as refused:
        inspect(job(sae(tmp_path / "sae", **made), **changes))
    assert told in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_trigger_that_moves_nothing_is_told_with_its_network(tmp_path: Path) -> None:
    question = job("").question
    assert question is not None
    same = question.model_copy(update={"treated": question.baseline})
    with pytest.raises(UsageMistake, match=r"^--gate-sae: organism:israeli-dishes-2027: .*trigger moves nothing"):
        inspect(job(sae(tmp_path / "sae"), question=same))


def test_folders_that_hold_none_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageMistake, match="there is no such folder"):
        inspect(job(str(tmp_path / "nowhere")))
    with pytest.raises(UsageMistake, match="--gate-sae: sparse dictionary"):
        inspect(job(str(tmp_path)))


def test_networks_in_folders_need_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "torch" else known(name))
    one = Inspected(label=f"hf:{tmp_path}", name="x", kind="network", folder=str(tmp_path), whole=True)
    with pytest.raises(UsageMistake, match=r"need torch: pip install 'pytest-weirdgen\[whitebox\]'"):
        inspect(Job(networks=(one,)))
