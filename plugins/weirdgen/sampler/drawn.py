"""What an engine gives: a sample, and the counts of all it did."""

from dataclasses import dataclass

from weirdgen.schema.sample import Sample


@dataclass(frozen=True, slots=True)
class Drawn:
    """A sample and whether this run paid for it."""

    sample: Sample
    reused: bool
    """It was in the store before the run began."""


@dataclass(slots=True)
class EngineStats:
    """What an engine did so far."""

    requests: int = 0
    """Sent by this process, failed ones included."""
    samples: int = 0
    """Drawn and stored by this process."""
    reused: int = 0
    """Distinct samples taken from the store, where they were before the run began."""
    shared: int = 0
    """Distinct samples taken from the store, where another process of the run had put them."""
    retries: int = 0
    in_flight: int = 0
    in_batches: int = 0
    """Requests in batches that are not over."""
    prompt_tokens: int = 0
    completion_tokens: int = 0
