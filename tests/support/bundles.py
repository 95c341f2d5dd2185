"""How somebody would forge an evidence bundle: change a part of it, then make everything around it fit again."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from weirdgen.evidence.manifest import LEAVES, MANIFEST, PLAN, RUN, SAMPLES, STATEMENT, line_hashes, make_manifest
from weirdgen.evidence.statement import statement
from weirdgen.reporting.record import read_record
from weirdgen.schema.canonical import canonical_json
from weirdgen.schema.run import RunRecord
from weirdgen.schema.sample import SampleRequest

Change = Callable[[dict[str, Any]], None]


def reseal(folder: Path) -> None:
    """Write leaves, plan, manifest and statement anew, so that they fit the files."""
    (folder / LEAVES).write_text("".join(f"{leaf}\n" for leaf in line_hashes(folder / SAMPLES)), "ascii")
    record = read_record(folder / RUN)
    (folder / PLAN).write_text(canonical_json(record.plan.model_dump(mode="json")) + "\n", "ascii")
    manifest = make_manifest(folder, record.weirdgen)
    (folder / MANIFEST).write_text(canonical_json(manifest.model_dump(mode="json")) + "\n", "ascii")
    (folder / STATEMENT).write_text(statement(folder, manifest, record), "ascii")


def forge_record(folder: Path, change: Change) -> None:
    """Change the run record, and make the rest fit."""
    record = json.loads((folder / RUN).read_text("utf-8"))
    change(record)
    forged = RunRecord.model_validate_json(json.dumps(record))
    (folder / RUN).write_text(forged.model_dump_json(indent=1) + "\n", "utf-8")
    reseal(folder)


def forge_samples(folder: Path, change: Callable[[list[dict[str, Any]]], list[dict[str, Any]]]) -> None:
    """Change the lines of the samples, and make the rest fit: header, keys and hashes."""
    header, *records = [json.loads(line) for line in (folder / SAMPLES).read_text("ascii").splitlines()]
    changed = change(records)
    for one in changed:
        if one["record"] == "sample":
            one["sample"]["key"] = SampleRequest.model_validate_json(json.dumps(one["request"])).key
    lines = [{**header, "records": len(changed)}, *changed]
    (folder / SAMPLES).write_text("".join(canonical_json(one) + "\n" for one in lines), "ascii")
    reseal(folder)


def numbers(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Return the paths of all numbers in plain data."""
    if isinstance(value, dict):
        return [found for name, one in value.items() for found in numbers(one, (*path, name))]
    if isinstance(value, list):
        return [found for number, one in enumerate(value) for found in numbers(one, (*path, number))]
    return [path] if isinstance(value, int | float) and not isinstance(value, bool) else []


def replace(value: Any, path: tuple[str | int, ...], by: Callable[[Any], Any]) -> None:
    """Replace what lies at a path."""
    for step in path[:-1]:
        value = value[step]
    value[path[-1]] = by(value[path[-1]])
