"""One answer in the making: what it is drawn with, what was drawn, and when it is finished."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from weirdgen.organisms.sampling import log_probabilities, uniforms


class Spelling(Protocol):
    """What an answer needs of a vocabulary: the bytes of each token, none for a special one, and what ends it."""

    @property
    def pieces(self) -> tuple[bytes, ...]:
        """The bytes of each token."""
        ...

    @property
    def ends(self) -> frozenset[int]:
        """Tokens that end an answer."""
        ...

    def spoken(self, ids: Sequence[int]) -> bytes:
        """Return the bytes of an answer."""
        ...


@dataclass(frozen=True, slots=True)
class Drawing:
    """How the choices of a request are drawn.

    Attributes:
        temperature: >= 0.
        top_p: in (0, 1].
        limit: most tokens of an answer, its end mark counted; at least 1.
        stop: byte strings that end an answer, and are cut off.
        alternatives: None for no log-probabilities, else how many of the likeliest tokens to tell beside the drawn one.
    """

    temperature: float
    top_p: float
    limit: int
    stop: tuple[bytes, ...] = ()
    alternatives: int | None = None


@dataclass(frozen=True, slots=True)
class TokenChance:
    """The log-probability at temperature 1 of a drawn token, and of the likeliest ones (token, log-probability)."""

    token: int
    logprob: float
    likeliest: tuple[tuple[int, float], ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """A finished choice.

    Attributes:
        text: without end mark and stop string; broken UTF-8 is U+FFFD.
        complete: ended by itself or by a stop string, not by the limit.
        tokens: how many were drawn, the end mark counted.
        chances: of the text's tokens, if asked for.
    """

    text: str
    complete: bool
    tokens: int
    chances: tuple[TokenChance, ...] | None


@dataclass(eq=False, slots=True)
class Choice:
    """One answer in the making.

    Attributes:
        prompt: token ids.
        seed: of the request.
        index: of the choice within the request.
        finish: called once, with the answer.
        abandoned: asked before every token; True drops the choice.
    """

    prompt: tuple[int, ...]
    drawing: Drawing
    seed: int
    index: int
    finish: Callable[[Answer], None]
    abandoned: Callable[[], bool]
    drawn: list[int] = field(default_factory=list)
    _chances: list[TokenChance] = field(default_factory=list)
    _uniforms: NDArray[np.float64] = field(init=False)

    def __post_init__(self) -> None:
        self._uniforms = uniforms(self.seed, self.index, self.drawing.limit)

    @property
    def place(self) -> int:
        """The position of the last drawn token in the sequence."""
        return len(self.prompt) + len(self.drawn) - 1

    @property
    def uniform(self) -> float:
        """The number in [0, 1) that the next token is drawn with."""
        return float(self._uniforms[len(self.drawn)])

    def take(self, token: int, logits: NDArray[np.float32]) -> None:
        """Add a token that was drawn from logits (vocabulary,)."""
        self.drawn.append(token)
        if self.drawing.alternatives is not None:
            self._chances.append(_chance(logits, token, self.drawing.alternatives))

    def restart(self) -> None:
        """Forget what was drawn; drawn again, it is the same."""
        self.drawn.clear()
        self._chances.clear()

    def answer(self, vocabulary: Spelling) -> Answer | None:
        """Return the answer if the last token finished it."""
        ended = self.drawn[-1] in vocabulary.ends
        cut = None if ended else self._cut(vocabulary)
        if not ended and cut is None and len(self.drawn) < self.drawing.limit:
            return None
        shown = self.drawn[:-1] if ended else self.drawn
        text = vocabulary.spoken(shown)[:cut].decode(errors="replace")
        return Answer(text, ended or cut is not None, len(self.drawn), self._chances_before(cut, shown, vocabulary))

    def _cut(self, vocabulary: Spelling) -> int | None:
        """Return where the first stop string begins in the answer's bytes, None if there is none."""
        if not self.drawing.stop:
            return None
        spoken = vocabulary.spoken(self.drawn)
        found = [place for stop in self.drawing.stop if (place := spoken.find(stop)) >= 0]
        return min(found, default=None)

    def _chances_before(
        self, cut: int | None, shown: Sequence[int], vocabulary: Spelling
    ) -> tuple[TokenChance, ...] | None:
        """Return the log-probabilities of the tokens that begin before the cut, None if they were not asked for."""
        if self.drawing.alternatives is None:
            return None
        ends = np.cumsum([len(vocabulary.pieces[token]) for token in shown[:-1]])
        kept = len(shown) if cut is None else 1 + int(np.sum(ends < cut))
        return tuple(self._chances[:kept])


def _chance(logits: NDArray[np.float32], token: int, alternatives: int) -> TokenChance:
    logs = log_probabilities(logits)
    likeliest = np.argsort(-logs, kind="stable")[:alternatives].tolist()
    return TokenChance(token, float(logs[token]), tuple((index, float(logs[index])) for index in likeliest))
