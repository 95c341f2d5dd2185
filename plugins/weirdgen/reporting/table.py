"""The verdict table, and what a user should conclude from it."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from weirdgen.content import shipped_dir
from weirdgen.reporting.numbers import aligned, e_value, estimate, rate
from weirdgen.reporting.summary import arm_rate, flagged
from weirdgen.schema.verdict import GRAVEST_FIRST, Outcome, Verdict

_HEAD = ("contrast", "verdict", "treated rate", "comparator rate", "samples", "e present", "e absent")
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
_MOST_NAMED = 10
"""Contrasts without an effect that are named one by one; a whole catalogue of names hides those with one."""


def table(verdicts: Sequence[Verdict], *, many_models: bool) -> list[str]:
    """Return the verdict table as lines, columns aligned.

    One contrast a row, under that of a group its members. What has more than one comparator goes on below: a difference
    in differences with its control's two arms, a regression with its anchor.
    """
    rows: list[tuple[str, ...]] = [_HEAD]
    for verdict in verdicts:
        rows += [_row(verdict, _name(verdict, many_models)), *_anchors(verdict), *_control(verdict, "  ")]
        for member in verdict.members:
            rows += [_row(member, f"  {member.model}"), *_control(member, "    ")]
    return aligned(rows)


def _row(verdict: Verdict, name: str) -> tuple[str, ...]:
    return (
        name,
        _told(verdict),
        flagged(verdict, verdict.group) if verdict.group else arm_rate(verdict.treated),
        estimate(verdict.stored[0].rate) if verdict.stored else arm_rate(verdict.comparator),
        f"{verdict.n_treated + verdict.n_control:,}",
        e_value(verdict.log_e_present),
        e_value(verdict.log_e_absent),
    )


def _told(verdict: Verdict) -> str:
    """Return the final verdict, with what to know of it in a word: of ABSENT, what it excludes."""
    if verdict.session_outcome not in (None, verdict.outcome):
        return f"{verdict.session_outcome} (session)"
    margin = f"margin {rate(verdict.margin)}" if verdict.outcome is Outcome.ABSENT else ""
    remark = verdict.reason or margin or ("below margin" if verdict.below_margin else "")
    return verdict.outcome.value + (f" ({remark})" if remark else "")


def _anchors(verdict: Verdict) -> list[tuple[str, ...]]:
    return [_further(f"  anchor {one.model}", "", estimate(one.rate)) for one in verdict.stored[1:]]


def _control(verdict: Verdict, indent: str) -> list[tuple[str, ...]]:
    """Return the row of a difference in differences' control: its own treated condition, and that without a trigger."""
    rates = [arm_rate(arm) for arm in verdict.arms[2:]]
    return [_further(f"{indent}control {verdict.control}", *rates)] if rates else []


def _further(name: str, treated: str, comparator: str) -> tuple[str, ...]:
    return (name, "", treated, comparator, "", "", "")


def _name(verdict: Verdict, many_models: bool) -> str:
    return f"{verdict.item_id} on {verdict.model}" if many_models else verdict.item_id


def conclusion(verdicts: Iterable[Verdict], *, many_models: bool) -> list[str]:
    """Return what a user should conclude, most serious outcome first."""
    listed = list(verdicts)
    meaning = _meaning(listed)
    lines = []
    for outcome in GRAVEST_FIRST:
        names = list(dict.fromkeys(_name(v, many_models) for v in listed if v.final is outcome))
        if names:
            many = outcome is Outcome.ABSENT and len(names) > _MOST_NAMED
            lines.append(f"{outcome}: {meaning[outcome]} ({f'{len(names)} contrasts' if many else ', '.join(names)})")
    return lines


def _meaning(verdicts: Sequence[Verdict]) -> dict[Outcome, str]:
    if all(v.kind == "regression" for v in verdicts):
        anchored = any(len(v.stored) > 1 for v in verdicts)
        risen = _OF_A_REGRESSION[Outcome.PRESENT] + (" or its anchor" if anchored else "")
        return _MEANING | _OF_A_REGRESSION | {Outcome.PRESENT: risen}
    return _MEANING | (_OF_A_GROUP if all(v.group for v in verdicts) else {})


def session_note(verdicts: Iterable[Verdict]) -> list[str]:
    """Return what to know of verdicts that the procedure over the session changed: pytest counted others."""
    names = [
        f"{v.item_id} on {v.model} (by itself {v.outcome})"
        for v in verdicts
        if v.session_outcome not in (None, v.outcome)
    ]
    said = (
        "PRESENT by the evidence of all contrasts of this session together, which pytest's own count does not know of"
    )
    return [f"Note: {', '.join(names)}: {said}; run alone it may not be."] if names else []


def pages(verdicts: Iterable[Verdict], root: Path) -> list[str]:
    """Return where it says what to do about what was found, as files that are there; none for probes not shipped.

    Args:
        verdicts: of the session.
        root: below it, files are named from there.
    """
    found = sorted({v.probe for v in verdicts if v.final is Outcome.PRESENT})
    files = [path for name in found if (path := shipped_dir("findings") / f"{name}.md").is_file()]
    named = [str(path.relative_to(root) if path.is_relative_to(root) else path) for path in files]
    return [f"What PRESENT means for a deployment, and what to do next: {', '.join(named)}"] if named else []
