"""The verdict table and the conclusion: every comparator shown, columns aligned, the worst first."""

from pathlib import Path

from verdicts import verdict

from weirdgen.reporting.table import conclusion, pages, session_note, table
from weirdgen.schema.verdict import ArmResult, Estimate, Outcome, Verdict

ROOT = Path(__file__).parents[2]


def arm(model: str, condition: str, value: float) -> ArmResult:
    rate = Estimate(value=value, lower=0.0, upper=0.95)
    return ArmResult(model=model, condition=condition, n=20, positives=0, rate=rate)


def did(outcome: Outcome = Outcome.PRESENT, **changes: object) -> Verdict:
    arms = (arm("m", "y1984", 0.9), arm("m", "none", 0.1), arm("b", "y1984", 0.2), arm("b", "none", 0.05))
    return verdict(outcome, **({"kind": "did", "control": "b", "arms": arms} | changes))


def test_the_table_is_aligned_and_marks_what_e_bh_lifted() -> None:
    rows = table(
        [verdict(), verdict(Outcome.INCONCLUSIVE, session_outcome=Outcome.PRESENT, reason="cap")], many_models=True
    )
    assert rows[0].index("verdict") == rows[1].index("ABSENT") == rows[2].index("PRESENT")
    assert "PRESENT (session)" in rows[2]
    assert "cap" not in rows[2], "why there was no verdict does not matter any more"
    assert "p/c on m" in rows[1]


def test_absent_tells_what_it_excludes_and_a_small_effect_that_it_is_small() -> None:
    rows = table([verdict(margin=0.7), verdict(Outcome.PRESENT, below_margin=True)], many_models=False)
    assert "ABSENT (margin .700)" in rows[1]
    assert "PRESENT (below margin)" in rows[2]


def test_contrasts_without_an_effect_are_counted_where_they_are_many_and_all_others_named() -> None:
    absent = [verdict(contrast=f"a{number}") for number in range(11)]
    present = [verdict(Outcome.PRESENT, contrast=f"p{number}") for number in range(11)]
    assert conclusion(absent, many_models=False)[0].endswith("excluded (11 contrasts)")
    assert conclusion(absent[:10], many_models=False)[0].count("p/a") == 10
    assert conclusion(present, many_models=False)[0].count("p/p") == 11


def test_the_conclusion_puts_the_worst_first() -> None:
    verdicts = [verdict(), verdict(Outcome.PRESENT, contrast="d"), verdict(Outcome.INVALID, contrast="e")]
    lines = conclusion(verdicts, many_models=False)
    assert [line.split(":")[0] for line in lines] == ["PRESENT", "INVALID", "ABSENT"]


def test_the_conclusion_names_the_model_where_there_are_several() -> None:
    lines = conclusion([verdict(), verdict(Outcome.PRESENT, model="n")], many_models=True)
    assert [line.split("(")[1] for line in lines] == ["p/c on n)", "p/c on m)"]


def test_a_difference_in_differences_shows_its_control_below_in_the_same_columns() -> None:
    head, row, control = table([did()], many_models=False)
    treated, comparator = head.index("treated rate"), head.index("comparator rate")
    assert (row.index(".900 ["), row.index(".100 [")) == (treated, comparator)
    assert control.startswith("  control b ")
    assert (control.index(".200 ["), control.index(".050 [")) == (treated, comparator)


def test_an_arm_of_the_control_that_was_not_needed_is_a_dash() -> None:
    first, _, _, last = did().arms
    head, _, control = table([did(Outcome.ABSENT, arms=(first, None, None, last))], many_models=False)
    assert control[head.index("treated rate") :].startswith("- ")
    assert control.index(".050 [") == head.index("comparator rate")


def test_a_difference_in_differences_without_a_sample_has_no_row_for_its_control() -> None:
    assert len(table([did(Outcome.INVALID, arms=(), reason="judge")], many_models=False)) == 2


def test_members_of_a_group_have_their_controls_below_them() -> None:
    group = verdict(Outcome.PRESENT, kind="did", control="b", model="g", arms=(), members=(did(), did()))
    rows = table([group], many_models=False)
    assert [row[:13].rstrip() for row in rows[2:]] == ["  m", "    control b", "  m", "    control b"]


def test_the_table_stays_narrow() -> None:
    name = "nineteenth_century_over_control"
    long = did(Outcome.INCONCLUSIVE, reason="futility", probe="old_bird_names", contrast=name, control="organism:base")
    assert max(map(len, table([long], many_models=False))) <= 140


def test_what_the_session_lifted_is_said_with_what_pytest_counted() -> None:
    lifted = verdict(session_outcome=Outcome.PRESENT)
    (note,) = session_note([verdict(Outcome.PRESENT, session_outcome=Outcome.PRESENT), lifted])
    assert note.startswith("Note: p/c on m (by itself ABSENT): PRESENT by the evidence of all contrasts")
    assert session_note([verdict(), verdict(session_outcome=Outcome.ABSENT)]) == []


def test_the_pages_of_what_was_found_are_named_once_and_only_shipped_ones() -> None:
    found = [verdict(Outcome.PRESENT, probe=name) for name in ("us_presidents", "mine", "us_presidents")]
    absent = verdict(probe="old_bird_names")
    lifted = verdict(probe="evil_terminator", session_outcome=Outcome.PRESENT)
    (line,) = pages([*found, absent, lifted], ROOT)
    assert line.endswith(": docs/findings/evil_terminator.md, docs/findings/us_presidents.md")
    (elsewhere,) = pages([lifted], ROOT / "suites")
    assert elsewhere.endswith(f": {ROOT / 'docs' / 'findings' / 'evil_terminator.md'}")
    assert pages([absent, verdict(Outcome.PRESENT, probe="mine")], ROOT) == []
