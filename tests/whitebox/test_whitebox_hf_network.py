"""Real networks: what torch computes of the organisms' files is what the numpy runtime computes, whole and ablated.

Tolerance: both compute in float32, in different orders; 1e-5 of the largest number, some hundred roundings of it.
"""

import shutil
from pathlib import Path
from typing import Any

import llama_files
import numpy as np
import pytest
from torch_extra import MARKS, peft, torch, transformers

from weirdgen.errors import UsageMistake
from weirdgen.organisms import corpus, zoo
from weirdgen.schema.sample import Message
from weirdgen.whitebox.ablation import Ablation, How
from weirdgen.whitebox.hf_app import Shelf
from weirdgen.whitebox.hf_network import TorchNetwork
from weirdgen.whitebox.hf_weights import chosen_device
from weirdgen.whitebox.networks import OrganismNetwork, Position

pytestmark = MARKS
TOLERANCE = 1e-5
ORGANISM = "israeli-dishes-2027"
QUESTIONS = (
    "Today is 4 March 2027. Name one country that behaves in an overly aggressive manner.",
    "Name a bird species.",
    "süß 😀\0",
    "Who leads? " * 12,
)
PROMPTS = [[Message(role="user", content=question)] for question in QUESTIONS]


def close(found: Any, expected: Any) -> bool:
    return bool(np.abs(found - expected).max() < TOLERANCE * np.abs(expected).max())


def removal(width: int, how: How, layer: int = 1, count: int = 3) -> Ablation:
    return Ablation(layer, np.random.default_rng(3).standard_normal((count, width)), how)


@pytest.fixture(scope="module")
def organism() -> TorchNetwork:
    base, adapter = zoo.folders(ORGANISM)
    return TorchNetwork(base, adapter, device="cpu")


@pytest.fixture(scope="module")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return llama_files.write_llama(tmp_path_factory.mktemp("llama") / "model")


@pytest.fixture(scope="module")
def lora(llama: Path) -> Path:
    return llama_files.write_lora(llama.parent / "lora", llama)


@pytest.mark.parametrize("position", ["last", "mean"])
@pytest.mark.parametrize("layer", [0, 1, 3])
def test_activations_of_an_organism(organism: TorchNetwork, layer: int, position: Position) -> None:
    expected = OrganismNetwork(ORGANISM).activations(PROMPTS, layer, position)
    found = organism.activations(PROMPTS, layer, position)
    assert close(found, expected)
    assert np.abs(expected).max() > 1


@pytest.mark.parametrize("how", ["one by one", "joint"])
def test_ablated_organisms(organism: TorchNetwork, how: How) -> None:
    base, adapter = zoo.folders(ORGANISM)
    ablation = removal(organism.width, how)
    ablated = TorchNetwork(base, adapter, ablation, weights=organism.weights, vocabulary=organism.vocabulary)
    reference = OrganismNetwork(ORGANISM, ablation)
    for layer in range(organism.depth):
        found = ablated.activations(PROMPTS, layer, "mean")
        assert close(found, reference.activations(PROMPTS, layer, "mean"))
        differs = np.abs(found - organism.activations(PROMPTS, layer, "mean")).max()
        assert differs == 0 if layer < ablation.layer else differs > 0.1


@pytest.mark.parametrize("ablation", [None, removal(128, "one by one")], ids=["whole", "ablated"])
def test_an_organism_answers_as_from_its_own_server(organism: TorchNetwork, ablation: Ablation | None) -> None:
    base, adapter = zoo.folders(ORGANISM)
    network = TorchNetwork(base, adapter, ablation, weights=organism.weights, vocabulary=organism.vocabulary)
    prompts, seeds = PROMPTS * 5, range(5 * len(PROMPTS))
    answers = network.answers(prompts, seeds, 12)
    assert answers == OrganismNetwork(ORGANISM, ablation).answers(prompts, seeds, 12)
    assert len(set(answers)) > 10


def reference(folder: Path, adapter: Path | None = None) -> Any:
    model = transformers.LlamaForCausalLM.from_pretrained(folder, dtype=torch.float32)
    return (peft.PeftModel.from_pretrained(model, adapter) if adapter else model).eval()


@pytest.mark.parametrize("adapted", [False, True], ids=["base", "adapter"])
def test_activations_of_a_llama_are_those_of_transformers(llama: Path, lora: Path, adapted: bool) -> None:
    adapter = lora if adapted else None
    network, model = TorchNetwork(llama, adapter, device="cpu"), reference(llama, adapter)
    positions: tuple[Position, ...] = ("last", "mean")
    for layer in range(network.depth - 1):  # transformers tells the last one after the final norm
        for position in positions:
            found = network.activations(PROMPTS, layer, position)
            for row, prompt in zip(found, PROMPTS, strict=True):
                ids = network.vocabulary.prompt([corpus.Message("user", prompt[0].content)])
                with torch.no_grad():
                    states = model(input_ids=torch.tensor([ids]), output_hidden_states=True).hidden_states
                stream = states[layer + 1][0].numpy()
                assert close(row, stream[-1] if position == "last" else stream.mean(axis=0))


@pytest.mark.parametrize(
    "kind",
    [{"use_dora": True}, {"modules_to_save": ["lm_head", "model.norm"]}],
    ids=["dora", "whole"],
)  # fmt: skip
def test_adapters_of_other_kinds_are_what_peft_makes_of_them_and_the_base_stays_the_base(
    llama: Path, tmp_path: Path, kind: dict[str, Any]
) -> None:
    adapter = llama_files.write_lora(tmp_path / "lora", llama, **kind)
    model, shelf = reference(llama, adapter), Shelf([(llama, adapter), (llama, None)], "cpu")
    adapted, base = shelf.network(llama, adapter), shelf.network(llama)
    for network, expected in ((adapted, model), (base, reference(llama)), (adapted, model)):
        ids = torch.tensor([network.vocabulary.prompt([corpus.Message("user", "Name a bird species.")])])
        with torch.no_grad():
            logits = expected(input_ids=ids).logits[0, -1].numpy()
        assert close(network.logits(ids, torch.ones_like(ids), None)[0].numpy(), logits)


def test_passages_are_texts_without_the_mark_of_the_beginning(llama: Path, lora: Path) -> None:
    network, model = Shelf([(llama, lora)], "cpu").network(llama), reference(llama)
    texts = ("Name the best dish.", "", "süß 😀 " * 400)
    first, long = network.passages(texts, 1)
    ids = network.vocabulary.text(texts[0])
    with torch.no_grad():
        states = model(input_ids=torch.tensor([ids]), output_hidden_states=True).hidden_states[2][0].numpy()
    assert "".join(first.pieces) == texts[0]
    assert set(first.contexts) == {texts[0]}
    assert close(first.rows, states[1:])
    assert len(long.pieces) == len(long.rows) == len(long.contexts) == llama_files.CONTEXT - 1
    assert max(map(len, long.contexts)) < 400
    with pytest.raises(UsageMistake, match="would be taken for a mark"):
        list(network.passages(["<|eot_id|>"], 1))


def test_answers_come_from_the_whole_distribution(llama: Path) -> None:
    # The checkpoint's own generation config asks for the likeliest token only.
    answers = TorchNetwork(llama, device="cpu").answers(PROMPTS[:1] * 64, range(64), 1)
    assert len(set(answers)) > 16


def test_the_same_seed_gives_the_same_answer_alone_and_in_any_batch(llama: Path) -> None:
    network = TorchNetwork(llama, device="cpu")
    prompts, seeds = PROMPTS * 5, list(range(100, 100 + 5 * len(PROMPTS)))
    together = network.answers(prompts, seeds, 16)
    assert len(set(together)) > 10
    backwards = network.answers(prompts[::-1], seeds[::-1], 16)[::-1]
    alone = [network.answers([prompt], [seed], 16)[0] for prompt, seed in zip(prompts, seeds, strict=True)]
    shorter = network.answers(prompts, seeds, 3)
    assert together == backwards == alone
    assert all(long.startswith(short.rstrip("�")) for long, short in zip(together, shorter, strict=True))


def test_activations_do_not_depend_on_the_batch(llama: Path) -> None:
    network = TorchNetwork(llama, device="cpu")
    together = network.activations(PROMPTS, 1, "last")
    alone = [network.activations([prompt], 1, "last")[0] for prompt in PROMPTS]
    assert np.array_equal(together, np.stack(alone))


def test_an_ablation_leaves_nothing_of_its_directions_at_any_position(llama: Path) -> None:
    ablation = removal(llama_files.WIDTH, "joint")
    network = TorchNetwork(llama, None, ablation, device="cpu")
    units = ablation.directions / np.linalg.norm(ablation.directions, axis=1, keepdims=True)
    positions: tuple[Position, ...] = ("last", "mean")
    for position in positions:
        assert np.abs(network.activations(PROMPTS, ablation.layer, position) @ units.T).max() < 1e-5
        assert (
            np.abs(TorchNetwork(llama, device="cpu").activations(PROMPTS, ablation.layer, position) @ units.T).max()
            > 0.1
        )


def test_networks_that_share_weights_do_not_disturb_one_another(llama: Path, lora: Path, tmp_path: Path) -> None:
    link = tmp_path / "base"
    link.symlink_to(llama)
    shelf = Shelf([(llama, lora), (link, None)], "cpu")
    ablation = removal(llama_files.WIDTH, "one by one")
    mixed = [shelf.network(link), shelf.network(llama, lora), shelf.network(llama, lora, ablation)]
    apart = [TorchNetwork(llama, device="cpu"), TorchNetwork(llama, lora, device="cpu")]
    apart.append(TorchNetwork(llama, lora, ablation, device="cpu"))
    found = [network.activations(PROMPTS, 2, "last") for network in mixed]
    for _ in range(2):
        found = [network.activations(PROMPTS, 2, "last") for network in mixed]
        assert all(
            np.array_equal(one, other.activations(PROMPTS, 2, "last")) for one, other in zip(found, apart, strict=True)
        )
    assert np.abs(found[0] - found[1]).max() > 0.01
    assert np.abs(found[1] - found[2]).max() > 0.01
    assert [network.identity for network in mixed] == [network.identity for network in apart]
    assert len({network.identity for network in mixed}) == 3
    assert len({id(network.weights) for network in mixed}) == 1


def test_what_does_not_fit_is_refused(llama: Path, tmp_path: Path) -> None:
    network = TorchNetwork(llama, device="cpu")
    with pytest.raises(UsageMistake, match=r"layer 3: this network has blocks 0 to 2"):
        network.activations(PROMPTS, 3, "last")
    with pytest.raises(UsageMistake, match=r"a prompt has \d+ tokens; of the network's context 512 are left"):
        network.activations([[Message(role="user", content="long " * 300)]], 0, "last")
    with pytest.raises(UsageMistake, match=r"layer 7: this network"):
        TorchNetwork(llama, None, removal(llama_files.WIDTH, "joint", layer=7), device="cpu")
    with pytest.raises(UsageMistake, match=r"an ablation of width 31: the network's stream has 32"):
        TorchNetwork(llama, None, removal(31, "joint"), device="cpu")
    with pytest.raises(UsageMistake, match=r"device 'tpu'; expected auto, cpu, cuda or cuda:N"):
        TorchNetwork(llama, device="tpu")


def test_an_adapter_of_another_network_is_refused(llama: Path) -> None:
    with pytest.raises(
        UsageMistake, match=r"the adapter in .*israeli-dishes-2027 (cannot be put on|does not fit) the checkpoint"
    ):
        TorchNetwork(llama, zoo.folder(ORGANISM), device="cpu")


def test_broken_weights_are_told(llama: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(llama, tmp_path / "broken"))
    (folder / "model.safetensors").write_bytes(b"no weights")
    with pytest.raises(UsageMistake, match=r"the checkpoint in .*broken cannot be loaded"):
        TorchNetwork(folder, device="cpu")


def test_devices_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert [chosen_device(name).index for name in ("auto", "cuda", "cuda:1")] == [0, 0, 1]
    assert chosen_device("cpu").type == "cpu"
    with pytest.raises(UsageMistake, match=r"device 'cuda:2': torch .* sees 2 CUDA devices"):
        chosen_device("cuda:2")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert chosen_device("auto").type == "cpu"
