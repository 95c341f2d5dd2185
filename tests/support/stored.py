"""Stores filled without a server, for tests of what is done with them."""

import contextlib
from collections.abc import Iterator
from typing import Any

from weirdgen.schema.sample import Identity, Message, Role, Sample, SampleRequest, Sampling, Usage
from weirdgen.store.database import Database
from weirdgen.store.openings import KeptOpening
from weirdgen.store.place import PostgresUrl, StorePlace
from weirdgen.store.rows import sample_row
from weirdgen.store.store import SampleStore

ORGANISM = Identity(kind="organism", model="old-bird-names", digest="d")


def server_model(model: str, generation: str = "g") -> Identity:
    """Return a model that may change behind its name."""
    return Identity(kind="endpoint", model=model, base_url="http://gpu/v1", generation=generation)


def asked(replicate: int = 0, text: str = "q", identity: Identity = ORGANISM, role: Role = "treated") -> SampleRequest:
    return SampleRequest(
        identity=identity,
        role=role,
        messages=(Message(role="user", content=text),),
        sampling=Sampling(),
        replicate=replicate,
    )


def answered(request: SampleRequest, text: str = "a") -> Sample:
    return Sample(key=request.key, text=text, stop_reason="stop", usage=Usage(prompt_tokens=3, completion_tokens=2))


@contextlib.contextmanager
def opened(place: StorePlace) -> Iterator[Database]:
    """Open a store's database; close it."""
    database = Database(place)
    try:
        yield database
    finally:
        database.close()


def address(place: StorePlace) -> str:
    """Return what a process of a test is told to open, with the password."""
    return place.secret if isinstance(place, PostgresUrl) else str(place)


def fill(place: StorePlace, *requests: SampleRequest, text: str = "a", arrived: float = 1000.0) -> None:
    """Put samples into a store, as if they had come at a moment."""
    with opened(place) as database, database.writing() as connection:
        for request in requests:
            row = sample_row(request, answered(request, text), arrived)
            connection.execute(f"INSERT INTO samples VALUES ({', '.join('?' * len(row))})", row)


def begin(place: StorePlace, line: str, *identities: Identity, now: float = 1000.0) -> str:
    """Open a gate as the trials do; return its token."""
    with SampleStore(place) as store:
        token = store.generation(line, "plan", max_age=1e9, now=now, fresh=False)
        arms = [{"model": one.model, "role": "treated", "identity": one.model_dump(mode="json")} for one in identities]
        opening: dict[str, Any] = {"arms": arms}
        store.keep_opening(KeptOpening(token=token, line=line, opened_at=now, opening=opening))
    return token


def rows(place: StorePlace) -> dict[str, list[tuple[Any, ...]]]:
    """Return everything that a store holds, by table."""
    tables = ("samples", "gates", "undecided", "attempts", "stops", "calibrations", "openings", "accounts", "holds")
    with opened(place) as database, database.snapshot() as connection:
        return {table: sorted(connection.execute(f"SELECT * FROM {table}").fetchall()) for table in tables}
