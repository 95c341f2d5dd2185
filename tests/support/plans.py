"""A plan for tests of what comes after it."""

from weirdgen.schema.plan import Plan


def empty_plan(family: int) -> Plan:
    """Return a plan of a family of that size whose contrasts do not matter."""
    return Plan(
        models=("m",),
        alpha=0.05,
        cap=400,
        coherence=0.8,
        mode="gate",
        inconclusive="fail",
        judge_uncalibrated=False,
        fwer=False,
        family_size=family,
        contrasts=(),
    )
