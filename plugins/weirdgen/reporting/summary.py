"""The verdict table and its plain words, for a tired engineer at a terminal."""

import math
from collections.abc import Iterable, Sequence

from weirdgen.reporting.numbers import aligned, count, e_value, estimate, rate
from weirdgen.schema.verdict import Estimate, GroupResult, Outcome, StoredResult, Verdict

_CARRIES = math.log(20)
"""Evidence from which on a single question is named as carrying the effect: diagnosis, no verdict of its own."""
_MOST_CARRIERS = 3
_MEANING = {
    Outcome.PRESENT: "the finetune shows this behaviour",
    Outcome.ABSENT: "an effect of the margin or more is excluded",
    Outcome.INCONCLUSIVE: "not enough evidence either way",
    Outcome.INVALID: "this measurement cannot be trusted",
}
_OF_A_REGRESSION = {
    Outcome.PRESENT: "this behaviour is more frequent than in the stored version",
    Outcome.ABSENT: "a rise of the margin or more is excluded",
}
_OF_A_GROUP = {
    Outcome.PRESENT: "some finetune of the group shows this behaviour",
    Outcome.ABSENT: "an effect of the margin or more is excluded for every finetune of the group",
}


def sentence(verdict: Verdict) -> str:
    """Return the verdict as one plain sentence with rates, sample sizes and the rule that decided."""
    return f"{verdict.outcome}: {verdict.claim} {_measured(verdict)}{_rule(verdict)}"


def _measured(verdict: Verdict) -> str:
    if verdict.group is not None:
        return _of_members(verdict, verdict.group)
    if verdict.treated is None or verdict.treated.rate is None:
        return "Nothing was measured."
    parts = [f"{verdict.model} {estimate(verdict.treated.rate)} in {count(verdict.n_treated, 'sample')}"]
    for arm, name in zip(verdict.arms[1:], _others(verdict), strict=False):
        if arm is not None:
            parts.append(f"{name} {estimate(arm.rate)} in {arm.spent:,}")
    parts += [_stored(one) for one in verdict.stored]
    what = "largest rise" if verdict.stored else "effect"
    effect = f"; {what} {estimate(verdict.effect)}" if verdict.effect and len(parts) > 2 else ""
    return f"Measured: {', against '.join(parts)}{effect}."


def _of_members(verdict: Verdict, group: GroupResult) -> str:
    shown = [f"{member.model} {_treated_rate(member)}" for member in verdict.members]
    stored = "".join(f", against {_stored(one)}" for one in verdict.stored)
    verb = "shows" if group.flagged == 1 else "show"
    return f"{_flagged(verdict, group)} {verb} it: {', '.join(shown)}{stored}{_share(group.share)}."


def _flagged(verdict: Verdict, group: GroupResult) -> str:
    return f"{group.flagged} of {len(verdict.members)} members"


def _share(share: Estimate) -> str:
    """Return the limits in whole thousandths, rounded outwards; nothing where they exclude nothing."""
    lower, upper = math.floor(share.lower * 1000) / 10, math.ceil(share.upper * 1000) / 10
    ends = [f"at least {lower:g}%"] * (lower > 0) + [f"at most {upper:g}%"] * (upper < 100)
    return f"; {' and '.join(ends)} of such finetunes show it (95%)" if ends else ""


def _stored(one: StoredResult) -> str:
    what = "its anchor" if one.anchor else "the stored version of"
    return f"{what} {one.model} {estimate(one.rate)} ({count(one.n, 'sample')}, {one.saved_at[:10]})"


def _others(verdict: Verdict) -> list[str]:
    """Return what the arms beside the treated one are called, in their order."""
    conditions = [arm.condition if arm else "" for arm in verdict.arms[1:]]
    if verdict.kind == "lift":
        return [verdict.control]
    if verdict.kind == "did":
        return [conditions[0], f"{verdict.control} {conditions[1]}", f"{verdict.control} {conditions[2]}"]
    return conditions


def _rule(verdict: Verdict) -> str:
    if verdict.outcome is Outcome.PRESENT:
        small = ", although the effect is smaller than the margin" if verdict.below_margin else ""
        return f" {_sentence_case(verdict.rule)} (family of {verdict.family_size}){small}.{_carried(verdict)}"
    if verdict.outcome is Outcome.ABSENT:
        what = "A rise" if verdict.kind == "regression" else "An effect"
        return f" {what} of {rate(verdict.margin)} or more is excluded: {verdict.rule}."
    why = f"{_sentence_case(verdict.rule)}. " if verdict.rule else ""
    return f" Reason: {verdict.reason}. {why}{verdict.detail}".rstrip()


def _sentence_case(text: str) -> str:
    return text[:1].upper() + text[1:]


def _carried(verdict: Verdict) -> str:
    """Return which questions carry the effect, strongest first, where only some of them do."""
    shown = [q for q in verdict.questions if q.log_e_effect is not None and q.log_e_effect >= _CARRIES]
    if not shown or len(shown) == len(verdict.questions):
        return ""
    strongest = sorted(shown, key=lambda q: -(q.log_e_effect or 0.0))[:_MOST_CARRIERS]
    listed = ", ".join(f"{q.question} ({q.positives[0]:g} of {q.n[0]})" for q in strongest)
    more = f" and {len(shown) - len(strongest)} more" if len(shown) > len(strongest) else ""
    return f" Carried by {listed}{more}."


def failure_text(verdict: Verdict) -> str:
    """Return the message of a contrast that did not come out as expected: sentence, then up to three excerpts."""
    lines = [sentence(verdict)]
    lines += [f"  [{e.question}, judged {e.label}] {e.text}" for e in verdict.excerpts[:3]]
    return "\n".join(lines)


def table(verdicts: Sequence[Verdict], *, many_models: bool) -> list[str]:
    """Return the verdict table as lines: one contrast a row, under that of a group its members; columns aligned."""
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
    rows: list[tuple[str, ...]] = [head]
    for verdict in verdicts:
        rows.append(_row(verdict, _name(verdict, many_models)))
        rows += [_row(member, f"  {member.model}") for member in verdict.members]
    return aligned(rows)


def _row(verdict: Verdict, name: str) -> tuple[str, ...]:
    final = verdict.session_outcome or verdict.outcome
    lifted = " (session)" if final is not verdict.outcome else ""
    return (
        name,
        final.value + (f" ({verdict.reason})" if verdict.reason else "") + lifted,
        _flagged(verdict, verdict.group) if verdict.group else _treated_rate(verdict),
        estimate(_compared_with(verdict)),
        f"{verdict.n_treated + verdict.n_control:,}",
        f"{verdict.n_fixed_design:,}",
        e_value(verdict.log_e_present),
        e_value(verdict.log_e_absent),
    )


def _treated_rate(verdict: Verdict) -> str:
    return estimate(verdict.treated.rate if verdict.treated else None)


def _compared_with(verdict: Verdict) -> Estimate | None:
    if verdict.stored:
        return verdict.stored[0].rate
    return verdict.comparator.rate if verdict.comparator else None


def _name(verdict: Verdict, many_models: bool) -> str:
    return f"{verdict.item_id} on {verdict.model}" if many_models else verdict.item_id


def _meaning(verdicts: Sequence[Verdict]) -> dict[Outcome, str]:
    if all(v.kind == "regression" for v in verdicts):
        return _MEANING | _OF_A_REGRESSION
    return _MEANING | (_OF_A_GROUP if all(v.group for v in verdicts) else {})


def conclusion(verdicts: Iterable[Verdict], *, many_models: bool) -> list[str]:
    """Return what a user should conclude, most serious outcome first."""
    listed = list(verdicts)
    meaning = _meaning(listed)
    lines = []
    for outcome in (Outcome.PRESENT, Outcome.INVALID, Outcome.INCONCLUSIVE, Outcome.ABSENT):
        names = [_name(v, many_models) for v in listed if (v.session_outcome or v.outcome) is outcome]
        if names:
            lines.append(f"{outcome}: {meaning[outcome]} ({', '.join(dict.fromkeys(names))})")
    return lines
