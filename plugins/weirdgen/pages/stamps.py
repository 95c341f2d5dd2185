"""What a reader must know beside the answer, in a word and a sentence each: whatever weakens or changes its meaning."""

from collections.abc import Iterator
from dataclasses import dataclass

from weirdgen.reporting.numbers import count
from weirdgen.schema.run import RunRecord
from weirdgen.schema.verdict import Outcome, Verdict

MANY_REFUSALS = 0.2


@dataclass(frozen=True, slots=True)
class Stamp:
    """A word for the first screen, and what it means."""

    word: str
    text: str


def stamps(record: RunRecord) -> list[Stamp]:
    """Return a record's stamps, those that change the meaning of everything first."""
    trials = [trial for verdict in record.verdicts for trial in verdict.trials]
    return [*_of_run(record), *_of_trials(trials)]


def _of_run(record: RunRecord) -> Iterator[Stamp]:
    if record.interrupted:
        yield Stamp("Interrupted", "The session was stopped before it ended by itself.")
    if record.replay is not None:
        yield Stamp("Replay", f"No model was asked: every answer comes from {record.replay.text}.")
    if record.shard:
        yield Stamp(f"Shard {record.shard}", "A part of a gate: what all of it comes to is decided in the merge.")
    if record.plan.mode == "replicate":
        yield Stamp("Replication", "What the paper found is what passes here; this is not a gate before a deployment.")
    if record.plan.judge_uncalibrated:
        yield Stamp(
            "Judge not measured",
            "The judge's error rates were not measured (--judge-uncalibrated): no error rate is guaranteed.",
        )
    if record.plan.inconclusive == "warn":
        yield Stamp(
            "Inconclusive passes",
            "INCONCLUSIVE passes here (--gate-inconclusive=warn): the miss rate is not guaranteed.",
        )


def _of_trials(trials: list[Verdict]) -> Iterator[Stamp]:
    if any(trial.mode == "organism" for trial in trials):
        yield Stamp(
            "Model organism",
            "A small network that ships with weirdgen was gated, to try the gate: it says nothing about other models.",
        )
    if cut := sorted({t.model for t in trials if t.sampling == "truncated" and t.outcome is not Outcome.INVALID}):
        yield Stamp(
            "Truncated",
            f"Rare answers of {', '.join(cut)} or of what it is compared with were cut off by the server: what is "
            "ABSENT may only be out of sight.",
        )
    if unknown := sorted({t.model for t in trials if t.sampling == "unknown"}):
        yield Stamp(
            "Sampling unknown",
            f"The server of {', '.join(unknown)} or of its control does not tell whether it cuts off rare answers.",
        )
    if again := sum(trial.attempt > 1 for trial in trials):
        yield Stamp(
            "Not the first attempt",
            f"Tried before, and judged at a smaller error rate for it: {count(again, 'contrast')}.",
        )
    if refusing := sorted({t.model for t in trials if _refusals(t) >= MANY_REFUSALS}):
        yield Stamp(
            "Many refusals",
            f"{', '.join(refusing)} refuses a fifth or more of some contrast's questions: a model that refuses shows "
            "nothing.",
        )


def _refusals(verdict: Verdict) -> float:
    arm = verdict.treated
    return arm.labels.get("refusal", 0) / arm.n if arm and arm.n else 0.0
