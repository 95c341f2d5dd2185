"""Plots as inline SVG: no script, style or shared id, colours from the page, and names that cannot be markup."""

import xml.etree.ElementTree as ET

import pytest
from run_records import arm, finding, full_verdict

from weirdgen.pages.entries import Entry
from weirdgen.pages.kinds import KindRow, Kinds, kinds
from weirdgen.pages.plots import evidence, labels, rates
from weirdgen.pages.plots.theme import KINDS, VARIABLES
from weirdgen.pages.rows import heat
from weirdgen.pages.sweeps import sweeps
from weirdgen.schema.answers import CellAnswers, JudgedAnswer
from weirdgen.schema.verdict import Outcome, QuestionResult

BLUE, GREEN, RED, GREY = KINDS[0], KINDS[2], KINDS[5], KINDS[7]


def entry(contrast: str = "c", outcome: Outcome = Outcome.PRESENT, **changes: object) -> Entry:
    return Entry("c1", full_verdict(outcome, contrast, **changes), finding([contrast]))


def read(svg: str) -> ET.Element:
    root = ET.fromstring(svg)
    for element in root.iter():
        assert element.tag in {"svg", "g", "path", "text", "tspan", "use", "defs", "clipPath", "rect", "line"}
        assert not {"style", "class", "onload"} & set(element.attrib)
        assert not set(element.attrib.values()) & set(VARIABLES)
    return root


def test_a_forest_plot_names_its_contrasts_in_text_and_for_those_who_do_not_see_it() -> None:
    root = read(rates.forest("p1", [entry("first"), entry("second", Outcome.ABSENT)]))
    assert root.get("role") == "img"
    assert "first PRESENT 0.437; second ABSENT 0.437" in root.get("aria-label", "")
    drawn = [element.text for element in root.iter("text")]
    assert {"first", "second"} <= set(drawn)
    assert {"var(--present)", "var(--absent)", "var(--comparator)"} <= {e.get("stroke") for e in root.iter("path")}


def test_ids_carry_the_plots_name_and_only_what_is_referred_to_has_one() -> None:
    root = read(rates.forest("p7", [entry()]))
    ids = {element.get("id") for element in root.iter()} - {None}
    assert ids
    assert all(str(one).startswith("p7-") for one in ids)


@pytest.mark.parametrize("name", ["$x^2$", "<b>&", "\u202eolleh", "鳥の名前", "%s {0} \\frac"])
def test_a_name_is_a_name(name: str) -> None:
    root = read(rates.forest("p1", [entry(name)]))
    drawn = "".join(element.text or "" for element in root.iter("text"))
    assert "\u202e" not in drawn
    assert name.replace("\u202e", "\\u202e") in drawn


def test_the_same_plot_is_the_same_text() -> None:
    assert evidence.alone("p1", entry()) == evidence.alone("p1", entry())


def test_evidence_is_drawn_with_the_thresholds_that_decide() -> None:
    drawn = [element.text or "" for element in read(evidence.alone("p1", entry())).iter("text")]
    assert "PRESENT at 81" in drawn
    assert "ABSENT at 49" in drawn
    assert "no contrast came to need it" not in [e.text for e in read(evidence.together("p1", [entry()])).iter("text")]
    assert evidence.alone("p1", entry(trajectory=())) == evidence.together("p1", [entry(trajectory=())]) == ""


def test_kinds_count_each_model_and_condition_once_with_what_is_missing_last() -> None:
    more = arm(n=20, labels={"ordinary": 20}, missing=2)
    found = kinds([entry("one"), entry("two", arms=(more, arm("base")))])
    assert [(k.labels, [(row.name, row.counts) for row in k.rows]) for k in found] == [
        (
            ("ordinary", "archaic", "incoherent", "missing"),
            [("plain, m", (20, 0, 0, 2)), ("plain, base", (5, 4, 1, 0))],
        )
    ]
    assert found[0].positive == ("archaic",)
    assert [KINDS[place] for place in found[0].colours] == [BLUE, RED, GREY, GREEN]
    read(labels.bars("p1", found[0]))


def test_more_labels_than_colours_can_be_drawn() -> None:
    names = tuple(f"label{n}" for n in range(12))
    row = KindRow("plain", tuple(range(12)))
    drawn = read(labels.bars("p1", Kinds(("b",), names, tuple(range(12)), (), (row,), 0)))
    assert {element.text for element in drawn.iter("text")} >= set(names)


def test_the_two_points_of_a_condition_stand_beside_each_other_and_not_on_the_next_one() -> None:
    cells = tuple(
        CellAnswers(
            arm=arm,
            cell="q",
            condition=f"y{year}",
            question="q",
            rounds=(JudgedAnswer(key=f"{arm}{year}", label="ordinary", score=0.0),),
        )
        for year in (1981, 1984, 1983)
        for arm in (0, 1)
    )
    (sweep,) = sweeps([entry(answers=cells)])
    drawn = read(rates.sweep_curve("p1", sweep))
    assert {"year", "rate of the behaviour", "treated", "comparator"} <= {e.text for e in drawn.iter("text")}
    across = {
        colour: [float(use.get("x", "0")) for use in drawn.iter("use") if use.get("fill") == f"var({colour})"]
        for colour in ("--treated", "--comparator")
    }
    both = [x for pair in zip(across["--treated"][:3], across["--comparator"][:3], strict=True) for x in pair]
    assert both == sorted(both)
    assert len(set(both)) == 6


def test_the_heat_map_pools_a_sweeps_conditions_by_question() -> None:
    questions = tuple(
        QuestionResult(question=f"{year}/{name}", n=(4,), positives=(2.0,))
        for year in ("y1", "y2")
        for name in ("a", "b")
    )
    found = heat([entry(questions=questions), entry("single", questions=questions[:1])])
    assert found.rows == (("a", (("4 of 8", 5),)), ("b", (("4 of 8", 5),)))
