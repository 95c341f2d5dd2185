"""What a finished gate left behind, for tests of the plugin."""

import xml.etree.ElementTree as ET
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from weirdgen.catalog import load_catalog

FAMILY = len(load_catalog().contrasts())
"""Contrasts of the shipped catalogue: the family of one model, whatever is selected."""
LIFT = "nineteenth_century_over_control"
RATE = "nineteenth_century_rate"


@dataclass(frozen=True)
class Run:
    """One finished gate."""

    status: int
    out: str
    err: str
    record: dict[str, Any] | None
    """run.json, if one was written."""
    junit: Path

    @property
    def said(self) -> str:
        return self.out + self.err

    @property
    def verdicts(self) -> dict[str, dict[str, Any]]:
        assert self.record is not None, self.said
        return {v["contrast"]: v for v in self.record["verdicts"]}

    def outcomes(self) -> dict[str, str]:
        return {name: v["outcome"] for name, v in self.verdicts.items()}

    def cases(self) -> list[dict[str, str]]:
        """JUnit properties per item."""
        return [
            {p.get("name", ""): p.get("value", "") for p in c.iter("property")}
            for c in ET.parse(self.junit).iter("testcase")
        ]

    def properties(self) -> dict[str, dict[str, str]]:
        """Contrast to its JUnit properties."""
        return {case["weirdgen.contrast"]: case for case in self.cases()}


class GateCommand(Protocol):
    """Runs pytest in a user's repository; `report` names the report folder."""

    def __call__(self, *arguments: str, report: str | None = None) -> Run: ...


def spent(verdict: dict[str, Any], arm: int = 0) -> int:
    """Samples of one arm of a verdict, extra ones included; 0 if the arm was not needed."""
    found = verdict["arms"][arm] if arm < len(verdict["arms"]) else None
    return int(found["n"] + found["extras"]) if found else 0


def record_of(run: Run) -> dict[str, Any]:
    """Return the run record, which must exist."""
    assert run.record is not None, run.said
    return run.record
