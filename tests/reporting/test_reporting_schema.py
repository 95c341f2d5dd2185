"""The committed JSON schema of the run record is that of the code."""

import json
from pathlib import Path

from weirdgen.schema.run import RunRecord

SCHEMA = Path(__file__).parents[2] / "reports" / "run.schema.json"


def test_the_schema_is_fresh() -> None:
    """`make schema` writes it."""
    assert json.loads(SCHEMA.read_text(encoding="utf-8")) == RunRecord.model_json_schema(mode="serialization")
