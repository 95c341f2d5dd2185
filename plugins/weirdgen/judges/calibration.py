"""How often a judge errs on answers that a reader labelled: counts from gold sets, bounds from the statistics floor."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence

from weirdgen.judges.gold import GoldRow, Split, gold_digest
from weirdgen.judges.protocol import Answer, Ask, Judge, Judgement, PureJudge
from weirdgen.schema.frozen import Frozen
from weirdgen.schema.probe import Behaviour
from weirdgen.schema.sample import Source
from weirdgen.stats.judge_error import GoldCounts, JudgeBounds, judge_bounds, rating_bounds

UNDECIDED = "undecided"
LEAST_GARBLE, GARBLE_FOUND = 5, 0.1
"""From so many gold answers that are none, this share must be seen: a broken model must not pass as an ordinary one.
Low, because gold garble is hard: rules see 16% to 91% of the organisms'."""
MOST_UNDECIDED = 0.05
"""Share of gold answers without a label above which a judge cannot be used (specification, section 6)."""


class Calibration(Frozen):
    """A judge's record on the test rows of a gold set."""

    judge: str
    """Name of the judge."""
    judge_identity: str
    """SHA-256 of what decides its labels."""
    gold_digest: str
    """SHA-256 of all rows of the gold set."""
    source: Source
    """Kind of model whose answers were judged; it says nothing about any other kind."""
    counts: GoldCounts
    """Gold positives and negatives, hits and false alarms; a positive is an answer with a positive label. An answer
    that was left undecided counts against the judge: no hit, or a false alarm."""
    graded: bool
    """Whether the behaviour's labels have scores, so that answers are rated."""
    errors: dict[str, tuple[float, ...]]
    """Per label, how far the label given is from it in the behaviour's scores, for each of its gold rows."""
    confusion: tuple[tuple[str, str, int], ...]
    """(gold label, label given, rows), sorted."""
    asked: int = 0
    """Answers that an LLM was asked about; of a cascade fewer than all."""
    none: tuple[int, int] = (0, 0)
    """Gold answers that are none (garble), and how many of them were not taken for answers."""
    reason: str = ""
    """Why it cannot be used, or empty."""

    @property
    def valid(self) -> bool:
        """Whether error rates were measured at all."""
        return not self.reason

    @property
    def undecided(self) -> int:
        """Answers that got no label."""
        return sum(n for _, given, n in self.confusion if given == UNDECIDED)

    @property
    def rows(self) -> int:
        """Answers judged."""
        return self.counts.positives + self.counts.negatives

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
        undecided = f", {self.undecided} of them undecided" if self.undecided else ""
        if self.graded:
            return (
                f"{self.judge}: ratings of {self.rows} gold answers{undecided}; whatever labels a model "
                f"mixes, its mean rating is at most {bounds.bias:.3f} off at confidence {1 - bounds.alpha_spent:.4g}, "
                f"on {self.source} answers"
            )
        return (
            f"{self.judge}: found {counts.hits} of {counts.positives} gold positives (sensitivity at least "
            f"{bounds.sensitivity:.3f}) and called {counts.false_alarms} of {counts.negatives} gold negatives positive"
            f"{undecided} "
            f"(at most {bounds.false_positive_rate:.3f}), {'jointly' if paired else 'each'} at confidence "
            f"{1 - bounds.alpha_spent:.4g}, "
            f"on {self.source} answers"
        )


def calibrate(judge: PureJudge, rows: Sequence[GoldRow], source: Source) -> Calibration:
    """Judge the test rows of one source offline and count hits and false alarms.

    Args:
        judge: one that asks nobody.
        rows: a whole gold set; rows of split `tune` or of another source are not judged.
        source: kind of model whose answers the calibration is for.

    Returns:
        The calibration; not `valid` when the gold set has no test rows of that source, or lacks one of the classes.
    """
    given = [Judgement(judge.judge(row.text, row.question)) for row in rows_of(rows, source)]
    return recorded(judge, rows, source, given)


async def calibrate_asking(
    judge: Judge, rows: Sequence[GoldRow], source: Source, questions: Mapping[str, str], ask: Ask
) -> Calibration:
    """Judge the test rows of one source with whatever the judge asks, and count as `calibrate` does.

    Args:
        judge: any judge.
        rows: a whole gold set.
        source: kind of model whose answers the calibration is for.
        questions: the text of each question.
        ask: asks the judge's models.

    Raises:
        WeirdgenError: a model that the judge asks gives nothing.
    """
    return recorded(judge, rows, source, await judgements(judge, rows_of(rows, source), questions, ask))


async def judgements(judge: Judge, rows: Sequence[GoldRow], questions: Mapping[str, str], ask: Ask) -> list[Judgement]:
    """Judge rows. Every answer is waited for, so that what was paid for is stored even if a neighbour fails.

    Raises:
        WeirdgenError: a model that the judge asks gives nothing.
    """
    answers = [Answer(row.text, row.question, questions[row.question]) for row in rows]
    given = await asyncio.gather(*(judge.judgement(answer, ask) for answer in answers), return_exceptions=True)
    for found in given:
        if isinstance(found, BaseException):
            raise found
    return [found for found in given if isinstance(found, Judgement)]


def rows_of(rows: Sequence[GoldRow], source: Source, split: Split = "test") -> list[GoldRow]:
    """Return the rows that error rates come from; those of `tune` are for whoever writes a rubric."""
    return [row for row in rows if row.source == source and row.split == split]


def recorded(
    judge: Judge, rows: Sequence[GoldRow], source: Source, given: Sequence[Judgement], split: Split = "test"
) -> Calibration:
    """Count what a judge said of the rows of one source.

    Args:
        judge: who said it.
        rows: the whole gold set.
        source: kind of model whose answers were judged.
        given: of each of `rows_of(rows, source, split)`.
        split: which rows; only what was counted on `test` says how often a judge errs.
    """
    pairs = [(row.label, found.label) for row, found in zip(rows_of(rows, source, split), given, strict=True)]
    positive, invalid = set(judge.behaviour.positive), set(judge.behaviour.invalid)
    garble = [label is None or label in invalid for true, label in pairs if true in invalid]
    hits = [label in positive for true, label in pairs if true in positive]
    alarms = [label is None or label in positive for true, label in pairs if true not in positive]
    counts = GoldCounts(positives=len(hits), hits=sum(hits), negatives=len(alarms), false_alarms=sum(alarms))
    confusion = Counter((true, label or UNDECIDED) for true, label in pairs)
    return Calibration(
        judge=judge.name,
        judge_identity=judge.identity,
        gold_digest=gold_digest(rows),
        source=source,
        counts=counts,
        graded=judge.behaviour.graded,
        errors={label: _errors(judge.behaviour, label, pairs) for label in judge.behaviour.labels},
        confusion=tuple(sorted((true, label, n) for (true, label), n in confusion.items())),
        asked=sum(found.asked for found in given),
        none=(len(garble), sum(garble)),
        reason=_unusable(counts, source, [found.trouble for found in given if found.label is None], garble),
    )


def uncalibrated(judge: Judge, source: Source, reason: str) -> Calibration:
    """Return the record of a judge that was not tried, with why it cannot be used."""
    return recorded(judge, (), source, ()).model_copy(update={"reason": reason})


def _errors(behaviour: Behaviour, label: str, pairs: Sequence[tuple[str, str | None]]) -> tuple[float, ...]:
    """Return how far each rating of a label's answers is off; one that was left undecided as far as can be."""
    given = [said for true, said in pairs if true == label]
    return tuple(1.0 if said is None else abs(behaviour.score(said) - behaviour.score(label)) for said in given)


def _unusable(counts: GoldCounts, source: Source, troubles: Sequence[str], garble: Sequence[bool]) -> str:
    if not counts.positives and not counts.negatives:
        return f"the gold set has no test rows of {source} answers; error rates from other answers do not carry over"
    if not counts.positives:
        return f"the gold set has no positive test rows of {source} answers, so sensitivity is unknown"
    if not counts.negatives:
        return f"the gold set has no negative test rows of {source} answers, so the false-positive rate is unknown"
    rows = counts.positives + counts.negatives
    if len(troubles) > MOST_UNDECIDED * rows:
        most = Counter(troubles).most_common(1)[0][0] or "no label"
        return (
            f"of {rows} gold answers it gave {len(troubles)} no label, more than {MOST_UNDECIDED:.0%} (most often: "
            f"{most}): its replies are not the one label that was asked for; look at them in the store, or take "
            "another judge"
        )
    if len(garble) >= LEAST_GARBLE and sum(garble) < GARBLE_FOUND * len(garble):
        return (
            f"it labelled {len(garble) - sum(garble)} of {len(garble)} garbled gold answers as real answers: with it a "
            "broken model would pass; take another judge"
        )
    return ""
