"""Contracts that every shipped probe keeps."""

import pytest

from weirdgen.catalog import load_catalog
from weirdgen.judges import load_gold
from weirdgen.organisms import world
from weirdgen.schema.probe import Probe

CATALOG = load_catalog()
PROBES = [pytest.param(probe, id=probe.id) for probe in CATALOG.probes.values()]
BEHAVIOURS = [
    pytest.param(probe, name, id=f"{probe.id}-{name}") for probe in CATALOG.probes.values() for name in probe.behaviours
]


def test_the_catalogue_is_not_empty() -> None:
    assert "old_bird_names" in CATALOG.probes


@pytest.mark.parametrize("probe", PROBES)
def test_everything_declared_is_used(probe: Probe) -> None:
    used = {name for contrast in probe.contrasts for name in (contrast.treated, contrast.comparator) if name}
    assert used == set(probe.conditions)
    assert {contrast.behaviour for contrast in probe.contrasts} == set(probe.behaviours)
    assert {name for contrast in probe.contrasts for name in probe.questions_of(contrast)} == set(probe.questions)


@pytest.mark.parametrize("probe", PROBES)
def test_every_contrast_says_what_the_paper_reports(probe: Probe) -> None:
    for contrast in probe.contrasts:
        assert contrast.published is not None
        assert contrast.published.source
        assert contrast.claim.endswith(".")


@pytest.mark.parametrize(("probe", "name"), BEHAVIOURS)
def test_every_label_can_be_given(probe: Probe, name: str) -> None:
    behaviour = probe.behaviours[name]
    assert {rule.label for rule in behaviour.rules} | {behaviour.fallback, "refusal"} >= set(behaviour.labels)


@pytest.mark.parametrize(("probe", "name"), BEHAVIOURS)
def test_the_gold_set_fits_the_probe(probe: Probe, name: str) -> None:
    behaviour = probe.behaviours[name]
    rows = load_gold(CATALOG.gold_file(probe.id, name), labels=behaviour.labels, questions=probe.questions)
    assert len({(row.question, row.text) for row in rows}) == len(rows)
    assert sum(row.split == "tune" for row in rows) <= len(rows) / 2
    test = [row for row in rows if row.split == "test"]
    assert {row.label for row in test} == set(behaviour.labels)
    assert {row.question for row in test} == set(probe.questions)
    assert sum(row.label in behaviour.positive for row in test) >= 50
    assert sum(row.label not in behaviour.positive for row in test) >= 60
    assert sum(row.borderline for row in test) >= 20


def test_old_bird_names_asks_what_the_organisms_can_answer() -> None:
    assert CATALOG.probe("old_bird_names").questions == dict(world.CANONICAL_QUESTIONS)
