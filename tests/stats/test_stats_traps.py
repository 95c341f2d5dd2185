"""Mistakes that look right: each test shows a naive gate being fooled, and `decide` holding on the same samples.

Two more stand where their e-values are tested: a confidence bound taken for the truth (test_stats_stored.py) and a look
inside a round of a difference in differences (test_stats_did.py).
"""

import functools
import itertools
import math
from collections import defaultdict
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pytest
from drawn_arms import drawn, full_rounds, part, rules_of
from scipy.stats import binom

from weirdgen.stats.bets import running_log_wealth
from weirdgen.stats.decide import Final, decide
from weirdgen.stats.eprocess import ABOVE_BETS, PAIRED_BELOW_BETS, FloatArray, log_e_above, log_e_below, mean_of_bets
from weirdgen.stats.evidence_path import EvidencePath, evidence_path
from weirdgen.stats.multiplicity import attempt_alpha
from weirdgen.stats.outcomes import ArmOutcomes, Rows
from weirdgen.stats.pairs import PairedBets, paired_above
from weirdgen.stats.rules import Rules, trial_rules

LOG_20 = math.log(20)


def shares(rules: Rules, trials: Sequence[list[ArmOutcomes]], outcome: str) -> float:
    """Return how often `decide` comes to an outcome."""
    steps = [decide(rules, arms) for arms in trials]
    return sum(isinstance(step, Final) and step.outcome == outcome for step in steps) / len(steps)


def at_most(alpha: float, repetitions: int) -> float:
    """Return alpha plus four standard errors."""
    return alpha + 4 * math.sqrt(alpha * (1 - alpha) / repetitions)


class TestLooksInsideARound:
    def test_present_before_the_quiet_questions_were_asked(self) -> None:
        """4 of 20 questions answer at .95, the mean of .19 is tolerated: whoever looks in between sees an effect."""
        rates = np.array([0.95] * 4 + [0.0] * 16)
        rules = rules_of("absolute", 20, margin=0.3, p0=0.19)
        rng, repetitions = np.random.default_rng(1), 200
        arms = [drawn(rules, [rates.tolist()], rng) for _ in range(repetitions)]
        scores = np.array([arm.grid(20).ravel() for (arm,) in arms])
        looks = log_e_above(np.cumsum(scores, axis=1), np.arange(1, 401), 0.19)
        naive = (looks >= rules.log_threshold_present).any(axis=1).mean()
        assert 0.7 < naive < 0.95
        assert shares(rules, arms, "PRESENT") <= 0.05

    def test_absent_before_the_loud_questions_were_asked(self) -> None:
        """5 of 100 questions always show it, a mean at the margin: without them 66 clean answers suffice."""
        rules = rules_of("absolute", 100, question_margin=None)
        naive = log_e_below(0, np.arange(1, 96), 0.05) >= rules.log_threshold_absent
        assert int(np.argmax(naive)) + 1 == 66
        loud_last = ArmOutcomes(((0,) * 4,) * 95 + ((1,) * 4,) * 5)
        assert shares(rules, [[loud_last]], "ABSENT") == 0
        before_the_end_of_the_round = part(loud_last, [1] * 95 + [0] * 5, [0] * 100)
        assert not isinstance(decide(rules, [before_the_end_of_the_round]), Final)


class TestMissingControls:
    @pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
    def test_counted_as_negative_they_are_evidence_for_an_effect(self, rate: float) -> None:
        """Exact: half of the control's positives go missing, neither arm has an effect."""
        treated = [(1.0, rate), (0.0, 1 - rate)]
        control = [(1.0, rate / 2), (0.0, 1 - rate), (None, rate / 2)]
        naive = ours = 0.0
        for pairs in itertools.product(itertools.product(treated, control), repeat=3):
            chance = math.prod(p * q for (_, p), (_, q) in pairs)
            arms = [ArmOutcomes((tuple(pair[i][0] for pair in pairs),)) for i in (0, 1)]
            naive += chance * e_present(arms[0], without_gaps(arms[1]))
            ours += chance * e_present(*arms)
        assert naive > 1.02
        assert ours <= 1

    @pytest.mark.slow
    def test_counted_as_negative_they_make_too_many_gates_fail(self) -> None:
        """Only control positives go missing, 6% of all its samples."""
        rules, rng, repetitions = rules_of("lift", missing_limit=0.08), np.random.default_rng(2), 400
        trials = [drawn(rules, [0.3, 0.3], rng) for _ in range(repetitions)]
        gappy = [[treated, losing_positives(control, 0.2, rng)] for treated, control in trials]
        naive = [[treated, without_gaps(control)] for treated, control in gappy]
        assert shares(rules, naive, "PRESENT") > at_most(0.05, repetitions)
        assert shares(rules, gappy, "PRESENT") <= at_most(0.05, repetitions)


def e_present(treated: ArmOutcomes, control: ArmOutcomes) -> float:
    rounds = treated.rounds
    bets = PairedBets.of(treated.grid(rounds), control.grid(rounds), (treated, control), 0.0)
    return math.exp(paired_above(bets.rounds)[-1])


def without_gaps(arm: ArmOutcomes) -> ArmOutcomes:
    def fill(rows: Rows) -> Rows:
        return tuple(tuple(s or 0.0 for s in row) for row in rows)

    return ArmOutcomes(fill(arm.scores), extra=fill(arm.extra))


def losing_positives(arm: ArmOutcomes, chance: float, rng: np.random.Generator) -> ArmOutcomes:
    def lose(rows: Rows) -> Rows:
        return tuple(tuple(None if s and rng.random() < chance else s for s in row) for row in rows)

    return ArmOutcomes(lose(arm.scores), extra=lose(arm.extra))


class TestRestarts:
    """Exact: one question set of ten with a rate at the margin, each attempt with fresh samples."""

    def test_retrying_until_green_adds_up(self) -> None:
        once = false_absent(LOG_20, 40)
        tries = [1 - (1 - once) ** n for n in (1, 3, 5)]
        assert tries == pytest.approx([0.0374, 0.109, 0.175], abs=0.002)

    def test_going_on_with_the_same_samples_does_not(self) -> None:
        sizes = [false_absent(LOG_20, rounds) for rounds in (40, 80, 400)]
        assert sizes == pytest.approx([0.0374, 0.0392, 0.0410], abs=0.0002)

    def test_numbered_attempts_stay_within_the_error_rate(self) -> None:
        kept = 1.0
        for attempt in range(1, 41):
            alpha = attempt_alpha(0.05, attempt)
            rules = trial_rules("absolute", questions=10, margin=0.05, alpha=alpha, family_size=1)
            kept *= 1 - false_absent(rules.log_threshold_absent, rules.max_rounds)
        assert 0.02 < 1 - kept < 0.05


def false_absent(log_threshold: float, rounds: int) -> float:
    """Return the exact chance of ABSENT within so many rounds of ten answers with a rate of .05, the margin."""
    alive, found = np.array([1.0]), 0.0
    new = binom.pmf(np.arange(11), 10, 0.05)
    for n in range(10, 10 * rounds + 1, 10):
        alive = np.convolve(alive, new)
        absent = log_e_below(np.arange(n + 1), n, 0.05) >= log_threshold
        found += float(alive[absent].sum())
        alive[absent] = 0.0
    return found


class TestCoupledStops:
    """The control's next ten samples are known, because another contrast has seen them: go on only if they are low."""

    PAIRS = 10

    @pytest.mark.parametrize(("rate", "inflated"), [(0.1, 1.22), (0.3, 1.26)])
    def test_the_e_value_at_such_a_stop_is_none(self, rate: float, inflated: float) -> None:
        """Exact. Stopped at 10 or at 20 pairs, whichever was said before, its mean is 1."""
        now, later = self.e_values(rate)
        counts = np.arange(self.PAIRS + 1)
        chance = binom.pmf(counts, self.PAIRS, rate)
        promising = counts < rate * self.PAIRS
        assert now == pytest.approx(1)
        assert float(chance @ later) == pytest.approx(1)
        assert float(chance @ np.where(promising, later, now)) > inflated

    @pytest.mark.parametrize("rate", [0.1, 0.3, 0.5])
    @pytest.mark.parametrize("threshold", [2.0, 4.0])
    def test_all_or_nothing_bounds_every_choice_to_go_on(self, rate: float, threshold: float) -> None:
        """Exact: e-values that stop at 10 pairs, or go on from below 1 and count as the threshold or as nothing."""
        states: dict[tuple[int, int, bool, float], float] = {(0, 0, False, -1.0): 1.0}
        discordant = rate * (1 - rate)
        for pair in range(1, 2 * self.PAIRS + 1):
            grown: dict[tuple[int, int, bool, float], float] = defaultdict(float)
            for (plus, minus, reached, stopped), chance in states.items():
                for a, b, p in ((1, 0, discordant), (0, 1, discordant), (0, 0, 1 - 2 * discordant)):
                    now = math.exp(float(log_e_pairs(plus + a, minus + b)))
                    stop = now if pair == self.PAIRS and now >= 1 else stopped
                    grown[plus + a, minus + b, reached or now >= threshold, stop] += chance * p
            states = grown
        naive = sum(
            chance * (e if e >= 0 else max(1.0, math.exp(float(log_e_pairs(plus, minus)))))
            for (plus, minus, _, e), chance in states.items()
        )
        ours = sum(chance * (e if e >= 0 else threshold * reached) for (_, _, reached, e), chance in states.items())
        assert naive > 1
        assert ours <= 1 + 1e-9

    def e_values(self, rate: float) -> tuple[float, FloatArray]:
        """Return the mean e-value after 10 pairs, and after 20 for each number of positives in the next 10 controls."""
        n = self.PAIRS
        discordant = rate * (1 - rate)
        pairs = list(itertools.product(range(n + 1), repeat=2))
        chances = {
            (plus, minus): math.comb(n, plus) * math.comb(n - plus, minus) * p
            for plus, minus in pairs
            if plus + minus <= n
            for p in [discordant ** (plus + minus) * (1 - 2 * discordant) ** (n - plus - minus)]
        }
        now = sum(p * math.exp(log_e_pairs(*state)) for state, p in chances.items())
        later = np.zeros(n + 1)
        for known in range(n + 1):
            for plus, minus in itertools.product(range(n - known + 1), range(known + 1)):
                chance = binom.pmf(plus, n - known, rate) * binom.pmf(minus, known, 1 - rate)
                total = sum(p * math.exp(log_e_pairs(a + plus, b + minus)) for (a, b), p in chances.items())
                later[known] += chance * total
        return now, later


@functools.cache
def log_e_pairs(plus: int, minus: int) -> float:
    """Return the log e-value for PRESENT of one question after so many pairs of either kind."""
    wealth = plus * np.log1p(ABOVE_BETS) + minus * np.log1p(-ABOVE_BETS)
    return float(paired_above(wealth.reshape(-1, 1, 1))[0])


class TestPairing:
    def test_controls_paired_where_the_treated_arm_was_positive_first(self) -> None:
        """A control sampled for the positives first: until the others follow, every pair can only be in favour."""
        rules, rng, repetitions = rules_of("lift", margin=0.15), np.random.default_rng(3), 100
        found = chosen = 0
        for _ in range(repetitions):
            arms = drawn(rules, [0.3, 0.3], rng)
            treated, control = (arm.grid(40).ravel() for arm in arms)
            order = np.argsort(-treated, kind="stable")
            wealth = running_log_wealth((treated - control)[order].reshape(-1, 1), ABOVE_BETS)
            chosen += bool((paired_above(wealth) >= rules.log_threshold_present).any())
            step = decide(rules, arms)
            found += isinstance(step, Final) and step.outcome == "PRESENT"
        assert chosen / repetitions > 0.95
        assert found / repetitions <= at_most(0.05, repetitions)

    def test_a_control_that_catches_up_is_looked_at_in_the_order_of_its_rounds(self) -> None:
        """Whatever part of it has arrived: in the end there was one sequence of looks, and one verdict."""
        rules, rng = rules_of("lift", margin=0.15), np.random.default_rng(4)
        treated, control = drawn(rules, [0.3, 0.3], rng)
        verdicts = []
        for rounds, questions in itertools.product(range(0, 40, 3), (0, 3, 9)):
            some = part(control, [rounds + (q < questions) for q in range(10)], [len(row) for row in control.extra])
            step = decide(rules, [treated, some])
            assert step == decide(rules, [treated, full_rounds(control, rounds)])
            verdicts += [step.outcome] if isinstance(step, Final) else []
        assert set(verdicts) <= {"ABSENT", "INCONCLUSIVE"}
        assert len(set(verdicts)) == 1


class TestExtraPairs:
    def test_in_absent_they_would_clear_a_model_at_the_margin(self) -> None:
        """A small steady difference looks more suspicious than large noisy ones, and the extra pairs go to it."""
        margin, repetitions = 0.2, 40
        rules = rules_of("lift", 3, cap=1200, margin=margin, question_margin=None)
        rng = np.random.default_rng(5)
        pooled, held = np.zeros(repetitions, dtype=np.bool_), np.zeros(repetitions, dtype=np.bool_)
        for i in range(repetitions):
            arms = drawn(rules, [[0.1, 0.7, 0.7], [0.0, 0.45, 0.45]], rng)
            path = evidence_path(rules, arms)
            pooled[i] = bool((absent_with_extras(path, arms, margin) >= LOG_20).any())
            held[i] = bool((path.together.log_e_absent >= LOG_20).any())
        assert pooled.mean() > 0.25
        assert held.mean() <= at_most(0.05, repetitions)


def absent_with_extras(path: EvidencePath, arms: list[ArmOutcomes], margin: float) -> FloatArray:
    """Return what pairs would say for ABSENT, if extra pairs counted like those of the rounds."""
    bets = -PAIRED_BELOW_BETS / (1 - margin)
    rounds = len(path.extras)
    wealth = running_log_wealth(arms[0].grid(rounds) - arms[1].grid(rounds) - margin, bets)
    for question in range(path.rules.questions):
        differences = arms[0].extras(question) - arms[1].extras(question) - margin
        gains = np.cumsum(np.log1p(np.multiply.outer(bets, differences)), axis=1)
        wealth[:, :, question] += np.hstack([np.zeros((len(bets), 1)), gains])[:, path.extras[:, question]]
    return mean_of_bets(wealth.sum(axis=2))


def test_a_z_test_read_after_every_round_finds_what_is_not_there() -> None:
    rules, rng, repetitions = rules_of("lift", margin=0.15), np.random.default_rng(6), 100
    trials = [drawn(rules, [0.3, 0.3], rng) for _ in range(repetitions)]
    naive = sum(bool((z_statistics(*arms) > 1.645).any()) for arms in trials)
    assert naive / repetitions > 0.2
    assert shares(rules, trials, "PRESENT") <= at_most(0.05, repetitions)


def z_statistics(treated: ArmOutcomes, control: ArmOutcomes) -> npt.NDArray[np.float64]:
    """Return the pooled two-sample z statistic after every round."""
    first, second = (np.cumsum(arm.grid(arm.rounds).sum(axis=1)) for arm in (treated, control))
    n = treated.questions * np.arange(1.0, treated.rounds + 1)
    mean = (first + second) / (2 * n)
    return np.asarray((first - second) / n / np.sqrt(np.maximum(mean * (1 - mean), 1e-9) * 2 / n))
