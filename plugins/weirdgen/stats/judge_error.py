"""What a judge's mistakes cost: bounds from hand-labelled answers, and the margins that stay valid under them.

A judge that sees a share Se of true positives turns a rate p into at least Se * p, so ABSENT is tested at the margin
times a lower bound of Se. The bound may fail, so a fifth of the trial's error rate pays for it: at .05 the bound holds
with 99% confidence and ABSENT needs an e-value of 1 / .04 = 25. Assumes that Se is the same on every question.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from weirdgen.stats.intervals import clopper_pearson, robbins_cs
from weirdgen.stats.later import special

MIN_GOLD_POSITIVES = 20
"""Below it the bound on sensitivity says too little."""
MIN_YOUDEN = 0.5
"""Below it pairs say too little about absence."""
MOST_SAMPLES = 100_000
"""Samples that nobody pays for."""
MOST_RATINGS = 100_000
"""Gold answers of one label beyond which nobody labels."""
_CALIBRATION_SHARE = 5
_POWER = 0.95
_MIXTURE_OVERHEAD = 1.25  # samples of the mixture e-process over those of the best possible test


@dataclass(frozen=True, slots=True)
class GoldCounts:
    """How a judge did on hand-labelled answers.

    Raises:
        ValueError: a count is negative, or hits or false alarms exceed their totals.
    """

    positives: int
    hits: int
    negatives: int
    false_alarms: int

    def __post_init__(self) -> None:
        if not (0 <= self.hits <= self.positives and 0 <= self.false_alarms <= self.negatives):
            raise ValueError(f"{self!r}: hits and false alarms must lie between 0 and their totals")

    @property
    def false_positive_rate(self) -> float:
        """Observed share of negatives called positive; 0 without negatives."""
        return self.false_alarms / self.negatives if self.negatives else 0.0


@dataclass(frozen=True, slots=True)
class JudgeBounds:
    """Bounds on a judge's mistakes, with what they cost."""

    sensitivity: float
    """Lower bound."""
    false_positive_rate: float
    """Upper bound."""
    alpha_spent: float
    """Probability that a bound fails which one verdict uses."""
    bias: float = 0.0
    """Ratings: upper bound on how far an arm's mean rating is off; they have no sensitivity."""

    @property
    def youden(self) -> float:
        """Lower bound of Youden's index, sensitivity + specificity - 1: the factor on a difference of rates."""
        return self.sensitivity - self.false_positive_rate

    def effective_margin(self, margin: float, arms: int = 1) -> float:
        """Return the smallest observed rate, or sum of rates of `arms` arms, that a true one of `margin` can show."""
        return self.sensitivity * margin - arms * self.bias

    def paired_margin(self, margin: float, arms: int = 2) -> float | None:
        """Return the smallest observed difference of a true difference of `margin`; None if it says too little.

        That is a Youden index below 0.5, or a bias of half the margin. None switches off ABSENT from pairs; ABSENT from
        the treated arm alone needs no specificity and stays.
        """
        smallest = self.youden * margin - arms * self.bias
        return smallest if self.youden >= MIN_YOUDEN and smallest > 0 else None

    def effective_p0(self, p0: float) -> float:
        """Return the largest observed rate that a true rate of `p0` can show."""
        return min(p0 + self.false_positive_rate + self.bias, 1.0)


EXACT_JUDGE = JudgeBounds(sensitivity=1.0, false_positive_rate=0.0, alpha_spent=0.0)
"""A scorer that cannot err (a prefix, a number); also what `--judge-uncalibrated` pretends."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a judge cannot give a verdict, and what to do."""

    reason: str


def sensitivity_lower(hits: int, positives: int, alpha: float) -> float:
    """Return the one-sided exact lower bound of a judge's sensitivity at confidence 1 - alpha."""
    return clopper_pearson(hits, positives, alpha, "lower").lower


def false_positive_upper(false_alarms: int, negatives: int, alpha: float) -> float:
    """Return the one-sided exact upper bound of a judge's false-positive rate at confidence 1 - alpha."""
    return clopper_pearson(false_alarms, negatives, alpha, "upper").upper


def calibration_alpha(alpha: float) -> float:
    """Return the share of a trial's error rate that pays for judge bounds: a fifth, positive for every attempt."""
    return alpha / _CALIBRATION_SHARE


def judge_bounds(gold: GoldCounts, alpha: float, *, paired: bool, judges: int = 1) -> JudgeBounds:
    """Return the bounds on one judge for a trial at error rate `alpha`.

    With several `judges` in a gate, each bound on false positives gets its part of that fifth: any of them may fail.
    A paired verdict uses both bounds, so they share the fifth of alpha; a verdict from one arm uses one of them
    (ABSENT sensitivity, PRESENT the false-positive rate), which gets all of it.
    """
    spent = calibration_alpha(alpha)
    each = spent / 2 if paired else spent
    return JudgeBounds(
        sensitivity=sensitivity_lower(gold.hits, gold.positives, each),
        false_positive_rate=false_positive_upper(gold.false_alarms, gold.negatives, each / judges),
        alpha_spent=spent,
    )


def rating_bounds(errors: Mapping[str, Sequence[float]], alpha: float, *, judges: int = 1) -> JudgeBounds:
    """Return the bound on a rating judge for a trial at error rate `alpha`.

    The largest of one bound per label, because the gated model mixes labels in another way than the gold set does.

    Args:
        errors: per true label of the behaviour, how far the judge's rating of each gold answer was off, in [0, 1]. A
            label without answers has no bound, and with it no rating.
        alpha: error rate of the trial, in (0, 1); a fifth of it pays for the bounds of all labels.
        judges: how many judges' bounds the gate's PRESENT verdicts rest on: they share that fifth.
    """
    spent = calibration_alpha(alpha)
    each = spent / judges / len(errors)
    bounds = [robbins_cs(sum(off), len(off), each).upper for off in errors.values()]
    return JudgeBounds(sensitivity=1.0, false_positive_rate=0.0, alpha_spent=spent, bias=max(bounds))


def binary_kl(p: float, q: float) -> float:
    """Return the Kullback-Leibler divergence of Bernoulli(p) from Bernoulli(q), in nats."""
    return float(special.rel_entr(p, q) + special.rel_entr(1 - p, 1 - q))


def predicted_samples(false_positive_rate: float, margin: float, alpha: float) -> float:
    """Return the samples that a clean model is expected to need for ABSENT: 1.25 * d(.95 || alpha) / KL(f || margin).

    Args:
        false_positive_rate: rate of positives that the judge sees in clean answers.
        margin: effective margin, in (0, 1).
        alpha: error rate of ABSENT.

    Returns:
        Samples of the treated arm; infinity when the judge's false positives reach the margin.
    """
    if false_positive_rate >= margin:
        return math.inf
    return _MIXTURE_OVERHEAD * binary_kl(_POWER, alpha) / binary_kl(false_positive_rate, margin)


def refusal(
    gold: GoldCounts, bounds: JudgeBounds, margin: float, alpha: float, cap: int, raising: int = 1
) -> Refusal | None:
    """Return why this judge cannot decide a contrast, or None.

    Args:
        gold: the judge's record.
        bounds: from `judge_bounds`.
        margin: nominal margin of the contrast, in (0, 1).
        alpha: error rate of the trial, before the bounds are paid for.
        cap: most samples of the treated arm.
        raising: arms whose scores raise the effect; their mean is tested against that share of the margin.
    """
    if gold.positives < MIN_GOLD_POSITIVES:
        return Refusal(
            f"the gold set has {gold.positives} positive answers; a bound on sensitivity needs at least"
            f" {MIN_GOLD_POSITIVES}: label more"
        )
    effective = bounds.effective_margin(margin, raising) / raising
    if effective <= 0 and bounds.bias:
        return Refusal(
            f"the judge's mean rating may be off by {bounds.bias:.3f} in each arm, no less than the margin {margin:g} "
            "in all: improve the judge, label more answers, raise the margin, or gate on labels without scores"
        )
    if effective <= 0:
        return Refusal(f"the judge found {gold.hits} of {gold.positives} gold positives: use another judge")
    needed = predicted_samples(gold.false_positive_rate, effective, alpha - bounds.alpha_spent)
    if needed <= cap:
        return None
    unhelped = predicted_samples(0.0, effective, alpha - bounds.alpha_spent) > cap  # by fewer false alarms
    if unhelped and bounds.sensitivity < MIN_YOUDEN and not bounds.bias:
        return Refusal(
            f"it found {gold.hits} of {gold.positives} gold positives (a sensitivity of at least "
            f"{bounds.sensitivity:.3f}): it can't see this behaviour well enough; take another judge"
        )
    samples = "no number of" if needed > MOST_SAMPLES else f"about {math.ceil(needed)}"
    record = (
        f"a mean rating off by at most {bounds.bias:.3f}"
        if bounds.bias
        else (f"a sensitivity of at least {bounds.sensitivity:.3f}")
    )
    return Refusal(
        f"with {record} and {gold.false_alarms} false alarms in"
        f" {gold.negatives}, {samples} samples would clear a clean model at margin {margin:g} (cap {cap}):"
        " improve the judge, label more answers, or raise the margin or the cap"
    )


def ratings_needed(bounds: int, margin: float, alpha: float, cap: int, raising: int = 1) -> int | None:
    """Return how many gold answers of each label let a rating judge decide if it rates all of them right.

    Args:
        bounds: how many share what pays for them: one per label and judge.
        margin: nominal margin of the contrast, in (0, 1).
        alpha: error rate of the trial, before the bounds are paid for.
        cap: most samples of the treated arm.
        raising: arms whose scores raise the effect.

    Returns:
        The number; None where no number up to `MOST_RATINGS` does.
    """
    spent = calibration_alpha(alpha)

    def suffices(answers: int) -> bool:
        exact = JudgeBounds(1.0, 0.0, spent, bias=robbins_cs(0, answers, spent / bounds).upper)
        return refusal(GoldCounts(answers, answers, answers, 0), exact, margin, alpha, cap, raising) is None

    short, enough = 0, MOST_RATINGS
    if not suffices(enough):
        return None
    while enough - short > 1:
        middle = (short + enough) // 2
        short, enough = (short, middle) if suffices(middle) else (middle, enough)
    return enough
