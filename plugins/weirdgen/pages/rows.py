"""Numbers of a contrast as cells of tables: rates, evidence, questions, and what the paper reports beside them."""

from collections.abc import Sequence
from dataclasses import dataclass

from weirdgen.pages.entries import Entry
from weirdgen.reporting.numbers import e_value, estimate, rate
from weirdgen.reporting.summary import arm_rate, flagged
from weirdgen.schema.probe import Published
from weirdgen.schema.verdict import ArmResult, Outcome, QuestionResult

HEAT_STEPS = 10


@dataclass(frozen=True, slots=True)
class Row:
    """One contrast in a table."""

    entry: Entry
    name: str
    told: str
    """The verdict with what to know of it in a word."""
    treated: str
    comparator: str
    effect: str
    margin: str
    samples: str
    paper: str


def row(entry: Entry) -> Row:
    """Return a contrast's cells."""
    v = entry.verdict
    return Row(
        entry=entry,
        name=v.model if entry.group else v.contrast,
        told=_told(entry),
        treated=flagged(v, v.group) if v.group else arm_rate(v.treated),
        comparator=estimate(v.stored[0].rate) if v.stored else arm_rate(v.comparator),
        effect=estimate(v.effect),
        margin=rate(v.margin),
        samples=f"{v.n_treated + v.n_control:,}",
        paper=paper(published(entry)),
    )


def _told(entry: Entry) -> str:
    v = entry.verdict
    if entry.outcome is not v.outcome:
        return f"by the whole session; alone {v.outcome}"
    return v.reason or ("below margin" if v.below_margin else "")


def published(entry: Entry) -> Published | None:
    """Return what the paper reports; None: nothing."""
    return entry.contrast.published if entry.contrast else None


def paper(found: Published | None) -> str:
    """Return the paper's rates as ``.629 against .000``; a word where it gives no number, a dash where nothing."""
    if found is None:
        return "-"
    rates = [rate(one) for one in (found.treated, found.comparator) if one is not None]
    if found.treated is None:
        return found.expect or "-"
    return " against ".join(rates)


@dataclass(frozen=True, slots=True)
class ArmRow:
    """One arm of a contrast."""

    name: str
    n: int
    extras: int
    rate: str
    descriptive: str
    corrected: str
    valid: str
    missing: int
    labels: str
    served: str


def arm_rows(entry: Entry) -> list[ArmRow]:
    """Return the arms that were needed."""
    arms = enumerate(entry.verdict.arms)
    return [_arm_row(entry.arm_name(place), arm) for place, arm in arms if arm is not None]


def _arm_row(name: str, arm: ArmResult) -> ArmRow:
    labels = sorted(arm.labels.items(), key=lambda pair: (-pair[1], pair[0]))
    return ArmRow(
        name=name,
        n=arm.n,
        extras=arm.extras,
        rate=arm_rate(arm),
        descriptive=estimate(arm.descriptive),
        corrected=estimate(arm.corrected),
        valid="-" if arm.valid_rate is None else rate(arm.valid_rate),
        missing=arm.missing,
        labels=", ".join(f"{name} {number:,}" for name, number in labels),
        served=", ".join(dict.fromkeys([*arm.served_models, *arm.fingerprints])),
    )


@dataclass(frozen=True, slots=True)
class QuestionRow:
    """One question (in a sweep one under one condition) of a contrast."""

    name: str
    text: str
    shares: tuple[tuple[str, int], ...]
    """Per arm: positives of samples, and the step of heat from 0 to `HEAT_STEPS`; -1 where nothing was asked."""
    paper: str
    evidence: str
    carries: bool


def question_rows(entry: Entry) -> list[QuestionRow]:
    """Return a contrast's questions, those with most evidence of an effect first."""
    ordered = sorted(entry.verdict.questions, key=lambda q: -(q.log_e_effect if q.log_e_effect is not None else -1e9))
    return [_question_row(entry, question) for question in ordered]


def _question_row(entry: Entry, question: QuestionResult) -> QuestionRow:
    name = question.question.rsplit("/", 1)[-1]
    found = published(entry)
    said = found.questions.get(name) if found else None
    rates = [rate(one) for one in (said.treated, said.comparator) if one is not None] if said else []
    return QuestionRow(
        name=question.question,
        text=entry.finding.questions.get(name, "") if entry.finding else "",
        shares=tuple(share(p, n) for p, n in zip(question.positives, question.n, strict=True)),
        paper=" against ".join(rates) or "-",
        evidence=e_value(question.log_e_effect),
        carries=question.carries and entry.outcome is Outcome.PRESENT,
    )


def share(positives: float, n: int) -> tuple[str, int]:
    """Return ``3 of 9`` and the step of heat."""
    return (f"{positives:g} of {n}", round(HEAT_STEPS * positives / n)) if n else ("-", -1)


@dataclass(frozen=True, slots=True)
class Heat:
    """Treated rates, questions down and contrasts across."""

    columns: tuple[Entry, ...]
    rows: tuple[tuple[str, tuple[tuple[str, int], ...]], ...]
    """Question, then a share per contrast."""
    left_out: int
    """Questions beyond those shown."""


def heat(entries: Sequence[Entry], most_rows: int = 40, most_columns: int = 24) -> Heat:
    """Return the map of the contrasts that pool at least two questions; without rows where none does."""
    columns = [e for e in entries if len(e.verdict.questions) > 1][:most_columns]
    cells = [_treated(entry) for entry in columns]
    names = list(dict.fromkeys(name for column in cells for name in column))
    rows = tuple((name, tuple(share(*column.get(name, (0.0, 0))) for column in cells)) for name in names[:most_rows])
    return Heat(tuple(columns), rows, len(names[most_rows:]))


def _treated(entry: Entry) -> dict[str, tuple[float, int]]:
    """Return positives and samples of the treated arm by question, a sweep's conditions together."""
    summed: dict[str, tuple[float, int]] = {}
    for one in entry.verdict.questions:
        if one.n:
            name = one.question.rsplit("/", 1)[-1]
            positives, n = summed.get(name, (0.0, 0))
            summed[name] = positives + one.positives[0], n + one.n[0]
    return summed
