"""What is told of judges: in the terminal, in the table of `weirdgen calibrate`."""

from typing import Any

from verdicts import verdict

from weirdgen.reporting.calibration import Row, calibration_table
from weirdgen.reporting.judges import judge_lines
from weirdgen.reporting.properties import properties
from weirdgen.schema.verdict import JudgeUse, Verdict
from weirdgen.stats.judge_error import GoldCounts, judge_bounds


def judged(said: str = "j: found 50 of 50, each at confidence 0.99", kind: str = "absolute", **use: Any) -> Verdict:
    fields: dict[str, Any] = {"answers": 70, "asked": 70, "undecided": 0}
    return verdict(
        kind=kind,
        judge="rules+j" if "asked" in use else "j",
        behaviour="b",
        judge_identity="i",
        judge_calibration=said,
        judging=JudgeUse(**(fields | use)),
    )


def test_where_no_llm_judged_nothing_is_said() -> None:
    assert judge_lines([verdict()]) == []
    named = dict(properties(verdict()))
    assert {named[f"weirdgen.judge_{name}"] for name in ("answers", "asked", "second", "kappa")} == {""}


def test_a_judge_s_record_is_told_once_per_behaviour_with_its_weaker_bounds() -> None:
    weak = "j: found 50 of 50, jointly at confidence 0.99"
    assert judge_lines([judged(), judged(weak, kind="lift"), judged()]) == [
        f"Judge of p/b: {weak}.",
        "Judge j labelled 210 answers, counted contrast by contrast; 0 undecided.",
    ]


def test_a_cascade_tells_what_it_saved() -> None:
    lines = judge_lines([judged(asked=20, undecided=3)])
    assert lines[-1].endswith("its rules decided 50 of them and it was asked about 20; 3 undecided.")


def test_two_judges_that_differ_much_are_to_be_looked_at() -> None:
    agreeing: dict[str, Any] = {"second": "k", "compared": 70, "disagreements": 7, "decisive": 1, "kappa": 0.9}
    (line,) = judge_lines([judged(**agreeing)])[2:]
    assert line == (
        "Judges j and k gave other labels to 10.0% of 70 answers; 1.4% count for one and not for the other."
    )
    (line,) = judge_lines([judged(**(agreeing | {"decisive": 7}))])[2:]
    assert line.endswith("That is much: read some of these answers before you rely on either.")
    assert judge_lines([judged(second="k")])[2:] == ["Judges j and k have no answer that both labelled."]


def test_numbers_of_judges_are_properties() -> None:
    named = dict(properties(judged(second="k", compared=70, disagreements=7, decisive=1, kappa=0.5)))
    assert (named["weirdgen.judge_asked"], named["weirdgen.judge_second"], named["weirdgen.judge_kappa"]) == (
        70,
        "k",
        0.5,
    )


def row(hits: int, alarms: int, **changes: Any) -> Row:
    counts = GoldCounts(100, hits, 300, alarms)
    fields: dict[str, Any] = {"undecided": 0, "needs": ((0.05, 1),), "kappa": None}
    return Row("p/b", counts, judge_bounds(counts, 0.045, paired=True), **(fields | changes))


def test_the_table_says_which_margin_a_judge_allows() -> None:
    good, poor = row(98, 0), row(60, 9, undecided=4, kappa=0.5)
    head, first, second, why = calibration_table([good, poor], 0.045, 400)
    assert head.split()[:3] == ["behaviour", "found", "sensitivity"]
    assert first.split()[1:8] == ["98", "of", "100", ">=", "0.909", "0", "of"]
    assert ".020" in first
    assert ".150" in second
    assert second.endswith("0.50")
    assert why.startswith("p/b: at its margin of .050: with a sensitivity of at least 0.4")
    assert good.problem(0.045, 400) == ""


def test_a_judge_without_a_record_allows_nothing() -> None:
    none = Row("p/b", GoldCounts(0, 0, 0, 0), None, 0, ((0.05, 1),), None, "there is no gold set")
    lines = list(calibration_table([none], 0.045, 400))
    assert lines[1].split()[-4:] == ["0", "none", "-", "-"]
    assert lines[2] == "p/b: there is no gold set"
    assert none.problem(0.045, 400) == "there is no gold set"


def test_two_arms_that_raise_an_effect_share_the_margin() -> None:
    one, two = row(98, 0), row(98, 0, needs=((0.02, 1), (0.02, 2)))
    assert one.allowed(0.02, 0.045, 400)
    assert two.problem(0.045, 400).startswith("at its margin of .020: with a sensitivity")
