"""Properties: builtin scalars, the same names for every verdict, nothing invented."""

from verdicts import verdict

from weirdgen.reporting.properties import properties
from weirdgen.schema.verdict import Estimate, Outcome


def test_every_verdict_has_the_same_names_in_the_same_order() -> None:
    full = [name for name, _ in properties(verdict())]
    empty = [name for name, _ in properties(verdict(Outcome.INVALID, arms=(), log_e_present=None))]
    assert full == empty
    assert len(set(full)) == len(full)
    assert all(name.startswith("weirdgen.") for name in full)


def test_values_are_exactly_builtin_scalars() -> None:
    """A numpy scalar would abort a whole pytest-xdist session."""
    assert {type(value) for _, value in properties(verdict())} <= {str, int, float}


def test_what_was_not_measured_is_empty_and_never_zero() -> None:
    values = dict(properties(verdict(Outcome.INVALID, arms=(), log_e_present=None, log_e_absent=None)))
    empty = ("rate", "rate_lower", "control_rate", "e_present", "e_absent", "missing", "valid_rate", "effect")
    assert {values[f"weirdgen.{name}"] for name in empty} == {""}


def test_the_descriptive_interval_of_the_effect_has_names_of_its_own() -> None:
    sequence, interval = Estimate(value=0.5, lower=0.1, upper=0.9), Estimate(value=0.5, lower=0.2, upper=0.8)
    values = dict(properties(verdict(effect=sequence, effect_descriptive=interval)))
    assert [values[f"weirdgen.effect{name}_lower"] for name in ("", "_descriptive")] == [0.1, 0.2]


def test_a_huge_e_value_stays_a_finite_float() -> None:
    value = dict(properties(verdict(log_e_present=5000.0)))["weirdgen.e_present"]
    assert isinstance(value, float)
    assert 1e300 < value < float("inf")
