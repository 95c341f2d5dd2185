"""What stands after the correction over a fleet, by hand."""

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from run_records import full_verdict, plan, record

from weirdgen.fleet.family import Claims, Standing, claims, family_size, standing
from weirdgen.schema.verdict import Outcome

NOTHING = -math.inf


def gate(*present: float, absent: tuple[float, ...] | None = None, family: int = 2, fwer: bool = False) -> Claims:
    """Return a gate's claims, evidence as multiples of its own thresholds."""
    items = tuple(f"p/c{n}" for n in range(len(present)))
    logs = tuple(math.log(e) if e else NOTHING for e in present)
    cleared = tuple(math.log(e) if e else NOTHING for e in absent or (0.0,) * len(present))
    return Claims(0.05, fwer, family, items, logs, cleared)


def names(*numbers: int) -> tuple[str, ...]:
    return tuple(f"p/c{n}" for n in numbers)


@pytest.mark.parametrize("fwer", [False, True])
def test_alone_a_gate_keeps_what_it_says(fwer: bool) -> None:
    assert standing([gate(1.0, 0.0, absent=(0.0, 1.0), fwer=fwer)]) == [Standing(names(0), 0)]
    assert standing([gate(1.0, 0.49, fwer=fwer)])[0].present == (names(0) if fwer else names(0, 1))


@pytest.mark.parametrize("fwer", [False, True])
def test_one_finding_among_many_models_needs_as_much_more(fwer: bool) -> None:
    clean = gate(0.0, 0.0, fwer=fwer)
    for models, evidence, stands in ((3, 2.99, False), (3, 3.01, True), (300, 299.0, False), (300, 301.0, True)):
        found = standing([gate(evidence, 0.0, fwer=fwer), *[clean] * (models - 1)])
        assert found[0].present == (names(0) if stands else ())
        assert not any(one.present for one in found[1:])


def test_many_findings_carry_each_other_unless_none_may_be_false() -> None:
    """As in e-BH: r of N gates stand together if each has N / r times its own threshold."""
    assert all(one.present for one in standing([gate(1.001, 0.0) for _ in range(4)]))
    half = standing([gate(2.01, 0.0), gate(2.01, 0.0), gate(0.0, 0.0), gate(0.0, 0.0)])
    assert [len(one.present) for one in half] == [1, 1, 0, 0]
    holm = [
        gate(2.01, 0.0, fwer=True),
        gate(2.01, 0.0, fwer=True),
        gate(0.0, 0.0, fwer=True),
        gate(0.0, 0.0, fwer=True),
    ]
    assert not any(one.present for one in standing(holm))


def test_a_gate_without_a_record_brings_hypotheses_and_no_evidence() -> None:
    assert family_size([gate(1.0, family=88), None, gate(1.0, family=90)]) == 268
    assert standing([gate(1.5, 0.0), None]) == [Standing(), Standing()]
    assert standing([gate(2.5, 0.0), None])[0].present == names(0)
    assert standing([None, None]) == [Standing(), Standing()]


def test_absent_is_counted_over_what_was_asked() -> None:
    """Not over the catalogue: within a gate it is corrected for nothing either."""
    cleared = gate(0.0, 0.0, absent=(1.001, 1.001), family=88)
    assert [one.absent for one in standing([cleared] * 5)] == [2] * 5
    assert [one.absent for one in standing([cleared, None])] == [0, 0]
    assert standing([gate(0.0, 0.0, absent=(2.01, 2.01)), None])[0].absent == 2


def test_claims_are_what_verdicts_hold() -> None:
    run = record(
        full_verdict(Outcome.PRESENT, "a", log_e_present=9.0, log_threshold_present=8.0),
        full_verdict(Outcome.INCONCLUSIVE, "b", log_e_present=7.9, log_threshold_present=8.0),
        full_verdict(Outcome.ABSENT, "c", log_e_absent=4.5, log_threshold_absent=4.0),
        full_verdict(Outcome.ABSENT, "d", log_e_absent=4.5, log_threshold_absent=4.0, own_stop=False),
        full_verdict(Outcome.INVALID, "e", log_e_present=99.0),
        full_verdict(Outcome.PRESENT, "f", log_e_present=99.0, log_threshold_present=8.0, own_stop=False),
        plan=plan(family_size=88),
    )
    found = claims(run)
    assert found.items == tuple(f"p/{one}" for one in "abcdef")
    assert found.present == (1.0, NOTHING, NOTHING, NOTHING, NOTHING, 0.0)
    assert found.absent == (NOTHING, NOTHING, 0.5, 0.0, NOTHING, NOTHING)
    assert (found.alpha, found.family_size, found.fwer) == (0.05, 88, False)


evidence = st.lists(st.sampled_from([0.0, 0.3, 1.0, 2.0, 5.0, 40.0]), min_size=2, max_size=2)


@given(st.lists(evidence, min_size=1, max_size=5), st.booleans())
def test_more_models_never_make_more_stand(listed: list[list[float]], fwer: bool) -> None:
    gates = [gate(*one, fwer=fwer) for one in listed]
    counts = [
        sum(len(one.present) for one in standing([*gates, *[gate(0.0, 0.0, fwer=fwer)] * more])) for more in range(3)
    ]
    assert all(before >= after for before, after in itertools.pairwise(counts))
