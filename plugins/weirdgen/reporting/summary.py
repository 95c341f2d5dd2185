"""A verdict in plain words, for a tired engineer at a terminal."""

import math

from weirdgen.reporting.numbers import count, estimate, rate
from weirdgen.schema.verdict import ArmResult, Estimate, GroupResult, Outcome, QuestionResult, StoredResult, Verdict

_MOST_CARRIERS = 3
_SHARE_FROM = 3
"""Members from which limits for the recipe are told: those of two say little more than that some do or some do not."""


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
    shown = [f"{member.model} {arm_rate(member.treated)}" for member in verdict.members]
    stored = "".join(f", against {_stored(one)}" for one in verdict.stored)
    verb = "shows" if group.flagged == 1 else "show"
    share = _share(group.share) if len(verdict.members) >= _SHARE_FROM else ""
    return f"{flagged(verdict, group)} {verb} it: {', '.join(shown)}{stored}{share}."


def flagged(verdict: Verdict, group: GroupResult) -> str:
    """Return how many members show the behaviour: ``1 of 3 members``."""
    return f"{group.flagged} of {len(verdict.members)} members"


def arm_rate(arm: ArmResult | None) -> str:
    """Return an arm's rate with its interval; a dash where it was not needed or not measured."""
    return estimate(arm.rate if arm else None)


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
    return f" Reason: {verdict.reason}. {explanation(verdict)}".rstrip()


def explanation(verdict: Verdict) -> str:
    """Return why a verdict claims nothing, and what to know or to do; empty if there is nothing to say."""
    return " ".join(filter(None, (f"{_sentence_case(verdict.rule)}." if verdict.rule else "", verdict.detail)))


def _sentence_case(text: str) -> str:
    return text[:1].upper() + text[1:]


def _carried(verdict: Verdict) -> str:
    """Return which questions carry the effect, strongest first, where only some of them do."""
    carrying = [q for q in verdict.questions if q.carries]
    if not carrying or len(carrying) == len(verdict.questions):
        return ""
    strongest = sorted(carrying, key=lambda q: -(q.log_e_effect or 0.0))[:_MOST_CARRIERS]
    listed = ", ".join(f"{q.question} ({_counts(q)})" for q in strongest)
    more = f" and {len(carrying) - len(strongest)} more" if len(carrying) > len(strongest) else ""
    return f" Carried by {listed}{more}."


def _counts(question: QuestionResult) -> str:
    shares = [f"{positives:g} of {n}" for positives, n in zip(question.positives, question.n, strict=True)]
    extra = f", and {count(question.extras, 'extra pair')}" if question.extras else ""
    return " against ".join(shares) + extra


def failure_text(verdict: Verdict) -> str:
    """Return the message of a contrast that did not come out as expected: sentence, then up to three excerpts."""
    lines = [sentence(verdict)]
    lines += [f"  [{e.question}, judged {e.label}] {e.text}" for e in verdict.excerpts[:3]]
    return "\n".join(lines)
