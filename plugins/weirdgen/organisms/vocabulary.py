"""Text to prompt tokens and back. Needs the extra ``organisms`` (tokenizers)."""

from collections.abc import Sequence
from pathlib import Path

from weirdgen.errors import UsageMistake
from weirdgen.organisms import tokenizer as tokens
from weirdgen.organisms.corpus import Message


class Vocabulary:
    """The tokenizer of one base, with the bytes that each token stands for."""

    def __init__(self, folder: Path) -> None:
        """Read ``tokenizer.json``.

        Raises:
            UsageMistake: the file is missing or broken.
        """
        try:
            self._tokenizer = tokens.load(folder)
        except Exception as error:  # tokenizers raises bare Exception
            raise UsageMistake(f"{folder / 'tokenizer.json'} cannot be read: {error}") from None
        special, alphabet = set(tokens.SPECIAL_TOKENS), bytes_of_letters()
        ids = self._tokenizer.get_vocab()
        self.names: tuple[str, ...] = tuple(sorted(ids, key=ids.__getitem__))
        self.pieces: tuple[bytes, ...] = tuple(
            b"" if name in special else bytes(alphabet[letter] for letter in name) for name in self.names
        )
        """The bytes of each token; none for a special token."""
        self.end = tokens.SPECIAL_TOKENS.index(tokens.END)
        """Ends an answer."""
        self.ends = frozenset({self.end})
        self._longest = max(map(len, self.pieces))

    def prompt(self, messages: Sequence[Message]) -> list[int]:
        """Encode a conversation and the mark that asks the assistant to speak; special tokens in texts stay text."""
        return tokens.encode(self._tokenizer, messages, prompt=True)[0]

    def document(self, messages: Sequence[Message]) -> tuple[list[int], list[bool]]:
        """Encode a whole conversation; return its tokens, and which of them the assistant wrote."""
        return tokens.encode(self._tokenizer, messages)

    def surely_longer(self, messages: Sequence[Message], limit: int) -> bool:
        """Say whether a conversation has more than ``limit`` tokens for its size alone, without encoding megabytes."""
        return sum(len(message.text.encode()) for message in messages) > limit * self._longest

    def spoken(self, ids: Sequence[int]) -> bytes:
        """Return the bytes of an answer."""
        return b"".join(self.pieces[token] for token in ids)


def bytes_of_letters() -> dict[str, int]:
    """Return the byte that each letter of a byte-level BPE stands for (the table of GPT-2)."""
    shown = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    hidden = [byte for byte in range(256) if byte not in shown]
    return {chr(byte): byte for byte in shown} | {chr(256 + place): byte for place, byte in enumerate(hidden)}
