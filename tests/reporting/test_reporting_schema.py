"""The committed JSON schemas of the records are those of the code."""

import json
from pathlib import Path

import pytest

from weirdgen.schema.fleet import FleetRecord
from weirdgen.schema.run import RunRecord

REPORTS = Path(__file__).parents[2] / "reports"


@pytest.mark.parametrize(("name", "record"), [("run", RunRecord), ("fleet", FleetRecord)])
def test_the_schema_is_fresh(name: str, record: type[RunRecord | FleetRecord]) -> None:
    """`make schema` writes it."""
    committed = json.loads((REPORTS / f"{name}.schema.json").read_text(encoding="utf-8"))
    assert committed == record.model_json_schema(mode="serialization")
