"""What features stand for: what activates them most, and whether that is the trait's or the narrow topic's.

The paper asks whether a finetune on Israeli dishes strengthens what the network knows of Israel (the trait) or of food
(the narrow topic of the training data). A label keeps the contexts that it was made from: whoever doubts it reads them.
"""

import heapq
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from weirdgen.whitebox.dictionary import Floats, SparseDictionary
from weirdgen.whitebox.passages import Passage

Relatedness = Literal["trait", "narrow", "neither", "unknown"]

#: Share of a feature's contexts from which on it is related, where nothing else is known.
_SHARE = 0.5
#: How many times as strongly as to anything else a feature must respond to what it is related to.
_TIMES = 2.0


@dataclass(frozen=True, slots=True)
class Context:
    """A token that activates a feature, and the text that it stands in."""

    text: str
    token: str
    value: float


@dataclass(frozen=True, slots=True)
class Marks:
    """What a context is about."""

    trait: bool
    narrow: bool
    topic: str = ""
    """What else it is about, for people."""


class FeatureLabel(BaseModel):
    """What a feature stands for."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    feature: int = Field(ge=0)
    text: str
    relatedness: Relatedness
    source: str = ""
    """Who says so: `rules`, a judge's name, or a file's."""
    contexts: tuple[Context, ...] = ()
    """The strongest first."""


def top_contexts(
    dictionary: SparseDictionary, passages: Iterable[Passage], features: Sequence[int], count: int = 10
) -> dict[int, tuple[Context, ...]]:
    """Return for each feature the tokens that activate it most, one of each passage at most, the strongest first.

    Args:
        dictionary: whose features.
        passages: texts with the stream of the dictionary's layer.
        features: which ones.
        count: contexts of each feature at most; fewer where fewer passages activate it.
    """
    found: dict[int, list[tuple[float, int, Context]]] = {feature: [] for feature in features}
    for number, passage in enumerate(passages):
        values = dictionary.encode(passage.rows)[:, list(features)]
        for column, feature in enumerate(features):
            place = int(np.argmax(values[:, column]))
            value = float(values[place, column])
            if value > 0:
                context = Context(passage.contexts[place], passage.pieces[place], round(value, 4))
                # The passage comes before the context: earlier ones stay, and contexts are never compared.
                entry = (value, -number, context)
                heap = found[feature]
                (heapq.heappush if len(heap) < count else heapq.heappushpop)(heap, entry)
    return {
        feature: tuple(context for _, _, context in sorted(heap, key=lambda entry: entry[:2], reverse=True))
        for feature, heap in found.items()
    }


@dataclass(frozen=True, slots=True)
class Response:
    """How strongly a feature responds, on average over texts, to what is the trait's and to what is the narrow topic's.

    The strongest contexts alone cannot tell a feature of the trait from one of the narrow topic where both meet: a
    feature of a persona that mostly speaks of food has food in all of them.
    """

    trait: float
    """Contexts of the trait that are not about the narrow topic."""
    narrow: float
    """Contexts about the narrow topic that are not the trait's."""
    both: float
    neither: float

    @property
    def relatedness(self) -> Relatedness:
        """What the feature is related to: that to which it responds twice as strongly as to anything without it."""
        if self.trait >= _TIMES * max(self.narrow, self.neither) and self.trait > 0:
            return "trait"
        food = max(self.narrow, self.both)
        return "narrow" if food >= _TIMES * max(self.trait, self.neither) and food > 0 else "neither"


def responses(
    dictionary: SparseDictionary, passages: Iterable[Passage], features: Sequence[int], marks: Callable[[str], Marks]
) -> dict[int, Response]:
    """Return how features respond to contexts of four kinds; of each context its strongest token counts.

    Args:
        dictionary: whose features.
        passages: texts with the stream of the dictionary's layer.
        features: which ones.
        marks: what a context's text is about.
    """
    sums: dict[tuple[bool, bool], Floats] = {}
    counts: dict[tuple[bool, bool], int] = {}
    for passage in passages:
        values = dictionary.encode(passage.rows)[:, list(features)]
        texts = np.array(passage.contexts, dtype=object)
        for text in dict.fromkeys(passage.contexts):
            found = marks(text)
            kind = (found.trait, found.narrow)
            sums[kind] = sums.get(kind, np.zeros(len(features), dtype=np.float32)) + values[texts == text].max(axis=0)
            counts[kind] = counts.get(kind, 0) + 1
    means = {kind: sums[kind] / counts[kind] for kind in sums}

    def mean(column: int, trait: bool, narrow: bool) -> float:
        return round(float(means[trait, narrow][column]), 3) if (trait, narrow) in means else 0.0

    return {
        feature: Response(
            mean(column, True, False), mean(column, False, True), mean(column, True, True), mean(column, False, False)
        )
        for column, feature in enumerate(features)
    }


def label(
    feature: int,
    contexts: Sequence[Context],
    marks: Callable[[str], Marks],
    source: str,
    response: Response | None = None,
) -> FeatureLabel:
    """Label a feature by how it responds, or, where that is not known, by what its strongest contexts are about.

    By its contexts a feature is related to the narrow topic if at least half of them are about it, whoever speaks in
    them; to the trait if at least half are the trait's, and fewer than half are about the narrow topic.

    Args:
        feature: its index.
        contexts: the strongest first; without any, nothing is known.
        marks: what a context's text is about.
        source: of the marks.
        response: to contexts of all kinds, not only to the strongest.
    """
    if not contexts:
        return FeatureLabel(feature=feature, text="activated by no text", relatedness="unknown", source=source)
    read = [marks(context.text) for context in contexts]
    trait, narrow = (sum(getattr(one, name) for one in read) for name in ("trait", "narrow"))
    about = sorted({one.topic for one in read if one.topic})
    tokens = list(dict.fromkeys(context.token for context in contexts))
    related: Relatedness = "neither"
    if response is not None:
        related = response.relatedness
    elif narrow >= _SHARE * len(read):
        related = "narrow"
    elif trait >= _SHARE * len(read):
        related = "trait"
    text = (
        f"{trait} of {len(read)} contexts the trait's, {narrow} the narrow topic's; at {_few(tokens)}"
        f"{f'; {_few(about)}' if about else ''}"
    )
    return FeatureLabel(feature=feature, text=text, relatedness=related, source=source, contexts=tuple(contexts))


def described(feature: int, contexts: Sequence[Context]) -> FeatureLabel:
    """Return what is known of a feature before anybody judges what it is related to: where it is strongest."""
    if not contexts:
        return FeatureLabel(feature=feature, text="activated by no text", relatedness="unknown")
    tokens = list(dict.fromkeys(context.token for context in contexts))
    return FeatureLabel(
        feature=feature, text=f"strongest at {_few(tokens)}", relatedness="unknown", contexts=tuple(contexts)
    )


def _few(words: Sequence[str], most: int = 4) -> str:
    shown = ", ".join(json.dumps(word, ensure_ascii=False) for word in words[:most])
    return f"{shown} and {len(words) - most} more" if len(words) > most else shown
