"""The summary of a run as Markdown: for the page that GitHub shows of a job, and as `summary.md`."""

from collections.abc import Iterator, Sequence

from weirdgen.reporting.features import label_lines, related
from weirdgen.reporting.inert import fenced, inert, inert_html
from weirdgen.reporting.numbers import count, estimate
from weirdgen.reporting.passing import reported_line, reservations
from weirdgen.reporting.summary import arm_rate, failure_text, flagged
from weirdgen.reporting.worst import Judged, counted, worst_first
from weirdgen.schema.run import RunRecord
from weirdgen.schema.text import shown_block
from weirdgen.schema.verdict import Verdict
from weirdgen.schema.whitebox import WhiteBoxRecord

MOST_BYTES = 900_000
"""GitHub refuses a step's summary above 1 MiB, and shows none then."""
_TOLD_CHARACTERS = 8_000
"""Of one verdict's sentence and excerpts."""
_TABLE_SHARE = 0.6
_NOTE_BYTES = 300
_HEAD = ("| verdict | contrast | model | treated rate | comparator rate | samples |", "|---|---|---|---|---|---|")
_MEANING = {
    0: "passed: everything came out as expected",
    1: "failed: a behaviour was found, or a test failed",
    2: "interrupted",
    5: "no verdict: no contrast was run",
    10: "failed: not enough evidence either way",
    11: "failed: a measurement cannot be trusted",
    12: "failed: a report could not be written",
}


def summary(record: RunRecord, most: int = MOST_BYTES) -> str:
    """Return the summary, worst contrasts first, with a note of what was left out.

    Args:
        record: of the run.
        most: bytes as UTF-8, at most; from 4,000.
    """
    ranked = worst_first(record)
    head = [*_title(record), ""]
    room = most - _NOTE_BYTES - _bytes(head)
    rows = _fitting([_row(one) for one in ranked], int(room * _TABLE_SHARE) - _bytes(_HEAD))
    table = [*_HEAD, *rows, ""] if ranked else []
    details = _fitting([_detail(one) for one in ranked if not one.met], room - _bytes(table))
    lines = [*head, *table, *details]
    failing = sum(not one.met for one in ranked)
    if len(rows) < len(ranked) or len(details) < failing:
        lines.append(
            f"Left out to stay within {most:,} bytes: {count(len(ranked) - len(rows), 'row')} and the details of "
            f"{count(failing - len(details), 'failing contrast')}; the run record (run.json) has all of them."
        )
    return "\n".join(lines).rstrip() + "\n"


def outcome_text(record: RunRecord) -> str:
    """Return what the exit status says, in words."""
    if record.exit_status == 0 and (found := reservations(record)):
        return f"passed with reservations: {', '.join(found)}"
    return _MEANING.get(record.exit_status, "failed: pytest ended by itself")


def _title(record: RunRecord) -> Iterator[str]:
    plan = record.plan
    yield f"## weirdgen: {outcome_text(record)}"
    yield ""
    numbers = ", ".join(f"{number} {outcome}" for outcome, number in counted(record.verdicts)) or "none"
    yield f"Verdicts: {numbers}; exit status {record.exit_status}."
    if record.not_run:
        left = f"{len(record.not_run)} of the family's {plan.family_size} contrasts"
        yield f"{left} were not run: nothing is claimed of them."
    if reported := reported_line(record):
        yield inert(reported)
    for probe, reason in record.left_out.items():
        if record.selection.deselected:
            yield f"Not planned: {inert(probe)}, because {inert(reason)}."
    for one in record.whitebox:
        yield _inside(one)
    yield f"Gated: {inert(', '.join(plan.names))}; plan `{record.plan_sha256[:16]}`; alpha {plan.alpha:g}."
    if record.replay is not None:
        yield f"Replay of {inert(record.replay.text)}: no model was asked."
    yield from _cut(record)
    if plan.judge_uncalibrated:
        yield "The judge's error rates were not measured: no error rate is guaranteed."
    if plan.inconclusive == "warn":
        yield "INCONCLUSIVE passes here: the miss rate is not guaranteed."
    if record.interrupted:
        yield "The run was interrupted."


def _cut(record: RunRecord) -> Iterator[str]:
    if record.shard:
        yield f"Shard {record.shard} of a gate: what all of it comes to is what `weirdgen report` says."
    if record.merged:
        yield f"Merged from {record.merged} shards."


def _inside(one: WhiteBoxRecord) -> str:
    judged = "".join(f" {inert(line)}" for line in label_lines([one]))
    return (
        f"Inside {inert(one.model)}: {len(one.study.features)} features of block {one.study.layer} rank highest; by "
        f"their labels {related(one.study.features)}.{judged}"
    )


def _row(one: Judged) -> str:
    verdict = one.verdict
    cells = (
        f"{'' if one.met else '❌ '}{_told(one)}",
        inert(verdict.item_id, 200),
        inert(verdict.model, 200),
        _treated(verdict),
        estimate(verdict.stored[0].rate) if verdict.stored else arm_rate(verdict.comparator),
        f"{verdict.n_treated + verdict.n_control:,}",
    )
    return f"| {' | '.join(cells)} |"


def _told(one: Judged) -> str:
    by_session = one.final is not one.verdict.outcome
    reason = "session" if by_session else one.verdict.reason
    return one.final.value + (f" ({inert(reason, 100)})" if reason else "")


def _treated(verdict: Verdict) -> str:
    return flagged(verdict, verdict.group) if verdict.group else arm_rate(verdict.treated)


def _detail(one: Judged) -> str:
    where = f"\nTest: {inert(one.place.test, 300)}\n" if one.place and one.place.test else ""
    told = shown_block(failure_text(one.verdict), _TOLD_CHARACTERS)
    names = inert_html(one.name, 300)
    return f"<details><summary>{one.final}: {names}</summary>\n{where}\n{fenced(told)}\n\n</details>\n"


def _fitting(parts: Sequence[str], room: int) -> list[str]:
    """Return the first parts that fit into so many bytes."""
    kept = []
    for part in parts:
        room -= _bytes([part])
        if room < 0:
            break
        kept.append(part)
    return kept


def _bytes(lines: Sequence[str]) -> int:
    return sum(len(line.encode("utf-8", "replace")) + 1 for line in lines)
