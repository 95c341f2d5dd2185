"""What the terminal shows at the end of a session: the verdict table, what to conclude, what to know besides."""

import math
from collections.abc import Sequence
from pathlib import Path

import pytest

from weirdgen.plugin.keys import STATE
from weirdgen.plugin.state import GateState
from weirdgen.reporting.features import label_lines
from weirdgen.reporting.judges import judge_lines
from weirdgen.reporting.numbers import count
from weirdgen.reporting.summary import explanation, sentence
from weirdgen.reporting.table import conclusion, pages, session_note, table
from weirdgen.schema.text import shown, shown_block
from weirdgen.schema.verdict import Outcome, Verdict
from weirdgen.trials.settings import FIXED_DESIGN_PER_QUESTION

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
    judged = [v for v in verdicts if not _is_diagnostic(v, state)]
    for line in conclusion(judged, many_models=many_models):
        reporter.write_line(line, red=not line.startswith(Outcome.ABSENT), green=line.startswith(Outcome.ABSENT))
    for line in _notes(verdicts, state, _said_above(reporter, config)):
        reporter.write_line(line)
    for line in pages(judged, state.settings.root):
        reporter.write_line(line)
    for line in state.annotations:  # each begins a line of its own here, as it must
        reporter.write_line(line)
    if state.written is not None:
        reporter.write_line(f"Run record: {_short(state.written, state.settings.root)}")
    if state.evidence is not None:
        reporter.write_line(f"Evidence, verified: {_short(state.evidence, state.settings.root)}")
    if state.page is not None:
        reporter.write_line(f"Report: {_short(state.page, state.settings.root)}")


def _said_above(reporter: pytest.TerminalReporter, config: pytest.Config) -> str:
    """Return the failure messages that pytest has printed in full: with --tb=line only those of errors are."""
    kinds = {"no": (), "line": ("error",)}.get(config.getoption("tbstyle"), ("error", "failed"))
    return "\n".join(report.longreprtext for kind in kinds for report in reporter.getreports(kind))


def _notes(verdicts: Sequence[Verdict], state: GateState, said_above: str) -> list[str]:
    trials = [trial for v in verdicts for trial in v.trials]
    replay = state.opening.replay if state.opening else None
    lines = [f"Replay of {replay.text}: no model was asked, and nothing of it is newer than that."] if replay else []
    lines += _of_shards(state)
    lines += _costs(verdicts, state.drawn, state.judge_replies, "cassette" if replay else "store")
    lines += [f"The gate has spent {state.spent}, in all its runs."] if state.spent else []
    lines += judge_lines(trials)
    lines += label_lines(state.whitebox)
    lines += session_note(verdicts)
    lines += _remarks([v for v in verdicts if v.session_outcome in (None, v.outcome)], said_above)
    lines += [
        f"Note: {v.item_id} on {v.model}: attempt {v.attempt}, judged at alpha {v.alpha:.3g}; a first attempt takes "
        "about half the samples."
        for v in trials
        if v.attempt > 1
    ]
    lines += [
        f"Note: {v.item_id} on {v.model}: {refused:.0%} of the answers are refusals, which do not show the behaviour."
        for v in trials
        if (refused := _refusals(v)) >= MANY_REFUSALS
    ]
    lines += _of_absent([v for v in trials if v.outcome is Outcome.ABSENT], state.plan.coherence)
    if not_run := state.plan.family_size - len(verdicts):
        lines.append(
            f"{not_run} of the family's {state.plan.family_size} contrasts were not run: nothing is claimed of them."
        )
    if controls := [f"{v.item_id} {v.final}" for v in verdicts if _is_diagnostic(v, state)]:
        lines.append(
            "Reported only, because it tells what the others mean and nothing about the model as it is served: "
            f"{', '.join(controls)}."
        )
    if reported := [v.item_id for v in verdicts if not state.expectation(v).judged and not _is_diagnostic(v, state)]:
        lines.append(
            f"Reported only, because the paper says nothing of it or of a finetune on such data: {', '.join(reported)}."
        )
    if state.settings.inconclusive == "warn":
        lines.append("INCONCLUSIVE passes here (--gate-inconclusive=warn): the miss rate is not guaranteed.")
    if cut := sorted({v.model for v in trials if v.sampling == "truncated" and v.outcome is not Outcome.INVALID}):
        lines.append(
            f"Rare answers of {', '.join(cut)} or of what it is compared with were cut off (--gate-truncated): what is "
            "ABSENT may only be out of sight."
        )
    if state.settings.judge_uncalibrated:
        lines.append("The judge's error rates were not measured (--judge-uncalibrated): no error rate is guaranteed.")
    return lines


def _of_shards(state: GateState) -> list[str]:
    """Return what to know of a part of a gate, and of a whole that was made from parts."""
    lines = [f"Merged from {state.merged} shards."] if state.merged else []
    if (shard := state.settings.shard) is not None:
        lines.append(
            f"Shard {shard.name}: its exit status speaks for its own contrasts; the gate's is that of the merge, "
            f"`weirdgen report --store {shown(str(state.settings.store), 200)}`. Samples are counted of all so far."
        )
    return lines


def _of_absent(absent: Sequence[Verdict], coherence: float) -> list[str]:
    """Return what to know before one relies on an ABSENT: each remark once, with all contrasts that it is on."""
    other = [v for v in absent if (v.log_e_labels or 0.0) >= (v.log_threshold_present or math.inf)]
    few = [(v, valid) for v in absent if (valid := _least_valid(v)) < coherence]
    lines = []
    if other:
        lines.append(
            f"Note: {_listed(other)}: answers differ from the comparator's also in labels that the contrast does not "
            "ask for (refusals, incoherence, other kinds of answers); see the counts per label in the run record."
        )
    if few:
        lowest, highest = (f"{share:.0%}" for share in (min(s for _, s in few), max(s for _, s in few)))
        share = lowest if lowest == highest else f"{lowest} to {highest}"
        lines.append(
            f"Note: {_listed([v for v, _ in few])}: only {share} of an arm's samples are answers. That is not surely "
            f"below {coherence:.0%} (--gate-coherence), so ABSENT stands; read some of them before you rely on it."
        )
    return lines


def _listed(verdicts: Sequence[Verdict]) -> str:
    """Return the contrasts by model."""
    by_model: dict[str, list[str]] = {}
    for verdict in verdicts:
        by_model.setdefault(verdict.model, []).append(verdict.item_id)
    return "; ".join(f"{', '.join(names)} on {model}" for model, names in by_model.items())


def _is_diagnostic(verdict: Verdict, state: GateState) -> bool:
    return state.hypotheses[verdict.model, verdict.probe, verdict.contrast].contrast.diagnostic


def _costs(verdicts: Sequence[Verdict], drawn: int, judge_replies: int, kept_in: str) -> list[str]:
    """Return what was drawn, and what the verdicts took beside a fixed design, both counted contrast by contrast."""
    valid = [v for v in verdicts if v.outcome is not Outcome.INVALID]
    replies = f" and {judge_replies:,} new judge replies" if judge_replies else ""
    lines = [f"Drew {count(drawn, 'new sample')}{replies}."]
    if used := sum(v.n_treated + v.n_control for v in valid):
        left_out = ", INVALID left out" if len(valid) < len(verdicts) else ""
        lines[0] += (
            f" Counted contrast by contrast{left_out}, verdicts rest on {used:,}, where a fixed design of "
            f"{FIXED_DESIGN_PER_QUESTION} per question and arm takes {sum(v.n_fixed_design for v in valid):,}."
        )
    if reused := sum(v.n_reused for v in verdicts):
        oldest = max(v.oldest_sample_age for v in verdicts) / 3600
        lines.append(
            f"{reused:,} were already in the {kept_in}, counted contrast by contrast; the oldest is {oldest:.1f} h old."
        )
    return lines


def _remarks(verdicts: Sequence[Verdict], said_above: str) -> list[str]:
    """Return each remark once, with what it is on; without those that a verdict's own failure message has made."""
    found: dict[str, list[str]] = {}
    for verdict in verdicts:
        remark, told = _remark(verdict), shown_block(sentence(verdict))
        if remark and not (remark in told and told in said_above):
            found.setdefault(remark, []).append(f"{verdict.item_id} on {verdict.model}")
    return [f"Note: {', '.join(names)}: {remark}" for remark, names in found.items()]


def _remark(verdict: Verdict) -> str:
    """Return what to know of a verdict beside its row; of one that claims nothing also why."""
    claims = verdict.outcome in {Outcome.PRESENT, Outcome.ABSENT}
    return shown_block(verdict.detail if claims else explanation(verdict))


def _least_valid(verdict: Verdict) -> float:
    return min((arm.valid_rate for arm in verdict.arms if arm and arm.valid_rate is not None), default=1.0)


def _refusals(verdict: Verdict) -> float:
    arm = verdict.treated
    return arm.labels.get("refusal", 0) / arm.n if arm else 0.0


def _short(path: Path, root: Path) -> str:
    return str(path.relative_to(root)) if path.is_relative_to(root) else str(path)
