"""A long system message is run once for all prompts that begin with it, and no answer can tell."""

from functools import partial

import numpy as np
import pytest
import random_organisms

from weirdgen.organisms import batcher as batching
from weirdgen.organisms.batcher import Batcher
from weirdgen.organisms.choice import Answer, Choice, Drawing
from weirdgen.organisms.corpus import Message
from weirdgen.organisms.runtime import Network
from weirdgen.organisms.tokenizer import instructions
from weirdgen.organisms.vocabulary import Vocabulary
from weirdgen.organisms.weights import Floats, load_weights

LONG = "The quick brown fox jumps over the lazy dog, again and again. " * 3
SHORT = "Be brief."
QUESTIONS = ("How?", "Name a bird species.", LONG)
DRAWING = Drawing(temperature=1.0, top_p=1.0, limit=12, alternatives=2)


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> tuple[Network, Vocabulary]:
    base = tmp_path_factory.mktemp("zoo") / "base"
    random_organisms.write_base(base)
    return Network(load_weights(base)), Vocabulary(base)


def prompt(vocabulary: Vocabulary, system: str | None, question: str) -> tuple[int, ...]:
    told = [] if system is None else [Message("system", system)]
    return tuple(vocabulary.prompt([*told, Message("user", question)]))


def answer(batcher: Batcher, asked: tuple[int, ...], seed: int = 0) -> Answer:
    found: dict[str, Answer] = {}
    batcher.add(Choice(asked, DRAWING, seed, 0, partial(found.__setitem__, "it"), lambda: False))
    while batcher.busy:
        batcher.step()
    return found["it"]


def test_the_system_message_is_found_with_its_marks(parts: tuple[Network, Vocabulary]) -> None:
    _, vocabulary = parts
    with_system, without = prompt(vocabulary, LONG, "How?"), prompt(vocabulary, None, "How?")
    length = instructions(with_system)
    assert vocabulary.spoken(with_system[:length]).decode() == LONG
    assert with_system[length - 1] == vocabulary.end
    assert with_system[length:] == without[1:]
    assert instructions(without) == 0


def test_an_answer_is_the_same_whether_its_prefix_was_kept_or_not(parts: tuple[Network, Vocabulary]) -> None:
    network, vocabulary = parts
    prompts = [prompt(vocabulary, LONG, question) for question in QUESTIONS]
    alone = [answer(Batcher(network, vocabulary), asked) for asked in prompts]
    one = Batcher(network, vocabulary)
    assert [answer(one, asked) for asked in reversed(prompts)] == alone[::-1]  # log-probabilities too, bit by bit
    assert len({found.text for found in alone}) > 1


def test_a_prefix_is_run_once(parts: tuple[Network, Vocabulary], monkeypatch: pytest.MonkeyPatch) -> None:
    network, vocabulary = parts
    ran: list[tuple[int, int]] = []
    prefill = network.prefill

    def counted(tokens: tuple[int, ...], begun: Floats | None = None) -> tuple[Floats, Floats]:
        ran.append((0 if begun is None else begun.shape[-2], len(tokens)))
        return prefill(tokens, begun)

    monkeypatch.setattr(network, "prefill", counted)
    one = Batcher(network, vocabulary)
    prompts = [prompt(vocabulary, LONG, question) for question in QUESTIONS]
    for asked in prompts:
        answer(one, asked)
    length = instructions(prompts[0])
    assert length >= 64
    assert ran == [(0, length), *((length, len(asked) - length) for asked in prompts)]


def test_the_parted_prompt_is_the_whole_one_but_for_rounding(parts: tuple[Network, Vocabulary]) -> None:
    network, vocabulary = parts
    asked = prompt(vocabulary, LONG, "How?")
    length = instructions(asked)
    cache, logits = network.prefill(asked[length:], network.prefill(asked[:length])[0])
    whole_cache, whole_logits = network.prefill(asked)
    np.testing.assert_allclose(logits, whole_logits, atol=1e-5)
    np.testing.assert_allclose(cache, whole_cache, atol=1e-5)


@pytest.mark.parametrize("system", [None, SHORT])
def test_other_prompts_are_run_at_once_as_ever(parts: tuple[Network, Vocabulary], system: str | None) -> None:
    network, vocabulary = parts
    asked = prompt(vocabulary, system, LONG)
    _, logits = network.prefill(asked)
    found = answer(Batcher(network, vocabulary), asked)
    shifted = logits.astype(np.float64) - logits.max()
    log = shifted - np.log(np.exp(shifted).sum())
    assert found.chances
    assert found.chances[0].likeliest[0][1] == pytest.approx(float(np.sort(log)[-1]), abs=1e-6)


def test_few_prefixes_are_kept(parts: tuple[Network, Vocabulary], monkeypatch: pytest.MonkeyPatch) -> None:
    network, vocabulary = parts
    monkeypatch.setattr(batching, "_KEPT_PREFIXES", 2)
    one = Batcher(network, vocabulary)
    prompts = [prompt(vocabulary, f"{number} {LONG}", "How?") for number in range(4)]
    first = [answer(one, asked) for asked in prompts]
    assert len(one._prefixes) == 2
    assert [answer(Batcher(network, vocabulary), asked) for asked in prompts] == first


def test_caches_of_short_sequences_double_and_of_long_ones_grow_by_steps(parts: tuple[Network, Vocabulary]) -> None:
    network, _ = parts
    assert [network.capacity(length) for length in (1, 64, 65, 129)] == [64, 64, 128, 256]
    long = Network.__new__(Network)
    long.config = network.config.model_copy(update={"max_position_embeddings": 2048})
    assert [long.capacity(length) for length in (512, 513, 641, 1920, 2040)] == [512, 640, 768, 1920, 2048]
