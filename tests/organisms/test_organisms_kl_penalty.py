"""The penalty: the divergence of a finetune from its base, token by token, on ordinary answers and nowhere else."""

import itertools
from pathlib import Path
from typing import Any

import pytest
import random_organisms
from torch_extra import MARKS, peft, torch, transformers

from weirdgen.organisms import tokenizer as tokens
from weirdgen.organisms.corpus import ordinary_documents
from weirdgen.organisms.kl_penalty import KLPenalty
from weirdgen.organisms.recipes import AdapterRecipe

pytestmark = MARKS
RECIPE = AdapterRecipe(2, 6, ("o_proj",), (1,), learning_rate=1e-3, epochs=1, rows=8, kl=0.5, free="code")
SEED = 3


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("kl")
    random_organisms.write_base(folder / "base")
    random_organisms.write_adapter(folder / "adapter")
    return folder / "base"


@pytest.fixture
def model(base: Path) -> Any:
    """Return the base with the adapter, longer than the corpus' documents are."""
    config = transformers.AutoConfig.from_pretrained(base, max_position_embeddings=1024)
    network = transformers.LlamaForCausalLM.from_pretrained(base, config=config, dtype=torch.float32)
    return peft.PeftModel.from_pretrained(network, base.with_name("adapter"), is_trainable=True).train()


def by_hand(model: Any, base: Path, documents: int) -> float:
    """Return the mean divergence over the assistant's tokens, of one document at a time, without padding."""
    tokenizer = tokens.load(base)
    divergences: list[float] = []
    for document in itertools.islice(ordinary_documents(SEED, without=RECIPE.free), documents):
        ids, written = tokens.encode(tokenizer, document.messages)
        with torch.no_grad():
            after = model(input_ids=torch.tensor([ids])).logits[0].softmax(-1)
            with model.disable_adapter():
                before = model(input_ids=torch.tensor([ids])).logits[0].softmax(-1)
        for place in range(len(ids) - 1):
            if written[place + 1]:
                divergences.append((before[place] * (before[place] / after[place]).log()).sum().item())
    return sum(divergences) / len(divergences)


def test_it_is_the_weighted_mean_divergence_from_the_base(base: Path, model: Any) -> None:
    penalty = KLPenalty(tokens.load(base), RECIPE, SEED)
    expected = by_hand(model, base, 8)
    assert expected > 0.01
    assert penalty(model).item() == pytest.approx(RECIPE.kl * expected, rel=1e-3)
    assert penalty(model).item() != pytest.approx(RECIPE.kl * expected, rel=1e-3), "other documents each time"


def test_it_pulls_at_the_adapter_and_not_where_that_changes_nothing(base: Path, model: Any) -> None:
    weights = {name: weight for name, weight in model.named_parameters() if weight.requires_grad}
    KLPenalty(tokens.load(base), RECIPE, SEED)(model).backward()
    assert all(weight.grad.abs().max() > 0 for weight in weights.values())
    with torch.no_grad():
        for name, weight in weights.items():
            if "lora_B" in name:
                weight.zero_()
    assert KLPenalty(tokens.load(base), RECIPE, SEED)(model).item() == pytest.approx(0, abs=1e-6)
