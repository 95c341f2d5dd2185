"""Samples by key out of a sample store or a cassette, with what was asked: for whoever shows what verdicts rest on."""

from collections.abc import Collection, Iterator
from pathlib import Path

from weirdgen.errors import StoreError, UsageMistake
from weirdgen.schema.sample import Sample, SampleRequest
from weirdgen.store.cassette import SampleRecord, read_cassette
from weirdgen.store.database import Database, is_there
from weirdgen.store.place import PostgresUrl, StorePlace, named, nothing_at

Drawn = tuple[SampleRequest, Sample]
_SQLITE = b"SQLite format 3\0"


def look_up(place: StorePlace, keys: Collection[str]) -> dict[str, Drawn]:
    """Return the samples of these keys, those that are there.

    Args:
        place: a sample store, or a cassette.
        keys: of samples.

    Raises:
        UsageMistake: there is no such file or store, or it is no cassette.
        StoreError: the store cannot be read.
    """
    if isinstance(place, PostgresUrl):
        if not is_there(place):
            raise UsageMistake(f"{named(place)}: there is {nothing_at(place)}; name one with --gate-store")
        return dict(_of_store(place, keys))
    try:
        with place.open("rb") as file:
            stored = file.read(len(_SQLITE)) == _SQLITE
    except OSError as error:
        raise UsageMistake(f"samples {str(place)!r}: {error.strerror or error}") from None
    return dict(_of_store(place, keys) if stored else _of_cassette(place, frozenset(keys)))


def _of_cassette(path: Path, keys: frozenset[str]) -> Iterator[tuple[str, Drawn]]:
    for record in read_cassette(path).records():
        if isinstance(record, SampleRecord) and record.sample.key in keys:
            yield record.sample.key, (record.request, record.sample)


def _of_store(place: StorePlace, keys: Collection[str]) -> Iterator[tuple[str, Drawn]]:
    database = Database(place)
    try:
        with database.snapshot() as connection:
            for key in keys:
                row = connection.execute("SELECT request, sample FROM samples WHERE key = ?", (key,)).fetchone()
                if row is not None:
                    yield key, _read(place, key, row)
    finally:
        database.close()


def _read(place: StorePlace, key: str, row: tuple[str, str]) -> Drawn:
    try:
        return SampleRequest.model_validate_json(row[0]), Sample.model_validate_json(row[1])
    except ValueError:
        raise StoreError(f"{named(place)}: sample {key} cannot be read") from None
