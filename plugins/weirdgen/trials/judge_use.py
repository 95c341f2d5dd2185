"""What a trial's judges did: how often an LLM was asked, what stayed undecided, and where two judges disagree."""

from collections.abc import Sequence

from weirdgen.judges.calibration import Calibration
from weirdgen.schema.verdict import JudgeRecord, JudgeUse, Verdict
from weirdgen.stats.agreement import cohen_kappa
from weirdgen.trials.arm import ArmRun, Labelled


def judge_record(behaviour: str, found: Calibration) -> JudgeRecord:
    """Return a calibration as plain data."""
    counts = found.counts
    return JudgeRecord(
        behaviour=behaviour,
        judge=found.judge,
        judge_identity=found.judge_identity,
        gold_sha256=found.gold_digest,
        source=found.source,
        positives=counts.positives,
        hits=counts.hits,
        negatives=counts.negatives,
        false_alarms=counts.false_alarms,
        undecided=found.undecided,
        asked=found.asked,
        confusion=found.confusion,
    )


def judge_use(arms: Sequence[ArmRun], record: JudgeRecord | None) -> JudgeUse | None:
    """Return how the answers of a trial were judged; None where no LLM had to do with it.

    Args:
        arms: of the trial.
        record: what the judge's bounds come from.
    """
    if not arms or not (arms[0].judge.models or arms[0].second):
        return None
    second = arms[0].second
    judged = [answer for arm in arms for _, answer in arm.labelled if not answer.doubt and _readable(answer)]
    pairs = [(a.label, a.second) for a in judged if a.label is not None and a.second is not None]
    positive = set(arms[0].behaviour.positive)
    return JudgeUse(
        answers=len(judged),
        asked=sum(a.asked for a in judged),
        undecided=sum(a.label is None for a in judged),
        second=second.name if second else "",
        second_undecided=sum(a.second is None for a in judged) if second else 0,
        compared=len(pairs),
        disagreements=sum(one != other for one, other in pairs),
        decisive=sum((one in positive) != (other in positive) for one, other in pairs),
        kappa=cohen_kappa(pairs),
        record=record,
    )


def judge_records(verdicts: Sequence[Verdict]) -> tuple[JudgeRecord, ...]:
    """Return what is known of the LLM judges that verdicts rest on, each behaviour once."""
    found = [use.record for v in verdicts for trial in v.trials if (use := trial.judging) and use.record]
    return tuple({(one.judge_identity, one.gold_sha256, one.behaviour, one.source): one for one in found}.values())


def _readable(answer: Labelled) -> bool:
    """Whether there was a whole answer to judge: a cut or filtered one has no label whoever judges."""
    return answer.sample.complete
