"""Samples that a verdict takes, and how often it is wrong: trials simulated through the decision that real gates use.

Shown, per row of assumed rates: how trials end, their samples (mean, 95th percentile), the ratio to what no sequential
test can beat (Wald's bound with the Kullback-Leibler divergence) and to a fixed design of 100 samples per question and
arm; and that false verdicts stay within the error rate that a user's first attempt has. Every contrast has 10
questions, whole rounds, and the default cap of 400 samples of the treated arm.

Not shown: judges that err, answers that are missing, servers that fail, draws that are not independent, and models
that were not assumed. The bench on organisms has real draws.
"""

import argparse
import dataclasses
import math
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from simulated import ALPHA, QUESTIONS, RATING_STEP, Rate, draw_arm, lift, limit, settle, simulate
from targets import Target, report

from weirdgen.stats.decide import Final, decide
from weirdgen.stats.judge_error import binary_kl
from weirdgen.stats.outcomes import ArmOutcomes
from weirdgen.stats.power import Forecast
from weirdgen.stats.ripr import null_projection
from weirdgen.stats.rules import BLOCK_RATIO, Method, Rules, StoredArm, trial_rules
from weirdgen.trials.settings import FIXED_DESIGN_PER_QUESTION

POWER = 0.95
CHUNK = 50
LOOP_RUNS = 2
"""Per row, stepped through as a real trial is."""
STORED_SHARE = 5
"""A look at a stored baseline takes some four times as long: such rows get a fifth of the runs."""
STORED_CAP = 300
STORED_FOR_BLOCKS = BLOCK_RATIO * STORED_CAP // QUESTIONS

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Baseline:
    """Stored counts of an earlier version, drawn anew for every run."""

    rate: float
    n: int
    """Samples per question."""
    method: Method


@dataclass(frozen=True, slots=True)
class Row:
    """One assumed truth under one set of rules."""

    table: str
    name: str
    rules: Rules
    rates: tuple[Rate, ...]
    """Per arm; where answers are rated, of weird answers."""
    baseline: Baseline | None = None
    at_most: float | None = None
    """Target for the mean samples."""

    @property
    def title(self) -> str:
        """Name that no other row has."""
        return f"{self.table}, {self.name}"

    @property
    def effects(self) -> FloatArray:
        """True effect per question."""
        signed = [s * np.broadcast_to(r, QUESTIONS) for s, r in zip(self.rules.signs, self.rates, strict=True)]
        effects = np.sum(signed, axis=0) - (self.baseline.rate if self.baseline else 0.0)
        scale = RATING_STEP if self.rules.graded else 1.0
        return np.asarray(np.round(effects * scale, 9))

    @property
    def right(self) -> str:
        """The right verdict; empty in the indifference zone, where both are."""
        effects = np.abs(self.effects) if self.rules.two_sided else self.effects
        if round(float(effects.mean()), 9) >= self.rules.margin:
            return "PRESENT"
        return "ABSENT" if effects.max() <= self.rules.p0 else ""

    @property
    def false(self) -> tuple[str, float] | None:
        """The false verdict whose rate is checked, and what it may be: no effect, or one of exactly the margin."""
        if self.right == "ABSENT":
            return "PRESENT", math.exp(-self.rules.log_threshold_present)
        at_margin = math.isclose(abs(self.effects.mean()), self.rules.margin)
        return ("ABSENT", math.exp(-self.rules.log_threshold_absent)) if at_margin else None

    @property
    def fixed(self) -> int:
        """Samples of the fixed design."""
        return FIXED_DESIGN_PER_QUESTION * QUESTIONS * len(self.rates)

    def runs(self, runs: int) -> int:
        """Return how many of the runs this row gets."""
        return math.ceil(runs / STORED_SHARE) if self.baseline else runs


def present_bound(row: Row) -> float | None:
    """Return the least mean samples of any test that finds this effect with probability .95; None: not worked out.

    Wald (1945): ``d(.95 || alpha) / KL`` for one arm, twice that for pairs on all questions alike, where KL is the
    nats that a sample or a pair brings against the nearest rates without an effect. A stored rate counts as known, so
    no baseline can do better; extra pairs on one question can.
    """
    nats = binary_kl(POWER, math.exp(-row.rules.log_threshold_present))
    rates = [np.broadcast_to(rate, QUESTIONS) for rate in row.rates]
    if row.rules.graded or len(rates) > 2:
        return None
    if len(rates) == 1:
        nearest = row.baseline.rate if row.baseline else row.rules.p0
        return nats / binary_kl(float(rates[0].mean()), nearest)
    pairs = zip(*rates, strict=True)
    return 2 * nats / float(np.mean([binary_kl(t, (t + c) / 2) + binary_kl(c, (t + c) / 2) for t, c in pairs]))


def absent_bound(row: Row) -> float | None:
    """Return the least mean samples of any test that rules out the margin with probability .95; None: not worked out.

    The smaller of the bounds for the treated arm alone and for pairs, which are compared with the nearest two rates
    that differ by the margin. A two-sided contrast needs pairs.
    """
    nats = binary_kl(POWER, math.exp(-row.rules.log_threshold_absent))
    margin = row.rules.margin
    if row.rules.graded or len(row.rates) > 2 or not all(isinstance(rate, float) for rate in row.rates):
        return None
    treated, *control = (float(np.mean(rate)) for rate in row.rates)
    if not control:
        return nats / binary_kl(treated, margin + (row.baseline.rate if row.baseline else 0.0))
    alone = nats / binary_kl(treated, margin) if treated < margin and not row.rules.two_sided else math.inf
    high, low = null_projection(treated, control[0], 1, margin)
    return min(alone, 2 * nats / (binary_kl(treated, high) + binary_kl(control[0], low)))


def rows() -> list[Row]:
    """Return all rows, table by table."""
    alone, gate = "Alone (family of 1)", "Gate (family of 100)"
    tables = [_lift(alone, 1), _lift(gate, 100), _errors(), _one_arm(), _did(), _two_sided(), _rated(), _regression()]
    return [row for table in tables for row in table]


def _some(count: int, rate: float, base: float = 0.0) -> Rate:
    return (rate,) * count + (base,) * (QUESTIONS - count)


def _lift(table: str, family: int) -> Iterator[Row]:
    five, fifteen = lift(0.05, family), lift(0.15, family)
    costs = {".005 v .005": 115.0, ".6 v 0": 60.0} if family > 1 else {}
    for name, rules, treated, control in (
        ("0 v 0", five, 0.0, 0.0),
        (".005 v .005", five, 0.005, 0.005),
        (".01 v .01", five, 0.01, 0.01),
        (".02 v .02", five, 0.02, 0.02),
        (".6 v 0", five, 0.6, 0.0),
        (".3 v 0", five, 0.3, 0.0),
        (".1 v 0", five, 0.1, 0.0),
        (".1 v .005", five, 0.1, 0.005),
        (".05 v .01", five, 0.05, 0.01),
        (".5 on 2 questions", five, _some(2, 0.5), 0.0),
        (".9 on 1 question", five, _some(1, 0.9), 0.0),
        (".3 on 1 question", five, _some(1, 0.3), 0.0),
        (".6 v .3, margin .15", fifteen, 0.6, 0.3),
        (".3 v .3, margin .15", fifteen, 0.3, 0.3),
    ):
        yield Row(table, name, rules, (treated, control), at_most=costs.get(name))


def _errors() -> Iterator[Row]:
    """Yield rows at the edge of what a false verdict is, beside those of the first table."""
    table, mixed = "At the edge (family of 1)", tuple(q / QUESTIONS for q in range(QUESTIONS))
    five, fifteen = lift(0.05, 1), lift(0.15, 1)
    for name, rules, treated, control in (
        (".05 v .05", five, 0.05, 0.05),
        (".1 v .1, margin .15", fifteen, 0.1, 0.1),
        (".6 v .6, margin .15", fifteen, 0.6, 0.6),
        ("0 to .9 in both, margin .15", fifteen, mixed, mixed),
        (".3 on 2 questions in both", five, _some(2, 0.3), _some(2, 0.3)),
        (".05 v 0", five, 0.05, 0.0),
        (".055 v .005", five, 0.055, 0.005),
        (".07 v .02", five, 0.07, 0.02),
        (".45 v .3, margin .15", fifteen, 0.45, 0.3),
        (".1 on 5 questions", five, _some(5, 0.1), 0.0),
    ):
        yield Row(table, name, rules, (treated, control))


def _one_arm() -> Iterator[Row]:
    """Yield absolute rates; the tolerance of .02 keeps PRESENT away from clean rows."""
    table = "One arm (tolerance .02)"
    for margin, rates in ((0.05, (0.0, 0.005, 0.01, 0.02)), (0.10, (0.005, 0.02))):
        rules = trial_rules(
            "absolute", questions=QUESTIONS, margin=margin, alpha=ALPHA, family_size=100, tolerance=0.02
        )
        for rate in rates:
            cost = 115.0 if (margin, rate) == (0.05, 0.005) else None
            yield Row(table, f"{_short(rate)}, margin {_short(margin)}", rules, (rate,), at_most=cost)
            if margin > 0.05:
                free = dataclasses.replace(rules, question_margin=None)
                yield Row(table, f"{_short(rate)}, margin {_short(margin)}, no check per question", free, (rate,))


def _did() -> Iterator[Row]:
    """Yield differences in differences: model with and without the trigger, then its control."""
    rules = trial_rules("did", questions=QUESTIONS, margin=0.05, alpha=ALPHA, family_size=1)
    for name, rates in (
        ("0, all at .005", (0.005, 0.005, 0.005, 0.005)),
        ("0, +.3 in both models", (0.35, 0.05, 0.35, 0.05)),
        (".6", (0.6, 0.0, 0.0, 0.0)),
        ("margin, .05 v 0, 0 v 0", (0.05, 0.0, 0.0, 0.0)),
        ("margin, .35 v .3, .2 v .2", (0.35, 0.3, 0.2, 0.2)),
    ):
        yield Row("Difference in differences (family of 1)", name, rules, rates)


def _two_sided() -> Iterator[Row]:
    five, fifteen = (dataclasses.replace(lift(margin, 1), two_sided=True) for margin in (0.05, 0.15))
    for name, rules, treated, control in (
        (".005 v .005", five, 0.005, 0.005),
        (".3 v .3, margin .15", fifteen, 0.3, 0.3),
        (".6 v 0", five, 0.6, 0.0),
        ("0 v .6", five, 0.0, 0.6),
        ("0 v .05", five, 0.0, 0.05),
    ):
        yield Row("Two-sided (family of 1)", name, rules, (treated, control))


def _rated() -> Iterator[Row]:
    """Yield rated answers: .05 in the mean for an ordinary one, .8 for a weird one."""
    rules = dataclasses.replace(lift(0.15, 1), graded=True)
    for name, treated, control in (
        ("0 v 0 weird", 0.0, 0.0),
        (".2 v .2 weird", 0.2, 0.2),
        (".6 v 0 weird", 0.6, 0.0),
        (".2 v 0 weird", 0.2, 0.0),
    ):
        yield Row("Ratings, margin .15 (family of 1)", name, rules, (treated, control))


def _regression() -> Iterator[Row]:
    """Yield a new version against stored counts, by both methods; the .005 rows at margin .05, the others at .10.

    Blocks take three stored samples per new one, so 300 are too few for them under this cap.
    """
    methods: tuple[Method, ...] = ("infimum", "blocks")
    for method in methods:
        for old, new, n, families in (
            (0.005, 0.005, 30, (1,)),
            (0.005, 0.005, 100, (1,)),
            (0.005, 0.10, 100, (1,)),
            (0.10, 0.10, 30, (1,)),
            (0.10, 0.10, 100, (1,)),
            (0.10, 0.20, 100, (1, 100)),
            (0.30, 0.30, 100, (1,)),
            (0.30, 0.50, 30, (1,)),
            (0.30, 0.50, 100, (1, 100)),
        ):
            for family in families if method == "infimum" or n >= STORED_FOR_BLOCKS else ():
                margin = 0.05 if old < 0.1 else 0.10
                rules = trial_rules(
                    "absolute", questions=QUESTIONS, margin=margin, alpha=ALPHA, family_size=family, cap=STORED_CAP
                )
                name = f"{_short(old)} to {_short(new)}, {n * QUESTIONS} stored, family of {family}"
                yield Row(f"Stored counts, {method}", name, rules, (new,), Baseline(old, n, method))


def _short(rate: float) -> str:
    return f"{rate:g}".removeprefix("0") or "0"


def arms_of(row: Row, rng: np.random.Generator) -> tuple[Rules, list[ArmOutcomes]]:
    """Draw one trial: its rules, with a baseline of its own, and all samples that it could ask for."""
    rules = row.rules
    if row.baseline:
        known = row.baseline
        positives = tuple(rng.binomial(known.n, known.rate, QUESTIONS).tolist())
        stored = StoredArm(positives, (0,) * QUESTIONS, known.n, known.method, seed=7)
        rules = dataclasses.replace(rules, stored=(stored,))
    return rules, [draw_arm(rules, rate, rng) for rate in row.rates]


def trials(row: Row, runs: int, rng: np.random.Generator) -> list[tuple[str, int]]:
    """Play trials; return the outcome and the samples of each."""
    finals = [settle(*arms_of(row, rng)) for _ in range(runs)]
    return [(final.outcome, final.evidence.spent) for final in finals]


def loops(rows: Sequence[Row], runs: int, rng: np.random.Generator) -> list[bool]:
    """Return, per trial of each row, whether the loop ends as the decision with all samples at hand, after as many."""
    return [_agrees(*arms_of(row, rng)) for _ in range(runs) for row in rows]


def _agrees(rules: Rules, arms: Sequence[ArmOutcomes]) -> bool:
    stepped, drawn = _loop(rules, arms)
    whole = settle(rules, arms)
    same = [(f.outcome, f.reason, f.evidence.spent, f.evidence.rounds, f.evidence.extras) for f in (stepped, whole)]
    return same[0] == same[1] and drawn == whole.evidence.spent


def _loop(rules: Rules, arms: Sequence[ArmOutcomes]) -> tuple[Final, int]:
    """Hand over what is asked for and no more, like `weirdgen.trials.loop`; return how many samples that took, too."""
    rounds, extras = [0] * len(arms), np.zeros((len(arms), QUESTIONS), dtype=np.int64)
    while True:
        step = decide(rules, [_first(*one) for one in zip(arms, rounds, extras.tolist(), strict=True)])
        if isinstance(step, Final):
            return step, QUESTIONS * sum(rounds) + int(extras.sum())
        for want in step.wants:
            rounds[want.arm] = max(rounds[want.arm], want.rounds)
            extras[want.arm] = np.maximum(extras[want.arm], want.extras or 0)


def _first(arm: ArmOutcomes, rounds: int, extras: Sequence[int]) -> ArmOutcomes:
    some = tuple(row[:n] for row, n in zip(arm.extra, extras, strict=True))
    return ArmOutcomes(tuple(row[:rounds] for row in arm.scores), extra=some)


def line(row: Row, found: Forecast) -> str:
    """Return a row of its table."""
    right = f"{found.share(row.right):5.3f}" if row.right else "either"
    bound = absent_bound(row) if row.right == "ABSENT" else present_bound(row)
    over = f"{bound:6.0f} {found.mean_samples / bound:5.2f}" if bound else f"{'-':>6} {'-':>5}"
    shares = " ".join(f"{found.share(outcome):7.3f}" for outcome in ("PRESENT", "ABSENT", "INCONCLUSIVE"))
    return (
        f"{row.name:<38} {found.repetitions:5} {shares}  {right:>6} {found.mean_samples:6.0f} {found.quantile(0.95):5}"
        f" {over} {row.fixed / found.mean_samples:6.1f}"
    )


INTRODUCTION = f"""\
alpha is {ALPHA:g}, what a user's first attempt has of .05; a false verdict may be as frequent, plus 4 standard errors
right   share of right verdicts; either: an effect below the margin, where no verdict is wrong
bound   least mean samples of any sequential test; a ratio below 1: trials gave up, or paired one question most
fixed   samples of 100 per question and arm, over the mean"""
HEAD = f"{'':38} {'runs':>5} PRESENT  ABSENT INCONCL   right   mean   p95  bound ratio  fixed"


def targets(row: Row, found: Forecast) -> Iterator[Target]:
    """Yield what a row promises."""
    if row.at_most is not None:
        yield Target(f"{row.title}: mean samples", found.mean_samples, row.at_most, True)
    if row.false is not None:
        outcome, rate = row.false
        share, bound = found.share(outcome), limit(rate, found.repetitions)
        yield Target(f"{row.title}: false {outcome}", share, bound, True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Simulate, print, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=4000, help="trials per row (default 4000)")
    parser.add_argument("--processes", type=int, default=None, help="at once (default: one per core)")
    options = parser.parse_args(arguments)
    every, processes = rows(), options.processes
    print(INTRODUCTION)
    checked: list[Target] = []
    table = ""
    played = [(row.title, row, row.runs(options.runs)) for row in every]
    for row, results in zip(every, simulate(trials, played, chunk=CHUNK, processes=processes), strict=True):
        outcomes, samples = zip(*results, strict=True)
        found = Forecast(len(results), Counter(outcomes), samples)
        if row.table != table:
            table = row.table
            print(f"\n{table}\n{HEAD}")
        print(line(row, found), flush=True)
        checked += targets(row, found)
    (same,) = simulate(loops, [("loops", every, LOOP_RUNS)], chunk=1, processes=processes)
    checked.append(Target(f"loop equals one-shot: share of {len(same)} trials", sum(same) / len(same), 1.0, False))
    print()
    return report(checked)


if __name__ == "__main__":
    sys.exit(main())
