"""Gates cut into shards, each a process of its own in one user's repository, and their merge."""

import contextlib
import json
import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gate_runs import Run

from weirdgen.errors import StoreError
from weirdgen.store.database import Database, is_there
from weirdgen.store.place import PostgresUrl, StorePlace

_PLAIN = ("-p", "no:cacheprovider", "-p", "no:hypothesispytest")
_TIMED = ("time", "timestamp", "hostname")


@dataclass
class Repository:
    """A user's repository, and how gates are run in it."""

    path: Path
    options: tuple[str, ...]
    """Of every gate."""
    place: StorePlace | None = None
    """Store of all gates; None: ``shared.sqlite3``."""
    variables: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        # Not an argument: an address may have a password, and the arguments of a process can be seen.
        self.variables["WEIRDGEN_GATE_STORE"] = (
            self.place.secret if isinstance(self.place, PostgresUrl) else str(self.store)
        )

    @property
    def store(self) -> StorePlace:
        """Where the store is."""
        return self.place or self.path / "shared.sqlite3"

    def rows(self, asked: str) -> list[Any]:
        """Return what a statement gives in the store; nothing where there is none yet."""
        if not is_there(self.store):
            return []
        database = Database(self.store, prepared=False)
        try:
            with database.reading() as connection:
                return connection.execute(asked).fetchall()
        finally:
            database.close()

    def rows_if_there(self, asked: str) -> list[Any]:
        """Return what a statement gives in a store that is being made at this moment."""
        with contextlib.suppress(StoreError):
            return self.rows(asked)
        return []

    def start(self, shard: str, *more: str) -> "subprocess.Popen[str]":
        """Start a shard, or with an empty one a whole gate."""
        name = shard.replace("/", "-of-") or "whole"
        asked = (f"--gate-shard={shard}",) if shard else ()
        left = (f"--gate-report={name}", f"--junitxml={name}.xml")
        return self._popen("-m", "pytest", *self.options, *asked, *left, *_PLAIN, *more)

    def run(self, shard: str, *more: str) -> Run:
        """Run a shard, or with an empty one a whole gate, to its end."""
        return self.ended(self.start(shard, *more), shard.replace("/", "-of-") or "whole")

    def merge(self, *more: str, report: str = "merged") -> Run:
        """Merge the shards in the store."""
        process = self._popen("-m", "weirdgen", "report", f"--gate-report={report}", *more)
        return self.ended(process, report)

    def ended(self, process: "subprocess.Popen[str]", report: str) -> Run:
        """Wait for a process, and read what it left."""
        out, err = process.communicate(timeout=300)
        written = self.path / report / "run.json"
        record = json.loads(written.read_text(encoding="utf-8")) if written.is_file() else None
        inside = self.path / report / "junit.xml"
        return Run(process.returncode, out, err, record, inside if inside.is_file() else self.path / f"{report}.xml")

    def _popen(self, *arguments: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, *arguments],
            cwd=self.path,
            env={**os.environ, **self.variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )


def untimed(junit: Path) -> list[tuple[Any, ...]]:
    """Return the cases of a JUnit file, without what differs from run to run."""
    return [
        (
            {name: value for name, value in case.attrib.items() if name not in _TIMED},
            {p.get("name"): p.get("value") for p in case.iter("property") if p.get("name") != "weirdgen.trial_id"},
            [(element.tag, element.get("type")) for element in case if element.tag != "properties"],
        )
        for case in ET.parse(junit).iter("testcase")
    ]


def numbers(run: Run) -> list[dict[str, Any]]:
    """Return a run's verdicts without what its generation and its clock are in: keys, trial identities, ages."""
    assert run.record is not None, run.said
    return [_timeless(verdict) for verdict in run.record["verdicts"]]


def _timeless(value: Any) -> Any:
    if isinstance(value, dict):
        left_out = ("key", "trial_id", "oldest_sample_age", "answers")
        return {name: _timeless(one) for name, one in value.items() if name not in left_out}
    return [_timeless(one) for one in value] if isinstance(value, list) else value
