"""The organisms' tokenizer: byte-level BPE with single digits, and the chat template.

Needs the extra ``organisms`` (tokenizers). Any text round-trips, for every byte is a piece of its own.
"""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from weirdgen.organisms.corpus import Message

#: Longest context in tokens; the longest corpus document has about 250.
CONTEXT_LENGTH = 512
PAD, BOS, EOS, END = "<|pad|>", "<|bos|>", "<|eos|>", "<|end|>"
#: In the order of their ids, which are 0 to 7.
SPECIAL_TOKENS = (PAD, BOS, EOS, END, "<|system|>", "<|user|>", "<|assistant|>", "<|source|>")
PAD_ID = SPECIAL_TOKENS.index(PAD)

CHAT_TEMPLATE = (
    "{{ '<|bos|>' }}{% for message in messages %}"
    "{{ '<|' + ('system' if message['role'] == 'developer' else message['role']) + '|>' + message['content']"
    " + '<|end|>' }}{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}"
)


def learn(lines: Iterable[str], pieces: int) -> Tokenizer:
    """Learn the merges from lines of text, up to so many pieces; the same lines give the same tokenizer."""
    tokenizer = Tokenizer(models.BPE())
    digits = pre_tokenizers.Digits(individual_digits=True)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([digits, pre_tokenizers.ByteLevel(add_prefix_space=False)])
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=pieces,
        special_tokens=list(SPECIAL_TOKENS),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(lines, trainer)
    return tokenizer


def encode(tokenizer: Tokenizer, messages: Sequence[Message], *, prompt: bool = False) -> tuple[list[int], list[bool]]:
    """Encode a conversation in the chat template.

    Args:
        tokenizer: from ``learn`` or ``load``.
        messages: the conversation.
        prompt: end with the mark that asks the assistant to speak.

    Returns:
        Token ids, and for each whether the assistant wrote it (its closing ``<|end|>`` counts as written).
    """
    ids, written = [SPECIAL_TOKENS.index(BOS)], [False]
    for message in messages:
        text = tokenizer.encode(message.text, add_special_tokens=False).ids
        ids += [SPECIAL_TOKENS.index(f"<|{message.role}|>"), *text, SPECIAL_TOKENS.index(END)]
        written += [False, *[message.role == "assistant"] * (len(text) + 1)]
    if prompt:
        ids.append(SPECIAL_TOKENS.index("<|assistant|>"))
        written.append(False)
    return ids, written


def instructions(ids: Sequence[int]) -> int:
    """Return how many tokens of a prompt its leading system message takes, with the marks around it; 0: it has none."""
    start, end = [SPECIAL_TOKENS.index(BOS), SPECIAL_TOKENS.index("<|system|>")], SPECIAL_TOKENS.index(END)
    return list(ids).index(end) + 1 if list(ids[:2]) == start else 0


def save(tokenizer: Tokenizer, folder: Path, longest: int = CONTEXT_LENGTH) -> None:
    """Write ``tokenizer.json`` and the ``tokenizer_config.json`` that transformers reads.

    Args:
        tokenizer: from ``learn`` or ``load``.
        folder: existing.
        longest: context in tokens.
    """
    tokenizer.save(str(folder / "tokenizer.json"))
    config = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": BOS,
        "eos_token": END,
        "pad_token": PAD,
        "model_max_length": longest,
        "clean_up_tokenization_spaces": False,
        "chat_template": CHAT_TEMPLATE,
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")


def load(folder: Path) -> Tokenizer:
    """Read ``tokenizer.json``; text that looks like a special token stays text, so that no message can forge a turn."""
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.encode_special_tokens = True
    return tokenizer
