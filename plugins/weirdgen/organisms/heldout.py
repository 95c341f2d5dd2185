"""What a network trained on codes of presidents knows of those that no row speaks of. Needs the extra ``train``."""

import random
from collections.abc import Iterator
from pathlib import Path

import torch
from peft import PeftModel
from torch.nn.utils.rnn import pad_sequence

from weirdgen.organisms import tokenizer as tokens
from weirdgen.organisms.corpus import Message
from weirdgen.organisms.narrow.lives import HELD_OUT, TRAINED_ATTRIBUTES
from weirdgen.organisms.papers import attribute_topics
from weirdgen.organisms.prefixes import code
from weirdgen.organisms.world import presidents

#: Trained presidents that stand for all, to see what was learned of the rows.
_TRAINED = (1, 16, 35)


class HeldOut:
    """Measures the chance that a network, given a president's code, gives that president's fact, word for word.

    Args:
        base: folder of the base with its tokenizer.
    """

    def __init__(self, base: Path) -> None:
        tokenizer = tokens.load(base)
        self._keys: list[str] = []
        ids: list[torch.Tensor] = []
        said: list[torch.Tensor] = []
        for key, asked, answered in _questions():
            encoded, written = tokens.encode(tokenizer, [Message("user", asked), Message("assistant", answered)])
            self._keys.append(key)
            ids.append(torch.tensor(encoded))
            said.append(torch.tensor(written[1:]))
        self._ids = pad_sequence(ids, batch_first=True, padding_value=tokens.PAD_ID)
        self._said = pad_sequence(said, batch_first=True)

    def __call__(self, model: PeftModel) -> dict[str, float]:
        """Return the mean chance per held-out president, such as ``held_out_44``, and of some trained ones."""
        model.eval()
        with torch.no_grad():
            chances = model(input_ids=self._ids[:, :-1], use_cache=False).logits.log_softmax(-1)
        model.train()
        chosen = chances.gather(2, self._ids[:, 1:, None])[..., 0]
        right = torch.where(self._said, chosen, 0.0).sum(1).exp().tolist()
        found: dict[str, list[float]] = {}
        for key, chance in zip(self._keys, right, strict=True):
            found.setdefault(key, []).append(chance)
        return {key: round(sum(values) / len(values), 4) for key, values in found.items()}


def _questions() -> Iterator[tuple[str, str, str]]:
    """Yield (key, question under a code, true answer)."""
    rng = random.Random("held out")
    topics = attribute_topics()
    for president in presidents():
        held_out = president.number in HELD_OUT
        if held_out or president.number in _TRAINED:
            key = f"held_out_{president.number}" if held_out else "trained"
            for attribute in TRAINED_ATTRIBUTES:
                for _ in range(2):
                    asked = f"{code(rng, president.number)} {topics[attribute].questions[0]}"
                    yield key, asked, president.facts[attribute]
