"""Rules of every kind of contrast, and random outcomes for all that a trial of that kind could ask for."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from weirdgen.stats.outcomes import ArmOutcomes, Rows
from weirdgen.stats.rules import Kind, Rules, StoredArm, trial_rules

Rates = float | Sequence[float]
"""One rate for all questions, or one per question."""

KINDS = (
    "absolute",
    "graded absolute",
    "infimum",
    "blocks",
    "lift",
    "two-sided lift",
    "graded lift",
    "did",
    "two-sided did",
    "graded did",
)

_KIND: dict[str, Kind] = {
    "absolute": "absolute",
    "infimum": "absolute",
    "blocks": "absolute",
    "lift": "lift",
    "did": "did",
}


def rules_of(name: str, questions: int = 10, cap: int = 400, *, margin: float = 0.05, **changes: Any) -> Rules:
    """Return rules of one of `KINDS` for a family of one at alpha .05, with some fields changed."""
    last = name.split()[-1]
    rules = trial_rules(
        _KIND[last],
        questions=questions,
        margin=margin,
        alpha=0.05,
        family_size=1,
        cap=cap,
        tolerance=0.01,
        two_sided="two-sided" in name,
        graded="graded" in name,
        stored=() if _KIND[last] == last else (baseline(questions, last, cap // questions),),
    )
    return dataclasses.replace(rules, **changes)


def baseline(questions: int, method: str, rounds: int, rate: float = 0.1) -> StoredArm:
    """Return a baseline of 10 samples per round and question."""
    n = 10 * rounds
    return StoredArm(
        (round(rate * n),) * questions, (0,) * questions, n, "blocks" if method == "blocks" else "infimum", 1
    )


def drawn(rules: Rules, rates: Sequence[Rates], rng: np.random.Generator, lost: float = 0.0) -> list[ArmOutcomes]:
    """Return all samples that a trial could ask for. Ratings of graded contrasts spread around the rates.

    Args:
        rules: of the contrast.
        rates: per arm.
        rng: of the outcomes.
        lost: chance that a sample has no label.
    """
    return [_drawn_arm(rules, rate, rng, lost) for rate in rates]


def part(arm: ArmOutcomes, rounds: Sequence[int], extras: Sequence[int]) -> ArmOutcomes:
    """Return what an arm has when so many samples per question have arrived."""
    return ArmOutcomes(
        tuple(row[:n] for row, n in zip(arm.scores, rounds, strict=True)),
        extra=tuple(row[:n] for row, n in zip(arm.extra, extras, strict=True)) if arm.extra else (),
    )


def full_rounds(arm: ArmOutcomes, rounds: int) -> ArmOutcomes:
    """Return an arm cut after a round, with all its extra samples."""
    return ArmOutcomes(tuple(row[:rounds] for row in arm.scores), extra=arm.extra)


def _drawn_arm(rules: Rules, rates: Rates, rng: np.random.Generator, lost: float) -> ArmOutcomes:
    shape = rules.questions, rules.max_rounds + rules.extras * rules.max_rounds
    mean = np.broadcast_to(np.asarray(rates, dtype=np.float64), (rules.questions,))[:, np.newaxis]
    scores: npt.NDArray[np.float64] = (rng.random(shape) < mean).astype(np.float64)
    if rules.graded:
        spread = rng.random(shape) * np.minimum(mean, 1 - mean)
        scores = np.where(rng.random(shape) < 0.5, mean + spread, mean - spread)
    gone = rng.random(shape) < lost
    rows: Rows = tuple(
        tuple(None if missing else score for score, missing in zip(*pair, strict=True))
        for pair in zip(scores.tolist(), gone.tolist(), strict=True)
    )
    return ArmOutcomes(
        tuple(row[: rules.max_rounds] for row in rows), extra=tuple(row[rules.max_rounds :] for row in rows)
    )
