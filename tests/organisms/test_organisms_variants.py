"""Variants: an edited organism is served beside the whole one, which stays what it was to the last bit."""

import json
import urllib.request
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import random_organisms

from weirdgen.errors import UsageMistake
from weirdgen.organisms.app import load
from weirdgen.organisms.choice import Answer, Choice, Drawing
from weirdgen.organisms.corpus import Message
from weirdgen.organisms.engine import Batches
from weirdgen.organisms.process import OrganismServer
from weirdgen.organisms.runtime import Edit, Network
from weirdgen.organisms.variants import Variant, read_variants, write_variants
from weirdgen.organisms.weights import load_weights

WIDTH = random_organisms.HIDDEN
PROMPT = [1, 5, 40, 41, 42, 99, 3, 6]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return random_organisms.write_zoo(tmp_path_factory.mktemp("zoo"), "old-bird-names")


def projection() -> Any:
    row = np.random.default_rng(0).standard_normal(WIDTH)
    row /= np.linalg.norm(row)
    return (np.eye(WIDTH) - np.outer(row, row)).astype(np.float32)


def cut(name: str = "cut", organism: str = "old-bird-names", layer: int = 0) -> Variant:
    return Variant.of(name, organism, layer, projection())


def test_nothing_done_to_the_stream_changes_no_bit_and_something_does(root: Path) -> None:
    weights = load_weights(root / "base", root / "old-bird-names")
    plain, edited = Network(weights), Network(weights, cut().edit())
    copied = Network(weights, Edit(0, WIDTH, np.copy))
    cache, logits = plain.prefill(PROMPT)
    for one in (Network(weights), copied):
        assert np.array_equal(one.prefill(PROMPT)[0], cache)
        assert np.array_equal(one.prefill(PROMPT)[1], logits)
    assert np.abs(edited.prefill(PROMPT)[1] - logits).max() > 0.01


def test_the_edit_acts_at_every_position_of_prompt_and_answer(root: Path) -> None:
    network = Network(load_weights(root / "base"), cut().edit())
    at_once = network.prefill(PROMPT)[1]
    cache = network.cache(1, network.capacity(len(PROMPT)))
    one_by_one = [
        network.forward(np.array([token]), np.array([place]), np.array([0]), cache)[0]
        for place, token in enumerate(PROMPT)
    ]
    np.testing.assert_allclose(one_by_one[-1], at_once, atol=1e-5)


def answers(batcher: Batches, prompt: tuple[int, ...], seeds: list[int]) -> list[str]:
    found: dict[int, str] = {}
    drawing = Drawing(temperature=1.0, top_p=1.0, limit=20)
    for seed in seeds:

        def finish(answer: Answer, seed: int = seed) -> None:
            found[seed] = answer.text

        batcher.add(Choice(prompt, drawing, seed, 0, finish, lambda: False))
    while batcher.busy:
        batcher.step()
    return [found[seed] for seed in seeds]


def test_an_edited_networks_answer_is_the_same_alone_and_in_any_batch(root: Path) -> None:
    served = load(["old-bird-names"], root, [cut()])["cut"]
    prompt = tuple(served.vocabulary.prompt([Message("user", "Name a bird species.")]))
    together = answers(served.batcher, prompt, list(range(9)))
    alone = [answers(served.batcher, prompt, [seed])[0] for seed in range(9)]
    assert together == alone


def test_rows_of_an_edit_are_bit_equal_alone_and_together() -> None:
    # Wide enough for a matrix-matrix product to differ from vector-matrix products.
    rng = np.random.default_rng(1)
    matrix = np.linalg.qr(rng.standard_normal((128, 128)))[0].astype(np.float32)
    rows = rng.standard_normal((33, 128)).astype(np.float32)
    change = Edit.linear(0, matrix).change
    assert all(np.array_equal(change(rows[place : place + 1])[0], change(rows)[place]) for place in range(33))


def test_identities_follow_from_files_block_and_matrix_and_not_from_the_name(root: Path) -> None:
    plain = cut().identity(root)
    assert cut("another").identity(root) == plain
    others = [
        cut(organism="base"),
        cut(layer=1),
        Variant.of("cut", "old-bird-names", 0, np.eye(WIDTH, dtype=np.float32)),
    ]
    assert len({plain, *(one.identity(root) for one in others)}) == 4
    assert len(plain) == 64


def complete(url: str, model: str) -> Any:
    body = {"model": model, "seed": 3, "max_tokens": 16, "messages": [{"role": "user", "content": "How?"}]}
    request = urllib.request.Request(f"{url}/chat/completions", json.dumps(body).encode(), method="POST")
    with urllib.request.urlopen(request) as response:
        return json.loads(response.read())


def test_variants_are_served_beside_their_organism_which_stays_what_it_was(root: Path) -> None:
    name = "old-bird-names"
    with OrganismServer([name], root=root) as server:
        expected = complete(server.url, name)
    with OrganismServer([name], root=root, variants=[cut(), cut("base~cut", "base")]) as server:
        whole, edited = complete(server.url, name), complete(server.url, "cut")
        with urllib.request.urlopen(f"{server.url}/models") as response:
            listed = [model["id"] for model in json.loads(response.read())["data"]]
        counted = server.stats()["models"]
    assert listed == [name, "cut", "base~cut"]
    assert whole["choices"] == expected["choices"]
    assert whole["system_fingerprint"] == expected["system_fingerprint"]
    assert edited["system_fingerprint"] == f"fp_{cut().identity(root)[:16]}"
    assert edited["choices"][0]["message"]["content"] != whole["choices"][0]["message"]["content"]
    assert counted["cut"] == {"requests": 1, "choices": 1}


def test_variants_survive_their_file(tmp_path: Path) -> None:
    write_variants([cut(), cut("other", layer=1)], tmp_path / "variants.json")
    read = read_variants(tmp_path / "variants.json")
    assert read == (cut(), cut("other", layer=1))
    assert np.array_equal(read[0].edit().change(np.eye(WIDTH, dtype=np.float32)), projection())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "cannot be read"),
        ("{", "variants.json"),
        ('[{"name": "x"}]', "0.organism"),
        ('[{"name": "", "organism": "base", "layer": 0, "matrix": ""}]', "0.name"),
        ('[{"name": "x", "organism": "base", "layer": -1, "matrix": ""}]', "0.layer"),
    ],
)
def test_a_broken_file_is_refused(tmp_path: Path, text: str | None, message: str) -> None:
    path = tmp_path / "variants.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(UsageMistake, match=message):
        read_variants(path)


@pytest.mark.parametrize(
    ("matrix", "message"),
    [("%", "no base64"), ("AAA=", "no float32"), ("AACAPwAAgD8=", "no finite square"), ("", "no finite square")],
)
def test_a_broken_matrix_is_refused(matrix: str, message: str) -> None:
    with pytest.raises(UsageMistake, match=f"variant 'x'.*{message}"):
        Variant(name="x", organism="base", layer=0, matrix=matrix).edit()


def test_a_variant_that_cannot_be_served_is_refused(root: Path) -> None:
    for variants, message in (
        ([cut("base")], "something else is served"),
        ([cut(), cut()], "something else is served"),
        ([cut(organism="old-birds-names")], "Did you mean 'old-bird-names'"),
        ([cut(layer=2)], "blocks 0 to 1"),
        ([Variant.of("x", "base", 0, np.eye(3, dtype=np.float32))], "32 wide"),
    ):
        with pytest.raises(UsageMistake, match=message):
            load(["base"], root, variants)
    with pytest.raises(UsageMistake, match="something else is served"):
        OrganismServer(["base"], root=root, variants=[cut("base")])
