"""What stands after a correction over all models of a fleet. Verdicts of gates stay what they are.

A gate of one model keeps its error rate for that model; of hundreds of sound models some are then PRESENT by chance.
Here the e-values of all gates are one family.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from weirdgen.schema.run import RunRecord
from weirdgen.schema.verdict import Outcome, Verdict
from weirdgen.stats.closed import closed_e_bh, e_holm
from weirdgen.stats.multiplicity import attempt_alpha
from weirdgen.trials.family import share_of_threshold


@dataclass(frozen=True, slots=True)
class Claims:
    """What one gate brings into the family."""

    alpha: float
    fwer: bool
    family_size: int
    """Of the gate: its catalogue."""
    items: tuple[str, ...]
    """Of each verdict."""
    present: tuple[float, ...]
    """Of each verdict: log of its evidence for PRESENT in units of its own threshold. Minus infinity where it is not
    PRESENT: less evidence than there is keeps an e-value one, and nothing but a PRESENT can then stand."""
    absent: tuple[float, ...]
    """The same for ABSENT."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What of one gate stands."""

    present: tuple[str, ...] = ()
    absent: int = 0


def claims(record: RunRecord) -> Claims:
    """Return what a gate brings into the family."""
    return Claims(
        record.plan.alpha,
        record.plan.fwer,
        record.plan.family_size,
        tuple(v.item_id for v in record.verdicts),
        tuple(share_of_threshold(v) if v.final is Outcome.PRESENT else -math.inf for v in record.verdicts),
        tuple(_absent_share(v) if v.final is Outcome.ABSENT else -math.inf for v in record.verdicts),
    )


def _absent_share(verdict: Verdict) -> float:
    if verdict.log_e_absent is None or verdict.log_threshold_absent is None:
        return -math.inf
    # Of a trial that was continued by choice only that it reached its threshold, as in `trials.family.evidence`.
    reached = verdict.log_e_absent - verdict.log_threshold_absent
    return reached if verdict.own_stop else min(reached, 0.0)


def family_size(gates: Sequence[Claims | None]) -> int:
    """Return the hypotheses of all gates; one without a record counts as the largest of the others."""
    largest = max((one.family_size for one in gates if one), default=0)
    return sum(one.family_size if one else largest for one in gates)


def standing(gates: Sequence[Claims | None]) -> list[Standing]:
    """Return what of each gate stands, by the procedure that a gate has over its session.

    PRESENT over the hypotheses of all gates, whatever was selected; ABSENT over what they gave verdicts on, because
    within a gate it is not corrected either. A gate without a record brings in hypotheses and no evidence.

    Args:
        gates: None: there is no record.
    """
    known = [one for one in gates if one]
    if not known:
        return [Standing() for _ in gates]
    alpha, fwer = min(one.alpha for one in known), all(one.fwer for one in known)
    present = [_entered(one.present, one.family_size, alpha) for one in known]
    absent = [_entered(one.absent, 1, alpha) for one in known]
    asked = max(len(one.items) for one in known)
    stand = [
        _rejected(present, family_size(gates), alpha, fwer=fwer),
        _rejected(absent, len(gates) * asked, alpha, fwer=fwer),
    ]
    found = iter(
        Standing(tuple(item for item, stays in zip(one.items, here, strict=True) if stays), sum(there))
        for one, here, there in zip(known, *stand, strict=True)
    )
    return [next(found) if one else Standing() for one in gates]


def _entered(shares: Sequence[float], hypotheses: int, alpha: float) -> list[float]:
    """Return log e-values: a share of 1 is what its own gate asks for, at the discount of its attempt."""
    certain = math.log(hypotheses) - math.log(attempt_alpha(alpha, 1))
    return [certain + share for share in shares]


def _rejected(logs: Sequence[Sequence[float]], size: int, alpha: float, *, fwer: bool) -> list[list[bool]]:
    """Return which e-values the procedure over a family of some size rejects, gate by gate."""
    given = [one for gate in logs for one in gate]
    procedure = e_holm if fwer else closed_e_bh
    rejected = iter(procedure([*given, *[-math.inf] * (size - len(given))], attempt_alpha(alpha, 1)))
    return [[next(rejected) for _ in gate] for gate in logs]
