"""Stores of both kinds: what is said of one in these tests holds for the other."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from postgres_server import Server

from weirdgen.store.place import StorePlace
from weirdgen.store.store import SampleStore


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> StorePlace:
    """Return where there is no store yet."""
    if request.param == "sqlite":
        return tmp_path / "reports" / "store.sqlite3"
    running: Server = request.getfixturevalue("postgres")
    return running.url()


@pytest.fixture
def store(place: StorePlace) -> Iterator[SampleStore]:
    with SampleStore(place) as opened:
        yield opened
