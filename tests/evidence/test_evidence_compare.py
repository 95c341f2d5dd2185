"""Differences name the spot, both values, and nothing hostile."""

import copy
from typing import Any

import pytest
from bundles import numbers, replace
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from weirdgen.evidence.compare import BEFORE_AFTER, MOST, differences

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats(-9, 9) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=20,
)


@given(value=PLAIN)
def test_nothing_differs_from_itself(value: Any) -> None:
    assert differences(value, copy.deepcopy(value), "x") == []


@given(value=PLAIN, data=st.data())
def test_any_other_number_is_found_where_it_is(value: Any, data: st.DataObject) -> None:
    paths = numbers(value)
    if not paths or paths == [()]:
        return
    path = data.draw(st.sampled_from(paths))
    changed = copy.deepcopy(value)
    replace(changed, path, lambda number: number + 1)
    assert len(differences(value, changed, "x")) == 1


@pytest.mark.parametrize(
    ("one", "other", "told"),
    [
        ({"a": 1}, {"a": 2}, "x.a: 1 is recorded, 2 comes out"),
        ({"a": 1}, {}, "x.a: is recorded, but does not come out"),
        ({}, {"a": 1}, "x.a: is not recorded"),
        ([1], [1, 2], "x: a list of 1 is recorded, a list of 2 comes out"),
        ([1, {"b": None}], [1, {"b": ""}], "x[1].b: None is recorded, '' comes out"),
        (True, 1, "x: True is recorded, 1 comes out"),
        ({"a\x1b[2J": 1}, {}, "x.a\\x1b[2J: is recorded, but does not come out"),
    ],
)
def test_what_is_told(one: Any, other: Any, told: str) -> None:
    assert differences(one, other, "x") == [told]


def test_two_runs_are_before_and_after() -> None:
    old: JsonValue = {"a": 1, "b": " is recorded, but", "c": 0}
    new: JsonValue = {"a": 2, "b": "x", "d": 0}
    assert differences(old, new, "x", BEFORE_AFTER) == [
        "x.a: 1 before, 2 after",
        "x.b: ' is recorded, but' before, 'x' after",
        "x.c: only before",
        "x.d: only after",
    ]


def test_rounding_of_another_processor_is_no_difference() -> None:
    assert differences(0.1 + 0.2, 0.3, "x") == []
    assert differences(1.0, 1.0 + 1e-6, "x") != []


def test_a_wholly_different_record_is_not_told_in_full() -> None:
    assert len(differences(list(range(100)), list(range(1, 101)), "x")) == MOST
