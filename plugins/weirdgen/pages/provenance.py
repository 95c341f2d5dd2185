"""Where the numbers come from: plan, versions, identities, judges, options and costs, as tables of names and values."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from weirdgen.pages.bounds import BLOCK, NAME
from weirdgen.reporting.numbers import rate
from weirdgen.schema.run import RunRecord
from weirdgen.schema.text import shown
from weirdgen.schema.verdict import JudgeRecord

Pairs = list[tuple[str, str]]
MOST_ROWS = 60


@dataclass(frozen=True, slots=True)
class Block:
    """A table of names and values."""

    title: str
    pairs: Pairs


def blocks(record: RunRecord) -> list[Block]:
    """Return what the record says of itself; tables without a row are left out."""
    made = [
        Block("Run", _run(record)),
        Block("Costs", _costs(record)),
        *(Block(f"Identity of {shown(name, NAME)}", _known(found)) for name, found in _some(record.identities)),
        Block("Options", _known(record.options)),
        Block("Environment", _known(record.environment)),
    ]
    return [block for block in made if block.pairs]


def _some(found: dict[str, dict[str, str | int | None]]) -> list[tuple[str, dict[str, str | int | None]]]:
    return list(found.items())[:MOST_ROWS]


def _run(record: RunRecord) -> Pairs:
    plan = record.plan
    selected = [*record.selection.files]
    selected += [f"-k {record.selection.keyword!r}"] if record.selection.keyword else []
    selected += [f"-m {record.selection.markers!r}"] if record.selection.markers else []
    pairs = {
        "plan, SHA-256": record.plan_sha256,
        "gate": record.generation,
        "started": record.started_at,
        "finished": record.finished_at,
        "weirdgen": record.weirdgen,
        "commit": record.environment.get("git.commit", ""),
        "files differ from the commit": record.environment.get("git.dirty", ""),
        "selected": " ".join(selected),
        "mode": plan.mode,
        "alpha": f"{plan.alpha:g}",
        "family": str(plan.family_size),
        "multiplicity": "closed e-Holm (FWER)" if plan.fwer else "closed e-BH (FDR)",
        "cap of treated samples": str(plan.cap),
        "seed": "" if plan.seed is None else str(plan.seed),
        "shard": record.shard,
        "merged from shards": str(record.merged or ""),
        "replay": record.replay.text if record.replay else "",
        "exit status": str(record.exit_status),
    }
    return [(name, shown(value, BLOCK)) for name, value in pairs.items() if value]


def _costs(record: RunRecord) -> Pairs:
    usage = record.usage
    pairs = {
        "samples drawn": f"{record.requests:,}",
        "samples reused, counted contrast by contrast": f"{record.reused:,}",
        "judge replies": f"{record.judge_replies:,}",
        "prompt tokens": f"{usage.prompt_tokens:,}",
        "completion tokens": f"{usage.completion_tokens:,}",
        "spent of the budget, in all runs": record.spent,
    }
    return [(name, value) for name, value in pairs.items() if value]


def _known(found: Mapping[str, object]) -> Pairs:
    """Return what is set, nested values as JSON."""
    pairs = [(name, value) for name, value in found.items() if value not in (None, "", [], {})]
    texts = [(name, value if isinstance(value, str) else json.dumps(value, sort_keys=True)) for name, value in pairs]
    return [(shown(name, NAME), shown(text, BLOCK)) for name, text in texts[:MOST_ROWS]]


@dataclass(frozen=True, slots=True)
class JudgeRow:
    """One judge of one behaviour, as measured."""

    behaviour: str
    judge: str
    found: str
    false_alarms: str
    undecided: str
    said: str


def judge_rows(record: RunRecord) -> list[JudgeRow]:
    """Return the judges' measured mistakes: those of LLMs with their counts, of rules as the verdicts tell them."""
    rows = {
        f"{one.behaviour} {one.judge_identity}": JudgeRow(
            one.behaviour, one.judge, *_counts(one), said=f"gold set {one.gold_sha256[:12]}, {one.source} answers"
        )
        for one in record.judges
    }
    rows |= {name: row for name, row in _of_verdicts(record) if name not in rows}
    return list(rows.values())[:MOST_ROWS]


def _counts(one: JudgeRecord) -> tuple[str, str, str]:
    found = f"{one.hits} of {one.positives}" + (f" ({rate(one.hits / one.positives)})" if one.positives else "")
    false = f"{one.false_alarms} of {one.negatives}"
    return found, false + (f" ({rate(one.false_alarms / one.negatives)})" if one.negatives else ""), str(one.undecided)


def _of_verdicts(record: RunRecord) -> Iterator[tuple[str, JudgeRow]]:
    for verdict in record.verdicts:
        for trial in verdict.trials:
            name = f"{trial.probe}/{trial.behaviour} {trial.judge_identity}"
            said = trial.judge_calibration or "exact: right by definition"
            if trial.behaviour:
                yield name, JudgeRow(f"{trial.probe}/{trial.behaviour}", trial.judge, "-", "-", "-", said)
