"""Hostile text becomes safe to store, and separately safe to show."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weirdgen.schema.text import clean, shown, shown_block

ANY = st.text(alphabet=st.characters(), max_size=200) | st.just("\ud83d \x00 \x1b[31m \u202e ]]> <b> \u2028")


@given(ANY)
def test_cleaned_text_is_utf8_and_cleaning_twice_changes_nothing(text: str) -> None:
    once = clean(text)
    once.encode("utf-8")
    assert clean(once) == once


def test_only_lone_surrogates_change() -> None:
    assert clean("a\ud83d\x00\x1b😀") == "a\\ud83d\x00\x1b😀"


@given(ANY)
def test_shown_text_is_one_printable_line(text: str) -> None:
    line = shown(clean(text), 1000)
    assert all(unicodedata.category(c)[0] != "C" for c in line)
    assert len(line.splitlines()) <= 1


@given(ANY)
def test_a_shown_block_keeps_line_breaks_and_nothing_else_that_controls(text: str) -> None:
    assert {c for c in shown_block(clean(text)) if unicodedata.category(c)[0] == "C"} <= {"\n", "\t"}


def test_a_cut_says_how_much_is_missing() -> None:
    assert shown("x" * 300, 240) == "x" * 240 + "… (+60 characters)"


@pytest.mark.parametrize(
    "line",
    [
        "::set-output name=verdict::ABSENT",
        " \t::add-mask::A",
        "words ##[set-output name=verdict;]ABSENT",
        "##vso[task.setvariable variable=a]b",
        "fine\n::stop-commands::x",
    ],
)
def test_no_line_is_a_command_to_a_runner(line: str) -> None:
    for safe in (shown(line), shown_block(line)):
        assert not any(part.lstrip().startswith("::") for part in safe.splitlines())
        assert "##[" not in safe
        assert "##vso[" not in safe
    assert shown("a::b ## [x] ### c") == "a::b ## [x] ### c"
