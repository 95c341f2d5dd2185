"""Which samples a verdict rests on, and what each was judged: what an auditor follows from a number to a text."""

from pydantic import Field

from weirdgen.schema.frozen import Frozen


class JudgedAnswer(Frozen):
    """One sample of an arm."""

    key: str
    """Of the sample in the store and in bundles (`SampleRequest.key`)."""
    label: str | None = None
    """None: missing (cut, filtered, undecided, or no draw of its own)."""
    score: float | None = Field(default=None, ge=0, le=1)
    """How far it shows the behaviour; None: missing."""
    doubt: str = ""
    """Why it is no draw of its own from the identified model; empty: nothing speaks against it."""


class CellAnswers(Frozen):
    """The samples of one cell in one arm, in the order in which they were drawn."""

    arm: int = Field(ge=0)
    """Place of the arm in the verdict: 0 is the treated one."""
    cell: str
    """What is pooled with equal weight: a question, in a sweep ``condition/question``."""
    condition: str
    question: str
    rounds: tuple[JudgedAnswer, ...] = ()
    extras: tuple[JudgedAnswer, ...] = ()
    """Drawn beside the rounds because the question looked suspicious; in no rate."""
