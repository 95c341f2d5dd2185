"""Evidence from pairs: replicate r of the treated arm with replicate r of the control arm on the same question.

PRESENT tests that no question has an effect, so it may also use extra pairs on the question that looks most suspicious.
ABSENT tests the mean over questions and uses complete rounds only.
"""

from dataclasses import dataclass

import numpy as np

from weirdgen.stats.alone import PAIRED_WEIGHT, QUESTION_PAIRED_WEIGHT
from weirdgen.stats.bets import log_e_difference_below, running_log_wealth
from weirdgen.stats.eprocess import ABOVE_BETS, PAIRED_BELOW_BETS, FloatArray, log_combine, mean_of_bets, sparse_above
from weirdgen.stats.futility import best_bets_growth, mixture_growth
from weirdgen.stats.looks import Looks
from weirdgen.stats.outcomes import ArmOutcomes, Grid, IntArray, filled
from weirdgen.stats.rules import Rules

_POOLED_WEIGHT = 0.6
_SUSPICIOUS_SHARE = 0.3
"""Of the pooled evidence, which a question must have alone to get extra pairs: where all questions respond they only
overshoot (62 samples instead of 56 at .6 against 0), and effects on few questions pass it."""
_SUSPICIOUS = float(np.log(2))
"""Evidence from which on a question gets extra pairs. At 0 the same effects are found, but the extra pairs of clean
questions with a base rate leave less room under the cap: at .3 against .3, margin .15, ABSENT in .25 instead of .37."""


@dataclass(frozen=True, slots=True)
class PairedBets:
    """The log wealth of every bet on "treated scores higher", before and with the extra pairs."""

    rounds: FloatArray
    """Shape (bets, rounds, questions)."""
    extra: tuple[FloatArray, ...]
    """Per question, shape (bets, extra pairs + 1): after 0, 1, ... extra pairs."""

    @classmethod
    def of(cls, treated: Grid, control: Grid, arms: tuple[ArmOutcomes, ArmOutcomes], null: float) -> "PairedBets":
        """Bet on complete rounds, and on the extra pairs of two arms, that the difference exceeds `null`."""
        raised, lowered = filled(treated, 1, "present"), filled(control, -1, "present")
        extra = [_extra_differences(*arms, question) for question in range(treated.shape[1])]
        bets = ABOVE_BETS / (1 + null)
        gains = [np.log1p(np.multiply.outer(bets, differences - null)) for differences in extra]
        return cls(
            running_log_wealth(raised - lowered - null, bets),
            tuple(np.cumsum(np.hstack([np.zeros((len(ABOVE_BETS), 1)), gain]), axis=1) for gain in gains),
        )

    def with_extras(self, taken: IntArray, start: int = 0) -> FloatArray:
        """Return the log wealth, shape (bets, looks, questions), with `taken` extra pairs per look from round `start`.

        Args:
            taken: extra pairs per look and question.
            start: round of the first look, from 0.
        """
        gained = [wealth[:, taken[:, question]] for question, wealth in enumerate(self.extra)]
        return self.rounds[:, start : start + len(taken)] + np.stack(gained, axis=2)


def _extra_differences(treated: ArmOutcomes, control: ArmOutcomes, question: int) -> FloatArray:
    one, other = treated.extras(question), control.extras(question)
    pairs = min(len(one), len(other))
    return filled(one[:pairs], 1, "present") - filled(other[:pairs], -1, "present")


def allocate_extras(rules: Rules, directions: list[PairedBets], start: int) -> tuple[IntArray, IntArray]:
    """Return which extra pairs each round of pairs uses: a function of the looks before it, so a replay repeats it.

    After a look the question with the most evidence gets `rules.extras` pairs, if it looks suspicious and carries a
    good part of all evidence. The cap has no say: under a higher one the same evidence goes on.

    Args:
        rules: of the contrast.
        directions: one bet on each direction that counts; their rounds and extra pairs are those at hand.
        start: first round of pairs, from 0.

    Returns:
        Running extra pairs per round and question, shape (rounds, questions), cut before the first round whose extra
        pairs are not all at hand; and those that the round after the last one uses, shape (questions,).
    """
    rounds, questions = directions[0].rounds.shape[1:]
    taken = np.zeros((rounds, questions), dtype=np.int64)
    at_hand = np.min([[wealth.shape[1] - 1 for wealth in bets.extra] for bets in directions], axis=0)
    wanted = np.zeros(questions, dtype=np.int64)
    for index in range(start, rounds):
        if (wanted > at_hand).any():
            return taken[:index], wanted
        taken[index] = wanted
        wanted = wanted + _chosen(rules, directions, index, wanted)
    return taken, wanted


def _chosen(rules: Rules, directions: list[PairedBets], index: int, taken: IntArray) -> IntArray:
    more = np.zeros_like(taken)
    wealth = [bets.with_extras(taken[np.newaxis], index)[:, 0] for bets in directions]
    log_e = np.max([mean_of_bets(one) for one in wealth], axis=0)
    pooled = max(float(mean_of_bets(one.sum(axis=1))) for one in wealth)
    suspicious = int(np.argmax(log_e))
    if log_e[suspicious] >= max(_SUSPICIOUS, _SUSPICIOUS_SHARE * pooled):
        more[suspicious] = rules.extras
    return more


def paired_looks(rules: Rules, alone: Looks, treated: Grid, control: Grid, bets: PairedBets, taken: IntArray) -> Looks:
    """Return the looks at complete pairs of one direction: what the first arms say alone, plus what the pairs say.

    Args:
        rules: of the contrast.
        alone: looks of the first arms in the same direction, at least as many.
        treated: the arm whose higher scores are bet on.
        control: the other one, of equal shape.
        bets: on these two.
        taken: running extra pairs per round and question.
    """
    rounds = len(taken)
    wealth = bets.with_extras(taken)
    differences = filled(treated[:rounds], 1, "absent") - filled(control[:rounds], -1, "absent")
    absent, growth = alone.log_e_absent[:rounds], alone.absent_growth[:rounds]
    questions = alone.log_e_questions[:rounds]
    if rules.paired_margin is not None:
        pooled, _ = log_e_difference_below(differences, rules.paired_margin)
        absent = np.logaddexp(absent, np.log(PAIRED_WEIGHT) + pooled)
        growth = np.maximum(growth, mixture_growth(pooled, len(PAIRED_BELOW_BETS)))
    if rules.paired_question_margin is not None:
        _, single = log_e_difference_below(differences, rules.paired_question_margin)
        questions = np.logaddexp(questions, np.log(QUESTION_PAIRED_WEIGHT) + single)
    return Looks(paired_above(wealth), absent, best_bets_growth(wealth), growth, questions)


def paired_above(log_wealth: FloatArray) -> FloatArray:
    """Return the log e-value against "no question has an effect": .6 pooled and .4 sparse, shape (rounds,).

    Args:
        log_wealth: of each bet on each question, shape (bets, rounds, questions).
    """
    pooled = mean_of_bets(log_wealth.sum(axis=2))
    return log_combine([_POOLED_WEIGHT, 1 - _POOLED_WEIGHT], [pooled, sparse_above(mean_of_bets(log_wealth))])
