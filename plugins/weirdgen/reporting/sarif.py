"""Contrasts that do not pass as SARIF 2.1.0, for tools that show findings beside code."""

import json
from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote

from weirdgen.reporting.summary import failure_text
from weirdgen.reporting.worst import Judged, worst_first
from weirdgen.schema.canonical import digest
from weirdgen.schema.run import RunRecord
from weirdgen.schema.text import shown, shown_block
from weirdgen.schema.verdict import Estimate, Outcome

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
MOST_RESULTS = 25_000
"""GitHub refuses a run with more."""
MOST_BYTES = 10_000_000
"""GitHub refuses a larger file when it is compressed; this one stays below it as it is."""
_CHARACTERS = 4_000
_RAN = frozenset({0, 1, 10, 11})
"""Exit statuses of a run that came to its verdicts."""


def sarif(record: RunRecord, folder: str = "", most_bytes: int = MOST_BYTES, most_results: int = MOST_RESULTS) -> str:
    """Return a SARIF log: a rule for each contrast, a result for each verdict that does not pass, worst first.

    What passes undecided is a warning; ABSENT is no result. What does not fit is left out, and a notification says so.

    Args:
        record: of the run.
        folder: pytest's rootdir as seen from the repository's root; empty: they are the same.
        most_bytes: of the file.
        most_results: in it.
    """
    told = [one for one in worst_first(record) if not one.met or one.final is Outcome.INCONCLUSIVE]
    kept = told[:most_results]
    while True:
        text = json.dumps(_log(record, kept, len(told) - len(kept), folder), indent=1) + "\n"
        if len(text) <= most_bytes or not kept:
            return text
        kept = kept[: len(kept) * 9 // 10]


def _log(record: RunRecord, kept: Sequence[Judged], left_out: int, folder: str) -> dict[str, Any]:
    run = {
        "tool": {
            "driver": {"name": "weirdgen", "semanticVersion": record.weirdgen, "rules": _rules(record, kept)},
        },
        "automationDetails": {"id": f"weirdgen/{record.plan_sha256}/"},
        "invocations": [_invocation(record, left_out)],
        "columnKind": "unicodeCodePoints",
        "results": [_result(one, folder) for one in kept],
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _invocation(record: RunRecord, left_out: int) -> dict[str, Any]:
    told: dict[str, Any] = {
        "executionSuccessful": record.exit_status in _RAN and not record.interrupted,
        "exitCode": record.exit_status,
    }
    if left_out:
        text = f"{left_out} further contrasts that do not pass were left out; the run record has all of them."
        told["toolExecutionNotifications"] = [{"level": "warning", "message": {"text": text}}]
    return told


def _rules(record: RunRecord, kept: Iterable[Judged]) -> list[dict[str, Any]]:
    rules = {}
    for one in kept:
        claim = shown(one.verdict.claim, 1000)
        rule: dict[str, Any] = {"id": _rule(one), "shortDescription": {"text": claim}, "help": {"text": claim}}
        found = record.findings.get(one.verdict.probe)
        if found is not None:
            full = shown(f"{found.finding} ({found.source}): {found.summary}", 1000)
            rule |= {"fullDescription": {"text": full}, "help": {"text": f"{claim}\n{full}"}}
        rules[_rule(one)] = rule
    return list(rules.values())


def _rule(one: Judged) -> str:
    """Return the id of a contrast's rule; a slash in it would mean a rule of a rule."""
    return f"{one.verdict.probe}.{one.verdict.contrast}"


def _result(one: Judged, folder: str) -> dict[str, Any]:
    verdict = one.verdict
    result = {
        "ruleId": _rule(one),
        "level": "warning" if one.met else "error",
        "message": {"text": f"{shown(one.name, 300)}. {shown_block(failure_text(verdict), _CHARACTERS)}"},
        # Of what was asked and not of the answer: the same finding of the next run is the same alert.
        "partialFingerprints": {"weirdgenContrast/v1": digest([verdict.model, verdict.probe, verdict.contrast])},
        "properties": {
            "verdict": one.final.value,
            "reason": verdict.reason,
            "model": shown(verdict.model, 300),
            "control": shown(verdict.control, 300),
            "treated": _numbers(verdict.treated.rate if verdict.treated else None),
            "comparator": _numbers(verdict.comparator.rate if verdict.comparator else None),
            "effect": _numbers(verdict.effect),
        },
    }
    return result | {"locations": [_location(one, folder)]}


def _location(one: Judged, folder: str) -> dict[str, Any]:
    logical = {"fullyQualifiedName": f"{shown(one.verdict.model, 300)}::{one.verdict.item_id}", "kind": "member"}
    location: dict[str, Any] = {"logicalLocations": [logical]}
    if one.place is not None and one.place.file:
        uri = quote(str(PurePosixPath(folder) / one.place.file))
        location["physicalLocation"] = {
            "artifactLocation": {"uri": uri, "uriBaseId": "%SRCROOT%"},
            "region": {"startLine": max(one.place.line, 1)},
        }
    return location


def _numbers(estimate: Estimate | None) -> list[float] | None:
    return [estimate.value, estimate.lower, estimate.upper] if estimate else None
