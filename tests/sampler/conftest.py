"""A store, and engines on it that are closed at the end."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from scripted_endpoint import FAST, FakeEndpoint

from weirdgen.sampler.engine import Engine
from weirdgen.store.store import SampleStore


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SampleStore]:
    with SampleStore(tmp_path / "store.sqlite3") as opened:
        yield opened


@pytest.fixture
def start(store: SampleStore) -> Iterator[Callable[..., Engine]]:
    engines: list[Engine] = []

    def make(*endpoints: FakeEndpoint, **options: Any) -> Engine:
        arms = {(each.target.model, each.target.role): each for each in endpoints}
        engines.append(Engine(store, arms, **{"policy": FAST} | options))
        return engines[-1]

    yield make
    for engine in engines:
        engine.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("weirdgen")]
