"""Cassettes that a test recorded, and how to change them."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from weirdgen.cli import main
from weirdgen.schema.sample import SampleRequest

Records = list[dict[str, Any]]
MEASURED_AGAIN = ("replay", "n_reused", "oldest_sample_age")
"""Fields of a verdict that say that it was replayed."""


def export(folder: Path, name: str = "c.jsonl", *chosen: str) -> Path:
    """Write the store of a user's repository as a cassette there."""
    store = folder / "reports" / "store.sqlite3"
    assert main(["store", "export", "--gate-store", str(store), "--out", str(folder / name), *chosen]) == 0
    return folder / name


def edit(cassette: Path, change: Callable[[Records], Records]) -> None:
    """Rewrite the records of a cassette; keys and the header follow."""
    header, *records = [json.loads(line) for line in cassette.read_text("ascii").splitlines()]
    changed = change(records)
    for one in samples(changed):
        one["sample"]["key"] = SampleRequest.model_validate_json(json.dumps(one["request"])).key
    lines = [{**header, "records": len(changed)}, *changed]
    cassette.write_text("".join(json.dumps(one) + "\n" for one in lines), "ascii")


def samples(records: Records) -> Iterator[dict[str, Any]]:
    """Return the samples among records."""
    return (one for one in records if one["record"] == "sample")


def decided(verdicts: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return verdicts without what tells a replay from its recording."""
    return {
        name: {field: value for field, value in verdict.items() if field not in MEASURED_AGAIN}
        for name, verdict in verdicts.items()
    }
