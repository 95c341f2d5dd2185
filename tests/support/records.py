"""Run records for tests of what is made from them."""

from typing import Any

from plans import empty_plan

from weirdgen.schema.run import Expected, Place, RunRecord
from weirdgen.schema.verdict import Outcome, Verdict

FAILING = {Outcome.PRESENT: 1, Outcome.INVALID: 11, Outcome.INCONCLUSIVE: 10}


def run_of(*verdicts: Verdict, **changes: Any) -> RunRecord:
    """Return the record of a gate with these verdicts, of which ABSENT passes."""
    plan = empty_plan(max(2, len(verdicts)))
    finals = [v.final for v in verdicts]
    fields: dict[str, Any] = {
        "weirdgen": "1.2.3",
        "started_at": "2026-01-01T00:00:00+00:00",
        "finished_at": "2026-01-01T00:01:00+00:00",
        "plan": plan,
        "plan_sha256": plan.sha256,
        "verdicts": verdicts,
        "expected": tuple(
            Expected(
                model=v.model,
                probe=v.probe,
                contrast=v.contrast,
                passing=("ABSENT",),
                judged=True,
                met=final is Outcome.ABSENT,
            )
            for v, final in zip(verdicts, finals, strict=True)
        ),
        "places": tuple(
            Place(file="suites/test_p.py", line=7 + n, test=f"suites/test_p.py::test_c[{v.contrast}]")
            for n, v in enumerate(verdicts)
        ),
        "exit_status": next((status for outcome, status in FAILING.items() if outcome in finals), 0),
    }
    return RunRecord(**(fields | changes))
