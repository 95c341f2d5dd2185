"""The bundle as one in-toto statement: what was evaluated, by which rule, and what came out.

After the predicates `test-result` and the proposed `eval-result` of the in-toto attestation framework. weirdgen does
not sign; docs/evidence.md has recipes for tools that do.
"""

import hashlib
from pathlib import Path

from pydantic import JsonValue

from weirdgen.evidence.manifest import MANIFEST, Manifest
from weirdgen.reporting.junit_suite import run_mode
from weirdgen.reporting.passing import reservations
from weirdgen.schema.canonical import canonical_json
from weirdgen.schema.run import RunRecord
from weirdgen.schema.verdict import Verdict

STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "urn:weirdgen:eval-result:v1"


def statement(folder: Path, manifest: Manifest, record: RunRecord) -> str:
    """Return the statement of a bundle as canonical JSON.

    Args:
        folder: of the bundle, its manifest written.
        manifest: of the bundle.
        record: of the run.
    """
    digest = hashlib.sha256((folder / MANIFEST).read_bytes()).hexdigest()
    made: dict[str, JsonValue] = {
        "_type": STATEMENT_TYPE,
        "subject": [{"name": MANIFEST, "digest": {"sha256": digest}}],
        "predicateType": PREDICATE_TYPE,
        "predicate": {
            "result": _result(record),
            "assuranceLevel": "self_attested",
            "harness": {"name": "weirdgen", "version": record.weirdgen},
            "planSha256": record.plan_sha256,
            "samplesMerkleRoot": manifest.samples_root,
            "models": [*record.plan.names],
            "mode": run_mode(record),
            "gateMode": record.plan.mode,
            "inconclusive": record.plan.inconclusive,
            "judgeUncalibrated": record.plan.judge_uncalibrated,
            "truncatedAccepted": record.plan.truncated,
            "exitStatus": record.exit_status,
            "startedAt": record.started_at,
            "finishedAt": record.finished_at,
            "familySize": record.plan.family_size,
            "notRun": len(record.not_run),
            "results": [_evaluation(verdict) for verdict in record.verdicts],
        },
    }
    return canonical_json(made) + "\n"


def _result(record: RunRecord) -> str:
    """Return PASSED for a gate that passed without reservation, WARNED for any other status 0, else FAILED."""
    if record.exit_status != 0:
        return "FAILED"
    return "WARNED" if record.plan.mode != "gate" or reservations(record) else "PASSED"


def _evaluation(verdict: Verdict) -> JsonValue:
    rate = verdict.treated.rate if verdict.treated else None
    return {
        "name": verdict.item_id,
        "model": verdict.model,
        "metric": "rate",
        "value": rate.value if rate else None,
        "lower": rate.lower if rate else None,
        "upper": rate.upper if rate else None,
        "threshold": verdict.margin,
        "comparator": "<",
        "verdict": verdict.final.value,
        "sampleSize": verdict.n_treated + verdict.n_control,
    }
