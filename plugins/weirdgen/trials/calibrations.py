"""Records of judges that ask: kept when they are made, so that a plan can be priced without a request."""

import time
from collections.abc import Iterable

from weirdgen.endpoints.models import source_of
from weirdgen.judges.calibration import Calibration
from weirdgen.judges.judging import Judging
from weirdgen.schema.plan import Plan
from weirdgen.schema.run import JudgeRecord
from weirdgen.schema.sample import Source
from weirdgen.schema.verdict import Verdict
from weirdgen.store.store import SampleStore


def keep(store: SampleStore, record: Calibration) -> None:
    """Keep a record."""
    store.keep_calibration((record.judge_identity, record.gold_digest, record.source), record.model_dump_json())


def records(store: SampleStore, plan: Plan, verdicts: Iterable[Verdict]) -> tuple[JudgeRecord, ...]:
    """Return what is kept of the LLM judges of verdicts, each once."""
    judged = {trial.judge_identity for verdict in verdicts for trial in verdict.trials if trial.judging}
    keys = {(c.judge_identity, c.gold_sha256, source_of(c.model)) for c in plan.contrasts if c.judge_identity in judged}
    kept = [found for key in sorted(keys) if (found := store.calibration(key)) is not None]
    return tuple(_plain(Calibration.model_validate_json(record)) for _, record in kept)


def _plain(record: Calibration) -> JudgeRecord:
    counts = record.counts
    return JudgeRecord(
        judge=record.judge,
        judge_identity=record.judge_identity,
        gold_sha256=record.gold_digest,
        source=record.source,
        positives=counts.positives,
        hits=counts.hits,
        negatives=counts.negatives,
        false_alarms=counts.false_alarms,
        undecided=record.undecided,
        asked=record.asked,
        confusion=record.confusion,
    )


def recall(store: SampleStore, judgings: Iterable[tuple[Judging, Source]]) -> list[str]:
    """Teach judges what is kept of them; return for people what is not, and how old the rest is.

    Good for a plan only: whether the judge is still the one that was measured, a gate asks it.
    """
    said: dict[str, None] = {}
    for judging, source in dict.fromkeys(judgings):
        if not judging.asks:
            continue
        found = store.calibration((judging.judge.identity, judging.gold_sha256, source))
        if found is None:
            said[f"judge {judging.judge.name}: not calibrated on {source} answers of every behaviour yet"] = None
            continue
        made, record = found
        judging.learn(Calibration.model_validate_json(record))
        days = (time.time() - made) / 86_400
        said[f"judge {judging.judge.name}: priced as calibrated {days:.0f} days ago"] = None
    return list(said)
