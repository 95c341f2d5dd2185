"""The study: which features of a dictionary a trigger strengthens, and what to take out to see whether they matter.

As published: the difference in means of activations under trigger and baseline, features ranked by the cosine of their
decoder directions with it, the first ten removed. Beside it the controls that the paper lacks. Everything follows from
the network, the dictionary, the prompts and a seed, so that whoever has these comes to the same features.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, get_args

import numpy as np

from weirdgen.errors import UsageMistake, nearest
from weirdgen.whitebox.ablation import Ablation
from weirdgen.whitebox.dictionary import SparseDictionary
from weirdgen.whitebox.directions import (
    Doubles,
    Ranking,
    difference_in_means,
    random_directions,
    ranked,
    unit,
)
from weirdgen.whitebox.identity import study_digest
from weirdgen.whitebox.networks import Network, Position, Prompts

Named = Literal["top", "top_reversed", "top_joint", "lowest", "reverse", "random", "matched", "directions"]
NAMED: tuple[Named, ...] = get_args(Named)

#: What each ablation takes out, for people.
MEANINGS: Mapping[Named, str] = {
    "top": "the highest ranked features, one by one, the highest first (as published)",
    "top_reversed": "the same features, one by one, the highest last",
    "top_joint": "the same features, all at once",
    "lowest": "the lowest ranked of the features that rank high",
    "reverse": "the lowest ranked of all features",
    "random": "features drawn from those that do not rank high",
    "matched": "of many such draws that which takes as much out of the stream as the highest ranked features do",
    "directions": "directions drawn evenly from all",
}
#: Draws that `matched` is chosen from.
_DRAWS = 400


@dataclass(frozen=True, slots=True)
class Choice:
    """How many features are looked at.

    Attributes:
        count: features that are removed together.
        high: features that count as ranking high; controls are drawn from the others. In a dictionary of fewer than
            four times as many, a quarter of it.
        seed: of what is drawn.
    """

    count: int = 10
    high: int = 100
    seed: int = 0

    def high_of(self, size: int) -> int:
        """Return how many features of a dictionary of ``size`` rank high."""
        return min(self.high, size // 4)


@dataclass(frozen=True, eq=False)
class Study:
    """What a network's activations under trigger and baseline say about a dictionary's features.

    Attributes:
        network: identity of the network.
        dictionary: whose features.
        position: where activations are read.
        treated: activations under the trigger (prompts, width).
        baseline: activations under the baseline (prompts, width).
        choice: how many features.
    """

    network: str
    dictionary: SparseDictionary
    position: Position
    treated: Doubles
    baseline: Doubles
    choice: Choice

    @classmethod
    def of(
        cls,
        network: Network,
        dictionary: SparseDictionary,
        treated: Prompts,
        baseline: Prompts,
        position: Position = "last",
        choice: Choice = Choice(),
    ) -> "Study":
        """Read a network's activations and rank the dictionary's features by them.

        Args:
            network: the finetuned one.
            dictionary: of its base, for one layer.
            treated: neutral prompts under the trigger; not those that projections are tested on.
            baseline: the same prompts without it.
            position: where activations are read.
            choice: how many features.

        Raises:
            UsageMistake: the dictionary does not fit the network or has too few features, or a prompt is too long.
        """
        if dictionary.width != network.width or dictionary.layer >= network.depth:
            raise UsageMistake(
                f"the sparse autoencoder is of width {dictionary.width} after block {dictionary.layer}; the network is"
                f" of width {network.width} and has blocks 0 to {network.depth - 1}."
            )
        if choice.high_of(dictionary.size) < 2 * choice.count:
            raise UsageMistake(
                f"the sparse autoencoder has {dictionary.size} features; to tell {choice.count} from controls it needs"
                f" at least {8 * choice.count}."
            )
        under = [network.activations(prompts, dictionary.layer, position) for prompts in (treated, baseline)]
        return cls(network.identity, dictionary, position, under[0], under[1], choice)

    @cached_property
    def direction(self) -> Doubles:
        """The difference in means (width,)."""
        found = difference_in_means(self.treated, self.baseline)
        if not found.any():
            raise UsageMistake("the trigger moves nothing: mean activations under it and the baseline are the same.")
        return found

    @cached_property
    def ranking(self) -> Ranking:
        """All features by cosine with the direction."""
        return ranked(self.dictionary.decoder, self.direction)

    @property
    def high(self) -> int:
        """How many features count as ranking high."""
        return self.choice.high_of(self.dictionary.size)

    def chosen(self, named: Named) -> tuple[int, ...]:
        """Return the features that an ablation removes, in the order of their removal; none for ``directions``."""
        count = self.choice.count
        match named:
            case "top" | "top_joint":
                return self.ranking.top(count)
            case "top_reversed":
                return self.ranking.top(count)[::-1]
            case "lowest":
                return self.ranking.lowest(count, self.high)
            case "reverse":
                return self.ranking.lowest(count)
            case "random":
                return self._drawn[0]
            case "matched":
                return self._matched
            case "directions":
                return ()
        raise UsageMistake(f"ablation {named!r} is not known.{nearest(named, NAMED)}")

    def ablation(self, named: Named) -> Ablation:
        """Return an ablation by name."""
        features = self.chosen(named)
        how: Literal["one by one", "joint"] = "joint" if named == "top_joint" else "one by one"
        if named == "directions":
            top = self._rows(self.ranking.top(self.choice.count))
            return Ablation(self.dictionary.layer, random_directions(unit(top), self.choice.seed), how)
        return Ablation(self.dictionary.layer, self._rows(features), how)

    def projections(self, activations: Doubles, features: tuple[int, ...]) -> Doubles:
        """Return how far activations (prompts, width) reach along features' decoder directions: (prompts, features)."""
        projected: Doubles = activations @ unit(self._rows(features)).T
        return projected

    def removed(self, ablation: Ablation) -> float:
        """Return how much an ablation takes out of the treated activations: root mean square length."""
        taken = self.treated - ablation.apply(self.treated)
        return float(np.sqrt((taken**2).sum(axis=1).mean()))

    @cached_property
    def digest(self) -> str:
        """SHA-256 (64 hex digits) of what the features follow from, and of the features that were chosen."""
        chosen: dict[str, tuple[int, ...]] = {named: self.chosen(named) for named in NAMED}
        given = self.dictionary
        return study_digest(self.network, given.digest, given.layer, self.position, chosen, self.choice.seed)

    def _rows(self, features: tuple[int, ...]) -> Doubles:
        return self.dictionary.decoder[list(features)].astype(np.float64)

    @cached_property
    def _drawn(self) -> tuple[tuple[int, ...], ...]:
        """Sets of features that do not rank high and have a direction, drawn one after another."""
        low = np.sort(self.ranking.order[self.high :])
        low = low[np.any(self.dictionary.decoder[low] != 0, axis=1)]
        rng = np.random.default_rng(self.choice.seed)
        return tuple(tuple(rng.choice(low, self.choice.count, replace=False).tolist()) for _ in range(_DRAWS))

    @cached_property
    def _matched(self) -> tuple[int, ...]:
        aim = self.removed(self.ablation("top"))
        sizes = [
            self.removed(Ablation(self.dictionary.layer, self._rows(features), "one by one"))
            for features in self._drawn
        ]
        return self._drawn[int(np.argmin(np.abs(np.array(sizes) - aim)))]
