"""What only the whole session can say: e-BH over all verdicts of the family."""

import math
from collections.abc import Sequence

from weirdgen.schema.plan import Plan
from weirdgen.schema.verdict import Outcome, Verdict
from weirdgen.stats.judge_error import calibration_alpha
from weirdgen.stats.multiplicity import attempt_alpha, e_bh


def session_verdicts(verdicts: Sequence[Verdict], plan: Plan) -> list[Verdict]:
    """Return the verdicts in the plan's order, `session_outcome` set: e-BH may lift ABSENT or INCONCLUSIVE to PRESENT.

    The family keeps its planned size: a contrast that did not run has e-value 1, an INVALID one 0
    (Wang and Ramdas 2022, JRSSB 84:822). The level is that of the highest attempt among the verdicts, less the fifth
    that pays for the judges' bounds: the e-value of an absolute contrast holds only if its bound does.
    """
    if not verdicts:
        return []
    planned = {(c.model, c.probe, c.contrast): i for i, c in enumerate(plan.contrasts)}
    verdicts = sorted(verdicts, key=lambda v: planned.get((v.model, v.probe, v.contrast), len(planned)))
    logs = [_evidence(v) for v in verdicts] + [0.0] * (plan.family_size - len(verdicts))
    alpha = attempt_alpha(plan.alpha, max(v.attempt for v in verdicts))
    rejected = e_bh(logs, alpha - calibration_alpha(alpha))
    return [
        v.model_copy(update={"session_outcome": Outcome.PRESENT if _liftable(v) and rejected[i] else v.outcome})
        for i, v in enumerate(verdicts)
    ]


def _evidence(verdict: Verdict) -> float:
    if verdict.outcome is Outcome.INVALID or verdict.log_e_present is None:
        return -math.inf
    return verdict.log_e_present


def _liftable(verdict: Verdict) -> bool:
    return verdict.outcome in {Outcome.ABSENT, Outcome.INCONCLUSIVE}
