"""A store of a test's own, and a gate of scripted answers on it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from scripted_gates import ScriptedGate, scripted_gate

from weirdgen.store.store import SampleStore


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SampleStore]:
    with SampleStore(tmp_path / "store.sqlite3") as opened:
        yield opened


@pytest.fixture
def gate(tmp_path: Path, store: SampleStore) -> ScriptedGate:
    return scripted_gate(tmp_path, store)
