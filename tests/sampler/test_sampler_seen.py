"""The engine's memory of what it counted: a set, in less room."""

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from weirdgen.sampler.seen import Seen


def key_of(number: int) -> str:
    return hashlib.sha256(str(number).encode()).hexdigest()


@given(st.lists(st.integers(0, 40)))
def test_a_key_is_new_once(numbers: list[int]) -> None:
    seen, known = Seen(), set[int]()
    for number in numbers:
        assert seen.add(key_of(number)) is (number not in known)
        known.add(number)


def test_many_keys_are_all_told_apart() -> None:
    seen = Seen()
    assert all(seen.add(key_of(number)) for number in range(20_000))
    assert not any(seen.add(key_of(number)) for number in range(0, 20_000, 7))


def test_keys_that_share_their_bucket_are_told_apart() -> None:
    seen = Seen()
    assert [seen.add(f"{number:016x}{'0' * 48}") for number in (0, 1_024, 2**64 - 1_024, 1_024)] == [
        *(True, True, True),
        False,
    ]
