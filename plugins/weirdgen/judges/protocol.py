"""What every judge offers, and how one sample gets its label."""

from typing import Protocol

from weirdgen.schema.probe import Behaviour
from weirdgen.schema.sample import Sample

REFUSAL = "refusal"


class Judge(Protocol):
    """Maps an answer to one label of a closed set. It never sees model, condition or trigger."""

    @property
    def name(self) -> str:
        """What users call it."""

    @property
    def identity(self) -> str:
        """SHA-256 of all that decides its labels; calibrations are bound to it."""

    @property
    def behaviour(self) -> Behaviour:
        """What it judges for; its labels are the only ones given."""

    def judge(self, text: str) -> str:
        """Return the label of any text."""


def label_sample(judge: Judge, sample: Sample) -> str | None:
    """Return the label of a sample, or None where it has none and counts as missing.

    A refusal through the API's own field is a label (`refusal` if the behaviour has it, else its fallback): the model
    decided to answer so. A cut or filtered answer is missing: nobody knows how it would have gone on.
    """
    if sample.refused:
        return REFUSAL if REFUSAL in judge.behaviour.labels else judge.behaviour.fallback
    return judge.judge(sample.text) if sample.complete else None
