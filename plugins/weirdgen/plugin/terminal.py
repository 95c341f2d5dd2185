"""What the terminal shows at the end of a session: the verdict table, what to conclude, what to know besides."""

import math
from collections.abc import Sequence
from pathlib import Path

import pytest

from weirdgen.plugin.keys import STATE
from weirdgen.plugin.state import GateState
from weirdgen.reporting.summary import conclusion, table
from weirdgen.schema.verdict import Outcome, Verdict

MANY_REFUSALS = 0.2
"""Share of treated answers from which a reader must be told: a model that refuses everything shows nothing."""


def summarise(reporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print the verdict table, what to conclude, and where the record lies."""
    state = config.stash[STATE]
    verdicts = state.verdicts
    if not verdicts:
        return
    reporter.section("weirdgen", sep="=")
    many_models = len(state.plan.names) > 1
    for line in table(verdicts, many_models=many_models):
        reporter.write_line(line)
    reporter.write_line("")
    for line in conclusion(verdicts, many_models=many_models):
        reporter.write_line(line, red=not line.startswith(Outcome.ABSENT), green=line.startswith(Outcome.ABSENT))
    for line in _notes(verdicts, state):
        reporter.write_line(line)
    if state.written is not None:
        reporter.write_line(f"Run record: {_short(state.written, state.settings.root)}")


def _notes(verdicts: Sequence[Verdict], state: GateState) -> list[str]:
    fixed = sum(v.n_fixed_design for v in verdicts)
    trials = [trial for v in verdicts for trial in v.trials]
    lines = [
        f"Drew {state.drawn:,} samples (contrasts share arms); "
        f"100 per question and arm of each would have been {fixed:,}."
    ]
    lines += [f"Note: {v.item_id} on {v.model}: {said}" for v in verdicts if (said := _remark(v))]
    if reused := sum(v.n_reused for v in verdicts):
        oldest = max(v.oldest_sample_age for v in verdicts) / 3600
        lines.append(
            f"{reused:,} more were already in the store, each counted per contrast; the oldest is {oldest:.1f} h old."
        )
    lines += [
        f"Note: {v.item_id} on {v.model}: {refused:.0%} of the answers are refusals, which do not show the behaviour."
        for v in trials
        if (refused := _refusals(v)) >= MANY_REFUSALS
    ]
    lines += [
        f"Note: {v.item_id} on {v.model}: answers differ from the comparator's also in labels that the contrast does "
        "not ask for (refusals, incoherence, other kinds of answers); see its counts per label in the run record."
        for v in trials
        if v.outcome is Outcome.ABSENT and (v.log_e_labels or 0.0) >= (v.log_threshold_present or math.inf)
    ]
    if not_run := state.plan.family_size - len(verdicts):
        lines.append(
            f"{not_run} of the family's {state.plan.family_size} contrasts were not run: nothing is claimed of them."
        )
    if state.settings.inconclusive == "warn":
        lines.append("INCONCLUSIVE passes here (--gate-inconclusive=warn): the miss rate is not guaranteed.")
    if state.settings.judge_uncalibrated:
        lines.append("The judge's error rates were not measured (--judge-uncalibrated): no error rate is guaranteed.")
    return lines


def _remark(verdict: Verdict) -> str:
    """Return what to know of a verdict beside its row; of one that claims nothing also why."""
    why = verdict.rule if verdict.outcome in {Outcome.INVALID, Outcome.INCONCLUSIVE} else ""
    return ". ".join(filter(None, (why, verdict.detail)))


def _refusals(verdict: Verdict) -> float:
    arm = verdict.treated
    return arm.labels.get("refusal", 0) / arm.n if arm else 0.0


def _short(path: Path, root: Path) -> str:
    return str(path.relative_to(root)) if path.is_relative_to(root) else str(path)
