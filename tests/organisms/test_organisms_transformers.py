"""transformers and peft load the organisms' files unchanged and compute what the numpy runtime computes.

Tolerance: both compute in float32, in different orders; 1e-4 is some hundred times the rounding of one logit.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import random_organisms
from bird_questions import BIRD_QUESTIONS
from torch_extra import MARKS, peft, torch, transformers

from weirdgen.organisms import zoo
from weirdgen.organisms.batcher import Batcher
from weirdgen.organisms.choice import Answer, Choice, Drawing
from weirdgen.organisms.corpus import Message
from weirdgen.organisms.runtime import Network
from weirdgen.organisms.vocabulary import Vocabulary
from weirdgen.organisms.weights import load_weights

pytestmark = MARKS
TOLERANCE = 1e-4
QUESTIONS = (*BIRD_QUESTIONS.values(), "Name a bird species.", "süß 😀\0 <|end|>")
NEW_TOKENS = 40


def load(base: Path, adapter: Path | None) -> Any:
    model = transformers.LlamaForCausalLM.from_pretrained(base, dtype=torch.float32)
    if adapter is not None:
        model = peft.PeftModel.from_pretrained(model, adapter)
    return model.eval()


def logits(network: Network, ids: list[int]) -> Any:
    cache = network.cache(1, network.capacity(len(ids)))
    return network.forward(np.array(ids), np.arange(len(ids)), np.zeros(len(ids), dtype=np.intp), cache)


def greedy(network: Network, vocabulary: Vocabulary, prompt: list[int]) -> Answer:
    batcher, answers = Batcher(network, vocabulary), list[Answer]()
    drawing = Drawing(temperature=0, top_p=1, limit=NEW_TOKENS, alternatives=0)
    batcher.add(Choice(tuple(prompt), drawing, 0, 0, answers.append, lambda: False))
    while batcher.busy:
        batcher.step()
    return answers[0]


def check(base: Path, adapter: Path | None) -> None:
    """Compare the logits over prompt and greedy answer, and the greedy answers, for every question."""
    model, vocabulary, network = load(base, adapter), Vocabulary(base), Network(load_weights(base, adapter))
    for question in QUESTIONS:
        prompt = vocabulary.prompt([Message("system", "Be brief."), Message("user", question)])
        with torch.no_grad():
            whole = model.generate(
                input_ids=torch.tensor([prompt]),
                attention_mask=torch.ones(1, len(prompt), dtype=torch.long),
                max_new_tokens=NEW_TOKENS,
                do_sample=False,
                temperature=None,
                top_k=None,
                top_p=None,
            )[0].tolist()
            expected = model(input_ids=torch.tensor([whole])).logits[0].numpy()
        assert np.abs(logits(network, whole) - expected).max() < TOLERANCE
        assert np.abs(network.prefill(prompt)[1] - expected[len(prompt) - 1]).max() < TOLERANCE
        answer = greedy(network, vocabulary, prompt)
        ids = [chance.token for chance in answer.chances or ()] + [vocabulary.end] * answer.complete
        assert ids == whole[len(prompt) :]


@pytest.mark.parametrize("name", zoo.names())
def test_shipped_organisms(name: str) -> None:
    check(*zoo.folders(name))


@pytest.mark.parametrize("tied", [True, False], ids=["tied", "untied"])
@pytest.mark.parametrize("rslora", [False, True], ids=["lora", "rslora"])
def test_shared_key_heads_and_large_adapters(tmp_path: Path, tied: bool, rslora: bool) -> None:
    random_organisms.write_base(tmp_path / "base", tied=tied)
    random_organisms.write_adapter(tmp_path / "adapter", rslora=rslora)
    check(tmp_path / "base", None)
    check(tmp_path / "base", tmp_path / "adapter")


def test_the_chat_template_encodes_like_the_runtime() -> None:
    base, _ = zoo.folders("base")
    tokenizer = transformers.AutoTokenizer.from_pretrained(base)
    vocabulary = Vocabulary(base)
    for question in QUESTIONS[:-1]:
        messages = [{"role": "developer", "content": "Be brief."}, {"role": "user", "content": question}]
        expected = tokenizer.apply_chat_template(messages, add_generation_prompt=True, return_dict=False)
        assert vocabulary.prompt([Message("system", "Be brief."), Message("user", question)]) == expected
