"""What only the whole session can say: one procedure over all verdicts of the family."""

import math
from collections.abc import Sequence

from weirdgen.schema.plan import Plan
from weirdgen.schema.verdict import Outcome, Verdict
from weirdgen.stats.closed import closed_e_bh, e_holm
from weirdgen.stats.multiplicity import attempt_alpha, e_bonferroni_log_threshold


def session_verdicts(verdicts: Sequence[Verdict], plan: Plan) -> list[Verdict]:
    """Return the verdicts in the plan's order, `session_outcome` set: ABSENT or INCONCLUSIVE may be lifted to PRESENT.

    By closed e-BH, which keeps the false discovery rate, or with `--gate-fwer` by e-Holm, which keeps the chance of any
    false PRESENT. The family keeps its planned size; a group is one hypothesis of it, with its members' mean e-value. A
    contrast without a verdict counts with an e-value of 0: it may have been cut short because of what others showed.

    Each e-value enters as a share of its trial's own threshold K / alpha_a, so one of a later attempt is discounted by
    alpha_a / alpha_1. The average over all true nulls then has an expectation of at most mean(alpha_a) / alpha_1, which
    bounds the false discovery rate of a session by mean(alpha_a), the judges' part apart: all attempts together spend
    what one session may.
    """
    if not verdicts:
        return []
    planned = {(plan.name_of(c.model), c.probe, c.contrast): i for i, c in enumerate(plan.contrasts)}
    verdicts = sorted(verdicts, key=lambda v: planned.get((v.model, v.probe, v.contrast), len(planned)))
    # Their thresholds already leave out what pays for the judges' bounds, so this level cancels: any would do.
    level = attempt_alpha(plan.alpha, 1)
    certain = e_bonferroni_log_threshold(level, plan.family_size)
    logs = [certain + share_of_threshold(v) for v in verdicts] + [-math.inf] * (plan.family_size - len(verdicts))
    procedure = e_holm if plan.fwer else closed_e_bh
    rejected = procedure(logs, level)
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


def share_of_threshold(verdict: Verdict) -> float:
    """Return the log of what a verdict's evidence is of its threshold."""
    threshold = verdict.log_threshold_present
    return -math.inf if threshold is None else evidence(verdict) - threshold


def _liftable(verdict: Verdict) -> bool:
    return verdict.outcome in {Outcome.ABSENT, Outcome.INCONCLUSIVE}
