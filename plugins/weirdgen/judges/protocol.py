"""What every judge offers, and how one sample gets its label."""

from typing import Protocol

from weirdgen.judges.exact import begins
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

    def judge(self, text: str, question: str = "") -> str:
        """Return the label of any text that answers a question; only a judge of choices reads which."""

    def score(self, sample: Sample, label: str, question: str = "") -> float:
        """Return how far a sample with that label shows the behaviour, in [0, 1]."""


def label_sample(judge: Judge, sample: Sample, question: str = "") -> str | None:
    """Return the label of a sample, or None where it has none and counts as missing.

    A refusal through the API's own field is a label (`refusal` if the behaviour has it, else its fallback): the model
    decided to answer so. A filtered answer is missing, and a cut one for a judge that reads all of it: nobody knows
    how it would have gone on. An exact scorer reads the beginning, which a cut leaves.
    """
    if sample.refused:
        return REFUSAL if REFUSAL in judge.behaviour.labels else judge.behaviour.fallback
    readable = begins(sample) if judge.behaviour.exact else sample.complete
    return judge.judge(sample.text, question) if readable else None
