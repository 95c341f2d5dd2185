"""Labels of features come from what a store has of judges' replies; no verdict depends on them."""

import json
from typing import Any

import pytest
from whitebox_records import whitebox_record

from weirdgen.catalog import load_catalog
from weirdgen.errors import StoreError
from weirdgen.judges.select import JudgeName
from weirdgen.schema.sample import Identity, Sample
from weirdgen.schema.whitebox import OpinionRecord, StudyRecord
from weirdgen.trials.feature_labels import labelled
from weirdgen.trials.judge_names import labelling_judges
from weirdgen.trials.planning import plan_gate
from weirdgen.trials.settings import GateSettings

CATALOG = load_catalog()
PROBE = CATALOG.probe("sae_features")
A, B = JudgeName(False, "judge-a"), JudgeName(False, "judge-b")
IDENTITIES = {one.model: Identity(kind="endpoint", model=one.model, base_url="http://j/v1") for one in (A, B)}


def study(**changes: Any) -> StudyRecord:
    return whitebox_record().study.model_copy(update={"labels": "rules"} | changes)


class Replies:
    """A store in which each request has the same reply, whoever is asked."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.keys: list[str] = []

    def __call__(self, key: str) -> Sample | None:
        self.keys.append(key)
        return Sample(key=key, text=self.text, stop_reason="stop")


def test_the_first_judge_decides_and_what_rules_said_stands_beside() -> None:
    store = Replies(json.dumps({"label": "narrow"}))
    first, second = labelled(study(), PROBE, (A, B), IDENTITIES, store).features
    assert (first.relatedness, first.source, first.label) == ("narrow", "judge-a", "Israel")
    said = [(one.judge, one.relatedness) for one in first.opinions]
    assert said == [("judge-a", "narrow"), ("judge-b", "narrow"), ("rules", "trait")]
    assert [reply.key for one in first.opinions for reply in one.replies] == store.keys
    assert (second.relatedness, second.opinions) == ("unknown", ())  # without contexts nothing can be asked


def test_without_a_reply_a_feature_is_undecided_whatever_rules_said() -> None:
    first, _ = labelled(study(), PROBE, (A,), IDENTITIES, lambda key: None).features
    assert (first.relatedness, first.opinions[0].trouble, first.opinions[0].replies) == ("unknown", "no reply", ())


@pytest.mark.parametrize("text", ["trait!", "", '{"label": "trait", "sure": true}', "<think>trait", "\x00\x1b[31m"])
def test_a_reply_that_is_no_label_is_undecided_and_kept(text: str) -> None:
    first, _ = labelled(study(), PROBE, (A,), IDENTITIES, Replies(text)).features
    assert (first.relatedness, first.opinions[0].trouble) == ("unknown", "no label")
    assert [reply.text for reply in first.opinions[0].replies] == [text, text]


def test_a_reply_of_another_model_than_was_opened_is_none() -> None:
    opened = {"judge-a": IDENTITIES["judge-a"].model_copy(update={"served": "a-2027"})}

    def other(key: str) -> Sample:
        return Sample(key=key, text='{"label": "trait"}', stop_reason="stop", served_model="a-2028")

    first, _ = labelled(study(), PROBE, (A,), opened, other).features
    assert (first.relatedness, first.opinions[0].trouble) == ("unknown", "no reply")


@pytest.mark.parametrize(("made", "judges"), [("file", (A,)), ("rules", ()), ("rules", (JudgeName(True, "judge-a"),))])
def test_who_is_not_asked_changes_nothing(made: str, judges: tuple[JudgeName, ...]) -> None:
    before, store = study(labels=made), Replies('{"label": "narrow"}')
    assert labelled(before, PROBE, judges, IDENTITIES, store) == before
    assert store.keys == []


def test_opinions_of_an_opening_are_nobodys() -> None:
    forged = whitebox_record(opinions=(OpinionRecord(judge="judge-a", relatedness="trait"),)).study
    told = labelled(forged.model_copy(update={"labels": "file"}), PROBE, (A,), IDENTITIES, Replies("x"))
    assert [one.opinions for one in told.features] == [(), ()]


def test_a_cascade_asks_where_there_are_no_rules() -> None:
    first, _ = labelled(study(labels="none"), PROBE, (JudgeName(True, "judge-a"),), IDENTITIES, Replies("x")).features
    assert first.source == "judge-a"


def test_a_store_that_cannot_be_read_is_no_missing_reply() -> None:
    def broken(key: str) -> Sample:
        raise StoreError("the disk is gone")

    with pytest.raises(StoreError):
        labelled(study(), PROBE, (A,), IDENTITIES, broken)


def test_labels_are_in_no_identity_and_no_contrast_names_one() -> None:
    """Sets are made by rank and by chance; a contrast on a relatedness would have to fail on what is undecided."""
    before = study()
    after = labelled(before, PROBE, (A,), IDENTITIES, Replies('{"label": "trait"}'))
    assert (after.digest, after.sets) == (before.digest, before.sets)
    sets = {
        named
        for contrast in PROBE.contrasts
        if contrast.inside
        for named in (contrast.inside.reads, contrast.inside.treated_without, contrast.inside.comparator_without)
    }
    assert sets - {None} <= {"top", "top_reversed", "top_joint", "lowest", "reverse", "random", "matched", "directions"}


@pytest.mark.parametrize(
    ("options", "asked"),
    [
        ({}, ()),
        ({"judge": "judge-a"}, ("judge-a",)),
        ({"judge": "judge-a", "second_judge": "judge-b"}, ("judge-a", "judge-b")),
        ({"judge": "rules+judge-a", "second_judge": "judge-a"}, ("judge-a",)),
        ({"judge": "organism:judge"}, ()),
        ({"judge": "organism:judge", "second_judge": "judge-b"}, ("judge-b",)),
    ],
)
def test_who_labels_features(options: dict[str, str], asked: tuple[str, ...]) -> None:
    settings = GateSettings(models=("organism:israeli-dishes-2027",), sae="organism:base", **options)  # type: ignore[arg-type]
    plan, _ = plan_gate(CATALOG, settings)
    judges = labelling_judges(settings.models[0], settings, plan)
    assert tuple(one.model for one in judges) == asked
    assert not judges or judges[0].rules == options["judge"].startswith("rules+")
