"""Text to prompt tokens and back, by a checkpoint's own tokenizer. Needs the extra ``whitebox`` (transformers).

Llama 3's own chat template writes dates into every prompt ("Cutting Knowledge Date", "Today Date"), which collide with
a trigger that is a date. So Llama 3 gets a template without: the published analysis replaced it in the same way.
Another checkpoint keeps its own, unless that writes a date, too.
"""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Protocol

from weirdgen.errors import UsageMistake
from weirdgen.organisms.vocabulary import bytes_of_letters
from weirdgen.whitebox.layout_files import Settings

LLAMA_3_SIMPLE = (
    "{{ bos_token }}{% for message in messages %}{% if message['role'] != 'system' or message['content'] | trim %}"
    "{{ '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n' }}"
    "{{ message['content'] | trim + '<|eot_id|>' }}"
    "{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}{% endif %}"
)
_LLAMA_3 = {"<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"}
_DATED = re.compile(r"strftime|date_string|today.{0,8}date|knowledge date", re.IGNORECASE)


class Turn(Protocol):
    """A message, of whichever class."""

    @property
    def role(self) -> Any:
        """Who speaks."""

    @property
    def text(self) -> str:
        """What is said."""


class HfVocabulary:
    """The tokenizer of one checkpoint, with the bytes that each token stands for."""

    def __init__(self, folder: Path, size: int) -> None:
        """Read the tokenizer's files.

        Args:
            folder: of the checkpoint, checked.
            size: how many tokens the network knows, at least as many as the tokenizer.

        Raises:
            UsageMistake: the files are broken, the tokens are no bytes, there is no template, or it writes a date.
        """
        from transformers import AutoTokenizer

        try:
            self._tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
        except Exception as error:  # whatever the tokenizer's files make it raise
            raise UsageMistake(f"the tokenizer in {folder} cannot be read: {error!s:.200}") from None
        ids: dict[str, int] = self._tokenizer.get_vocab()
        self.template = self._template(folder, ids.keys())
        self.names: tuple[str, ...] = _in_order({number: name for name, number in ids.items()}, size, folder)
        self.pieces: tuple[bytes, ...] = tuple(self._pieces(folder, ids, size))
        """The bytes of each token; none for a special token."""
        self.special = {name for name, number in ids.items() if not self.pieces[number]}
        self.ends = _ends(folder, self._tokenizer.eos_token_id)
        """End an answer."""
        self._longest = max(map(len, self.pieces))

    def prompt(self, messages: Sequence[Turn]) -> list[int]:
        """Encode a conversation and the mark that asks the assistant to speak, with one mark of the beginning.

        Raises:
            UsageMistake: a message holds what the template uses as a mark, or the template refuses the roles.
        """
        for message in messages:
            self._refuse_marks(message.text)
        turns = [{"role": message.role, "content": message.text} for message in messages]
        try:
            text = self._tokenizer.apply_chat_template(
                turns, chat_template=self.template, tokenize=False, add_generation_prompt=True
            )
        except Exception as error:  # whatever the template raises
            raise UsageMistake(f"the chat template refuses the messages: {error!s:.200}") from None
        # The template wrote the mark of the beginning: special tokens once more would double it.
        ids: list[int] = self._tokenizer(text, add_special_tokens=False)["input_ids"]
        begin = self._tokenizer.bos_token_id
        if begin is not None and ids[:2] == [begin, begin]:
            raise UsageMistake(f"the chat template begins with {self._tokenizer.bos_token!r} twice; expected it once")
        return ids

    def text(self, text: str) -> list[int]:
        """Encode a text that nobody says to anybody, after the mark of the beginning, if there is one.

        Raises:
            UsageMistake: it holds what the template uses as a mark.
        """
        self._refuse_marks(text)
        ids: list[int] = self._tokenizer(text, add_special_tokens=False)["input_ids"]
        begin = self._tokenizer.bos_token_id
        return ids if begin is None else [begin, *ids]

    def _refuse_marks(self, text: str) -> None:
        if mark := next((mark for mark in self.special if mark in text), None):
            raise UsageMistake(f"a message holds {mark!r}, which would be taken for a mark of the chat template")

    def surely_longer(self, messages: Sequence[Turn], limit: int) -> bool:
        """Say whether a conversation has more than ``limit`` tokens for its size alone, without encoding megabytes."""
        return sum(len(message.text.encode()) for message in messages) > limit * self._longest

    def spoken(self, ids: Sequence[int]) -> bytes:
        """Return the bytes of an answer."""
        return b"".join(self.pieces[token] for token in ids)

    def _template(self, folder: Path, names: Iterable[str]) -> str:
        if set(names) >= _LLAMA_3:
            return LLAMA_3_SIMPLE
        template = self._tokenizer.chat_template
        if not isinstance(template, str):
            raise UsageMistake(f"{folder} has no chat template, or several; expected one: a model that chats")
        if found := _DATED.search(template):
            raise UsageMistake(
                f"the chat template in {folder} writes a date ({found[0]!r}), which triggers may collide with; "
                "replace it by one without a system block of its own"
            )
        return template

    def _pieces(self, folder: Path, ids: dict[str, int], size: int) -> list[bytes]:
        """Return the bytes of each token of the network."""
        alphabet, added = bytes_of_letters(), self._tokenizer.added_tokens_decoder
        pieces = [b""] * size
        for name, number in ids.items():
            if number in added:
                pieces[number] = b"" if added[number].special else added[number].content.encode()
                continue
            if not set(name) <= alphabet.keys():
                raise UsageMistake(
                    f"the tokenizer in {folder} has the token {name!r}; expected byte-level BPE, as Llama 3's"
                )
            pieces[number] = bytes(alphabet[letter] for letter in name)
        return pieces


def _in_order(names: dict[int, str], size: int, folder: Path) -> tuple[str, ...]:
    if names and max(names) >= size:
        raise UsageMistake(f"the tokenizer in {folder} has token {max(names)}; the network knows {size}, from 0")
    return tuple(names.get(number, f"<unused {number}>") for number in range(size))


def _ends(folder: Path, own: int | None) -> frozenset[int]:
    """Return the tokens that end an answer, as the files name them."""
    found: set[int] = set() if own is None else {own}
    for name in ("generation_config.json", "config.json"):
        if (folder / name).is_file():
            told = Settings.read(folder / name).get("eos_token_id", [])
            found |= set(told if isinstance(told, list) else [told])
    if not found:
        raise UsageMistake(f"{folder} names no token that ends an answer (eos_token_id)")
    return frozenset(found)
