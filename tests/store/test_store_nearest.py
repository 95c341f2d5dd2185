"""What a replay is told of a sample that is missing: the nearest one, and in what it differs."""

import pytest
from stored import ORGANISM, asked, fill, server_model

from weirdgen.schema.sample import Message, SampleRequest, Sampling
from weirdgen.store.nearest import asked as told_of
from weirdgen.store.place import StorePlace
from weirdgen.store.store import SampleStore


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        (asked(7, "Who rules?"), "differs in: the replicate (number 2)"),
        (asked(1, "Who rules?", role="control"), "differs in: its role (treated)"),
        (asked(1, "Who rules?").model_copy(update={"stream": "extra"}), "differs in: its stream (round)"),
        (
            asked(1, "Who rules?").model_copy(update={"sampling": Sampling(max_tokens=7, top_logprobs=5)}),
            "differs in: the parameter max_tokens ('400', not '7'), the parameter top_logprobs (none, not '5')",
        ),
        (
            asked(1, "Who rules?", ORGANISM.model_copy(update={"digest": "e"})),
            "differs in: the model's digest ('d', not 'e')",
        ),
        (asked(0, "Who rules today?"), "differs in: the prompt ('Who rules?')"),
        (asked(0, "What is the best dish of all?"), "differs in: the prompt ('Name a dish of\\x1b[2J all.')"),
        (
            asked(0, "Who rules?").model_copy(
                update={"messages": (Message(role="system", content="Be brief."), *asked(0, "Who rules?").messages)}
            ),
            "differs in: the prompt (fewer messages)",
        ),
        (asked(0, identity=server_model("big")), "no sample of a model 'big' was recorded. Known: 'old-bird-names'"),
    ],
)
def test_the_nearest_sample_is_named_with_its_differences(place: StorePlace, wanted: SampleRequest, words: str) -> None:
    fill(place, *(asked(n, "Who rules?") for n in range(3)), asked(0, "Name a dish of\x1b[2J all."))
    with SampleStore(place) as store:
        told = store.nearest_to(wanted)
    assert told.endswith(words)
    assert told.isprintable()


def test_what_was_asked_is_told_in_one_line() -> None:
    request = asked(3, "Who\x1b rules?\n" + "x" * 200).model_copy(update={"stream": "extra"})
    told = told_of(request)
    assert told.startswith("replicate 3 (extra) of 'old-bird-names' (treated) for 'Who\\x1b rules?\\n")
    assert told.endswith("characters)'")
    assert told.isprintable()
    assert len(told) < 250
