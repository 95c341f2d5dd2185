"""Outcomes for tests of decisions, in few words."""

from weirdgen.stats.outcomes import ArmOutcomes


def same(score: float | None, rounds: int, questions: int = 10) -> ArmOutcomes:
    """Every question has the same score in every round."""
    return ArmOutcomes(((score,) * rounds,) * questions)


def nothing(questions: int = 10) -> ArmOutcomes:
    """An arm that is not sampled yet."""
    return same(0, 0, questions)
