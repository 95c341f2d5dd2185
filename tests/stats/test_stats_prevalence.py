"""Corrected shares: published examples, exact symmetry, exact coverage over the gold draw, and what is refused."""

import itertools

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.stats import binom

from weirdgen.stats.intervals import Interval, wilson
from weirdgen.stats.judge_error import GoldCounts
from weirdgen.stats.prevalence import lang_reiczigel, rogan_gladen

# Lang and Reiczigel 2014, examples 1 to 4, as the manual of asht::prevSeSp quotes them: positives, n, gold, interval.
PUBLISHED = [
    (4060, 11284, GoldCounts(179, 178, 359, 1), (0.349, 0.372)),
    (51, 2971, GoldCounts(33, 32, 20, 0), (0.0, 0.053)),
    (712, 11862, GoldCounts(10, 8, 12, 0), (0.0, 0.147)),
    (51, 509, GoldCounts(41, 23, 195, 8), (0.037, 0.195)),
]

counts = st.integers(1, 60).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


def ends(interval: Interval) -> tuple[float, float]:
    return interval.lower, interval.upper


def usable(hits: tuple[int, int], alarms: tuple[int, int]) -> GoldCounts:
    assume(hits[0] / hits[1] > alarms[0] / alarms[1])
    assume((hits[0] + 1) / (hits[1] + 2) > (alarms[0] + 1) / (alarms[1] + 2))
    return GoldCounts(hits[1], hits[0], alarms[1], alarms[0])


def test_rogan_gladen_published() -> None:
    """RSurveillance::tp(20, 120, .9, .99)."""
    assert rogan_gladen(20, 120, GoldCounts(100, 90, 100, 1)) == pytest.approx(0.17603, abs=5e-6)


@pytest.mark.parametrize(("positives", "n", "gold", "published"), PUBLISHED)
def test_lang_reiczigel_published(positives: int, n: int, gold: GoldCounts, published: tuple[float, float]) -> None:
    assert ends(lang_reiczigel(positives, n, gold)) == pytest.approx(published, abs=5e-4)


def test_lang_reiczigel_published_with_two_digits() -> None:
    interval = lang_reiczigel(259, 509, GoldCounts(127, 84, 109, 13))
    assert ends(interval) == pytest.approx((0.58, 0.87), abs=5e-3)


def test_own_values_of_the_specification() -> None:
    """asht::prevSeSp(AP=.2, nP=1000, Se=.9, nSe=60, Sp=.95, nSp=80): our own numbers, R was not run."""
    gold = GoldCounts(60, 54, 80, 4)
    assert rogan_gladen(200, 1000, gold) == pytest.approx(0.1765, abs=5e-5)
    assert ends(lang_reiczigel(200, 1000, gold)) == pytest.approx((0.1051, 0.2296), abs=5e-5)


@given(counts, counts, counts)
def test_renaming_the_labels_mirrors_the_share(
    sample: tuple[int, int], hits: tuple[int, int], alarms: tuple[int, int]
) -> None:
    gold = usable(hits, alarms)
    renamed = GoldCounts(gold.negatives, gold.negatives - gold.false_alarms, gold.positives, gold.positives - gold.hits)
    positives, n = sample
    assert rogan_gladen(n - positives, n, renamed) == pytest.approx(1 - rogan_gladen(positives, n, gold), abs=1e-9)
    interval, mirrored = lang_reiczigel(positives, n, gold), lang_reiczigel(n - positives, n, renamed)
    assert ends(mirrored) == pytest.approx((1 - interval.upper, 1 - interval.lower), abs=1e-9)
    assert 0 <= interval.lower <= interval.upper <= 1


@given(counts, counts, counts)
def test_the_estimate_grows_with_the_positives(
    sample: tuple[int, int], hits: tuple[int, int], alarms: tuple[int, int]
) -> None:
    gold, (positives, n) = usable(hits, alarms), sample
    assert 0 <= rogan_gladen(positives, n + 1, gold) <= rogan_gladen(positives + 1, n + 1, gold) <= 1


def test_with_a_judge_that_cannot_err_it_is_the_plain_rate() -> None:
    gold = GoldCounts(10**7, 10**7, 10**7, 0)
    assert rogan_gladen(30, 100, gold) == 0.3
    plain = wilson(30, 100)
    assert ends(lang_reiczigel(30, 100, gold)) == pytest.approx((plain.lower, plain.upper), abs=3e-3)


def test_more_gold_answers_narrow_the_interval() -> None:
    widths = []
    for size in (20, 50, 200, 2000):
        interval = lang_reiczigel(300, 1000, GoldCounts(size, size * 9 // 10, size, size // 20))
        widths.append(interval.upper - interval.lower)
    assert widths == sorted(widths, reverse=True)
    assert len(set(widths)) == 4


@pytest.mark.parametrize(("truth", "sensitivity", "specificity"), [(0.0, 0.9, 0.95), (0.1, 0.9, 0.95), (0.5, 0.8, 0.9)])
def test_exact_coverage_over_answers_and_gold(truth: float, sensitivity: float, specificity: float) -> None:
    """60 answers and 20 + 20 gold ones, every outcome that weighs anything; the interval is approximate."""
    apparent = truth * sensitivity + (1 - truth) * (1 - specificity)
    weights = [
        np.asarray(binom.pmf(np.arange(n + 1), n, p))
        for n, p in ((60, apparent), (20, sensitivity), (20, 1 - specificity))
    ]
    covered = 0.0
    for positives, hits, alarms in itertools.product(range(61), range(21), range(21)):
        weight = float(weights[0][positives] * weights[1][hits] * weights[2][alarms])
        if weight > 1e-8 and hits > alarms:
            interval = lang_reiczigel(positives, 60, GoldCounts(20, hits, 20, alarms))
            covered += weight * (interval.lower <= truth <= interval.upper)
    assert 0.94 <= covered <= 1


def test_useless_judges_and_impossible_counts_are_refused() -> None:
    for correct in (rogan_gladen, lang_reiczigel):
        with pytest.raises(ValueError, match="does not exceed the false-positive rate"):
            correct(3, 10, GoldCounts(20, 5, 20, 5))
        with pytest.raises(ValueError, match="need gold answers"):
            correct(3, 10, GoldCounts(20, 20, 0, 0))
        with pytest.raises(ValueError, match="positives 11 must lie in"):
            correct(11, 10, GoldCounts(20, 20, 20, 0))
        with pytest.raises(ValueError, match="n = 0 at least 1"):
            correct(0, 0, GoldCounts(20, 20, 20, 0))
    with pytest.raises(ValueError, match="alpha 0"):
        lang_reiczigel(3, 10, GoldCounts(20, 20, 20, 0), 0)
