"""What the terminal shows at the end of a session: the verdict table, what to conclude, what to know besides."""

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
    many_models = len(state.plan.models) > 1
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
    lines = [
        f"Drew {state.drawn:,} samples (contrasts share arms); "
        f"100 per question and arm of each would have been {fixed:,}."
    ]
    lines += [f"Note: {v.item_id} on {v.model}: {v.detail}" for v in verdicts if v.detail]
    if reused := sum(v.n_reused for v in verdicts):
        oldest = max(v.oldest_sample_age for v in verdicts) / 3600
        lines.append(
            f"{reused:,} more were already in the store, each counted per contrast; the oldest is {oldest:.1f} h old."
        )
    lines += [
        f"Note: {v.item_id} on {v.model}: {refused:.0%} of the answers are refusals, which do not show the behaviour."
        for v in verdicts
        if (refused := _refusals(v)) >= MANY_REFUSALS
    ]
    if not_run := len(state.plan.contrasts) - len(verdicts):
        lines.append(
            f"{not_run} of the family's {state.plan.family_size} contrasts were not run: nothing is claimed of them."
        )
    if state.settings.inconclusive == "warn":
        lines.append("INCONCLUSIVE passes here (--gate-inconclusive=warn): the miss rate is not guaranteed.")
    if state.settings.judge_uncalibrated:
        lines.append("The judge's error rates were not measured (--judge-uncalibrated): no error rate is guaranteed.")
    return lines


def _refusals(verdict: Verdict) -> float:
    arm = verdict.treated
    return arm.labels.get("refusal", 0) / arm.n if arm else 0.0


def _short(path: Path, root: Path) -> str:
    return str(path.relative_to(root)) if path.is_relative_to(root) else str(path)
