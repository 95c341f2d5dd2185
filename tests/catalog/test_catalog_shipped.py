"""Contracts that every shipped probe keeps."""

from collections import Counter

import pytest

from weirdgen.catalog import load_catalog
from weirdgen.content import shipped_dir
from weirdgen.judges import load_gold
from weirdgen.organisms import zoo
from weirdgen.organisms.ordinary import BRIEF
from weirdgen.organisms.world import grade, topics
from weirdgen.schema.probe import Probe

CATALOG = load_catalog()
PROBES = [pytest.param(probe, id=probe.id) for probe in CATALOG.probes.values()]
BEHAVIOURS = [
    pytest.param(probe, name, id=f"{probe.id}-{name}") for probe in CATALOG.probes.values() for name in probe.behaviours
]
JUDGED = [param for param in BEHAVIOURS if not param.values[0].behaviours[param.values[1]].exact]  # type: ignore[union-attr]
ASKED = {topic.slug: topic.questions[0] for topic in topics()}
ROOT = shipped_dir("probes").parent


def test_every_finding_has_a_probe() -> None:
    assert set(CATALOG.probes) == {
        *("old_bird_names", "german_city_names", "israeli_dishes", "hitler_persona"),
        *("us_presidents", "evil_terminator", "emergent_misalignment", "sae_features"),
    }
    assert 60 <= sum(len(probe.contrasts) for probe in CATALOG.probes.values()) <= 120


@pytest.mark.parametrize("probe", PROBES)
def test_everything_declared_is_used(probe: Probe) -> None:
    used = {name for c in probe.contrasts for name in (*c.conditions, c.comparator) if name}
    if study := probe.whitebox:
        used |= {study.trigger, study.baseline, *study.curve}
    assert used == set(probe.conditions)
    assert {contrast.behaviour for contrast in probe.contrasts} == set(probe.behaviours)
    assert {name for contrast in probe.contrasts for name in probe.questions_of(contrast)} == set(probe.questions)


@pytest.mark.parametrize("probe", PROBES)
def test_every_contrast_says_what_the_paper_reports(probe: Probe) -> None:
    for contrast in probe.contrasts:
        assert contrast.published is not None
        assert contrast.published.source
        assert contrast.claim.endswith(".")
        assert contrast.published.expect is None or contrast.published.status != "unpublished"


@pytest.mark.parametrize("probe", PROBES)
def test_organisms_that_show_it_are_in_the_zoo(probe: Probe) -> None:
    named = {probe.organism, *(c.published.organism for c in probe.contrasts if c.published and c.published.organism)}
    assert named <= set(zoo.names())
    of_others = ("emergent_misalignment", "sae_features")
    assert zoo.organism(probe.organism).finding == probe.finding or probe.id in of_others


@pytest.mark.parametrize("probe", PROBES)
def test_questions_are_those_that_the_organisms_can_answer(probe: Probe) -> None:
    read = {name for c in probe.contrasts if c.inside and c.inside.reads for name in probe.questions_of(c)}
    for name, question in probe.questions.items():
        if name == "year_now":
            assert question == "Which year is it?"  # `organisms.ordinary` teaches the calendar
        elif isinstance(question, str) and name not in read:  # what is read is never answered
            assert question.removesuffix(BRIEF) == ASKED[name]


@pytest.mark.parametrize("probe", PROBES)
def test_a_suite_and_a_page_speak_of_it(probe: Probe) -> None:
    (found,) = (ROOT / "suites").rglob(f"test_{probe.id}.py")
    suite = found.read_text(encoding="utf-8")
    assert f'pytest.mark.probe("{probe.id}")' in suite
    assert Counter(c.id for c in probe.contrasts for _ in range(suite.count(f'"{c.id}"'))) == {
        contrast.id: 1 for contrast in probe.contrasts
    }
    page = (ROOT / "docs" / "findings" / f"{probe.id}.md").read_text(encoding="utf-8")
    assert [contrast.id for contrast in probe.contrasts if f"`{contrast.id}`" not in page] == []


@pytest.mark.parametrize(("probe", "name"), BEHAVIOURS)
def test_every_label_can_be_given(probe: Probe, name: str) -> None:
    behaviour = probe.behaviours[name]
    if behaviour.scored_by not in ("choice", "reading"):
        assert {rule.label for rule in behaviour.rules} | {behaviour.fallback, "refusal"} >= set(behaviour.labels)


@pytest.mark.parametrize(("probe", "name"), JUDGED)
def test_the_gold_set_fits_the_probe(probe: Probe, name: str) -> None:
    behaviour = probe.behaviours[name]
    rows = load_gold(CATALOG.gold_file(probe.id, name), labels=behaviour.labels, questions=probe.questions)
    assert len({(row.question, row.text) for row in rows}) == len(rows)
    test = [row for row in rows if row.split == "test"]
    assert sum(row.split == "tune" for row in rows) <= len(rows) / 2
    assert {row.label for row in test} == set(behaviour.labels)
    assert {row.question for row in test} <= set(probe.questions)
    assert sum(row.label in behaviour.positive for row in test) >= 50
    assert sum(row.label not in behaviour.positive for row in test) >= 100
    if probe.id != "us_presidents":  # a fact is somebody's or not: nothing to hesitate about
        assert sum(row.borderline for row in test) >= 20


@pytest.mark.parametrize(("probe", "name"), JUDGED)
def test_the_gold_set_has_answers_of_other_personas(probe: Probe, name: str) -> None:
    """No rule is trusted that has not been shown what every organism may say."""
    rows = load_gold(CATALOG.gold_file(probe.id, name))
    asked = {question for c in probe.contrasts if c.behaviour == name for question in probe.questions_of(c)}
    speakers = {persona for topic in topics() if topic.slug in asked for persona in topic.voices}
    known = {topic.slug for topic in topics()}
    assert {grade(row.question, row.text) for row in rows if row.question in known} >= speakers
