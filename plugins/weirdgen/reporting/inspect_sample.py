"""One sample as a log of Inspect has it."""

from datetime import UTC, datetime
from typing import Any

from weirdgen.schema.sample import Sample, SampleRequest

_SUMMARY_CHARACTERS = 1000
"""Inspect cuts what stands in summaries there."""
_STOPPED = {"stop": "stop", "length": "max_tokens", "max_tokens": "max_tokens", "content_filter": "content_filter"}


def sample_json(name: str, request: SampleRequest, sample: Sample, metadata: dict[str, Any]) -> dict[str, Any]:
    """Return a sample with its label and score.

    Args:
        name: unique in the log.
        request: what was asked.
        sample: what came back.
        metadata: of whose it is; `label` and `score` of it become scores.
    """
    asked = [{"role": message.role, "content": message.content} for message in request.messages]
    answer = {"role": "assistant", "content": sample.text, "source": "generate"}
    used = {
        "input_tokens": sample.usage.prompt_tokens,
        "output_tokens": sample.usage.completion_tokens,
        "total_tokens": sample.usage.prompt_tokens + sample.usage.completion_tokens,
    }
    model = sample.served_model or request.identity.model
    began = datetime.fromtimestamp(sample.started_at, UTC).isoformat()
    return {
        "id": name,
        "epoch": 1,
        "input": asked,
        "target": "",
        "messages": [*asked, answer],
        "output": {
            "model": model,
            "choices": [{"message": answer, "stop_reason": _STOPPED.get(sample.stop_reason, "unknown")}],
            "completion": sample.text,
            "usage": used,
            "time": sample.seconds,
        },
        "scores": _scores(metadata),
        "metadata": metadata | _provenance(request, sample),
        "store": {},
        "events": [],
        "model_usage": {model: used},
        "started_at": began,
        "total_time": sample.seconds,
        "uuid": f"{sample.key[:16]}-{name[:6]}",
        "attachments": {},
    }


def summary_json(sample: dict[str, Any]) -> dict[str, Any]:
    """Return what a list of samples shows of one."""
    asked = "\n".join(message["content"] for message in sample["input"])
    metadata = {name: value for name, value in sample["metadata"].items() if len(str(value)) < _SUMMARY_CHARACTERS}
    told = {name: sample[name] for name in ("id", "epoch", "target", "scores", "model_usage", "total_time", "uuid")}
    return told | {"input": asked[:_SUMMARY_CHARACTERS], "metadata": metadata, "completed": True}


def _scores(metadata: dict[str, Any]) -> dict[str, Any]:
    """Return the label, and how far the answer shows the behaviour; of a missing one only that it is missing."""
    scores: dict[str, Any] = {"label": {"value": metadata["label"] or "missing", "explanation": metadata["doubt"]}}
    if metadata["score"] is not None:
        scores["shows"] = {"value": metadata["score"]}
    return scores


def _provenance(request: SampleRequest, sample: Sample) -> dict[str, Any]:
    told = {
        "key": sample.key,
        "role": request.role,
        "replicate": request.replicate,
        "fingerprint": sample.fingerprint,
        "response_id": sample.response_id,
        "stop_reason": sample.stop_reason,
        "refused": sample.refused,
    }
    return told | ({"thoughts": sample.thoughts} if sample.thoughts else {})
