"""What only the whole session can say: one procedure over all verdicts of the family."""

import math
from collections.abc import Sequence

from weirdgen.schema.plan import Plan
from weirdgen.schema.verdict import Outcome, Verdict
from weirdgen.stats.closed import closed_e_bh, e_holm
from weirdgen.stats.judge_error import calibration_alpha
from weirdgen.stats.multiplicity import attempt_alpha


def session_verdicts(verdicts: Sequence[Verdict], plan: Plan) -> list[Verdict]:
    """Return the verdicts in the plan's order, `session_outcome` set: ABSENT or INCONCLUSIVE may be lifted to PRESENT.

    By closed e-BH, which keeps the false discovery rate, or with `--gate-fwer` by e-Holm, which keeps the chance of any
    false PRESENT. The family keeps its planned size; a group is one hypothesis of it, with its members' mean e-value. A
    contrast without a verdict counts with an e-value of 0: it may have been cut short because of what others showed.
    The level is that of the highest attempt among the verdicts, less the fifth that pays for the judges' bounds: the
    e-value of an absolute contrast holds only if its bound does.
    """
    if not verdicts:
        return []
    planned = {(plan.name_of(c.model), c.probe, c.contrast): i for i, c in enumerate(plan.contrasts)}
    verdicts = sorted(verdicts, key=lambda v: planned.get((v.model, v.probe, v.contrast), len(planned)))
    logs = [evidence(v) for v in verdicts] + [-math.inf] * (plan.family_size - len(verdicts))
    alpha = attempt_alpha(plan.alpha, max(v.attempt for v in verdicts))
    procedure = e_holm if plan.fwer else closed_e_bh
    rejected = procedure(logs, alpha - calibration_alpha(alpha))
    return [
        v.model_copy(update={"session_outcome": Outcome.PRESENT if _liftable(v) and rejected[i] else v.outcome})
        for i, v in enumerate(verdicts)
    ]


def evidence(verdict: Verdict) -> float:
    """Return what a verdict brings into the procedure: its log e-value at the stop that it began with.

    A trial that was continued by choice may have been so for its evidence. It enters with its threshold if it reached
    that, else with 0: from wherever it was continued with e-value e, it reaches T with probability at most e / T
    (Ville), so this is an e-value together with the stop that it gave up.
    """
    if verdict.outcome is Outcome.INVALID or verdict.log_e_present is None:
        return -math.inf
    if verdict.own_stop:
        return verdict.log_e_present
    reached = verdict.outcome is Outcome.PRESENT and verdict.log_threshold_present is not None
    return verdict.log_threshold_present or 0.0 if reached else -math.inf


def _liftable(verdict: Verdict) -> bool:
    return verdict.outcome in {Outcome.ABSENT, Outcome.INCONCLUSIVE}
