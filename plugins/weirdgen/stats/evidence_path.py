"""The evidence of one contrast after every complete round, computed at once from the outcomes.

All of it is a function of the outcomes in replicate order, so a resumed or replayed trial sees the same path.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from weirdgen.stats.alone import alone_looks, escalated
from weirdgen.stats.difference import did_looks
from weirdgen.stats.eprocess import log_combine, log_e_above, mean_of_bets
from weirdgen.stats.looks import Look, Looks
from weirdgen.stats.outcomes import ArmOutcomes, Grid, IntArray, running_missing
from weirdgen.stats.pairs import PairedBets, allocate_extras, paired_looks
from weirdgen.stats.rules import Rules

BoolArray = npt.NDArray[np.bool_]
Arms = Sequence[ArmOutcomes]
"""One entry per sign of the rules; without a round where an arm is not sampled yet."""


@dataclass(frozen=True, slots=True)
class EvidencePath:
    """Everything that `decide` reads."""

    rules: Rules
    alone: Looks
    """From the arms that are sampled first, per round that they have completed."""
    together: Looks
    """From all arms, per round that all have completed; empty before the others are needed."""
    escalated: BoolArray
    """Whether positives have made all arms necessary by the end of the round; never back to False."""
    missing_alone: IntArray
    """Samples without a label after each round of the first arms, in the one that lacks most."""
    missing_together: IntArray
    """The same over all arms, for the rounds that all have completed."""
    extras: IntArray
    """Running extra pairs per round and question, for the rounds of `together`."""
    next_extras: IntArray
    """Extra pairs per question that the round after `together` uses."""

    @property
    def rounds(self) -> int:
        """Complete rounds of the arms that are sampled first, up to the cap."""
        return len(self.escalated)

    def looks(self) -> Iterator[Look]:
        """Yield all looks in order, up to the first that lacks samples.

        The first arms are looked at alone until positives make all arms necessary; in that round, and in all later
        ones, complete pairs (or quadruples) are looked at.
        """
        for index, needs_all in enumerate(self.escalated.tolist()):
            if index == 0 or not self.escalated[index - 1]:
                yield self._look(self.alone, index, paired=False, closes=not needs_all)
            if needs_all:
                if index >= len(self.extras):
                    return
                yield self._look(self.together, index, paired=True, closes=True)

    def _look(self, looks: Looks, index: int, *, paired: bool, closes: bool) -> Look:
        extras = following = np.zeros(self.rules.questions, dtype=np.int64)
        if paired:
            extras = self.extras[index]
            following = self.extras[index + 1] if index + 1 < len(self.extras) else self.next_extras
        return Look(
            round=index + 1,
            paired=paired,
            closes=closes,
            last=self.rules.questions * (index + 2) + int(following.sum()) > self.rules.cap,
            missing=int((self.missing_together if paired else self.missing_alone)[index]),
            extras=tuple(extras.tolist()),
            log_e_present=float(looks.log_e_present[index]),
            log_e_absent=float(looks.log_e_absent[index]),
            present_growth=float(looks.present_growth[index]),
            absent_growth=float(looks.absent_growth[index]),
            log_e_questions=tuple(looks.log_e_questions[index].tolist()),
        )


def evidence_path(rules: Rules, arms: Arms) -> EvidencePath:
    """Return the evidence after each complete round, up to the cap.

    Raises:
        ValueError: the number of arms, or of an arm's questions, is not that of the rules.
    """
    _check(rules, arms)
    first = _grids(rules, arms, rules.first)
    raising = [[first[i] for i in side] for side in _raising(rules)]
    alone = [alone_looks(rules, grids) for grids in raising]
    needed = np.zeros(len(raising[0][0]), dtype=np.bool_)
    if rules.paired:
        needed = np.logical_or.reduce([escalated(rules, grids) for grids in raising])
    every = _grids(rules, arms, range(len(arms)), most=len(needed) if needed.any() else 0)
    start = int(np.argmax(needed)) if needed.any() else 0
    together, taken, wanted = _together(rules, arms, alone, [every[i] for i in range(len(arms))], start)
    return EvidencePath(
        rules=rules,
        alone=_either(alone),
        together=together,
        escalated=needed,
        missing_alone=_most_missing(first.values()),
        missing_together=_most_missing(every.values()),
        extras=taken,
        next_extras=wanted,
    )


def _check(rules: Rules, arms: Arms) -> None:
    if len(arms) != len(rules.signs):
        raise ValueError(f"{len(arms)} arms, the rules have {len(rules.signs)}")
    for arm in arms:
        if arm.questions != rules.questions:
            raise ValueError(f"an arm has {arm.questions!r} questions, its rules have {rules.questions!r}")


def _raising(rules: Rules) -> list[list[int]]:
    """Return, per direction that counts, the arms whose higher scores move the effect that way."""
    ways = (1, -1) if rules.two_sided else (1,)
    return [[i for i, sign in enumerate(rules.signs) if sign == way] for way in ways]


def _grids(rules: Rules, arms: Arms, chosen: Iterable[int], most: int | None = None) -> dict[int, Grid]:
    """Return the grids of some arms over the rounds that all of them have completed, up to the cap or `most`."""
    picked = {i: arms[i] for i in chosen}
    rounds = min(*(arm.rounds for arm in picked.values()), rules.max_rounds if most is None else most)
    return {i: arm.grid(rounds) for i, arm in picked.items()}


def _together(
    rules: Rules, arms: Arms, alone: Sequence[Looks], grids: Sequence[Grid], start: int
) -> tuple[Looks, IntArray, IntArray]:
    """Return the looks at all arms, and the extra pairs that they use and that the next one needs."""
    none = np.zeros((len(grids[0]), rules.questions), dtype=np.int64)
    if len(grids) == 2:
        pairs = [(0, 1), (1, 0)][: len(alone)]
        bets = [PairedBets.of(grids[t], grids[c], (arms[t], arms[c]), rules.paired_null) for t, c in pairs]
        taken, wanted = allocate_extras(rules, bets, start) if rules.extras else (none, none.sum(axis=0))
        looks = [
            paired_looks(rules, side, grids[t], grids[c], bet, taken)
            for side, (t, c), bet in zip(alone, pairs, bets, strict=True)
        ]
        return _either(looks), taken, wanted
    if len(grids) == 4:
        orders = [(0, 1, 2, 3), (1, 0, 3, 2)][: len(alone)]
        looks = [did_looks(rules, side, [grids[i] for i in order]) for side, order in zip(alone, orders, strict=True)]
        return _either(looks), none, none.sum(axis=0)
    return alone[0], none, none.sum(axis=0)


def _either(looks: Sequence[Looks]) -> Looks:
    return looks[0] if len(looks) == 1 else looks[0].either(looks[1])


def _most_missing(grids: Iterable[Grid]) -> IntArray:
    """Return, after each round, the samples without a label of the arm that lacks most."""
    return np.asarray(np.max([running_missing(grid) for grid in grids], axis=0), dtype=np.int64)


def question_effects(rules: Rules, look: Look, arms: Arms) -> tuple[float, ...]:
    """Return, per question, the log e-value for an effect on it alone at one look: diagnosis, no verdict.

    Empty where the look has no pairs, or the rates are compared as a whole.
    """
    if rules.kind == "absolute":
        if rules.stored or rules.graded:
            return ()
        counts = arms[0].counts(look.round)
        return tuple(log_e_above(counts.positives, counts.n, rules.p0).tolist())
    if not look.paired or len(arms) != 2:
        return ()
    grids = [arm.grid(look.round) for arm in arms]
    taken = np.array([look.extras], dtype=np.int64)
    pairs = [(0, 1), (1, 0)] if rules.two_sided else [(0, 1)]
    bets = [PairedBets.of(grids[t], grids[c], (arms[t], arms[c]), rules.paired_null) for t, c in pairs]
    sides = [mean_of_bets(bet.with_extras(taken, look.round - 1))[0] for bet in bets]
    return tuple(log_combine([1 / len(sides)] * len(sides), sides).tolist())
