"""What a run record says of a finding, so that it can be read without the catalogue."""

from weirdgen.schema.frozen import Frozen
from weirdgen.schema.probe import Published


class BehaviourRecord(Frozen):
    """What answers were judged for."""

    labels: tuple[str, ...]
    positive: tuple[str, ...]
    """Labels that count as showing it."""
    invalid: tuple[str, ...]
    """Labels of answers that are none."""
    description: str


class ContrastRecord(Frozen):
    """A contrast of the finding, whether it was run or not."""

    claim: str
    behaviour: str
    conditions: tuple[str, ...]
    """Treated conditions: one, in a sweep several in order."""
    comparator: str = ""
    """Condition of the comparator, where the contrast names one."""
    published: Published | None = None
    """What the paper reports; None: nothing."""


class FindingRecord(Frozen):
    """A finding of the paper as it was run."""

    finding: str
    """Its name, such as OLD BIRD NAMES."""
    source: str
    """Paper and section."""
    summary: str
    sha256: str
    """Of its probe file, as parsed."""
    questions: dict[str, str]
    """Text by name."""
    conditions: dict[str, str]
    """By name, for people: what stands before and after the question, and the system message."""
    behaviours: dict[str, BehaviourRecord]
    contrasts: dict[str, ContrastRecord]
