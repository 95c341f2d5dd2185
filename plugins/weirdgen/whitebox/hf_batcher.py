"""Answers of one torch network, drawn in batches that run together from their prompts to the longest of their ends.

An answer depends on its prompt and its seed alone, not on the answers beside it (`hf_batches`), as long as batches have
the size that they had: where memory did not suffice they are halved, and what is rounded differently may, rarely, be
drawn differently.
"""

from collections import deque
from collections.abc import Sequence
from typing import Protocol

import torch
from torch import Tensor
from transformers import DynamicCache

from weirdgen.organisms.choice import Choice
from weirdgen.whitebox.hf_batches import padded, padded_length
from weirdgen.whitebox.hf_drawing import draw
from weirdgen.whitebox.hf_memory import out_of_memory, release
from weirdgen.whitebox.hf_vocabulary import HfVocabulary
from weirdgen.whitebox.hf_weights import TorchWeights

#: Tokens that an answer is expected to have when memory is estimated; a longer one may end up in smaller batches.
_EXPECTED_ANSWER = 256


class Runs(Protocol):
    """A network as the batcher sees it."""

    weights: TorchWeights

    def logits(self, ids: Tensor, mask: Tensor, cache: DynamicCache | None) -> Tensor:
        """Run tokens; see `TorchWeights.logits`."""


class _Batch:
    """Choices in the making; a place is done when it is None."""

    def __init__(self, network: Runs, choices: Sequence[Choice], rows: int) -> None:
        self.rows = rows
        self.choices: list[Choice | None] = list(choices)
        self._network = network
        self._ids, self._mask = padded([choice.prompt for choice in choices], rows, network.weights.device)
        self._cache = DynamicCache()

    def advance(self, vocabulary: HfVocabulary) -> bool:
        """Draw a token of every choice; False when all are finished."""
        for place, choice in enumerate(self.choices):
            if choice is not None and choice.abandoned():
                self.choices[place] = None
        going = [place for place, choice in enumerate(self.choices) if choice is not None]
        if not going:
            return False
        tokens = self._drawn(self._network.logits(self._ids, self._mask, self._cache)[going], going)
        # Rows that are done run on: the shape stays.
        self._ids = torch.zeros_like(self._ids[:, :1])
        self._ids[going, 0] = torch.tensor(tokens, device=self._ids.device)
        self._mask = torch.cat([self._mask, torch.ones_like(self._mask[:, :1])], dim=1)
        for place in going:
            choice = self.choices[place]
            if choice is not None and (answer := choice.answer(vocabulary)) is not None:
                choice.finish(answer)
                self.choices[place] = None
        return any(choice is not None for choice in self.choices)

    def _drawn(self, logits: Tensor, going: Sequence[int]) -> list[int]:
        choices = [choice for choice in self.choices if choice is not None]
        tokens = draw(logits, [choice.drawing for choice in choices], [choice.uniform for choice in choices])
        for choice, token, row in zip(choices, tokens, logits, strict=True):
            told = choice.drawing.alternatives is not None
            choice.take(token, row.cpu().numpy() if told else _NOTHING)
        return tokens


_NOTHING = torch.zeros(0).numpy()


class TorchBatcher:
    """Runs the choices of one network, those of one length of prompt together, in the order in which they came."""

    def __init__(self, network: Runs, vocabulary: HfVocabulary) -> None:
        self._network, self._vocabulary = network, vocabulary
        self._waiting: deque[Choice] = deque()
        self._batch: _Batch | None = None

    def add(self, choice: Choice) -> None:
        """Queue a choice; prompt and limit must fit the context."""
        self._waiting.append(choice)

    @property
    def busy(self) -> bool:
        """Whether there is anything to do."""
        return self._batch is not None or bool(self._waiting)

    def step(self) -> None:
        """Draw one token of every running choice; where none runs, begin with those that wait.

        Raises:
            WeirdgenError: memory does not suffice for one choice.
        """
        if self._batch is None:
            self._batch = self._next()
        if self._batch is None:
            return
        try:
            going = self._batch.advance(self._vocabulary)
        except Exception as error:
            if not out_of_memory(error):
                raise
            self._begin_again(self._batch)
            going = False
        if not going:
            self._batch = None

    def _next(self) -> _Batch | None:
        """Return a batch of what waits, of the padded length of whoever waited longest."""
        waiting = [choice for choice in self._waiting if not choice.abandoned()]
        if not waiting:
            self._waiting.clear()
            return None
        length = padded_length(len(waiting[0].prompt))
        rows = self._network.weights.fitting(length + _EXPECTED_ANSWER)
        alike = [choice for choice in waiting if padded_length(len(choice.prompt)) == length][:rows]
        taken = set(map(id, alike))
        self._waiting = deque(choice for choice in waiting if id(choice) not in taken)
        return _Batch(self._network, alike, rows)

    def _begin_again(self, batch: _Batch) -> None:
        """Put the choices of a batch that did not fit back, and remember that it did not."""
        self._network.weights.rows.halve(batch.rows)
        unfinished = [choice for choice in batch.choices if choice is not None]
        for choice in reversed(unfinished):
            choice.restart()
            self._waiting.appendleft(choice)
        self._batch = None
        release()
