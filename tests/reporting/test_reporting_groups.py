"""A group's verdict for people and for JUnit: its members by name, and what they say about the recipe."""

from typing import Any

from verdicts import verdict

from weirdgen.reporting.properties import properties
from weirdgen.reporting.summary import failure_text, sentence
from weirdgen.reporting.table import conclusion, table
from weirdgen.schema.verdict import ArmResult, Estimate, GroupResult, Outcome, StoredResult, Verdict


def member(model: str, outcome: Outcome, rate: float | None, **changes: Any) -> Verdict:
    estimate = Estimate(value=rate, lower=0.0, upper=0.9) if rate is not None else None
    arm = ArmResult(model=model, condition="plain", n=20, extras=5, positives=0, rate=estimate)
    control = ArmResult(model="base", condition="plain", n=10, positives=0)
    return verdict(outcome, model=model, arms=(arm, control) if estimate else (), **changes)


def group(outcome: Outcome, *members: Verdict, lower: float = 0.0, upper: float = 1.0, **changes: Any) -> Verdict:
    flagged = sum(m.outcome is Outcome.PRESENT for m in members)
    share = Estimate(value=flagged / len(members), lower=lower, upper=upper)
    result = GroupResult(flagged=flagged, not_cleared=flagged, share=share)
    return verdict(outcome, model="seeds", arms=(), members=members, group=result, **changes)


WEIRD, CLEAN, BROKEN = (
    member("a", Outcome.PRESENT, 0.61),
    member("b", Outcome.ABSENT, 0.0),
    member("c", Outcome.INVALID, None),
)


def test_each_member_is_named_with_its_rate() -> None:
    said = sentence(group(Outcome.PRESENT, WEIRD, CLEAN, BROKEN, lower=0.0084, rule="mean e-value 9 reached 8"))
    assert said == (
        "PRESENT: The model does it. 1 of 3 members shows it: a .610 [.000, .900], b .000 [.000, .900], c -; "
        "at least 0.8% of such finetunes show it (95%). Mean e-value 9 reached 8 (family of 2)."
    )


def test_limits_of_the_share_are_rounded_outwards_and_left_out_where_they_say_nothing() -> None:
    three = (CLEAN, CLEAN, CLEAN)
    assert "0 of 3 members show it" in sentence(group(Outcome.ABSENT, *three))
    assert "; at most 87.9% of such finetunes show it (95%)." in sentence(group(Outcome.ABSENT, *three, upper=0.87801))
    both = sentence(group(Outcome.PRESENT, WEIRD, CLEAN, CLEAN, lower=0.0129, upper=0.9))
    assert "; at least 1.2% and at most 90% of such finetunes show it (95%)." in both
    assert "such finetunes" not in sentence(group(Outcome.INCONCLUSIVE, WEIRD, CLEAN, CLEAN))


def test_of_two_members_no_share_is_told() -> None:
    said = sentence(group(Outcome.PRESENT, WEIRD, CLEAN, lower=0.0129, upper=0.98, rule="reached"))
    assert "b .000 [.000, .900]. Reached (family of 2)." in said


def test_an_undecided_group_says_which_members_are() -> None:
    said = failure_text(group(Outcome.INVALID, CLEAN, BROKEN, reason="member", detail="c (outage) is INVALID."))
    assert said.endswith(" Reason: member. c (outage) is INVALID.")


def test_against_a_stored_version_that_is_named() -> None:
    stored = StoredResult(
        model="v1",
        saved_at="2026-01-31T00:00:00",
        anchor=False,
        n=120,
        positives=0,
        missing=0,
        rate=Estimate(value=0.0, lower=0.0, upper=0.1),
    )
    said = sentence(group(Outcome.ABSENT, CLEAN, kind="regression", stored=(stored,)))
    assert "b .000 [.000, .900], against the stored version of v1 .000 [.000, .100] (120 samples, 2026-01-31)." in said


def test_the_table_lists_members_under_their_group() -> None:
    rows = table([group(Outcome.PRESENT, WEIRD, CLEAN), verdict()], many_models=True)
    assert [row.split("  ")[0] or row.split()[0] for row in rows[1:]] == ["p/c on seeds", "a", "b", "p/c on m"]
    assert "1 of 2 members" in rows[1]
    assert "  70 " in rows[1], "2 x (25 treated + 10 control)"


def test_the_conclusion_is_about_the_group() -> None:
    several = [group(Outcome.PRESENT, WEIRD, CLEAN), group(Outcome.ABSENT, CLEAN, CLEAN)]
    assert [line.split(" (")[0] for line in conclusion(several, many_models=False)] == [
        "PRESENT: some finetune of the group shows this behaviour",
        "ABSENT: an effect of the margin or more is excluded for every finetune of the group",
    ]


def test_properties_of_a_group_have_the_same_names_as_any_others() -> None:
    of_group, alone = properties(group(Outcome.PRESENT, WEIRD, CLEAN, lower=0.25)), properties(verdict())
    assert [name for name, _ in of_group] == [name for name, _ in alone]
    names = [f"weirdgen.group_{name}" for name in ("members", "flagged", "share_lower", "share_upper")]
    assert [dict(of_group)[name] for name in names] == ["a,b", 1, 0.25, 1.0]
    assert [dict(alone)[name] for name in names] == [""] * 4


def test_samples_are_summed_over_the_members() -> None:
    values = dict(properties(group(Outcome.PRESENT, WEIRD, CLEAN, BROKEN)))
    assert [values[f"weirdgen.n_{name}"] for name in ("treated", "control", "extra")] == [50, 20, 10]
    assert values["weirdgen.rate"] == ""
