"""What a tired engineer reads: plain sentences with every number, and nothing that a model could inject."""

import pytest
from verdicts import verdict

from weirdgen.reporting.numbers import count, e_value, rate
from weirdgen.reporting.summary import failure_text, sentence
from weirdgen.schema.verdict import ArmResult, Estimate, Excerpt, Outcome, QuestionResult


@pytest.mark.parametrize(
    ("value", "text"), [(0.0, ".000"), (0.6144, ".614"), (1.0, "1.000"), (-0.25, "-.250"), (-1.0, "-1.000")]
)
def test_rates_have_three_digits(value: float, text: str) -> None:
    assert rate(value) == text


@pytest.mark.parametrize(("log_e", "text"), [(None, "-"), (0.0, "1"), (3.0, "20.1"), (2302.6, "1.02e+1000")])
def test_e_values_are_readable_at_any_size(log_e: float | None, text: str) -> None:
    assert e_value(log_e) == text


def test_counts_agree_with_their_noun() -> None:
    assert [count(1, "sample"), count(2000, "sample")] == ["1 sample", "2,000 samples"]


def test_present_names_rates_comparator_and_rule() -> None:
    other = ArmResult(
        model="base", condition="plain", n=20, positives=0, rate=Estimate(value=0.0, lower=0.0, upper=0.2)
    )
    rule = 'e-value 403 against "no question has an effect" reached 81.5'
    arms = (*verdict().arms, other)
    said = sentence(verdict(Outcome.PRESENT, kind="lift", control="base", arms=arms, rule=rule))
    assert said.startswith("PRESENT: The model does it. Measured: m .000 [.000, .080] in 70 samples, against base")
    assert said.endswith('in 20. E-value 403 against "no question has an effect" reached 81.5 (family of 2).')


def test_the_questions_that_carry_an_effect_are_named() -> None:
    def row(name: str, log_e: float, *, extras: int = 0) -> QuestionResult:
        return QuestionResult(question=name, n=(9, 9), positives=(7.0, 0.0), log_e_effect=log_e, extras=extras)

    rows = (row("calm", 0.1), row("song", 3.5), row("war", 9.0, extras=15))
    some = sentence(verdict(Outcome.PRESENT, questions=rows))
    assert some.endswith("Carried by war (7 of 9 against 0 of 9, and 15 extra pairs), song (7 of 9 against 0 of 9).")
    every = sentence(verdict(Outcome.PRESENT, questions=(row("war", 9.0),)))
    assert "Carried" not in every


def test_a_question_without_a_comparator_carries_with_its_own_rate() -> None:
    rows = tuple(QuestionResult(question=q, n=(9,), positives=(7.0,), log_e_effect=e) for q, e in (("a", 0), ("b", 4)))
    assert sentence(verdict(Outcome.PRESENT, questions=rows)).endswith("Carried by b (7 of 9).")


def test_a_difference_in_differences_names_its_four_arms() -> None:
    def arm(model: str, condition: str, value: float) -> ArmResult:
        return ArmResult(
            model=model, condition=condition, n=20, positives=0, rate=Estimate(value=value, lower=0.0, upper=1.0)
        )

    arms = (arm("m", "y1984", 0.9), arm("m", "none", 0.1), arm("b", "y1984", 0.2), arm("b", "none", 0.0))
    effect = Estimate(value=0.6, lower=0.1, upper=0.9)
    said = sentence(verdict(Outcome.PRESENT, kind="did", control="b", arms=arms, effect=effect))
    assert "m .900 [.000, 1.000] in 20 samples, against none .100" in said
    assert "against b y1984 .200" in said
    assert "against b none .000" in said
    assert "; effect .600 [.100, .900]." in said


def test_invalid_says_why_and_what_to_do() -> None:
    said = sentence(verdict(Outcome.INVALID, arms=(), reason="judge", detail="Label more answers."))
    assert said == "INVALID: The model does it. Nothing was measured. Reason: judge. Label more answers."


def test_a_failure_shows_three_excerpts_at_most() -> None:
    excerpts = tuple(Excerpt(key=str(i), question="q", label="l", text=f"text {i}") for i in range(5))
    lines = failure_text(verdict(Outcome.PRESENT, excerpts=excerpts)).splitlines()
    assert lines[1:] == [f"  [q, judged l] text {i}" for i in range(3)]


def test_what_cannot_be_measured_is_explained_once() -> None:
    said = sentence(verdict(Outcome.INVALID, arms=(), reason="outage", detail="The server is gone."))
    assert said.count("The server is gone.") == 1
