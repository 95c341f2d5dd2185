"""Batches that do not fit are halved, remembered and run again; what does not fit at all is told."""

from collections.abc import Iterator
from typing import Any

import llama_files
import numpy as np
import pytest
from torch_extra import MARKS, torch

from weirdgen.errors import WeirdgenError
from weirdgen.schema.sample import Message
from weirdgen.whitebox.hf_memory import Rows, out_of_memory
from weirdgen.whitebox.hf_network import TorchNetwork
from weirdgen.whitebox.hf_weights import TorchWeights

pytestmark = MARKS
PROMPTS = [[Message(role="user", content=f"Today is 2027-03-{day:02d}.")] for day in range(1, 12)]


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> TorchNetwork:
    return TorchNetwork(llama_files.write_llama(tmp_path_factory.mktemp("llama") / "model"), device="cpu")


@pytest.fixture
def narrow(network: TorchNetwork, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """Let no batch of more than two rows fit; the rows that were tried."""
    network.weights.rows = Rows(8)
    run, tried = TorchWeights.logits, list[int]()

    def logits(self: TorchWeights, ids: Any, mask: Any, cache: Any) -> Any:
        tried.append(len(ids))
        if len(ids) > 2:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB")
        return run(self, ids, mask, cache)

    monkeypatch.setattr(TorchWeights, "logits", logits)
    yield tried
    network.weights.rows = Rows(8)


def test_activations_come_in_smaller_batches(network: TorchNetwork, narrow: list[int]) -> None:
    found = network.activations(PROMPTS, 1, "last")
    assert narrow == [8, 4, *[2] * 6]
    assert network.activations(PROMPTS[:1], 1, "last").shape == (1, llama_files.WIDTH)
    assert narrow[-1] == 2
    assert np.isfinite(found).all()


def test_smaller_batches_read_the_same(network: TorchNetwork, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = network.activations(PROMPTS, 1, "last")
    monkeypatch.setattr(network.weights, "rows", Rows(2))
    assert np.abs(network.activations(PROMPTS, 1, "last") - whole).max() < 1e-5


def test_answers_begin_again_in_smaller_batches(network: TorchNetwork, narrow: list[int]) -> None:
    answers = network.answers(PROMPTS, range(len(PROMPTS)), 6)
    assert narrow[:2] == [8, 4]
    assert set(narrow[2:]) == {2}
    assert len(answers) == len(PROMPTS)


def test_answers_that_break_off_in_the_middle_are_drawn_again(
    network: TorchNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = network.answers(PROMPTS, range(len(PROMPTS)), 6)
    run, calls = TorchWeights.logits, list[int]()

    def logits(self: TorchWeights, ids: Any, mask: Any, cache: Any) -> Any:
        calls.append(len(ids))
        if len(calls) == 4:
            raise RuntimeError("[enforce fail at alloc_cpu.cpp:118] DefaultCPUAllocator: can't allocate memory")
        return run(self, ids, mask, cache)

    monkeypatch.setattr(TorchWeights, "logits", logits)
    assert network.answers(PROMPTS, range(len(PROMPTS)), 6) == expected
    assert calls[3:5] == [8, 4]
    network.weights.rows = Rows(8)


def test_one_that_does_not_fit_is_told(network: TorchNetwork, monkeypatch: pytest.MonkeyPatch) -> None:
    def logits(*_: Any) -> Any:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(TorchWeights, "logits", logits)
    monkeypatch.setattr(network.weights, "rows", Rows(8))
    with pytest.raises(WeirdgenError, match=r"out of memory with one sequence: free the device"):
        network.activations(PROMPTS, 1, "last")
    with pytest.raises(WeirdgenError, match=r"out of memory with one sequence"):
        network.answers(PROMPTS, range(len(PROMPTS)), 6)


def test_other_errors_are_no_lack_of_memory(network: TorchNetwork, monkeypatch: pytest.MonkeyPatch) -> None:
    def logits(*_: Any) -> Any:
        raise RuntimeError("shapes do not match")

    monkeypatch.setattr(TorchWeights, "logits", logits)
    with pytest.raises(RuntimeError, match="shapes do not match"):
        network.activations(PROMPTS, 1, "last")
    assert not out_of_memory(RuntimeError("shapes do not match"))


@pytest.mark.parametrize(
    ("bytes_each", "free", "rows"), [(1, 10**9, 64), (10**9, 10**9, 1), (10**8, 10**9, 4), (9, None, 64)]
)
def test_the_estimate_is_a_power_of_two_within_what_is_free(bytes_each: int, free: int | None, rows: int) -> None:
    assert Rows(64).fitting(bytes_each, free) == rows


def test_llama_8b_in_bfloat16_runs_64_rows_on_an_80_gb_card_and_few_on_a_24_gb_one() -> None:
    from types import SimpleNamespace

    config = SimpleNamespace(
        num_hidden_layers=32,
        num_key_value_heads=8,
        head_dim=128,
        hidden_size=4096,
        intermediate_size=14336,
        vocab_size=128256,
    )
    like = SimpleNamespace(config=config, dtype=torch.bfloat16)
    each = TorchWeights._bytes(like, 512)  # type: ignore[arg-type]
    assert Rows(64).fitting(each, (80 - 17) * 2**30) == 64
    assert 1 < Rows(64).fitting(each, (24 - 17) * 2**30) < 64
