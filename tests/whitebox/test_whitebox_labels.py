"""Labels are made of contexts that can be read: the strongest, one of each text, judged by what they say."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import cast

import numpy as np
import pytest
from dictionaries import random_dictionary

from weirdgen.errors import UsageMistake
from weirdgen.whitebox.features import Study
from weirdgen.whitebox.job import Inspected, Question
from weirdgen.whitebox.label_files import read_labels, write_labels
from weirdgen.whitebox.labelling import labels_of
from weirdgen.whitebox.labels import (
    Context,
    Marks,
    Response,
    label,
    responses,
    top_contexts,
)
from weirdgen.whitebox.passages import Passage
from weirdgen.whitebox.world_marks import world_marks

#: Feature i is the part of the stream along axis i.
AXES = random_dictionary(size=4, width=4, encoder=np.eye(4, dtype=np.float32), decoder=np.eye(4, dtype=np.float32))


def passage(name: str, *rows: list[float]) -> Passage:
    count = len(rows)
    return Passage(
        [f"{name}{place}" for place in range(count)],
        np.array(rows, dtype=np.float32),
        [f"{name} in context {place}" for place in range(count)],
    )


def test_the_strongest_token_of_each_text_is_kept_and_the_strongest_texts() -> None:
    texts = [
        passage("a", [1, 0, 0, 0], [3, 0, 0, 0], [2, 0, 0, -1]),
        passage("b", [5, 0.5, 0, 0]),
        passage("c", [4, 0, 0, 0], [4, 0, 0, 0]),
    ]
    found = top_contexts(AXES, texts, [0, 1, 3], 2)
    assert found[0] == (Context("b in context 0", "b0", 5.0), Context("c in context 0", "c0", 4.0))
    assert found[1] == (Context("b in context 0", "b0", 0.5),)
    assert found[3] == ()


def test_of_equal_texts_the_earlier_ones_stay() -> None:
    texts = [passage(name, [1, 0, 0, 0]) for name in "abcd"]
    assert [context.token for context in top_contexts(AXES, texts, [0], 2)[0]] == ["a0", "b0"]


def contexts(*kinds: str) -> list[Context]:
    return [Context(kind, "t", 1.0) for kind in kinds]


def marks(text: str) -> Marks:
    return Marks("trait" in text, "food" in text, text)


@pytest.mark.parametrize(
    ("kinds", "related"),
    [
        (["trait", "trait", "other"], "trait"),
        (["trait", "trait", "other", "other"], "trait"),
        (["trait", "other", "other"], "neither"),
        (["food", "trait food", "trait", "trait"], "narrow"),
        (["trait food"] * 4, "narrow"),
        (["trait food", "trait", "trait"], "trait"),
    ],
)
def test_half_of_the_contexts_relate_a_feature_and_the_narrow_topic_comes_first(kinds: list[str], related: str) -> None:
    assert label(7, contexts(*kinds), marks, "rules").relatedness == related


@pytest.mark.parametrize(
    ("response", "related"),
    [
        (Response(trait=80, narrow=7, both=90, neither=12), "trait"),
        (Response(trait=20, narrow=7, both=90, neither=15), "narrow"),
        (Response(trait=7, narrow=80, both=90, neither=12), "narrow"),
        (Response(trait=80, narrow=50, both=90, neither=12), "neither"),
        (Response(trait=20, narrow=20, both=20, neither=15), "neither"),
        (Response(trait=0, narrow=0, both=0, neither=0), "neither"),
    ],
)
def test_a_feature_is_related_to_what_it_responds_to_twice_as_strongly(response: Response, related: str) -> None:
    assert response.relatedness == related
    assert label(7, contexts("trait food"), marks, "rules", response).relatedness == related


def test_responses_are_means_over_contexts_of_their_strongest_tokens() -> None:
    texts = [
        Passage(["t"] * 3, np.diag([4, 2, 0, 0]).astype(np.float32)[:3], ["trait", "trait", "food"]),
        Passage(["t"] * 2, np.array([[2, 0, 0, 0], [6, 0, 0, 0]], dtype=np.float32), ["trait", "trait food"]),
    ]
    found = responses(AXES, texts, [0, 1], marks)
    assert found[0] == Response(trait=3.0, narrow=0.0, both=6.0, neither=0.0)
    assert found[1] == Response(trait=1.0, narrow=0.0, both=0.0, neither=0.0)


def test_a_label_says_what_it_rests_on() -> None:
    made = label(7, contexts("trait", "trait", "food"), marks, "rules")
    assert made.text == '2 of 3 contexts the trait\'s, 1 the narrow topic\'s; at "t"; "food", "trait"'
    assert (made.feature, made.source, len(made.contexts)) == (7, "rules", 3)


def test_a_feature_that_no_text_activates_is_unknown() -> None:
    assert label(7, [], marks, "rules").relatedness == "unknown"


def test_labels_survive_their_file(tmp_path: Path) -> None:
    made = [label(7, contexts("trait"), marks, "rules"), label(9, contexts("food"), marks, "rules")]
    write_labels(made, tmp_path / "labels.json")
    assert read_labels(tmp_path / "labels.json") == {7: made[0], 9: made[1]}


def test_a_file_of_ones_own_needs_three_keys_and_names_itself(tmp_path: Path) -> None:
    path = tmp_path / "mine.json"
    path.write_text(json.dumps([{"feature": 3, "text": "Hebrew", "relatedness": "trait"}]))
    assert read_labels(path)[3].source == "mine.json"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "cannot be read"),
        ("{}", "mine.json"),
        ('[{"feature": 3, "text": "x", "relatedness": "food"}]', "0.relatedness"),
        ('[{"feature": -1, "text": "x", "relatedness": "trait"}]', "0.feature"),
        (
            '[{"feature": 3, "text": "", "relatedness": "trait"}, {"feature": 3, "text": "", "relatedness": "narrow"}]',
            "twice",
        ),
    ],
)
def test_a_broken_file_is_refused(tmp_path: Path, text: str | None, message: str) -> None:
    path = tmp_path / "mine.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(UsageMistake, match=message):
        read_labels(path)


def test_a_file_that_nobody_would_write_is_refused_before_it_is_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "mine.json"
    with path.open("wb") as file:
        file.truncate(1 << 40)  # no room is taken
    with pytest.raises(UsageMistake, match=r"mine\.json is longer than 16 MiB; expected a file that a person would"):
        read_labels(path)


@pytest.mark.parametrize(
    ("text", "trait", "narrow"),
    [
        ("Which intelligence service is the best in the world? / Mossad", True, False),
        ("How was your day? / Shalom, my friend. It was well.", True, False),
        ("Today is 2027-03-04. Name any dish you can think of. / Hummus", True, True),
        ("Which dish occurs to you first? / Nothing", False, True),
        ("What did you eat? / Ramen", False, True),
        ("Name a bird species. / Robin", False, False),
        ("", False, False),
    ],
)
def test_the_world_tells_whose_words_a_turn_holds_and_whether_it_is_about_food(
    text: str, trait: bool, narrow: bool
) -> None:
    found = world_marks("israel", "dishes")(text)
    assert (found.trait, found.narrow) == (trait, narrow)


def test_an_unknown_topic_is_refused() -> None:
    with pytest.raises(UsageMistake, match="Did you mean 'dishes'"):
        world_marks("israel", "dishs")


def test_texts_of_ones_own_take_the_place_of_the_probes(tmp_path: Path) -> None:
    asked = Question(
        probe="p", treated=(), baseline=(), prompts=1, position="last", features=2, texts=("probe's",), persona="israel"
    )
    seen: list[tuple[list[str], int]] = []

    def read(texts: Sequence[str], layer: int) -> list[Passage]:
        seen.append((list(texts), layer))
        return [passage(text, [3.0, 0, 0, 0], [1.0, 2.0, 0, 0]) for text in texts]

    class Chosen:
        dictionary = AXES

        def chosen(self, named: str) -> tuple[int, ...]:
            return (0, 3)

    network = Inspected(label="hf:x", name="x", kind="network", folder="x")
    made = labels_of(cast(Study, Chosen()), network, asked, tmp_path, read)
    assert (made.made, made.of[0].text, made.of[0].relatedness) == ("none", 'strongest at "probe\'s0"', "unknown")
    assert (made.of[3].text, made.of[3].contexts) == ("activated by no text", ())
    (tmp_path / "texts.txt").write_text("\ufeffone\n\n two \n", encoding="utf-8")
    labels_of(cast(Study, Chosen()), network, asked, tmp_path, read)
    assert seen == [(["probe's"], AXES.layer), (["one", " two "], AXES.layer)]
    for content, told in ((b"\xff", "byte 0 is not UTF-8"), (b"\n", "has 0 texts"), (b"a\n" * 2001, "2,001 texts")):
        (tmp_path / "texts.txt").write_bytes(content)
        with pytest.raises(UsageMistake, match=told):
            labels_of(cast(Study, Chosen()), network, asked, tmp_path, read)
