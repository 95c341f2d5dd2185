"""Samples by key out of a sample store or a cassette, with what was asked: for whoever shows what verdicts rest on."""

import sqlite3
from collections.abc import Collection, Iterator
from pathlib import Path

from weirdgen.errors import StoreError, UsageMistake
from weirdgen.schema.sample import Sample, SampleRequest
from weirdgen.store.cassette import SampleRecord, read_cassette
from weirdgen.store.database import Database

Drawn = tuple[SampleRequest, Sample]
_SQLITE = b"SQLite format 3\0"


def look_up(path: Path, keys: Collection[str]) -> dict[str, Drawn]:
    """Return the samples of these keys, those that are there.

    Args:
        path: a sample store, or a cassette.
        keys: of samples.

    Raises:
        UsageMistake: there is no such file, or it is no cassette.
        StoreError: the store cannot be read.
    """
    try:
        with path.open("rb") as file:
            stored = file.read(len(_SQLITE)) == _SQLITE
    except OSError as error:
        raise UsageMistake(f"samples {str(path)!r}: {error.strerror or error}") from None
    found = _of_store(path, keys) if stored else _of_cassette(path, frozenset(keys))
    return dict(found)


def _of_cassette(path: Path, keys: frozenset[str]) -> Iterator[tuple[str, Drawn]]:
    for record in read_cassette(path).records():
        if isinstance(record, SampleRecord) and record.sample.key in keys:
            yield record.sample.key, (record.request, record.sample)


def _of_store(path: Path, keys: Collection[str]) -> Iterator[tuple[str, Drawn]]:
    database = Database(path)
    try:
        with database.snapshot() as connection:
            for key in keys:
                row = connection.execute("SELECT request, sample FROM samples WHERE key = ?", (key,)).fetchone()
                if row is not None:
                    yield key, _read(path, key, row)
    finally:
        database.close()


def _read(path: Path, key: str, row: sqlite3.Row | tuple[str, str]) -> Drawn:
    try:
        return SampleRequest.model_validate_json(row[0]), Sample.model_validate_json(row[1])
    except ValueError:
        raise StoreError(f"sample store {str(path)!r}: sample {key} cannot be read") from None
