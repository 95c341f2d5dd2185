"""The bundle as one in-toto statement: what was evaluated, by which rule, and what came out.

After the predicates `test-result` and the proposed `eval-result` of the in-toto attestation framework. weirdgen does
not sign; docs/evidence.md has recipes for tools that do.
"""

import hashlib
from pathlib import Path

from pydantic import JsonValue

from weirdgen.evidence.manifest import MANIFEST, Manifest
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
            "mode": _mode(record),
            "startedAt": record.started_at,
            "finishedAt": record.finished_at,
            "familySize": record.plan.family_size,
            "notRun": len(record.not_run),
            "results": [_evaluation(verdict) for verdict in record.verdicts],
        },
    }
    return canonical_json(made) + "\n"


def _result(record: RunRecord) -> str:
    """Return PASSED only for a gate that ended with status 0 and left no selected contrast undecided."""
    return {0: "PASSED", 10: "WARNED"}.get(record.exit_status, "FAILED")


def _mode(record: RunRecord) -> str:
    if record.replay is not None:
        return "replay"
    return "organism" if record.verdicts and all(v.mode == "organism" for v in record.verdicts) else "live"


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
        "verdict": (verdict.session_outcome or verdict.outcome).value,
        "sampleSize": verdict.n_treated + verdict.n_control,
    }
