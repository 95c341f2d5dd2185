"""The samples of a run as a log of Inspect (`.eval`), so that its viewer and its data frames open them.

The format is a zip of JSON: a header, one file a sample, and summaries. A sample that several contrasts rest on stands
in the log once for each of them, because its label may differ.
"""

import json
import re
import zipfile
from collections.abc import Iterator, Mapping
from io import BytesIO
from typing import Any

from weirdgen.reporting.inspect_sample import sample_json, summary_json
from weirdgen.schema.answers import CellAnswers, JudgedAnswer
from weirdgen.schema.canonical import digest
from weirdgen.schema.run import RunRecord
from weirdgen.schema.sample import Sample, SampleRequest
from weirdgen.schema.verdict import Verdict

ARMS = ("treated", "comparator", "control_treated", "control_comparator")
_LONG_AGO = (1980, 1, 1, 0, 0, 0)
"""In every entry, so that the same run gives the same bytes."""
Answer = tuple[Verdict, CellAnswers, str, JudgedAnswer]
"""Whose it is, its cell, ``round`` or ``extra``, and what it was judged."""


def answers_of(record: RunRecord, model: str) -> list[Answer]:
    """Return all answers that a model's verdicts rest on, those of its comparators included, in the record's order."""
    trials = (trial for verdict in record.verdicts for trial in verdict.trials if trial.model == model)
    return [
        (trial, cell, stream, answer)
        for trial in trials
        for cell in trial.answers
        for stream, answers in (("round", cell.rounds), ("extra", cell.extras))
        for answer in answers
    ]


def gated_models(record: RunRecord) -> list[str]:
    """Return the models that the record has verdicts of, members of groups included, each once."""
    return list(dict.fromkeys(trial.model for verdict in record.verdicts for trial in verdict.trials))


def eval_log(record: RunRecord, model: str, drawn: Mapping[str, tuple[SampleRequest, Sample]]) -> bytes:
    """Return the log of one gated model.

    Args:
        record: of the run.
        model: one of `gated_models`.
        drawn: by key, every sample that `answers_of` names.

    Raises:
        KeyError: a sample is missing.
    """
    samples = []
    for number, answer in enumerate(answers_of(record, model)):
        told = _metadata(answer)
        request, sample = drawn[answer[3].key]
        samples.append(sample_json(_name(number, answer), request, sample, told))
    held = BytesIO()
    with zipfile.ZipFile(held, "w") as log:
        for name, content in _entries(record, model, samples):
            text = json.dumps(content, ensure_ascii=True)
            log.writestr(zipfile.ZipInfo(name, _LONG_AGO), text, zipfile.ZIP_DEFLATED)
    return held.getvalue()


def _entries(record: RunRecord, model: str, samples: list[dict[str, Any]]) -> Iterator[tuple[str, Any]]:
    spec = _spec(record, model, [sample["id"] for sample in samples])
    plan = {"name": "plan", "steps": [], "config": {}}
    yield "_journal/start.json", {"version": 2, "eval": spec, "plan": plan}
    for sample in samples:
        yield f"samples/{sample['id']}_epoch_1.json", sample
    yield "summaries.json", [summary_json(sample) for sample in samples]
    yield (
        "header.json",
        {
            "version": 2,
            "status": "cancelled" if record.interrupted else "success",
            "eval": spec,
            "plan": plan,
            "results": _results(record, model, len(samples)),
            "stats": {"started_at": record.started_at, "completed_at": record.finished_at, "model_usage": {}},
        },
    )


def _spec(record: RunRecord, model: str, names: list[str]) -> dict[str, Any]:
    identity = digest([record.plan_sha256, record.started_at, record.generation, model])
    return {
        "eval_id": identity[:22],
        "run_id": digest([record.plan_sha256, record.started_at, record.generation])[:22],
        "task_id": digest([record.plan_sha256, model])[:22],
        "created": record.started_at,
        "task": "weirdgen",
        "task_version": 0,
        "dataset": {"name": "weirdgen", "samples": len(names), "sample_ids": names, "shuffled": False},
        "model": model,
        "config": {"epochs": 1},
        "packages": {"pytest-weirdgen": record.weirdgen},
        "scorers": [{"name": "label"}, {"name": "shows"}],
        "metadata": {
            "plan_sha256": record.plan_sha256,
            "exit_status": record.exit_status,
            "git_commit": record.environment.get("git.commit", ""),
            "replay": record.replay.text if record.replay else "",
        },
    }


def _results(record: RunRecord, model: str, number: int) -> dict[str, Any]:
    trials = [trial for verdict in record.verdicts for trial in verdict.trials if trial.model == model]
    scores = [
        {"name": trial.item_id, "scorer": "shows", "params": {}, "metrics": _metrics(trial), "metadata": _told(trial)}
        for trial in trials
    ]
    return {"total_samples": number, "completed_samples": number, "scores": scores}


def _metrics(trial: Verdict) -> dict[str, Any]:
    rates = {
        f"{name}_rate": arm.rate.value
        for name, arm in zip(ARMS, trial.arms, strict=False)
        if arm is not None and arm.rate is not None
    }
    effect = {"effect": trial.effect.value} if trial.effect else {}
    return {name: {"name": name, "value": value, "params": {}} for name, value in (rates | effect).items()}


def _told(trial: Verdict) -> dict[str, Any]:
    return {"verdict": trial.final.value, "reason": trial.reason, "claim": trial.claim}


def _metadata(answer: Answer) -> dict[str, Any]:
    trial, cell, stream, judged = answer
    arm = trial.arms[cell.arm] if cell.arm < len(trial.arms) else None
    return {
        "probe": trial.probe,
        "contrast": trial.contrast,
        "arm": ARMS[cell.arm] if cell.arm < len(ARMS) else str(cell.arm),
        "model": arm.model if arm else "",
        "question": cell.question,
        "condition": cell.condition,
        "stream": stream,
        "label": judged.label,
        "score": judged.score,
        "doubt": judged.doubt,
        "judge": trial.judge,
        "verdict": trial.final.value,
    }


def _name(number: int, answer: Answer) -> str:
    trial, cell, _, judged = answer
    named = f"{number:06d}.{trial.contrast}.{cell.question}.{judged.key[:8]}"
    return re.sub(r"[^A-Za-z0-9._-]+", "-", named)
