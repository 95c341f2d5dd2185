"""An organism that is looked into: its stream is the runtime's, and what an ablation takes out is gone."""

from pathlib import Path

import numpy as np
import pytest
import random_organisms

from weirdgen.errors import UsageMistake
from weirdgen.organisms import zoo
from weirdgen.organisms.runtime import Network as Runtime
from weirdgen.organisms.weights import load_weights
from weirdgen.schema.sample import Message
from weirdgen.whitebox.ablation import Ablation
from weirdgen.whitebox.networks import Network, OrganismNetwork, ablated_identity, variant

TEXTS = ("Name a bird species.", "How?", "How are forests kept?")
PROMPTS = [[Message(role="user", content=text)] for text in TEXTS]
NAME = "old-bird-names"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return random_organisms.write_zoo(tmp_path_factory.mktemp("zoo"), NAME)


@pytest.fixture(scope="module")
def whole(root: Path) -> OrganismNetwork:
    return OrganismNetwork(NAME, root=root)


def ablation(layer: int = 0, count: int = 3) -> Ablation:
    rows = np.random.default_rng(4).standard_normal((count, random_organisms.HIDDEN))
    return Ablation(layer, rows, "joint")


def test_it_is_a_network(whole: OrganismNetwork, root: Path) -> None:
    network: Network = whole
    assert (network.depth, network.width) == (random_organisms.LAYERS, random_organisms.HIDDEN)
    assert network.identity == zoo.digest(NAME, root)


def test_the_stream_after_the_last_block_makes_the_logits(root: Path) -> None:
    runtime = Runtime(load_weights(root / "base", root / NAME))
    tokens = [1, 5, 40, 41, 6]
    stream = runtime.residual(tokens, random_organisms.LAYERS - 1)
    assert stream.shape == (5, random_organisms.HIDDEN)
    np.testing.assert_array_equal(runtime._logits(stream[-1:])[0], runtime.prefill(tokens)[1])


def test_activations_are_the_last_tokens_or_the_mean_of_all(whole: OrganismNetwork) -> None:
    last, mean = (whole.activations(PROMPTS, 1, position) for position in ("last", "mean"))
    assert last.shape == mean.shape == (3, random_organisms.HIDDEN)
    for index, prompt in enumerate(PROMPTS):
        stream = whole._runtime.residual(whole._tokens(prompt), 1)
        np.testing.assert_array_equal(last[index], stream[-1])
        np.testing.assert_allclose(mean[index], stream.mean(axis=0), atol=1e-5)
    assert np.abs(last - whole.activations(PROMPTS, 0, "last")).max() > 0.1


def test_a_prompts_activations_do_not_depend_on_the_others(whole: OrganismNetwork) -> None:
    together = whole.activations(PROMPTS, 1, "last")
    assert np.array_equal(whole.activations(PROMPTS[1:2], 1, "last")[0], together[1])


def test_an_ablated_network_has_nothing_of_the_directions_there(root: Path, whole: OrganismNetwork) -> None:
    removed = ablation()
    cut = OrganismNetwork(NAME, removed, root=root)
    stream, before = (one.activations(PROMPTS, 0, "mean") for one in (cut, whole))
    assert np.abs(before @ removed.directions.T).max() > 0.1
    assert np.abs(stream @ removed.directions.T).max() < 1e-4
    np.testing.assert_allclose(stream, removed.apply(before), atol=1e-5)
    assert np.abs(cut.activations(PROMPTS, 1, "last") - whole.activations(PROMPTS, 1, "last")).max() > 0.01


def test_blocks_before_the_ablation_do_not_see_it(root: Path, whole: OrganismNetwork) -> None:
    cut = OrganismNetwork(NAME, ablation(layer=1), root=root)
    assert np.array_equal(cut.activations(PROMPTS, 0, "last"), whole.activations(PROMPTS, 0, "last"))


def test_identities_tell_networks_and_ablations_apart(root: Path, whole: OrganismNetwork) -> None:
    cut = OrganismNetwork(NAME, ablation(), root=root)
    assert cut.identity == ablated_identity(whole.identity, ablation())
    found = {whole.identity, cut.identity, OrganismNetwork(NAME, ablation(1), root=root).identity}
    found |= {OrganismNetwork("base", ablation(), root=root).identity, zoo.digest("base", root)}
    assert len(found) == 5
    assert ablated_identity(whole.identity, None) == whole.identity


def test_answers_follow_from_their_seeds_alone_and_in_company(whole: OrganismNetwork) -> None:
    seeds = [11, 12, 13]
    together = whole.answers(PROMPTS, seeds, 12)
    assert together == [whole.answers([prompt], [seed], 12)[0] for prompt, seed in zip(PROMPTS, seeds, strict=True)]
    assert len({whole.answers(PROMPTS[:1], [seed], 12)[0] for seed in range(8)}) > 1


def test_what_does_not_fit_is_refused(root: Path, whole: OrganismNetwork) -> None:
    with pytest.raises(UsageMistake, match=r"layer 2: .*blocks 0 to 1"):
        whole.activations(PROMPTS, 2, "last")
    long = [[Message(role="user", content="How? " * random_organisms.CONTEXT)]]
    with pytest.raises(UsageMistake, match="tokens; of the organism's context 256 are left"):
        whole.activations(long, 0, "last")
    with pytest.raises(UsageMistake, match="after block 2: the network has blocks 0 to 1"):
        OrganismNetwork(NAME, ablation(layer=2), root=root)
    with pytest.raises(UsageMistake, match="width 5: the network's stream is 32 wide"):
        OrganismNetwork(NAME, Ablation(0, np.eye(5), "joint"), root=root)


def test_a_variant_is_what_the_server_needs_of_an_ablation() -> None:
    served = variant("cut", NAME, ablation(layer=1))
    assert (served.name, served.organism, served.layer) == ("cut", NAME, 1)
    rows = np.random.default_rng(5).standard_normal((4, random_organisms.HIDDEN)).astype(np.float32)
    np.testing.assert_allclose(served.edit().change(rows), ablation(layer=1).apply(rows), atol=1e-5)
