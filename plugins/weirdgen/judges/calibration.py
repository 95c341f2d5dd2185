"""How often a judge errs on answers that people labelled: counts from gold sets, bounds from the statistics floor."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from weirdgen.judges.gold import GoldRow
from weirdgen.judges.protocol import Judge
from weirdgen.schema.canonical import digest
from weirdgen.schema.probe import Behaviour
from weirdgen.schema.sample import Source
from weirdgen.stats.judge_error import GoldCounts, JudgeBounds, judge_bounds, rating_bounds


@dataclass(frozen=True, slots=True)
class Calibration:
    """A judge's record on the test rows of a gold set.

    Attributes:
        judge: name of the judge.
        judge_identity: SHA-256 of what decides its labels.
        gold_digest: SHA-256 of all rows of the gold set.
        source: kind of model whose answers were judged; it says nothing about any other kind.
        counts: gold positives and negatives, hits and false alarms; a positive is an answer with a positive label.
        graded: whether the behaviour's labels have scores, so that answers are rated.
        errors: per label, how far the label given is from it in the behaviour's scores, for each of its gold rows.
        confusion: (gold label, label given, rows), sorted.
        reason: why it cannot be used, or empty.
    """

    judge: str
    judge_identity: str
    gold_digest: str
    source: Source
    counts: GoldCounts
    graded: bool
    errors: dict[str, tuple[float, ...]]
    confusion: tuple[tuple[str, str, int], ...]
    reason: str = ""

    @property
    def valid(self) -> bool:
        """Whether error rates were measured at all."""
        return not self.reason

    @property
    def rarest(self) -> tuple[str, int]:
        """The label with the fewest gold answers, and their number."""
        return min(((label, len(off)) for label, off in self.errors.items()), key=lambda found: found[1])

    def bounds(self, alpha: float, *, paired: bool, judges: int = 1) -> JudgeBounds:
        """Return the bounds that a trial uses; see `describe`."""
        if self.graded:
            return rating_bounds(self.errors, alpha, judges=judges)
        return judge_bounds(self.counts, alpha, paired=paired, judges=judges)

    def describe(self, alpha: float, *, paired: bool, judges: int = 1) -> str:
        """Return one sentence: the counts with the bounds that a trial uses, or why there are none.

        Args:
            alpha: error rate of the trial, in (0, 1).
            paired: whether the trial's verdict may use both bounds.
            judges: how many judges' bounds on false positives the gate rests on.
        """
        if not self.valid:
            return f"{self.judge}: not calibrated: {self.reason}"
        counts, bounds = self.counts, self.bounds(alpha, paired=paired, judges=judges)
        if self.graded:
            return (
                f"{self.judge}: ratings of {sum(map(len, self.errors.values()))} gold answers; whatever labels a model "
                f"mixes, its mean rating is at most {bounds.bias:.3f} off at confidence {1 - bounds.alpha_spent:.4g}, "
                f"on {self.source} answers"
            )
        return (
            f"{self.judge}: found {counts.hits} of {counts.positives} gold positives (sensitivity at least "
            f"{bounds.sensitivity:.3f}) and called {counts.false_alarms} of {counts.negatives} gold negatives positive "
            f"(at most {bounds.false_positive_rate:.3f}), {'jointly' if paired else 'each'} at confidence "
            f"{1 - bounds.alpha_spent:.4g}, "
            f"on {self.source} answers"
        )


def calibrate(judge: Judge, rows: Sequence[GoldRow], source: Source) -> Calibration:
    """Judge the test rows of one source and count hits and false alarms.

    Args:
        judge: the judge.
        rows: a whole gold set; rows of split `tune` or of another source are not judged.
        source: kind of model whose answers the calibration is for.

    Returns:
        The calibration; not `valid` when the gold set has no test rows of that source, or lacks one of the classes.
    """
    pairs = [
        (row.label, judge.judge(row.text, row.question)) for row in rows if row.source == source and row.split == "test"
    ]
    positive = set(judge.behaviour.positive)
    hits = [given in positive for label, given in pairs if label in positive]
    alarms = [given in positive for label, given in pairs if label not in positive]
    counts = GoldCounts(positives=len(hits), hits=sum(hits), negatives=len(alarms), false_alarms=sum(alarms))
    return Calibration(
        judge=judge.name,
        judge_identity=judge.identity,
        gold_digest=digest([row.model_dump(mode="json") for row in rows]),
        source=source,
        counts=counts,
        graded=judge.behaviour.graded,
        errors={label: _errors(judge.behaviour, label, pairs) for label in judge.behaviour.labels},
        confusion=tuple(sorted((label, given, n) for (label, given), n in Counter(pairs).items())),
        reason=_unusable(counts, source),
    )


def _errors(behaviour: Behaviour, label: str, pairs: Sequence[tuple[str, str]]) -> tuple[float, ...]:
    return tuple(abs(behaviour.score(given) - behaviour.score(label)) for true, given in pairs if true == label)


def _unusable(counts: GoldCounts, source: Source) -> str:
    if not counts.positives and not counts.negatives:
        return f"the gold set has no test rows of {source} answers; error rates from other answers do not carry over"
    if not counts.positives:
        return f"the gold set has no positive test rows of {source} answers, so sensitivity is unknown"
    if not counts.negatives:
        return f"the gold set has no negative test rows of {source} answers, so the false-positive rate is unknown"
    return ""
