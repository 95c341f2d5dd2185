"""Cassettes: what a store holds as JSON Lines, to be moved, committed, and replayed without an endpoint.

The first line is a header, every other one a record. A file is written whole or not at all, and read whole before
anything is done with it. Requests and answers are all that is in it: no key, header or environment variable ever
reaches a store.
"""

import hashlib
import itertools
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, JsonValue, TypeAdapter, ValidationError

from weirdgen.errors import UsageMistake
from weirdgen.schema.canonical import canonical_json
from weirdgen.schema.frozen import Frozen
from weirdgen.schema.sample import Sample, SampleRequest
from weirdgen.schema.text import shown
from weirdgen.store.openings import KeptOpening

CASSETTE_VERSION = 1
_Moment = Annotated[float, Field(allow_inf_nan=False)]
_Number = Annotated[int, Field(ge=1, lt=2**31)]


class Header(Frozen):
    """The first line."""

    weirdgen_cassette: int
    """Version of the format."""
    store_version: int
    """Version of the store's schema that it was written from."""
    weirdgen: str
    """Version of the package."""
    what: str
    """What was asked for: everything, a gate, models."""
    records: int = Field(ge=0)
    """Lines that follow: a file that was cut short is noticed."""


class OpeningRecord(KeptOpening):
    """Who answered when a gate was opened."""

    record: Literal["opening"] = "opening"


class GateRecord(Frozen):
    """A gate: whether it may be continued, and with what it was begun."""

    record: Literal["gate"] = "gate"
    token: str
    line: str
    plan_sha256: str
    started_at: _Moment
    outcome: str | None
    fresh: bool
    undecided: tuple[str, ...]


class AttemptRecord(Frozen):
    """A trial's number among the attempts at its line: its error rate depends on it."""

    record: Literal["attempt"] = "attempt"
    line: str
    trial_id: str
    number: _Number


class StopRecord(Frozen):
    """The stop rule that a trial first began with."""

    record: Literal["stop"] = "stop"
    trial_id: str
    stop: str


class CalibrationRecord(Frozen):
    """A judge's record on gold answers."""

    record: Literal["calibration"] = "calibration"
    judge_identity: str
    gold_sha256: str
    source: str
    made: _Moment
    found: dict[str, JsonValue]


class SampleRecord(Frozen):
    """A request and what came back."""

    record: Literal["sample"] = "sample"
    arrived: _Moment
    """UNIX time at which the first store had it."""
    request: SampleRequest
    sample: Sample


Record = OpeningRecord | GateRecord | AttemptRecord | StopRecord | CalibrationRecord | SampleRecord
_RECORD: TypeAdapter[Record] = TypeAdapter(Annotated[Record, Field(discriminator="record")])


@dataclass(frozen=True, slots=True)
class Cassette:
    """A file that was read once, and every line of it found good."""

    path: Path
    header: Header
    sha256: str

    def records(self) -> Iterator[Record]:
        """Read the records again.

        Raises:
            UsageMistake: the file is no longer the one that was read.
        """
        sha256 = hashlib.sha256()
        for number, line in _lines(self.path):
            sha256.update(line)
            if number > 1:
                yield _parsed(self.path, number, line)
        if sha256.hexdigest() != self.sha256:
            raise UsageMistake(f"cassette {str(self.path)!r}: was changed while it was read")


def write_cassette(path: Path, header: Header, records: Iterable[Record]) -> None:
    """Write a cassette beside its place and move it there: a file that is cut short never has the name.

    Raises:
        UsageMistake: the file is there already, or cannot be written.
    """
    if path.exists():
        raise UsageMistake(f"{str(path)!r}: is there already; name another file, a cassette is never overwritten")
    half = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        try:
            with half.open("wb") as file:
                for value in itertools.chain((header,), records):
                    file.write(canonical_json(value.model_dump(mode="json")).encode("ascii") + b"\n")
                file.flush()
                os.fsync(file.fileno())
            if path.exists():
                raise UsageMistake(f"{str(path)!r}: somebody else has written it meanwhile; name another file")
            half.replace(path)
        finally:
            half.unlink(missing_ok=True)
    except OSError as error:
        raise UsageMistake(
            f"{str(path)!r}: cannot be written: {error.strerror or error}; name a file in a folder that can be "
            "written and has room"
        ) from None


def read_cassette(path: Path) -> Cassette:
    """Read a cassette and check every line of it.

    Raises:
        UsageMistake: it cannot be read, is no cassette or of a newer version, or a line of it is broken; the message
            names the line.
    """
    header: Header | None = None
    sha256, seen = hashlib.sha256(), dict[tuple[str | int, ...], int]()
    for number, line in _lines(path):
        sha256.update(line)
        if header is None:
            header = _header(path, line)
            continue
        record = _parsed(path, number, line)
        if (first := seen.setdefault(_place(record), number)) != number:
            raise _broken(path, number, f"repeats line {first}")
    if header is None:
        raise UsageMistake(f"cassette {str(path)!r}: is empty")
    if len(seen) != header.records:
        raise UsageMistake(
            f"cassette {str(path)!r}: has {len(seen)} records where its header announces {header.records}: it was cut "
            "short or edited; export it again"
        )
    return Cassette(path, header, sha256.hexdigest())


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    try:
        with path.open("rb") as file:
            yield from enumerate(file, start=1)
    except OSError as error:
        raise UsageMistake(
            f"cassette {str(path)!r}: {error.strerror or error}; name a file that `weirdgen store export` wrote"
        ) from None


def _header(path: Path, line: bytes) -> Header:
    try:
        header = Header.model_validate_json(line)
    except ValidationError as error:
        raise UsageMistake(
            f"cassette {str(path)!r}: line 1 is no header of a cassette ({_why(error)}); name a file that "
            "`weirdgen store export` wrote"
        ) from None
    if header.weirdgen_cassette > CASSETTE_VERSION:
        raise UsageMistake(
            f"cassette {str(path)!r}: of version {header.weirdgen_cassette}, written by weirdgen "
            f"{shown(header.weirdgen, 40)}; this one reads version {CASSETTE_VERSION}: upgrade pytest-weirdgen"
        )
    return header


def _parsed(path: Path, number: int, line: bytes) -> Record:
    try:
        record = _RECORD.validate_json(line)
        canonical_json(record.model_dump(mode="json"))
    except ValidationError as error:
        raise _broken(path, number, _why(error)) from None
    except ValueError as error:  # NaN, which a store cannot hold
        raise _broken(path, number, shown(str(error))) from None
    if isinstance(record, SampleRecord):
        if record.sample.key != record.request.key:
            raise _broken(path, number, "its sample has another key than the digest of its request")
        usage = record.sample.usage
        if max(record.request.replicate, usage.prompt_tokens, usage.completion_tokens) >= 2**63:
            raise _broken(path, number, "a number in it is larger than a store can hold")
    return record


def _place(record: Record) -> tuple[str | int, ...]:
    """Return what makes a record the one that it is."""
    match record:
        case SampleRecord():
            return "sample", record.sample.key
        case OpeningRecord():
            return "opening", record.token, record.arms_digest
        case GateRecord():
            return "gate", record.token
        case AttemptRecord():
            return "attempt", record.line, record.trial_id
        case StopRecord():
            return "stop", record.trial_id
        case CalibrationRecord():
            return "calibration", record.judge_identity, record.gold_sha256, record.source


def _why(error: ValidationError) -> str:
    """Return the first thing that is wrong, without the value: it may be long, and hostile."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    return shown(f"{where}: {first['msg']}" if where else first["msg"])


def _broken(path: Path, number: int, why: str) -> UsageMistake:
    return UsageMistake(f"cassette {str(path)!r}: line {number}: {why}")
