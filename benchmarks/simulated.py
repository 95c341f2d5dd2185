"""Trials drawn from assumed rates, on all cores and from fixed seeds; shared by the benchmarks that need no network."""

import math
import sys
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import TypeVar

import numpy as np

from weirdgen.stats.decide import Final, decide
from weirdgen.stats.multiplicity import attempt_alpha
from weirdgen.stats.outcomes import ArmOutcomes, Rows
from weirdgen.stats.rules import Rules, trial_rules

Rate = float | tuple[float, ...]
"""One rate for all questions, or one per question."""
Item = TypeVar("Item")
Result = TypeVar("Result")

SEED = 1984
ALPHA = attempt_alpha(0.05, 1)
"""What a user's first attempt has of a gate's .05."""
QUESTIONS = 10
ORDINARY = ((0.0, 0.1, 0.3), (0.7, 0.2, 0.1))
"""Ratings of an ordinary answer, and how often each is given."""
WEIRD = ((0.6, 0.8, 1.0), (0.25, 0.5, 0.25))
"""The same of an answer that shows the behaviour."""
RATING_STEP = float(np.dot(*WEIRD) - np.dot(*ORDINARY))
"""What a weird answer adds to the mean rating."""


def lift(margin: float, family: int, alpha: float = ALPHA) -> Rules:
    """Return the rules of a treated against a control arm, with a judge that does not err."""
    return trial_rules("lift", questions=QUESTIONS, margin=margin, alpha=alpha, family_size=family)


def draw_arm(rules: Rules, rate: Rate, rng: np.random.Generator) -> ArmOutcomes:
    """Draw every sample that a trial could ask of one arm: 0 and 1, or ratings where the rules are graded.

    Args:
        rules: of the contrast; their cap says how many.
        rate: of answers that show the behaviour.
        rng: source of the draws.
    """
    most_extras = rules.extras * (rules.cap // (rules.questions + rules.extras))
    p = np.broadcast_to(np.asarray(rate, dtype=np.float64), (rules.questions,))
    weird = rng.random((rules.questions, rules.max_rounds + most_extras)) < p[:, np.newaxis]
    scores = weird.astype(np.float64)
    if rules.graded:
        high, low = (rng.choice(values, p=shares, size=weird.shape) for values, shares in (WEIRD, ORDINARY))
        scores = np.where(weird, high, low)
    rows: Rows = tuple(map(tuple, scores.tolist()))
    rounds, extra = (tuple(row[part] for row in rows) for part in _parts(rules.max_rounds))
    return ArmOutcomes(rounds, extra=extra)


def _parts(rounds: int) -> tuple[slice, slice]:
    return slice(rounds), slice(rounds, None)


def settle(rules: Rules, arms: Sequence[ArmOutcomes]) -> Final:
    """Return the verdict of a trial that has all samples it could ask for."""
    final = decide(rules, arms)
    if not isinstance(final, Final):
        raise AssertionError(f"a trial with all its samples went on: {final!r}")
    return final


def simulate(
    work: Callable[[Item, int, np.random.Generator], list[Result]],
    jobs: Sequence[tuple[str, Item, int]],
    *,
    chunk: int,
    processes: int | None,
) -> Iterator[list[Result]]:
    """Yield the results of each job, with a line on stderr when it is done.

    A job's runs are cut into chunks with seeds of their own, made of the job's name and the chunk's number: results do
    not depend on the number of processes, nor on which other jobs there are.

    Args:
        work: from an item, a number of runs and a source of draws to as many results; a function that can be pickled.
        jobs: name, item and runs of each; names differ.
        chunk: runs per task.
        processes: at once; None: one per core.
    """
    started = time.monotonic()
    with ProcessPoolExecutor(processes) as pool:
        begun = [
            [
                pool.submit(_chunk, work, item, min(chunk, runs - first), (SEED, zlib.crc32(name.encode()), first))
                for first in range(0, runs, chunk)
            ]
            for name, item, runs in jobs
        ]
        for (name, _, _), parts in zip(jobs, begun, strict=True):
            results = [result for part in parts for result in part.result()]
            print(f"{time.monotonic() - started:5.0f} s  {name}: {len(results)} runs", file=sys.stderr, flush=True)
            yield results


def _chunk(
    work: Callable[[Item, int, np.random.Generator], list[Result]], item: Item, size: int, seed: Sequence[int]
) -> list[Result]:
    return work(item, size, np.random.default_rng(seed))


def limit(rate: float, runs: int) -> float:
    """Return what an observed share may be if the true one is at most `rate`: four standard errors above it."""
    return rate + 4 * math.sqrt(rate * (1 - rate) / runs)
