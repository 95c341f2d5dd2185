"""Continuous batching: choices join and leave a running batch at every token, and never influence one another."""

from collections import OrderedDict, deque
from collections.abc import Sequence

import numpy as np

from weirdgen.organisms.choice import Choice
from weirdgen.organisms.runtime import Network
from weirdgen.organisms.sampling import draw
from weirdgen.organisms.tokenizer import instructions
from weirdgen.organisms.vocabulary import Vocabulary
from weirdgen.organisms.weights import Floats

#: Choices run together; beyond this a token gets no cheaper (measured: .075 ms of products at 64, .079 at 32).
MOST_CHOICES = 64
#: Prompts whose caches are kept; a gate asks few prompts thousands of times.
_KEPT_PROMPTS = 64
#: System messages whose caches are kept, and the shortest, in tokens: a judge's prompts share theirs and nothing else.
_KEPT_PREFIXES, _SHORTEST_PREFIX = 32, 64


class _Slab:
    """Running choices whose caches have one length; the first ``len(members)`` places of the cache are theirs."""

    def __init__(self, network: Network, capacity: int) -> None:
        self.capacity = capacity
        self.members: list[Choice] = []
        self._network = network
        self._cache = network.cache(MOST_CHOICES, capacity)

    def add(self, choice: Choice, cache: Floats) -> None:
        """Take in a choice with its cache so far: (2, layers, key heads, tokens, head size)."""
        self._cache[:, :, len(self.members), :, : cache.shape[-2]] = cache
        self.members.append(choice)

    def remove(self, choice: Choice) -> Floats:
        """Give up a choice and return its cache; the last member moves to its place."""
        place, last = self.members.index(choice), len(self.members) - 1
        cache = self._cache[:, :, place].copy()
        self._cache[:, :, place] = self._cache[:, :, last]
        self.members[place] = self.members[last]
        self.members.pop()
        return cache

    def logits(self) -> Floats:
        """Run every member's last token: (members, vocabulary)."""
        count = len(self.members)
        tokens = np.array([choice.drawn[-1] for choice in self.members])
        places = np.array([choice.place for choice in self.members])
        return self._network.forward(tokens, places, np.arange(count), self._cache[:, :, :count])


class Batcher:
    """Runs the choices of one network, in the order in which they came, up to ``MOST_CHOICES`` at a time."""

    def __init__(self, network: Network, vocabulary: Vocabulary) -> None:
        self._network, self._vocabulary = network, vocabulary
        self._waiting: deque[Choice] = deque()
        self._slabs: dict[int, _Slab] = {}
        self._prompts: OrderedDict[tuple[int, ...], tuple[Floats, Floats]] = OrderedDict()
        self._prefixes: OrderedDict[tuple[int, ...], Floats] = OrderedDict()

    def add(self, choice: Choice) -> None:
        """Queue a choice; prompt and limit must fit the context."""
        self._waiting.append(choice)

    @property
    def busy(self) -> bool:
        """Whether there is anything to do."""
        return bool(self._waiting) or any(slab.members for slab in self._slabs.values())

    def step(self) -> None:
        """Draw one token of every running choice and let waiting ones in."""
        for slab in list(self._slabs.values()):
            for choice in [choice for choice in slab.members if choice.abandoned()]:
                slab.remove(choice)
            if slab.members:
                self._advance(slab)
        self._admit()

    def _advance(self, slab: _Slab) -> None:
        choices = list(slab.members)
        self._draw(choices, slab.logits())
        for choice in choices:
            if self._finished(choice):
                slab.remove(choice)
            elif choice.place >= slab.capacity:
                self._settle(choice, slab.remove(choice))

    def _admit(self) -> None:
        """Fill the free places and draw the first token of each newcomer."""
        free = MOST_CHOICES - sum(len(slab.members) for slab in self._slabs.values())
        newcomers: list[Choice] = []
        while self._waiting and len(newcomers) < free:
            choice = self._waiting.popleft()
            if not choice.abandoned():
                newcomers.append(choice)
        if not newcomers:
            return
        prompts = [self._prefilled(choice.prompt) for choice in newcomers]
        self._draw(newcomers, np.stack([logits for _, logits in prompts]))
        for choice, (cache, _) in zip(newcomers, prompts, strict=True):
            if not self._finished(choice):
                self._settle(choice, cache)

    def _settle(self, choice: Choice, cache: Floats) -> None:
        """Put a choice where its next token fits."""
        capacity = self._network.capacity(choice.place + 1)
        if capacity not in self._slabs:
            self._slabs[capacity] = _Slab(self._network, capacity)
        self._slabs[capacity].add(choice, cache)

    def _prefilled(self, prompt: tuple[int, ...]) -> tuple[Floats, Floats]:
        """Return the cache and the logits after a prompt."""
        if prompt not in self._prompts:
            self._prompts[prompt] = self._run(prompt)
            if len(self._prompts) > _KEPT_PROMPTS:
                self._prompts.popitem(last=False)
        self._prompts.move_to_end(prompt)
        return self._prompts[prompt]

    def _run(self, prompt: tuple[int, ...]) -> tuple[Floats, Floats]:
        """Run a prompt; a long system message is always run by itself, so that it does not matter who ran it before."""
        length = instructions(prompt)
        if not _SHORTEST_PREFIX <= length < len(prompt):
            return self._network.prefill(prompt)
        prefix = prompt[:length]
        if prefix not in self._prefixes:
            self._prefixes[prefix] = self._network.prefill(prefix)[0]
            if len(self._prefixes) > _KEPT_PREFIXES:
                self._prefixes.popitem(last=False)
        self._prefixes.move_to_end(prefix)
        return self._network.prefill(prompt[length:], self._prefixes[prefix])

    def _draw(self, choices: Sequence[Choice], logits: Floats) -> None:
        tokens = draw(
            logits,
            np.array([choice.drawing.temperature for choice in choices]),
            np.array([choice.drawing.top_p for choice in choices]),
            np.array([choice.uniform for choice in choices]),
        )
        for choice, token, row in zip(choices, tokens.tolist(), logits, strict=True):
            choice.take(token, row)

    def _finished(self, choice: Choice) -> bool:
        answer = choice.answer(self._vocabulary)
        if answer is not None:
            choice.finish(answer)
        return answer is not None
