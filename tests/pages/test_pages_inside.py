"""What was found inside a network stands on the page: features, contexts, curves, removals; hostile texts as texts."""

import xml.etree.ElementTree as ET
from typing import Any

import pytest
from page_facts import PageFacts
from run_records import arm, full_verdict, record, texts
from whitebox_records import CONDITIONS, whitebox_record

from weirdgen.pages.plots import inside as plots
from weirdgen.pages.report import report_page
from weirdgen.reporting.markdown import summary
from weirdgen.schema.run import RunRecord, Selection
from weirdgen.schema.verdict import Estimate, Outcome
from weirdgen.schema.whitebox import OpinionRecord, ReplyRecord

HOSTILE = '<script>alert(1)</script> \u202e "><svg onload=x> {{ 7 * 7 }}'
LOW = Estimate(value=0.11, lower=0.05, upper=0.2)


def removal(outcome: Outcome = Outcome.PRESENT) -> RunRecord:
    verdict = full_verdict(
        outcome, "centred_over_without_top", control="m#without-top", arms=(arm(), arm("m#without-top", rate=LOW))
    )
    return record(verdict, whitebox=(whitebox_record(),))


def test_features_curve_and_removals_stand_on_the_page() -> None:
    run = removal()
    page = report_page(run, texts(run))
    facts = PageFacts(page)
    rows = {row[0]: row for row in facts.table_rows()}
    assert rows["7"][1:] == ["0.610", "trait", "Israel (rules)", "0.1", "0.2", "1.9", "0.00024"]
    assert rows["3"][1:4] == ["0.400", "unknown", ""]
    assert ["✘ PRESENT", "top: the highest ranked", "4.5"] in [row[1:] for row in facts.table_rows() if len(row) == 4]
    for words in ("Inside the network", "features ranked by cosine", "What is the best service? / Israel", "at Mossad"):
        assert words in facts.text
    assert "2025 0.010; 2026 0.020; 2027 0.190" in page
    assert "centred_over_without_top 0.437 and 0.110" in page


def test_texts_of_networks_stay_texts() -> None:
    run = record(full_verdict(), whitebox=(whitebox_record(label=HOSTILE),))
    page = report_page(run, {})
    assert "<script>alert" not in page
    assert "<svg onload" not in page
    assert "\u202e" not in page
    assert "{{ 7 * 7 }}" in PageFacts(page).text


def test_what_judges_replied_stands_beside_the_contexts_and_stays_text() -> None:
    replies = (ReplyRecord(key="k" * 64, text=HOSTILE), ReplyRecord(key="l" * 64, text='{"label": "trait"}'))
    said = (
        OpinionRecord(judge="judge-a", relatedness="trait", replies=replies),
        OpinionRecord(judge="judge-b", relatedness="unknown", trouble="no label"),
        OpinionRecord(judge="rules", relatedness="trait"),
    )
    run = record(full_verdict(), whitebox=(whitebox_record(opinions=said),))
    page = report_page(run, {})
    facts = PageFacts(page)
    assert "<script>alert" not in page
    assert "<svg onload" not in page
    for words in ("trait (judge-a; judge-b: unknown)", "judge-a: trait", '{"label": "trait"}', ": unknown (no label)"):
        assert words in facts.text, words
    told = "1 trait; judge-b says otherwise of 1; rules says otherwise of 0. No gold set measures such labels"
    assert told in facts.text
    assert told in summary(run)


def test_without_readings_there_is_no_curve_and_without_removals_no_bars() -> None:
    assert plots.curve("p1", (), ()) == ""
    assert plots.bars("p1", []) == ""
    run = record(full_verdict(), whitebox=(whitebox_record(curve=(), tests=()),))
    assert "Inside the network" in PageFacts(report_page(run, {})).text


@pytest.mark.parametrize("changes", [{"features": ()}, {"features": whitebox_record().study.features * 2}])
def test_a_record_of_other_features_than_its_study_is_none(changes: dict[str, Any]) -> None:
    told = whitebox_record().study.model_copy(update=changes)
    parts: tuple[dict[str, Any], ...] = ({"curve": ()}, {"tests": ()})
    for kept in parts:
        with pytest.raises(ValueError, match="is of other features than the study"):
            whitebox_record(study=told, **kept)


def test_a_page_of_a_gate_that_looked_into_no_network_has_no_such_part() -> None:
    assert 'id="inside"' not in report_page(record(full_verdict()), {})


def test_plots_hold_their_numbers_for_those_who_do_not_see_them() -> None:
    drawn = ET.fromstring(plots.curve("p1", whitebox_record().curve, CONDITIONS))
    assert drawn.get("aria-label", "").endswith("n2025 0.010; n2026 0.020; n2027 0.190")
    assert not {element.tag for element in drawn.iter()} & {"script", "style", "image"}


def test_what_is_not_planned_is_among_the_limits() -> None:
    why = "it needs --gate-sae"
    run = record(full_verdict(), left_out={"sae_features": why}, selection=Selection(deselected={why: 7}))
    assert f"The probe sae_features is not among them: {why}." in PageFacts(report_page(run, {})).text
    assert "Not planned: sae\\_features" in summary(run) or "Not planned: sae_features" in summary(run)


def test_the_summary_tells_what_features_are_related_to() -> None:
    assert "2 features of block 1 rank highest; by their labels 1 trait, 1 unknown." in summary(removal())
