"""Stores filled without a server, for tests of what is done with them."""

from pathlib import Path
from typing import Any

from weirdgen.schema.sample import Identity, Message, Role, Sample, SampleRequest, Sampling, Usage
from weirdgen.store.database import Database
from weirdgen.store.openings import KeptOpening
from weirdgen.store.store import SampleStore, sample_row

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


def fill(path: Path, *requests: SampleRequest, text: str = "a", arrived: float = 1000.0) -> None:
    """Put samples into a store, as if they had come at a moment."""
    database = Database(path)
    with database.writing() as connection:
        for request in requests:
            row = sample_row(request, answered(request, text), arrived)
            connection.execute(f"INSERT INTO samples VALUES ({', '.join('?' * len(row))})", row)
    database.close()


def begin(path: Path, line: str, *identities: Identity, now: float = 1000.0) -> str:
    """Open a gate as the trials do; return its token."""
    with SampleStore(path) as store:
        token = store.generation(line, "plan", max_age=1e9, now=now, fresh=False)
        arms = [{"model": one.model, "role": "treated", "identity": one.model_dump(mode="json")} for one in identities]
        opening: dict[str, Any] = {"arms": arms}
        store.keep_opening(KeptOpening(token=token, line=line, opened_at=now, opening=opening))
    return token


def rows(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Return everything that a store holds, by table."""
    database = Database(path)
    tables = ("samples", "gates", "undecided", "attempts", "stops", "calibrations", "openings", "accounts", "holds")
    with database.snapshot() as connection:
        found = {table: sorted(connection.execute(f"SELECT * FROM {table}").fetchall()) for table in tables}
    database.close()
    return found
