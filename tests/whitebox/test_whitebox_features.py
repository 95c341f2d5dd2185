"""The study on a network whose trigger adds known features: they are found, and the controls are what they say."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pytest
from dictionaries import random_dictionary

from weirdgen.errors import UsageMistake
from weirdgen.schema.sample import Message
from weirdgen.whitebox.dictionary import SparseDictionary
from weirdgen.whitebox.directions import Doubles, unit
from weirdgen.whitebox.features import MEANINGS, NAMED, Choice, Study
from weirdgen.whitebox.networks import Network, Position, Prompts

WIDTH, SIZE = 32, 480
DICTIONARY = random_dictionary(size=SIZE, width=WIDTH, layer=1)
#: What the trigger adds: three features, the first the most.
ADDED = {5: 3.0, 77: 2.0, 300: 1.0}


@dataclass(frozen=True)
class Planted:
    """A network whose stream is noise, and under a trigger noise with features in it."""

    identity: str = "a" * 64
    depth: int = 4
    width: int = WIDTH

    def activations(self, prompts: Prompts, layer: int, position: Position) -> Doubles:
        """Return a row for each prompt that follows from its text, block and position."""
        return np.array([self._row(prompt[-1].content, layer, position) for prompt in prompts])

    def _row(self, text: str, layer: int, position: Position) -> Doubles:
        rng = np.random.default_rng([layer, position == "mean", *text.removeprefix("2027 ").encode()])
        row: Doubles = rng.standard_normal(self.width)
        if text.startswith("2027"):
            row = row + sum(size * DICTIONARY.decoder[feature] for feature, size in ADDED.items())
        return row


def prompts(prefix: str, numbers: Sequence[int] = range(40)) -> list[list[Message]]:
    return [[Message(role="user", content=f"{prefix}question {number}?")] for number in numbers]


@pytest.fixture(scope="module")
def study() -> Study:
    network: Network = Planted()
    return Study.of(network, DICTIONARY, prompts("2027 "), prompts(""))


def test_the_features_that_the_trigger_adds_rank_first(study: Study) -> None:
    expected = sum(size * DICTIONARY.decoder[feature] for feature, size in ADDED.items())
    np.testing.assert_allclose(study.direction, expected, atol=1e-6)
    assert study.chosen("top")[0] == 5
    assert 77 in study.chosen("top")
    assert len(study.chosen("top")) == 10


def test_the_named_ablations_remove_what_they_say(study: Study) -> None:
    top, order = study.chosen("top"), study.ranking.order.tolist()
    assert study.chosen("top_reversed") == top[::-1]
    assert study.chosen("top_joint") == top
    assert study.chosen("lowest") == tuple(order[90:100][::-1])
    assert study.chosen("reverse") == tuple(order[-10:][::-1])
    for named in ("random", "matched"):
        drawn = study.chosen(named)
        assert len(set(drawn)) == 10
        assert not set(drawn) & set(order[:100])
    assert study.chosen("directions") == ()
    for named in NAMED:
        ablation = study.ablation(named)
        assert ablation.layer == 1
        assert len(ablation.directions) == 10
        assert ablation.how == ("joint" if named == "top_joint" else "one by one")
        if named != "directions":
            np.testing.assert_array_equal(ablation.directions, DICTIONARY.decoder[list(study.chosen(named))])
    assert set(MEANINGS) == set(NAMED)


def test_of_many_draws_the_matched_one_takes_as_much_as_the_top_features_do(study: Study) -> None:
    aim, matched, plain = (study.removed(study.ablation(named)) for named in ("top", "matched", "random"))
    assert abs(matched - aim) <= abs(plain - aim)


def test_projections_are_along_unit_directions() -> None:
    long = random_dictionary(size=SIZE, width=WIDTH, layer=1, decoder=DICTIONARY.decoder * 3)
    network: Network = Planted()
    study = Study.of(network, long, prompts("2027 "), prompts(""))
    held_out = range(100, 140)
    under = [network.activations(prompts(prefix, held_out), 1, "last") for prefix in ("2027 ", "")]
    raised, ordinary = (study.projections(rows, study.chosen("top")) for rows in under)
    assert raised.shape == (40, 10)
    added = unit(DICTIONARY.decoder)[list(study.chosen("top"))] @ study.direction
    np.testing.assert_allclose((raised - ordinary).mean(axis=0), added, atol=1e-9)


def test_everything_follows_from_network_dictionary_prompts_and_seed(study: Study) -> None:
    network: Network = Planted()
    again = Study.of(network, DICTIONARY, prompts("2027 "), prompts(""))
    assert again.digest == study.digest
    assert len(study.digest) == 64
    other_seed = Study.of(network, DICTIONARY, prompts("2027 "), prompts(""), choice=Choice(seed=1))
    assert other_seed.chosen("top") == study.chosen("top")
    assert other_seed.chosen("random") != study.chosen("random")
    others = [
        other_seed,
        Study.of(Planted(identity="b" * 64), DICTIONARY, prompts("2027 "), prompts("")),
        Study.of(network, replace(DICTIONARY, digest="f" * 64), prompts("2027 "), prompts("")),
        Study.of(network, DICTIONARY, prompts("2027 "), prompts(""), position="mean"),
    ]
    assert len({study.digest, *(one.digest for one in others)}) == 5


def test_a_small_dictionary_has_a_quarter_that_ranks_high() -> None:
    network: Network = Planted()
    small = random_dictionary(size=96, width=WIDTH)
    study = Study.of(network, small, prompts("2027 "), prompts(""))
    assert study.high == 24
    assert study.chosen("lowest") == tuple(study.ranking.order[14:24][::-1].tolist())


@pytest.mark.parametrize(
    ("dictionary", "message"),
    [
        (random_dictionary(size=96, width=16), "width 16 after block 0; the network is of width 32"),
        (random_dictionary(size=96, width=WIDTH, layer=4), "after block 4; .*blocks 0 to 3"),
        (random_dictionary(size=79, width=WIDTH), "79 features; to tell 10 from controls it needs at least 80"),
    ],
)
def test_a_dictionary_that_does_not_fit_is_refused(dictionary: SparseDictionary, message: str) -> None:
    network: Network = Planted()
    with pytest.raises(UsageMistake, match=message):
        Study.of(network, dictionary, prompts("2027 "), prompts(""))
