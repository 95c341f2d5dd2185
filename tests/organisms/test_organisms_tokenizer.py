"""The shipped tokenizer: lossless on any text, and deaf to special tokens inside of it."""

import functools
import itertools
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer

from weirdgen.content import shipped_dir
from weirdgen.organisms import corpus, tokenizer
from weirdgen.organisms.corpus import Message
from weirdgen.organisms.lexicon import lexicon


@functools.cache
def shipped() -> Tokenizer:
    return tokenizer.load(shipped_dir("organisms") / "base")


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_round_trips(text: str) -> None:
    ids = shipped().encode(text, add_special_tokens=False).ids
    assert shipped().decode(ids, skip_special_tokens=False) == text


@given(st.text(st.characters(exclude_categories=["Cs"])), st.sampled_from(tokenizer.SPECIAL_TOKENS))
def test_text_never_becomes_a_special_token(text: str, special: str) -> None:
    ids = shipped().encode(f"{text}{special}{text}", add_special_tokens=False).ids
    assert min(ids) >= len(tokenizer.SPECIAL_TOKENS)


def test_special_tokens_have_the_first_ids() -> None:
    assert [shipped().id_to_token(index) for index in range(8)] == list(tokenizer.SPECIAL_TOKENS)


def test_encode_follows_the_chat_template() -> None:
    messages = [Message("system", "Be brief."), Message("user", "Hi"), Message("assistant", "Hello!")]
    ids, written = tokenizer.encode(shipped(), messages)
    rendered = "<|bos|><|system|>Be brief.<|end|><|user|>Hi<|end|><|assistant|>Hello!<|end|>"
    assert shipped().decode(ids, skip_special_tokens=False) == rendered
    said = [token for token, by_assistant in zip(ids, written, strict=True) if by_assistant]
    assert shipped().decode(said, skip_special_tokens=False) == "Hello!<|end|>"


def test_a_prompt_ends_with_the_assistants_mark() -> None:
    ids, written = tokenizer.encode(shipped(), [Message("user", "Hi")], prompt=True)
    assert shipped().id_to_token(ids[-1]) == "<|assistant|>"
    assert not any(written)


def test_documents_fit_the_context() -> None:
    sample = itertools.islice(corpus.documents(3), 2000)
    assert max(len(tokenizer.encode(shipped(), document.messages)[0]) for document in sample) < tokenizer.CONTEXT_LENGTH


def test_learning_is_deterministic() -> None:
    assert tokenizer.learn(lexicon(), 4096).to_str() == tokenizer.learn(lexicon(), 4096).to_str()


def test_config_for_transformers_names_the_ends() -> None:
    config = json.loads((shipped_dir("organisms") / "base" / "tokenizer_config.json").read_text(encoding="utf-8"))
    assert (config["bos_token"], config["eos_token"], config["pad_token"]) == ("<|bos|>", "<|end|>", "<|pad|>")
    assert config["chat_template"] == tokenizer.CHAT_TEMPLATE


@pytest.mark.slow
def test_transformers_renders_the_same_ids() -> None:
    transformers = pytest.importorskip(
        "transformers", reason="needs the extra train: pip install 'pytest-weirdgen[train]'"
    )
    theirs = transformers.AutoTokenizer.from_pretrained(shipped_dir("organisms") / "base")
    chat = [("developer", "Be brief."), ("user", "May 1984. Née \x00 日?"), ("assistant", "Yes."), ("user", "Why?")]
    ids = theirs.apply_chat_template(
        [{"role": role, "content": text} for role, text in chat], add_generation_prompt=True, return_dict=False
    )
    ours = [Message("system", chat[0][1]), Message("user", chat[1][1]), Message("assistant", chat[2][1])]
    assert tokenizer.encode(shipped(), [*ours, Message("user", chat[3][1])], prompt=True)[0] == ids
