"""A sample as the row that keeps it."""

from weirdgen.schema.canonical import canonical_json
from weirdgen.schema.sample import Sample, SampleRequest
from weirdgen.store.connection import Connection


def add_sample(connection: Connection, request: SampleRequest, sample: Sample) -> bool:
    """Keep a sample that came just now; False if there is one of its key, which stays."""
    added = connection.execute(
        "INSERT INTO samples VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, coalesce(?, moment()), ?, ?) "
        "ON CONFLICT (key) DO NOTHING",
        sample_row(request, sample, None),
    )
    return added.rowcount == 1


def sample_row(request: SampleRequest, sample: Sample, arrived: float | None) -> tuple[str | int | float | None, ...]:
    """Return a sample as the row that keeps it; `arrived` is a UNIX time, None where it is to be filled in."""
    identity = request.identity
    return (
        sample.key,
        request.role,
        identity.kind,
        identity.model,
        identity.base_url,
        identity.generation,
        request.replicate,
        request.canonical,
        canonical_json(sample.model_dump(mode="json")),
        arrived,
        sample.usage.prompt_tokens,
        sample.usage.completion_tokens,
    )
