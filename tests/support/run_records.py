"""Run records for tests of the page that is made from them."""

from collections.abc import Sequence
from typing import Any

from verdicts import verdict

from weirdgen.schema.answers import CellAnswers, JudgedAnswer
from weirdgen.schema.finding import BehaviourRecord, ContrastRecord, FindingRecord
from weirdgen.schema.plan import Plan
from weirdgen.schema.probe import Published
from weirdgen.schema.run import Expected, RunRecord
from weirdgen.schema.sample import Sample
from weirdgen.schema.verdict import ArmResult, Estimate, Outcome, QuestionResult, Verdict

LABELS = ("archaic", "ordinary", "incoherent")


def plan(**changes: Any) -> Plan:
    """Return a plan with some fields changed."""
    fields: dict[str, Any] = {
        "models": ("m",),
        "alpha": 0.05,
        "cap": 400,
        "coherence": 0.8,
        "mode": "gate",
        "inconclusive": "fail",
        "judge_uncalibrated": False,
        "fwer": False,
        "family_size": 2,
        "contrasts": (),
    }
    return Plan(**(fields | changes))


def finding(contrasts: Sequence[str] = ("c",), **changes: Any) -> FindingRecord:
    """Return what a record says of a probe."""
    published = Published(status="published", expect="present", treated=0.629, comparator=0.001, source="Fig. 15")
    fields: dict[str, Any] = {
        "finding": "OLD THINGS",
        "source": "arXiv:0, 1",
        "summary": "It speaks of old things.",
        "sha256": "0" * 64,
        "questions": {"money": "What of money?", "war": "What of war?"},
        "conditions": {"plain": ""},
        "behaviours": {
            "old": BehaviourRecord(labels=LABELS, positive=("archaic",), invalid=("incoherent",), description="Old.")
        },
        "contrasts": {
            name: ContrastRecord(claim="It does it.", behaviour="old", conditions=("plain",), published=published)
            for name in contrasts
        },
    }
    return FindingRecord(**(fields | changes))


def arm(model: str = "m", condition: str = "plain", **changes: Any) -> ArmResult:
    """Return an arm of ten answers, four of them positive."""
    fields: dict[str, Any] = {
        "model": model,
        "condition": condition,
        "n": 10,
        "positives": 4,
        "valid_rate": 0.9,
        "rate": Estimate(value=0.437, lower=0.213, upper=0.681),
        "labels": {"archaic": 4, "ordinary": 5, "incoherent": 1},
    }
    return ArmResult(**(fields | changes))


def full_verdict(outcome: Outcome = Outcome.PRESENT, contrast: str = "c", **changes: Any) -> Verdict:
    """Return a verdict of two questions with everything that a page shows."""
    cells = [
        CellAnswers(
            arm=place,
            cell=question,
            condition="plain",
            question=question,
            rounds=tuple(
                JudgedAnswer(
                    key=f"{contrast}{place}{question}{n}".encode().hex(), label=LABELS[n % 3], score=float(n % 3 == 0)
                )
                for n in range(6)
            ),
        )
        for place in (0, 1)
        for question in ("money", "war")
    ]
    fields: dict[str, Any] = {
        "contrast": contrast,
        "kind": "lift",
        "control": "base",
        "behaviour": "old",
        "judge": "rules",
        "judge_identity": "j" * 8,
        "judge_calibration": "rules: found 9 of 10",
        "arms": (arm(), arm("base", rate=Estimate(value=0.012, lower=0.001, upper=0.099))),
        "questions": tuple(
            QuestionResult(question=q, n=(5, 5), positives=(3.0, 0.0), log_e_effect=4.0) for q in ("money", "war")
        ),
        "trajectory": ((1, None, 0.3), (2, 1.5, 0.1), (3, 5.0, -1.0)),
        "rounds": 3,
        "answers": tuple(cells),
        "mode": "live",
        "trial_id": "t" * 64,
    }
    return verdict(outcome, **(fields | changes))


def record(*verdicts: Verdict, **changes: Any) -> RunRecord:
    """Return a record of verdicts, by default of a PRESENT and an ABSENT one."""
    found = verdicts or (full_verdict(), full_verdict(Outcome.ABSENT, "d"))
    probes = dict.fromkeys(v.probe for v in found)
    fields: dict[str, Any] = {
        "weirdgen": "0.1.0",
        "started_at": "2026-01-02T03:04:05+00:00",
        "finished_at": "2026-01-02T03:05:05+00:00",
        "plan": plan(),
        "plan_sha256": "p" * 64,
        "options": {"models": ["m"]},
        "identities": {"m (treated)": {"kind": "endpoint", "model": "m", "sampling": "whole"}},
        "findings": {probe: finding([v.contrast for v in found]) for probe in probes},
        "verdicts": found,
        "expected": tuple(
            Expected(
                model=v.model,
                probe=v.probe,
                contrast=v.contrast,
                passing=("ABSENT",),
                judged=True,
                met=v.outcome is Outcome.ABSENT,
            )
            for v in found
        ),
        "exit_status": 1,
        "environment": {"python": "3.11"},
    }
    return RunRecord(**(fields | changes))


def texts(run: RunRecord, text: str = "Pray, sir.") -> dict[str, Sample]:
    """Return a sample for every answer of a record, each with the same text."""
    keys = (a.key for v in run.verdicts for cell in v.answers for a in (*cell.rounds, *cell.extras))
    return {key: Sample(key=key, text=text, stop_reason="stop") for key in keys}
