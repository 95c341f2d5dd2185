"""Which of a store's rows go into a cassette, in an order that depends on nothing but the rows."""

import json
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from weirdgen import __version__
from weirdgen.errors import StoreError, UsageMistake, nearest
from weirdgen.schema.sample import Sample, SampleRequest
from weirdgen.schema.text import shown
from weirdgen.store.cassette import (
    CASSETTE_VERSION,
    AttemptRecord,
    CalibrationRecord,
    GateRecord,
    Header,
    OpeningRecord,
    Record,
    SampleRecord,
    StopRecord,
    write_cassette,
)
from weirdgen.store.connection import Connection
from weirdgen.store.database import Database
from weirdgen.store.openings import KeptOpening, identities, openings
from weirdgen.store.place import StorePlace, named
from weirdgen.store.steps import SCHEMA_VERSION

EVERYTHING = "everything"
"""What a cassette of a whole store says of itself."""


def export(database: Database, out: Path, *, gate: str = "", models: Sequence[str] = ()) -> Header:
    """Write a cassette of everything, of one gate with all who were asked in it, or of some models.

    Attempts and stop rules are digests without names and always go along: without them a trial would begin anew.

    Args:
        database: of the store.
        out: file to write; must not be there.
        gate: token of a gate; empty: any.
        models: names as the user gives them to a gate (``organism:NAME`` or a name the server knows); empty: all.

    Raises:
        UsageMistake: there is no such gate or model, or the file is there or cannot be written.
        StoreError: the store cannot be read.
    """
    with database.snapshot() as connection:
        kept = _chosen(_openings(connection, database.place), gate, models)
        if gate and not kept:
            raise _no_gate(connection, gate)
        keys = _keys(connection, database.place, kept if gate else None, models)
        if models and not keys:
            known = {label_of(kind, name) for kind, name in connection.execute("SELECT kind, model FROM samples")}
            raise UsageMistake(f"--model {models[0]!r}: the store has no sample of it.{nearest(models[0], known)}")
        tokens = {one.token for one in kept} if gate or models else None
        try:
            others = [*_ledger(connection, kept, tokens)]
        except ValueError:
            raise _unreadable(database.place, "a gate or a judge's record") from None
        header = Header(
            weirdgen_cassette=CASSETTE_VERSION,
            store_version=SCHEMA_VERSION,
            weirdgen=__version__,
            what=f"gate {gate}" if gate else f"models {', '.join(models)}" if models else EVERYTHING,
            records=len(others) + len(keys),
        )
        write_cassette(out, header, _all(others, connection, database.place, keys))
    return header


def label_of(kind: str, model: str) -> str:
    """Return a model's name as a user gives it."""
    return f"organism:{model}" if kind == "organism" else model


def _openings(connection: Connection, place: StorePlace) -> list[KeptOpening]:
    try:
        return openings(connection)
    except ValueError:
        raise _unreadable(place, "an opening") from None


def _chosen(found: Sequence[KeptOpening], gate: str, models: Sequence[str]) -> list[KeptOpening]:
    if gate:
        return [one for one in found if one.token == gate]
    return [one for one in found if not models or any(arm.model in models for arm in one.arms)]


def _no_gate(connection: Connection, gate: str) -> UsageMistake:
    tokens = [str(token) for (token,) in connection.execute("SELECT token FROM gates WHERE plan_sha256 != ''")]
    if gate in tokens:
        return UsageMistake(
            f"--gate {gate!r}: was opened before stores kept who answers, so that it cannot be told which samples are "
            "its own; export by --model, or everything"
        )
    return UsageMistake(f"--gate {gate!r}: the store has no such gate.{nearest(gate, tokens)}")


def _keys(
    connection: Connection, place: StorePlace, kept: Sequence[KeptOpening] | None, models: Collection[str]
) -> list[str]:
    """Return the keys of the samples to be written, sorted."""
    who = None if kept is None else identities(kept)
    names = None if who is None else {identity.model for identity in who}
    keys = []
    for key, kind, model, text in connection.execute("SELECT key, kind, model, request FROM samples ORDER BY key"):
        if models and label_of(kind, model) not in models:
            continue
        if who is not None and names is not None and model in names:
            try:
                identity = SampleRequest.model_validate_json(text).identity
            except ValueError:
                raise _unreadable(place, f"sample {key}") from None
            if identity not in who:
                continue
        elif who is not None:
            continue
        keys.append(str(key))
    return keys


def _ledger(connection: Connection, kept: Sequence[KeptOpening], tokens: Collection[str] | None) -> Iterator[Record]:
    for one in kept:
        yield OpeningRecord(**{name: getattr(one, name) for name in KeptOpening.model_fields})
    undecided: dict[str, list[str]] = {}
    for token, contrast in connection.execute("SELECT token, contrast FROM undecided ORDER BY token, contrast"):
        undecided.setdefault(token, []).append(contrast)
    gates = "SELECT token, line, plan_sha256, started_at, outcome, fresh FROM gates ORDER BY started_at, token"
    for token, line, plan, started, outcome, fresh in connection.execute(gates):
        if tokens is None or token in tokens:
            yield GateRecord(
                token=token,
                line=line,
                plan_sha256=plan,
                started_at=started,
                outcome=outcome,
                fresh=bool(fresh),
                undecided=tuple(undecided.get(token, ())),
            )
    for line, trial, number in connection.execute("SELECT line, trial_id, number FROM attempts ORDER BY line, number"):
        yield AttemptRecord(line=line, trial_id=trial, number=number)
    for trial, stop in connection.execute("SELECT trial_id, stop FROM stops ORDER BY trial_id"):
        yield StopRecord(trial_id=trial, stop=stop)
    for judge, gold, source, made, text in connection.execute(
        "SELECT judge_identity, gold_sha256, source, made, record FROM calibrations "
        "ORDER BY judge_identity, gold_sha256, source"
    ):
        yield CalibrationRecord(
            judge_identity=judge, gold_sha256=gold, source=source, made=made, found=json.loads(text)
        )


def _all(others: Sequence[Record], connection: Connection, place: StorePlace, keys: Sequence[str]) -> Iterator[Record]:
    yield from others
    for key in keys:
        arrived, request, sample = connection.execute(
            "SELECT arrived, request, sample FROM samples WHERE key = ?", (key,)
        ).fetchone()
        try:
            yield SampleRecord(
                arrived=arrived,
                request=SampleRequest.model_validate_json(request),
                sample=Sample.model_validate_json(sample),
            )
        except ValueError:
            raise _unreadable(place, f"sample {shown(str(key), 80)}") from None


def _unreadable(place: StorePlace, what: str) -> StoreError:
    return StoreError(f"{named(place)}: {what} cannot be read; `weirdgen store info {place}` says what is damaged")
