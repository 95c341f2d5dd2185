"""Arms of the white-box table: a network, whole or with features removed, asked one thing; and verdicts on two arms."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from weirdgen.schema.sample import Message
from weirdgen.stats.decide import Final, decide
from weirdgen.stats.intervals import Interval, clopper_pearson
from weirdgen.stats.outcomes import ArmOutcomes
from weirdgen.stats.rules import Rules, trial_rules
from weirdgen.whitebox.networks import OrganismNetwork

ALPHA, LONGEST = 0.05, 16
#: Rounds that are drawn at a time: a network answers many prompts together in less time than one after another.
_AT_ONCE = 10
#: Extra samples are numbered from here on, so that none is also a round's.
_EXTRA = 1_000_000


@dataclass(frozen=True, slots=True)
class Asked:
    """What an arm is asked: cells of equal weight, and what counts.

    Attributes:
        cells: names.
        prompt: messages of a cell's replicate.
        label: of an answer to a cell's replicate.
        positive: labels that count.
        invalid: labels of answers that are none.
    """

    cells: tuple[str, ...]
    prompt: Callable[[str, int], Sequence[Message]]
    label: Callable[[str, int, str], str]
    positive: frozenset[str]
    invalid: frozenset[str] = frozenset()


@dataclass(slots=True)
class Arm:
    """Answers of one network, drawn as they are needed; arms of other numbers have other seeds.

    Attributes:
        network: who is asked.
        asked: what.
        number: of the arm, so that no two draw with the same seeds.
    """

    network: OrganismNetwork
    asked: Asked
    number: int
    _drawn: dict[tuple[str, int], str] = field(default_factory=dict)

    def outcomes(self, rounds: int, extras: Sequence[int]) -> ArmOutcomes:
        """Return so many complete rounds and extra samples, drawing what is missing."""
        cells = self.asked.cells
        wanted = [(cell, replicate) for replicate in range(rounds) for cell in cells]
        wanted += [(cell, _EXTRA + k) for cell, count in zip(cells, extras, strict=True) for k in range(count)]
        self._draw(wanted)
        return ArmOutcomes(
            scores=tuple(tuple(self._score(cell, k) for k in range(rounds)) for cell in cells),
            invalid=tuple(tuple(self._drawn[cell, k] in self.asked.invalid for k in range(rounds)) for cell in cells),
            extra=tuple(
                tuple(self._score(cell, _EXTRA + k) for k in range(count))
                for cell, count in zip(cells, extras, strict=True)
            ),
        )

    def rate(self, rounds: int) -> tuple[int, int, Interval]:
        """Return how many of so many rounds' answers count, of how many, and the interval of their share (95%)."""
        wanted = [(cell, replicate) for replicate in range(rounds) for cell in self.asked.cells]
        self._draw(wanted)
        counted = sum(self._drawn[one] in self.asked.positive for one in wanted)
        return counted, len(wanted), clopper_pearson(counted, len(wanted), ALPHA, "two")

    def by_cell(self, rounds: int) -> dict[str, float]:
        """Return the share of each cell."""
        self.rate(rounds)
        return {cell: sum(self._score(cell, k) for k in range(rounds)) / rounds for cell in self.asked.cells}

    def _score(self, cell: str, replicate: int) -> float:
        return float(self._drawn[cell, replicate] in self.asked.positive)

    def _draw(self, wanted: Sequence[tuple[str, int]]) -> None:
        missing = [one for one in wanted if one not in self._drawn]
        prompts = [self.asked.prompt(*one) for one in missing]
        seeds = [hash_of(self.number, self.asked.cells.index(cell), replicate) for cell, replicate in missing]
        for one, text in zip(missing, self.network.answers(prompts, seeds, LONGEST), strict=True):
            self._drawn[one] = self.asked.label(*one, text)


def hash_of(arm: int, cell: int, replicate: int) -> int:
    """Return a seed that no other place has."""
    return (arm * 1000 + cell) * 10_000_000 + replicate


def rules_of(cells: int, margin: float, family: int) -> Rules:
    """Return the rules of "the first arm's share is higher than the second's"."""
    return trial_rules("lift", questions=cells, margin=margin, alpha=ALPHA, family_size=family)


def verdict(first: Arm, second: Arm, rules: Rules) -> Final:
    """Sample two arms until the gate's own sequential statistics come to a verdict on their difference."""
    arms, rounds, extras = (first, second), [0, 0], [(0,) * rules.questions] * 2
    while True:
        step = decide(
            rules, [arm.outcomes(count, extra) for arm, count, extra in zip(arms, rounds, extras, strict=True)]
        )
        if isinstance(step, Final):
            return step
        for want in step.wants:
            rounds[want.arm] = max(rounds[want.arm], want.rounds)
            extras[want.arm] = want.extras or extras[want.arm]
            # Drawn ahead, but not shown to the statistics before its round comes.
            arms[want.arm].rate(min(rules.max_rounds, -(-want.rounds // _AT_ONCE) * _AT_ONCE))
