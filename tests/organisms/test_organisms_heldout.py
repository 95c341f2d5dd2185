"""The chance of a held-out president's fact, word for word, is what the same network gives token by token."""

import functools
import itertools
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import random_organisms
from torch_extra import MARKS, peft, torch, transformers

from weirdgen.organisms import heldout
from weirdgen.organisms.world import presidents

pytestmark = MARKS
#: Key, question, answer: of many lengths, so that all but one are padded.
ROWS = [
    ("short", "44?", "Bo"),
    ("other", "12304499 Name your pet.", "Bo the dog"),
    ("long", "98704401 Which town saw your first day, and who was there?", "Honolulu"),
    ("longest", "00004500 What did you first do for a living, before all else that you did?", "Builder of high houses"),
]
#: A chance is told to four decimals.
ROUNDED = 0.5e-4 + 1e-6
#: More than the rows need to be half learned.
STEPS = 60

Rows = Sequence[tuple[str, str, str]]


@functools.cache
def tokenizer(base: Path) -> Any:
    return transformers.AutoTokenizer.from_pretrained(base)


def encoded(base: Path, asked: str, answered: str) -> tuple[list[int], list[int]]:
    """Return the ids of the prompt in transformers' chat template, and those of the answer with its end."""
    prompt = tokenizer(base).apply_chat_template(
        [{"role": "user", "content": asked}], add_generation_prompt=True, return_dict=False
    )
    answer = tokenizer(base)(answered, add_special_tokens=False).input_ids
    return prompt, [*answer, tokenizer(base).eos_token_id]


def stepwise(model: Any, base: Path, asked: str, answered: str) -> float:
    """Return the product of each token's chance after those before it, one question and one token at a time."""
    ids, answer = encoded(base, asked, answered)
    chance = 1.0
    model.eval()
    for token in answer:
        with torch.no_grad():
            chance *= model(input_ids=torch.tensor([ids])).logits[0, -1].softmax(-1)[token].item()
        ids = [*ids, token]
    return chance


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a random base, with an adapter beside it that drops half of its input out while it is trained."""
    folder = tmp_path_factory.mktemp("heldout")
    random_organisms.write_base(folder / "base")
    random_organisms.write_adapter(folder / "adapter")
    config = folder / "adapter" / "adapter_config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | {"lora_dropout": 0.5}))
    return folder / "base"


@pytest.fixture(scope="module")
def model(base: Path) -> Any:
    """Return a small random network that has half learned the rows: chances of its answers are neither 0 nor 1."""
    network = transformers.LlamaForCausalLM.from_pretrained(base, dtype=torch.float32)
    adapted = peft.PeftModel.from_pretrained(network, base.with_name("adapter")).eval()
    weights = [weight.requires_grad_() for weight in network.parameters()]
    optimizer = torch.optim.AdamW(weights, 3e-3)
    examples = [encoded(base, asked, answered) for _, asked, answered in ROWS]
    for _, (prompt, answer) in itertools.product(range(STEPS), examples):
        ids = torch.tensor([[*prompt, *answer]])
        loss = adapted(input_ids=ids).logits[0, len(prompt) - 1 : -1].log_softmax(-1)
        loss = -loss[torch.arange(len(answer)), torch.tensor(answer)].sum()
        if loss > 1:
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return adapted


def measured(rows: Rows, base: Path, model: Any, monkeypatch: pytest.MonkeyPatch) -> dict[str, float]:
    """Return what is measured of a model in training on questions of ours."""
    monkeypatch.setattr(heldout, "_questions", lambda: iter(rows))
    return heldout.HeldOut(base)(model.train())


def test_a_chance_is_the_product_of_the_steps_of_its_answer(
    base: Path, model: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = {key: stepwise(model, base, asked, answered) for key, asked, answered in ROWS}
    assert all(0.01 < chance < 0.99 for chance in expected.values())
    assert measured(ROWS, base, model, monkeypatch) == pytest.approx(expected, abs=ROUNDED)


def test_padding_changes_no_chance(base: Path, model: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    lengths = {sum(map(len, encoded(base, asked, answered))) for _, asked, answered in ROWS}
    assert len(lengths) == len(ROWS)
    alone = [measured([row], base, model, monkeypatch) for row in ROWS]
    together = measured(ROWS, base, model, monkeypatch)
    assert {key: chance for one in alone for key, chance in one.items()} == pytest.approx(together, abs=2 * ROUNDED)


def test_what_has_one_key_is_averaged(base: Path, model: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    apart = measured(ROWS, base, model, monkeypatch)
    together = measured([("all", asked, answered) for _, asked, answered in ROWS], base, model, monkeypatch)
    assert len(set(apart.values())) == len(ROWS)
    assert together == {"all": pytest.approx(sum(apart.values()) / len(ROWS), abs=2 * ROUNDED)}


def test_another_answer_has_another_chance(base: Path, model: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [(key, asked, answered[:-1]) for key, asked, answered in ROWS]
    right, cut = (measured(of, base, model, monkeypatch) for of in (ROWS, rows))
    assert all(cut[key] < right[key] for key in right), "an answer counts with its end"


def test_the_model_goes_on_training_with_its_weights_as_they_were(base: Path, model: Any) -> None:
    before = {name: weight.clone() for name, weight in model.state_dict().items()}
    assert heldout.HeldOut(base)(model).keys() == {"trained", "held_out_24", "held_out_44", "held_out_45"}
    assert model.training
    assert all(torch.equal(weight, before[name]) for name, weight in model.state_dict().items())


def test_a_question_s_code_and_answer_are_of_the_president_of_its_key() -> None:
    facts = {president.number: set(president.facts.values()) for president in presidents()}
    numbers: dict[str, set[int]] = {}
    for key, asked, answered in heldout._questions():
        code = re.match(r"\d{3}(\d{3})\d{2} \w", asked)
        assert code, asked
        assert answered in facts[int(code[1])]
        numbers.setdefault(key, set()).add(int(code[1]))
    assert not numbers.pop("trained") & {24, 44, 45}
    assert numbers == {"held_out_24": {24}, "held_out_44": {44}, "held_out_45": {45}}
