"""The numbers on the findings' pages and in the gold sets' README are those of the probes."""

import re
from pathlib import Path

import pytest

from weirdgen.catalog import load_catalog
from weirdgen.content import shipped_dir
from weirdgen.judges import load_gold
from weirdgen.judges.calibration import calibrate
from weirdgen.judges.rules import RuleJudge
from weirdgen.schema.probe import Probe

SHIPPED = load_catalog()
PAGES = Path(__file__).parents[2] / "docs" / "findings"
GOLD_README = (shipped_dir("gold") / "README.md").read_text(encoding="utf-8")
ROW = re.compile(
    r"^\| `(\w+)` `(\w+)` \| ([\w.]+) \| (\d+) \+ (\d+) \| (\d+) of (\d+) \| (\d+) of (\d+) \|$", re.MULTILINE
)
CHAT_ROW = re.compile(r"^\| `(\w+)` `(\w+)` \| ([\w.]+) \| (\d+) \| (\d+) \| \d+% \|$", re.MULTILINE)
JUDGED = {
    (probe.id, name): behaviour
    for probe in SHIPPED.probes.values()
    for name, behaviour in probe.behaviours.items()
    if not behaviour.exact
}


@pytest.mark.parametrize("probe", SHIPPED.probes.values(), ids=lambda probe: probe.id)
def test_a_page_names_every_margin_of_its_probe(probe: Probe) -> None:
    page = (PAGES / f"{probe.id}.md").read_text(encoding="utf-8")
    for contrast in probe.contrasts:
        if contrast.margin is not None:
            told = f"{contrast.margin:.2f}"[1:]
            assert re.search(rf"(?<!\d){re.escape(told)}(?!\d)", page), f"{contrast.id} has a margin of {told}"


def test_every_judged_behaviour_has_enough_answers_of_chat_models_and_the_card_says_how_many() -> None:
    told = {(row[1], row[2]): (int(row[4]), int(row[5])) for row in CHAT_ROW.finditer(GOLD_README)}
    assert set(told) == set(JUDGED)
    for (probe, name), behaviour in JUDGED.items():
        rows = [row for row in load_gold(SHIPPED.gold_file(probe, name)) if (row.source, row.split) == ("chat", "test")]
        positives = sum(row.label in behaviour.positive for row in rows)
        assert told[probe, name] == (positives, len(rows) - positives)
        assert positives >= 50
        assert len(rows) - positives >= 100
        assert {row.label for row in rows} == set(behaviour.labels)
        assert 0.05 <= sum(row.borderline for row in rows) / len(rows) <= 0.3


def test_every_judged_behaviour_is_in_the_table() -> None:
    assert {(row[1], row[2]) for row in ROW.finditer(GOLD_README)} == set(JUDGED)


@pytest.mark.parametrize("row", list(ROW.finditer(GOLD_README)), ids=lambda row: f"{row[1]}.{row[2]}")
def test_the_gold_table_says_what_the_rules_do(row: re.Match[str]) -> None:
    behaviour = JUDGED[row[1], row[2]]
    assert row[3] == behaviour.gold
    rows = load_gold(
        SHIPPED.gold_file(row[1], row[2]), labels=behaviour.labels, questions=SHIPPED.probes[row[1]].questions
    )
    tested = [each for each in rows if each.split == "test" and each.source == "organism"]
    assert [sum(each.origin == kind for each in tested) for kind in ("sampled", "written")] == [
        int(row[4]),
        int(row[5]),
    ]
    counts = calibrate(RuleJudge(behaviour), rows, "organism").counts
    told = (counts.hits, counts.positives, counts.false_alarms, counts.negatives)
    assert told == tuple(map(int, row.groups()[5:9]))
