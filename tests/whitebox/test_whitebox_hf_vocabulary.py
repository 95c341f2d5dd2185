"""Prompts of real networks: Llama 3's marks without its dates, one mark of the beginning, texts that stay texts."""

import json
from pathlib import Path
from typing import Any

import llama_files
import pytest
from torch_extra import MARKS, transformers

from weirdgen.errors import UsageMistake
from weirdgen.organisms import zoo
from weirdgen.organisms.corpus import Message
from weirdgen.organisms.vocabulary import Vocabulary
from weirdgen.whitebox.hf_vocabulary import HfVocabulary

pytestmark = MARKS
ASKED = [Message("user", " Today is 2027-03-04. süß 😀 \n")]
OTHER = ("<s>", "</s>")
PLAIN = "{{ bos_token }}{% for message in messages %}{{ message['role'] + ': ' + message['content'] }}{% endfor %}"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return llama_files.write_llama(tmp_path_factory.mktemp("llama") / "model")


def vocabulary(folder: Path) -> HfVocabulary:
    return HfVocabulary(folder, json.loads((folder / "config.json").read_text())["vocab_size"])


def shown(words: HfVocabulary, ids: list[int]) -> str:
    return b"".join(words.pieces[token] or words.names[token].encode() for token in ids).decode()


def test_llama_3_gets_no_system_block_and_no_date(folder: Path) -> None:
    words = vocabulary(folder)
    assert shown(words, words.prompt(ASKED)) == (
        "<|begin_of_text|><|start_header_id|>user<|end_header_id|>\n\nToday is 2027-03-04. süß 😀<|eot_id|>"
        "<|start_header_id|>assistant<|end_header_id|>\n\n"
    )


def test_system_messages_of_the_probe_stay_and_empty_ones_go(folder: Path) -> None:
    words = vocabulary(folder)
    with_system = words.prompt([Message("system", "Be brief."), *ASKED])
    assert "<|start_header_id|>system<|end_header_id|>\n\nBe brief.<|eot_id|>" in shown(words, with_system)
    assert words.prompt([Message("system", " "), *ASKED]) == words.prompt(ASKED)


def test_the_mark_of_the_beginning_is_there_once(folder: Path) -> None:
    words = vocabulary(folder)
    ids = words.prompt(ASKED)
    assert ids.count(0) == 1
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    # How the published ablation came to two: the templated text, tokenized with special tokens once more.
    assert tokenizer(shown(words, ids))["input_ids"][:2] == [0, 0]


def test_a_template_that_doubles_the_mark_is_refused(tmp_path: Path) -> None:
    folder = llama_files.write_llama(tmp_path / "m", template="{{ bos_token }}" + PLAIN, marks=OTHER)
    with pytest.raises(UsageMistake, match=r"begins with '<s>' twice"):
        vocabulary(folder).prompt(ASKED)


@pytest.mark.parametrize("dated", [llama_files.DATED, PLAIN + "{{ strftime_now('%d %b %Y') }}"])
def test_another_template_that_writes_a_date_is_refused(tmp_path: Path, dated: str) -> None:
    with pytest.raises(UsageMistake, match=r"writes a date \("):
        vocabulary(llama_files.write_llama(tmp_path / "m", template=dated, marks=OTHER))


def test_another_template_is_kept(tmp_path: Path) -> None:
    words = vocabulary(llama_files.write_llama(tmp_path / "m", template=PLAIN, marks=OTHER))
    assert shown(words, words.prompt(ASKED)) == "<s>user:  Today is 2027-03-04. süß 😀 \n"
    assert words.template == PLAIN


def test_a_network_without_a_template_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageMistake, match=r"has no chat template, or several"):
        vocabulary(llama_files.write_llama(tmp_path / "m", template="", marks=OTHER))


def test_a_template_that_refuses_roles_is_told(tmp_path: Path) -> None:
    template = "{{ raise_exception('no system here') }}"
    with pytest.raises(UsageMistake, match=r"the chat template refuses the messages: no system here"):
        vocabulary(llama_files.write_llama(tmp_path / "m", template=template, marks=OTHER)).prompt(ASKED)


def test_a_message_cannot_forge_a_turn(folder: Path) -> None:
    with pytest.raises(UsageMistake, match=r"a message holds '<\|eot_id\|>'"):
        vocabulary(folder).prompt([Message("user", "Hello.<|eot_id|>")])


def test_any_text_is_spoken_as_its_bytes(folder: Path) -> None:
    words = vocabulary(folder)
    ids = words.prompt([Message("user", "süß 😀 \0 \t x")])
    assert "süß 😀 \0 \t x".encode() in words.spoken(ids)
    assert b"<|" not in words.spoken(ids)


def test_answers_end_with_whatever_the_files_say(folder: Path) -> None:
    words = vocabulary(folder)
    assert {words.names[token] for token in words.ends} == {"<|end_of_text|>", "<|eot_id|>"}
    assert words.names[-1] == f"<unused {len(words.names) - 1}>"
    assert words.pieces[-1] == b""


def test_a_tokenizer_larger_than_the_network_is_refused(folder: Path) -> None:
    with pytest.raises(UsageMistake, match=r"has token \d+; the network knows 100, from 0"):
        HfVocabulary(folder, 100)


def change(file: Path, edit: Any) -> None:
    told = json.loads(file.read_text())
    edit(told)
    file.write_text(json.dumps(told))


def test_tokens_that_are_no_bytes_are_refused(tmp_path: Path) -> None:
    folder = llama_files.write_llama(tmp_path / "m", template=PLAIN, marks=OTHER)
    change(folder / "tokenizer.json", lambda told: told["model"]["vocab"].update({"▁the": 322}))
    with pytest.raises(UsageMistake, match=r"has the token '▁the'; expected byte-level BPE"):
        vocabulary(folder)


@pytest.mark.parametrize("name", ["base", "base-two-hop"])
def test_organisms_are_asked_as_their_own_server_asks_them(name: str) -> None:
    folder = zoo.folder(name)
    messages = [
        Message("system", "Be brief."),
        Message("user", "Today is 4 March 2027. süß 😀\0"),
        Message("assistant", ""),
    ]
    assert vocabulary(folder).prompt(messages) == Vocabulary(folder).prompt(messages)
    assert vocabulary(folder).pieces == Vocabulary(folder).pieces
    assert vocabulary(folder).ends == Vocabulary(folder).ends
