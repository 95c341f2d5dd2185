"""Whole gates and reruns, simulated: how often a clean model fails, and whether running again buys a better verdict.

Shown: (a) gates of 100 contrasts without any effect, judged as a session does it (e-Bonferroni inside the trials, then
closed e-BH or e-Holm over the family), for several base rates: with arms of their own, with one control arm for all,
and with the same two arms for all 100, the worst dependence; (b) a model whose effect is exactly the margin, run up to
five times until it passes: going on with the stored evidence under a higher cap, fresh attempts at their smaller
alphas, and for comparison fresh samples at the full alpha each time, which breaks the promise; (c) a clean gate that is
continued by choice under higher caps, up to five sessions.

Not shown: judges that err, answers that are missing, and draws that are not independent.
"""

import argparse
import dataclasses
import math
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from simulated import ALPHA, QUESTIONS, Rate, draw_arm, lift, limit, settle, simulate
from targets import Target, report

from weirdgen.schema.plan import Plan
from weirdgen.schema.verdict import Outcome, Verdict
from weirdgen.stats.decide import Final
from weirdgen.stats.intervals import clopper_pearson
from weirdgen.stats.multiplicity import attempt_alpha
from weirdgen.stats.outcomes import ArmOutcomes
from weirdgen.stats.rules import DEFAULT_CAP, Rules
from weirdgen.trials.family import session_verdicts

GATE_ALPHA = 0.05
FAMILY = 100
TRIES = 5
CONTINUED_SHARE = 5
"""Gates continued under higher caps take some five times as long: a fifth of the gates."""
CAPS = tuple(DEFAULT_CAP * n for n in range(1, TRIES + 1))
MIXED = tuple(q / QUESTIONS for q in range(QUESTIONS))


@dataclass(frozen=True, slots=True)
class Clean:
    """A gate of 100 contrasts without any effect."""

    name: str
    margin: float
    base: Rate
    shared: tuple[bool, bool] = (False, False)
    """Whether all contrasts share the treated and the control arm."""

    @property
    def cheap(self) -> bool:
        """Whether one trial decides all contrasts."""
        return all(self.shared)


CLEAN = (
    Clean("base .005", 0.05, 0.005),
    Clean("base .02", 0.05, 0.02),
    Clean("base .3, margin .15", 0.15, 0.3),
    Clean("bases 0 to .9, margin .15", 0.15, MIXED),
    Clean("base .02, one control arm for all", 0.05, 0.02, (False, True)),
    Clean("base .02, the same two arms for all", 0.05, 0.02, (True, True)),
    Clean("base .3, margin .15, the same two arms for all", 0.15, 0.3, (True, True)),
)
CONTINUED = (CLEAN[1], CLEAN[5], CLEAN[6])


@dataclass(frozen=True, slots=True)
class Session:
    """What one session of a clean gate said."""

    in_trial: bool
    """Some contrast was PRESENT by its own trial."""
    closed: bool
    """Or after closed e-BH."""
    holm: bool
    """Or after e-Holm."""
    uncorrected: bool
    """Some contrast reached the threshold of a family of one."""
    undecided: int


def session(finals: Sequence[Final], rules: Rules, *, own_stop: bool = True) -> Session:
    """Judge one session's trials as a whole."""
    verdicts = [_verdict(final, rules, own_stop=own_stop) for final in finals]
    by_procedure = [
        any(v.session_outcome is Outcome.PRESENT for v in session_verdicts(verdicts, _plan(fwer)))
        for fwer in (False, True)
    ]
    return Session(
        in_trial=any(final.outcome == "PRESENT" for final in finals),
        closed=by_procedure[0],
        holm=by_procedure[1],
        uncorrected=any(final.evidence.log_e_max >= -math.log(ALPHA) for final in finals),
        undecided=sum(final.outcome == "INCONCLUSIVE" for final in finals),
    )


def _plan(fwer: bool) -> Plan:
    return Plan(
        models=("simulated",),
        alpha=GATE_ALPHA,
        cap=DEFAULT_CAP,
        coherence=0.8,
        mode="gate",
        inconclusive="fail",
        judge_uncalibrated=False,
        fwer=fwer,
        family_size=FAMILY,
        contrasts=(),
    )


def _verdict(final: Final, rules: Rules, *, own_stop: bool) -> Verdict:
    log_e = final.evidence.log_e_present
    return Verdict(
        probe="simulated",
        contrast="clean",
        kind="lift",
        claim="",
        model="simulated",
        outcome=Outcome(final.outcome),
        log_e_present=log_e if math.isfinite(log_e) else None,
        log_e_max=final.evidence.log_e_max if math.isfinite(final.evidence.log_e_max) else None,
        log_threshold_present=rules.log_threshold_present,
        alpha=ALPHA,
        margin=rules.margin,
        family_size=FAMILY,
        probe_sha256="",
        own_stop=own_stop,
    )


def _contrasts(clean: Clean, rules: Rules, rng: np.random.Generator) -> Iterator[list[ArmOutcomes]]:
    """Yield the arms of each contrast; where both arms are shared, of the one trial that stands for all."""
    common = [draw_arm(rules, clean.base, rng) if shared else None for shared in clean.shared]
    for _ in range(1 if clean.cheap else FAMILY):
        yield [arm or draw_arm(rules, clean.base, rng) for arm in common]


def gates(clean: Clean, runs: int, rng: np.random.Generator) -> list[Session]:
    """Run clean gates, one session each."""
    rules = lift(clean.margin, FAMILY)
    found = []
    for _ in range(runs):
        finals = [settle(rules, arms) for arms in _contrasts(clean, rules, rng)]
        found.append(session(finals * (FAMILY // len(finals)), rules))
    return found


def continued_gates(clean: Clean, runs: int, rng: np.random.Generator) -> list[tuple[Session, ...]]:
    """Run clean gates, then go on with what is undecided under higher caps, by choice: five sessions each."""
    rules = [dataclasses.replace(lift(clean.margin, FAMILY), cap=cap) for cap in CAPS]
    return [_sessions(rules, list(_contrasts(clean, rules[-1], rng))) for _ in range(runs)]


def _sessions(rules: Sequence[Rules], contrasts: Sequence[Sequence[ArmOutcomes]]) -> tuple[Session, ...]:
    finals = [settle(rules[0], arms) for arms in contrasts]
    copies = FAMILY // len(finals)
    sessions = [session(finals * copies, rules[0])]
    for higher in rules[1:]:
        trials = zip(finals, contrasts, strict=True)
        finals = [settle(higher, arms) if f.outcome == "INCONCLUSIVE" else f for f, arms in trials]
        sessions.append(session(finals * copies, higher, own_stop=False))
    return tuple(sessions)


BAD: tuple[Rate, Rate] = (0.05, 0.0)
"""An effect exactly at the margin, at the rates where a false ABSENT is most frequent."""


@dataclass(frozen=True, slots=True)
class Reruns:
    """After how many runs a bad model passed, per way of running again; None: not within five."""

    higher_cap: int | None
    fresh: int | None
    naive: int | None
    same: bool
    """Whether a rerun with the same cap comes to the same verdict, whatever else the store holds by then."""


def reruns(margin: float, runs: int, rng: np.random.Generator) -> list[Reruns]:
    """Run a bad model until it passes, at most five times."""
    return [_rerun(margin, rng) for _ in range(runs)]


def _rerun(margin: float, rng: np.random.Generator) -> Reruns:
    capped = [dataclasses.replace(lift(margin, FAMILY), cap=cap) for cap in CAPS]
    store = [draw_arm(capped[-1], rate, rng) for rate in BAD]
    drawn = [ArmOutcomes(tuple(row[: capped[0].max_rounds] for row in arm.scores), extra=arm.extra) for arm in store]
    first, again = settle(capped[0], drawn), settle(capped[0], store)
    alphas = [attempt_alpha(GATE_ALPHA, attempt) for attempt in range(1, TRIES + 1)]
    return Reruns(
        higher_cap=_first_pass(settle(rules, store) for rules in capped),
        fresh=_first_pass(_fresh(lift(margin, FAMILY, alpha), rng) for alpha in alphas),
        naive=_first_pass(_fresh(lift(margin, FAMILY, GATE_ALPHA), rng) for _ in range(TRIES)),
        same=(first.outcome, first.evidence.spent) == (again.outcome, again.evidence.spent),
    )


def _fresh(rules: Rules, rng: np.random.Generator) -> Final:
    return settle(rules, [draw_arm(rules, rate, rng) for rate in BAD])


def _first_pass(finals: Iterator[Final]) -> int | None:
    return next((number for number, final in enumerate(finals, 1) if final.outcome == "ABSENT"), None)


def _shares(passed: Sequence[int | None]) -> list[float]:
    """Return the share that passed within 1, 2, ... runs."""
    return [sum(p is not None and p <= n for p in passed) / len(passed) for n in range(1, TRIES + 1)]


def _clean_targets(clean: Clean, found: Sequence[Session]) -> Iterator[Target]:
    runs = len(found)
    print(
        f"\n{clean.name}: {runs} clean gates of {FAMILY} contrasts, {_mean(s.undecided for s in found):.1f} undecided"
    )
    for name in ("in_trial", "closed", "holm", "uncorrected"):
        failed = sum(getattr(s, name) for s in found)
        interval = clopper_pearson(failed, runs)
        print(f"  {WORDS[name]:<58} {failed:5} [{interval.lower:.4f}, {interval.upper:.4f}]")
    for name, words in (("closed", "closed e-BH"), ("holm", "e-Holm")):
        share = _mean(getattr(s, name) for s in found)
        yield Target(f"{clean.name}: clean gates that fail, {words}", share, limit(GATE_ALPHA, runs), True)


WORDS = {
    "in_trial": "failed by e-Bonferroni inside the trials",
    "closed": "failed after closed e-BH over the family",
    "holm": "failed after e-Holm over the family",
    "uncorrected": "would have failed without a correction for the family",
}


def _continued_targets(clean: Clean, found: Sequence[tuple[Session, ...]]) -> Iterator[Target]:
    runs = len(found)
    within = [_mean(any(s.closed or s.holm for s in gate[:n]) for gate in found) for n in range(1, TRIES + 1)]
    undecided = [_mean(gate[n].undecided for gate in found) for n in range(TRIES)]
    print(f"\n{clean.name}: {runs} clean gates continued under caps of {', '.join(map(str, CAPS))}")
    print(f"  failed in some session so far   {_row(within)}")
    print("  contrasts still undecided       " + " ".join(f"{u:6.1f}" for u in undecided))
    yield Target(f"{clean.name}: continued clean gates that fail", within[-1], limit(GATE_ALPHA, runs), True)


def _rerun_targets(found: Sequence[Reruns]) -> Iterator[Target]:
    runs = len(found)
    ways = {name: _shares([getattr(r, name) for r in found]) for name in ("higher_cap", "fresh", "naive")}
    print(f"\nan effect of exactly the margin ({BAD[0]:g} v {BAD[1]:g}): {runs} models, run until they pass")
    print(f"  {'runs':<31} " + " ".join(f"{n:6}" for n in range(1, TRIES + 1)))
    print(f"  going on, same cap              {_row(ways['higher_cap'][:1] * TRIES)}")
    print(f"  going on, cap {CAPS[0]} to {CAPS[-1]}        {_row(ways['higher_cap'])}")
    print(f"  fresh attempts, smaller alphas  {_row(ways['fresh'])}")
    print(f"  fresh, alpha {GATE_ALPHA:g} each time      {_row(ways['naive'])}")
    yield Target("rerun with the same cap: the same verdict", _mean(r.same for r in found), 1.0, False)
    yield Target("going on until it passes: bad models that pass", ways["higher_cap"][-1], limit(ALPHA, runs), True)
    yield Target(
        "fresh attempts until it passes: bad models that pass", ways["fresh"][-1], limit(GATE_ALPHA, runs), True
    )
    yield Target("naive restarts break what the others keep", ways["naive"][-1], limit(GATE_ALPHA, runs), False)


def _row(shares: Sequence[float]) -> str:
    return " ".join(f"{share:6.4f}" for share in shares)


def _mean(values: Iterable[float]) -> float:
    return float(np.mean(list(values)))


def main(arguments: Sequence[str] | None = None) -> int:
    """Simulate, print, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gates", type=int, default=200, help="clean gates per row (default 200)")
    parser.add_argument(
        "--runs", type=int, default=2000, help="models run again, and gates of one trial (default 2000)"
    )
    parser.add_argument("--processes", type=int, default=None, help="at once (default: one per core)")
    options = parser.parse_args(arguments)
    count, runs, processes = options.gates, options.runs, options.processes
    print(f"a gate's alpha is {GATE_ALPHA:g}, a first attempt's {ALPHA:g}; shares may be 4 standard errors above it")
    checked: list[Target] = []
    jobs = [(clean.name, clean, runs if clean.cheap else count) for clean in CLEAN]
    for clean, found in zip(CLEAN, simulate(gates, jobs, chunk=2, processes=processes), strict=True):
        checked += _clean_targets(clean, found)
    (models,) = simulate(reruns, [("reruns of a bad model", 0.05, runs)], chunk=25, processes=processes)
    checked += _rerun_targets(models)
    more = [(f"{c.name}, continued", c, math.ceil((runs if c.cheap else count) / CONTINUED_SHARE)) for c in CONTINUED]
    for clean, sessions in zip(CONTINUED, simulate(continued_gates, more, chunk=2, processes=processes), strict=True):
        checked += _continued_targets(clean, sessions)
    print()
    return report(checked)


if __name__ == "__main__":
    sys.exit(main())
