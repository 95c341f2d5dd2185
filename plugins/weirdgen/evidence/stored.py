"""A cassette in a store of its own: what a gate is made again from."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from weirdgen.errors import EvidenceError
from weirdgen.store.cassette import Cassette, OpeningRecord, Record, SampleRecord
from weirdgen.store.database import Database
from weirdgen.store.exporting import export
from weirdgen.store.loading import load
from weirdgen.trials.opening import Opening


@dataclass(slots=True)
class Stored:
    """The store, and what is known of the cassette that it was made from."""

    path: Path
    """Of the store's file."""
    cassette: Cassette
    openings: list[Opening] = field(default_factory=list)
    lines: dict[str, int] = field(default_factory=dict)
    """Line of each sample in the cassette, by its key."""

    def reading(self) -> Iterator[Record]:
        """Read the cassette once, and note what is in it.

        Raises:
            EvidenceError: an opening was written by another version.
        """
        for number, one in enumerate(self.cassette.records(), start=2):
            if isinstance(one, SampleRecord):
                self.lines[one.sample.key] = number
            elif isinstance(one, OpeningRecord):
                try:
                    self.openings.append(Opening.of(one))
                except ValueError:
                    raise EvidenceError(
                        f"{self.cassette.path}: line {number}: cannot be read by this version"
                    ) from None
            yield one

    def first_misplaced(self) -> int | None:
        """Return the first line of the cassette that an export would write otherwise; None: there is none.

        The header, which names the version that wrote it, is not looked at. Ask before anything is made again from the
        store: a judge's record is kept in it anew.
        """
        again = self.path.with_name("again.jsonl")
        database = Database(self.path)
        try:
            export(database, again)
        finally:
            database.close()
        with self.cassette.path.open("rb") as one, again.open("rb") as other:
            next(one), next(other)
            pairs = enumerate(zip(one, other, strict=False), start=2)
            return next((number for number, (line, made) in pairs if line != made), None)


@contextmanager
def stored(cassette: Cassette) -> Iterator[Stored]:
    """Put a cassette into a store of its own, for as long as it is needed.

    Raises:
        StoreError: there is no room for it.
    """
    with tempfile.TemporaryDirectory(prefix="weirdgen-evidence-", ignore_cleanup_errors=True) as folder:
        made = Stored(Path(folder) / "store.sqlite3", cassette)
        database = Database(made.path)
        try:
            load(database, made.reading())
        finally:
            database.close()
        yield made
