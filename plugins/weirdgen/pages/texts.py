"""Texts of samples by key: from the sample store, or of a replay from its cassette."""

from collections.abc import Collection
from pathlib import Path

from weirdgen.schema.sample import Sample
from weirdgen.store.cassette import SampleRecord, read_cassette
from weirdgen.store.place import StorePlace
from weirdgen.store.store import SampleStore


def stored(place: StorePlace, keys: Collection[str]) -> dict[str, Sample]:
    """Return those of the samples that a store holds.

    Raises:
        StoreError: the store cannot be read.
    """
    with SampleStore(place) as store:
        found = ((key, store.get(key)) for key in sorted(keys))
        return {key: sample for key, sample in found if sample is not None}


def recorded(path: Path, keys: Collection[str]) -> dict[str, Sample]:
    """Return those of the samples that a cassette holds.

    Raises:
        UsageMistake: the cassette cannot be read.
    """
    wanted = frozenset(keys)
    samples = (one.sample for one in read_cassette(path).records() if isinstance(one, SampleRecord))
    return {sample.key: sample for sample in samples if sample.key in wanted}
