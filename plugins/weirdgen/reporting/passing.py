"""What takes from an exit status of 0, and what is only reported: the one place that badge, summary and page ask."""

from weirdgen.reporting.numbers import count
from weirdgen.schema.run import RunRecord
from weirdgen.schema.verdict import Outcome, Verdict


def reservations(record: RunRecord) -> list[str]:
    """Return, for people, why a run that ended with 0 did not pass without reservation; empty if it did.

    Contrasts that were not run are none: whoever selects says so, and every report tells how many.
    """
    unmet = sum(not one.met for one in record.expected)
    undecided = sum(v.final is Outcome.INCONCLUSIVE for v in record.verdicts)
    cut = any(trial.sampling == "truncated" for verdict in record.verdicts for trial in verdict.trials)
    found = {
        "nothing was measured": not record.verdicts,
        "nothing that was measured is judged": bool(record.expected) and not any(e.judged for e in record.expected),
        "it was interrupted": record.interrupted,
        f"{count(unmet, 'verdict')} not as the gate expects, which tests accepted": unmet > 0,
        f"{count(undecided, 'contrast')} INCONCLUSIVE": undecided > 0,
        "the judge's error rates were not measured": record.plan.judge_uncalibrated,
        "a server cut off rare answers": cut,
        "it is a replay": record.replay is not None,
        f"it is shard {record.shard} of a gate": bool(record.shard),
    }
    return [told for told, holds in found.items() if holds]


def reported_only(record: RunRecord) -> list[Verdict]:
    """Return the verdicts that were held against nothing: no status, and no word of passing, rests on them."""
    return [verdict for verdict, one in zip(record.verdicts, record.expected, strict=True) if not one.judged]


def reported_line(record: RunRecord) -> str:
    """Return, for people, what was only reported and how it came out; empty if everything was judged."""
    told = ", ".join(f"{verdict.item_id} on {verdict.model} {verdict.final}" for verdict in reported_only(record))
    return f"Reported only, whatever comes out, and judged by nothing: {told}." if told else ""
