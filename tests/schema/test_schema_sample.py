"""Keys: whatever makes a draw another draw makes another key, and nothing else does."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weirdgen.schema.canonical import canonical_json, digest
from weirdgen.schema.sample import (
    KEY_VERSION,
    SEED_STEP,
    Identity,
    Message,
    Role,
    Sample,
    SampleRequest,
    Sampling,
    Stream,
)

ORGANISM = Identity(kind="organism", model="base", digest="d")
ENDPOINT = Identity(kind="endpoint", model="m", base_url="http://h/v1", generation="g")


def request(
    identity: Identity = ORGANISM, role: Role = "treated", text: str = "hi", replicate: int = 0
) -> SampleRequest:
    return SampleRequest(
        identity=identity,
        role=role,
        messages=(Message(role="user", content=text),),
        sampling=Sampling(),
        replicate=replicate,
    )


def test_every_part_of_a_draw_is_in_its_key() -> None:
    changed = [
        request(),
        request(role="control"),
        request(text="ho"),
        request(replicate=1),
        request(ORGANISM.model_copy(update={"digest": "e"})),
        request(ENDPOINT),
        request(ENDPOINT.model_copy(update={"generation": "h"})),
        request(ENDPOINT.model_copy(update={"base_url": "http://other/v1"})),
        request(ENDPOINT.model_copy(update={"fingerprint": "f"})),
        request().model_copy(update={"sampling": Sampling(max_tokens=7)}),
        request().model_copy(update={"sampling": Sampling(temperature=0.5)}),
        request().model_copy(update={"sampling": Sampling(top_logprobs=5)}),
    ]
    assert len({r.key for r in changed}) == len(changed)


def test_logprobs_that_are_not_asked_for_leave_old_keys_and_dumps_as_they_were() -> None:
    assert request(ENDPOINT).key == "bcb97655bc6d925ac32b4f66939a060c2ca1d649bdb98736da5acabb9651fcf6"
    assert Sampling().model_dump() == {"temperature": 1.0, "top_p": 1.0, "max_tokens": 400}
    assert Sampling.model_validate_json(Sampling(top_logprobs=5).model_dump_json()).top_logprobs == 5


@given(st.integers(0, 10**6))
def test_equal_requests_have_equal_keys_and_organisms_a_seed_that_json_can_carry(replicate: int) -> None:
    one, other = request(replicate=replicate), request(replicate=replicate)
    assert one.key == other.key
    assert one.seed == other.seed
    assert one.seed is not None
    assert 0 <= one.seed < 2**53


def test_real_endpoints_are_unseeded() -> None:
    assert request(ENDPOINT).seed is None


@pytest.mark.parametrize(
    ("reason", "refused", "complete"),
    [
        ("stop", False, True),
        ("length", False, False),
        ("content_filter", False, False),
        ("", False, False),
        ("", True, True),
    ],
)
def test_only_an_answer_that_ended_by_itself_is_complete(reason: str, refused: bool, complete: bool) -> None:
    assert Sample(key="k", text="t", stop_reason=reason, refused=refused).complete is complete


def seeded(seed: int, **fields: Any) -> SampleRequest:
    return request(ENDPOINT, **fields).model_copy(update={"sampling": Sampling(seed=seed)})


def test_an_endpoint_gets_seeds_only_from_a_seeded_gate() -> None:
    assert request(ENDPOINT).seed is None
    assert seeded(1).key != request(ENDPOINT).key
    elsewhere = {"base_url": "http://other/v1", "generation": "h", "fingerprint": "f"}
    again = seeded(1).model_copy(update={"identity": ENDPOINT.model_copy(update=elsewhere)})
    assert again.key != seeded(1).key
    assert again.seed == seeded(1).seed, "a gate that is run again sends the same seeds"


@given(st.integers(min_value=0, max_value=2**31 - 1), st.integers(min_value=0, max_value=2000))
def test_seeds_leave_room_for_the_choices_behind_them(seed: int, replicate: int) -> None:
    one, following = seeded(seed, replicate=replicate).seed, seeded(seed, replicate=replicate + 1).seed
    assert one is not None
    assert following is not None
    assert 0 <= one < 2**31
    assert (following - one) % 2**31 == SEED_STEP


def test_whatever_makes_another_draw_makes_another_seed() -> None:
    draws = [seeded(1), seeded(2), seeded(1, role="control"), seeded(1, text="ho"), seeded(1, replicate=1)]
    extra = seeded(1).model_copy(update={"stream": "extra"})
    other = seeded(1).model_copy(update={"identity": ENDPOINT.model_copy(update={"model": "n"})})
    assert len({draw.seed for draw in [*draws, extra, other]}) == 7


def test_a_copy_has_a_key_of_its_own() -> None:
    first = request()
    key = first.key
    assert first.model_copy().key == key
    changed = first.model_copy(update={"replicate": first.replicate + 1})
    assert changed.key != key
    assert changed.key == type(first).model_validate(changed.model_dump()).key
    assert first.key == key
    assert first == type(first).model_validate(first.model_dump())
    assert "key" not in first.model_dump()


@given(st.text(), st.sampled_from(["round", "extra", "baseline"]), st.integers(0, 2**40), st.booleans())
def test_canonical_json_out_of_parts_is_that_of_the_whole(
    text: str, stream: Stream, replicate: int, full: bool
) -> None:
    plain = request().model_copy(update={"stream": stream, "replicate": replicate})
    identity = Identity(kind="endpoint", model=text, created=3, preset="p" if full else "", fingerprint=text)
    sampling = Sampling(temperature=0.7, top_logprobs=5 * full, labels=("a", text) if full else ())
    message = Message(role="system", content=text)
    odd = plain.model_copy(update={"identity": identity, "sampling": sampling, "messages": (message, message)})
    for one in (plain, odd):
        assert one.canonical == canonical_json(one.model_dump(mode="json"))
        fields = one.model_dump(mode="json", exclude={"stream"} if stream == "round" else None)
        assert one.key == digest({"version": KEY_VERSION, **fields})
