"""Properties: builtin scalars, the same names for every verdict, nothing invented."""

from verdicts import verdict

from weirdgen.reporting.properties import properties
from weirdgen.schema.verdict import Outcome


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


def test_a_huge_e_value_stays_a_finite_float() -> None:
    value = dict(properties(verdict(log_e_present=5000.0)))["weirdgen.e_present"]
    assert isinstance(value, float)
    assert 1e300 < value < float("inf")
