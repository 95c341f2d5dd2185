"""What a trial will need if it goes on as it began: a forecast of one, for those who must ask for much at once.

It decides nothing. What is asked for too much lies in a store and is looked at by no trial; `decide` looks at complete
rounds in order and stops where it would have stopped without it.
"""

from collections.abc import Sequence
from itertools import cycle, islice

from weirdgen.stats.decide import Final, Want, decide
from weirdgen.stats.evidence import Evidence
from weirdgen.stats.evidence_path import Arms
from weirdgen.stats.outcomes import ArmOutcomes
from weirdgen.stats.rules import Rules

Row = tuple[float | None, ...]


def expected(rules: Rules, arms: Arms) -> tuple[Want, ...]:
    """Return what each arm must have before the trial ends, if every question goes on as it began.

    Where nothing has come yet, nothing of what is looked for is expected: a clean model is the ordinary case. What is
    beyond its need is at most twice the rounds that there are: few samples say little of what follows.

    Args:
        rules: of the contrast.
        arms: outcomes so far, in the order of `rules.signs`.
    """
    found, so_far = _at_the_end(rules, arms), max(arm.rounds for arm in arms)
    clean = _at_the_end(rules, [ArmOutcomes(((),) * rules.questions)] * len(arms)).rounds
    rounds = min(found.rounds, max(clean, 2 * so_far))
    most = rules.extras * max(0, rounds - so_far)
    return tuple(
        Want(i, rounds, _at_most(arm.extras, arms[i], most)) for i, arm in enumerate(found.arms) if arm is not None
    )


def _at_the_end(rules: Rules, arms: Arms) -> Evidence:
    """Return the evidence of a trial that went on as it began."""
    final = decide(rules, [_continued(rules, arm) for arm in arms])
    if not isinstance(final, Final):
        raise AssertionError(f"a trial with all its samples went on: {final!r}")
    return final.evidence


def _at_most(extras: Sequence[int], arm: ArmOutcomes, more: int) -> tuple[int, ...]:
    """Return extra samples per question, no more than so many beyond those that there are."""
    there = [len(row) for row in arm.extra] or [0] * len(extras)
    return tuple(min(wanted, have + more) for wanted, have in zip(extras, there, strict=True))


def _continued(rules: Rules, arm: ArmOutcomes) -> ArmOutcomes:
    """Return an arm with all samples that its trial could ask for."""
    extras = rules.extras * (rules.cap // (rules.questions + rules.extras)) if rules.extras else 0
    beside = arm.extra or ((),) * arm.questions
    return ArmOutcomes(
        scores=tuple(_filled(row, row, rules.max_rounds) for row in arm.scores),
        extra=tuple(_filled(more, row, extras) for more, row in zip(beside, arm.scores, strict=True)),
    )


def _filled(row: Row, like: Row, length: int) -> Row:
    """Return a row made longer by repeating what it, or one like it, holds; by zeros where there is nothing."""
    return (*row, *islice(cycle(row or like or (0.0,)), max(0, length - len(row))))
