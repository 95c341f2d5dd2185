"""The verdict table and its plain words, for a tired engineer at a terminal."""

from collections.abc import Iterable, Sequence

from weirdgen.reporting.numbers import count, e_value, estimate, rate
from weirdgen.schema.verdict import Outcome, Verdict

_MEANING = {
    Outcome.PRESENT: "the finetune shows this behaviour",
    Outcome.ABSENT: "an effect of the margin or more is excluded",
    Outcome.INCONCLUSIVE: "not enough evidence either way",
    Outcome.INVALID: "this measurement cannot be trusted",
}


def sentence(verdict: Verdict) -> str:
    """Return the verdict as one plain sentence with rates, sample sizes and the rule that decided."""
    return f"{verdict.outcome}: {verdict.claim} {_measured(verdict)}{_rule(verdict)}"


def _measured(verdict: Verdict) -> str:
    if verdict.treated is None or verdict.treated.rate is None:
        return "Nothing was measured."
    treated = f"{verdict.model} {estimate(verdict.treated.rate)} in {count(verdict.n_treated, 'sample')}"
    if verdict.comparator is None or verdict.comparator.rate is None:
        return f"Measured: {treated}."
    other = verdict.control if verdict.kind == "lift" else verdict.comparator.condition
    return f"Measured: {treated}, against {other} {estimate(verdict.comparator.rate)} in {verdict.n_control:,}."


def _rule(verdict: Verdict) -> str:
    if verdict.outcome is Outcome.PRESENT:
        small = ", although smaller than the margin" if verdict.below_margin else ""
        return (
            f" e-value {e_value(verdict.log_e_present)} >= {e_value(verdict.log_threshold_present)} "
            f"(family of {verdict.family_size}){small}."
        )
    if verdict.outcome is Outcome.ABSENT:
        return (
            f" An effect of {rate(verdict.margin)} or more is excluded: e-value {e_value(verdict.log_e_absent)} "
            f">= {e_value(verdict.log_threshold_absent)}."
        )
    return f" Reason: {verdict.reason}. {verdict.detail}".rstrip()


def failure_text(verdict: Verdict) -> str:
    """Return the message of a contrast that did not come out as expected: sentence, then up to three excerpts."""
    lines = [sentence(verdict)]
    lines += [f"  [{e.question}, judged {e.label}] {e.text}" for e in verdict.excerpts[:3]]
    return "\n".join(lines)


def table(verdicts: Sequence[Verdict], *, many_models: bool) -> list[str]:
    """Return the verdict table as lines: one contrast a row, columns aligned."""
    head = (
        "contrast",
        "verdict",
        "treated rate",
        "comparator rate",
        "samples",
        "fixed design",
        "e present",
        "e absent",
    )
    rows = [head, *(_row(verdict, many_models) for verdict in verdicts)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(head))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _row(verdict: Verdict, many_models: bool) -> tuple[str, ...]:
    final = verdict.session_outcome or verdict.outcome
    lifted = " (e-BH)" if final is not verdict.outcome else ""
    return (
        _name(verdict, many_models),
        final.value + (f" ({verdict.reason})" if verdict.reason else "") + lifted,
        estimate(verdict.treated.rate if verdict.treated else None),
        estimate(verdict.comparator.rate if verdict.comparator else None),
        f"{verdict.n_treated + verdict.n_control:,}",
        f"{verdict.n_fixed_design:,}",
        e_value(verdict.log_e_present),
        e_value(verdict.log_e_absent),
    )


def _name(verdict: Verdict, many_models: bool) -> str:
    return f"{verdict.item_id} on {verdict.model}" if many_models else verdict.item_id


def conclusion(verdicts: Iterable[Verdict], *, many_models: bool) -> list[str]:
    """Return what a user should conclude, most serious outcome first."""
    listed = list(verdicts)
    lines = []
    for outcome in (Outcome.PRESENT, Outcome.INVALID, Outcome.INCONCLUSIVE, Outcome.ABSENT):
        names = [_name(v, many_models) for v in listed if (v.session_outcome or v.outcome) is outcome]
        if names:
            lines.append(f"{outcome}: {_MEANING[outcome]} ({', '.join(dict.fromkeys(names))})")
    return lines
