"""A comparison with stored versions names them, their sizes and their dates wherever a verdict is shown."""

from typing import Any

from verdicts import verdict

from weirdgen.reporting.properties import properties
from weirdgen.reporting.summary import sentence
from weirdgen.reporting.table import conclusion, table
from weirdgen.schema.verdict import Estimate, Outcome, StoredResult, Verdict

STORED = StoredResult(
    model="m1",
    saved_at="2026-01-31T12:00:00+00:00",
    anchor=False,
    n=1200,
    positives=12,
    missing=1,
    rate=Estimate(value=0.01, lower=0.004, upper=0.02),
)
ANCHOR = STORED.model_copy(update={"model": "m0", "anchor": True, "saved_at": "2025-07-01T12:00:00+00:00"})


def regression(outcome: Outcome = Outcome.ABSENT, *, anchored: bool = False, **changes: Any) -> Verdict:
    stored = (STORED, ANCHOR) if anchored else (STORED,)
    effect = Estimate(value=0.3, lower=0.1, upper=0.5)
    return verdict(outcome, kind="regression", stored=stored, effect=effect, **changes)


def test_the_sentence_names_the_stored_version() -> None:
    said = sentence(regression())
    assert "against the stored version of m1 .010 [.004, .020] (1,200 samples, 2026-01-31). A rise of .050 or" in said


def test_the_sentence_names_the_anchor_and_the_largest_rise() -> None:
    said = sentence(regression(anchored=True))
    assert (
        "against its anchor m0 .010 [.004, .020] (1,200 samples, 2025-07-01); largest rise .300 [.100, .500]." in said
    )


def test_the_table_shows_the_stored_rate_beside_the_treated_one() -> None:
    head, row = table([regression()], many_models=False)
    assert row.index(".010 [.004, .020]") == head.index("comparator rate")


def test_the_table_shows_the_anchors_rate_below() -> None:
    anchored = regression(anchored=True)
    low = ANCHOR.model_copy(update={"rate": Estimate(value=0.002, lower=0.0, upper=0.01)})
    anchored = anchored.model_copy(update={"stored": (STORED, low)})
    head, row, below = table([anchored], many_models=False)
    assert below.startswith("  anchor m0 ")
    assert row.index(".010 [.004, .020]") == below.index(".002 [.000, .010]") == head.index("comparator rate")


def test_a_group_names_its_anchor_once() -> None:
    members = (regression(anchored=True), regression(anchored=True))
    group = regression(anchored=True).model_copy(update={"arms": (), "members": members})
    assert sum("anchor m0" in row for row in table([group], many_models=False)) == 1


def test_the_conclusion_names_the_anchor_where_there_is_one() -> None:
    (line,) = conclusion([regression(Outcome.PRESENT, anchored=True)], many_models=False)
    assert line.startswith("PRESENT: this behaviour is more frequent than in the stored version or its anchor (")


def test_the_conclusion_speaks_of_a_rise() -> None:
    lines = conclusion([regression(), regression(Outcome.PRESENT, contrast="d")], many_models=False)
    assert lines[0].startswith("PRESENT: this behaviour is more frequent than in the stored version")
    assert lines[1].startswith("ABSENT: a rise of the margin or more is excluded")


def test_properties_hold_version_and_anchor() -> None:
    values = dict(properties(regression(anchored=True)))
    assert values["weirdgen.baseline_model"] == "m1"
    assert values["weirdgen.baseline_n"] == 1200
    assert values["weirdgen.baseline_rate_upper"] == 0.02
    assert values["weirdgen.baseline_anchor_model"] == "m0"


def test_properties_of_a_stored_version_are_there_and_empty_in_other_verdicts() -> None:
    empty = [value for name, value in properties(verdict()) if name.startswith("weirdgen.baseline_")]
    assert empty == [""] * 16
    assert [name for name, _ in properties(verdict())] == [name for name, _ in properties(regression(anchored=True))]
