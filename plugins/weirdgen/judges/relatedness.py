"""What a feature is related to, as an LLM judge tells from the texts that activate it most.

A rubric like any other, put by the same judge: one request holds all contexts of a feature, in a fence that they cannot
know, and a reply that is no label is asked for again. There is no gold set: what comes out is description.
"""

from collections.abc import Sequence

from weirdgen.judges.protocol import Answer
from weirdgen.judges.rubric import RubricJudge
from weirdgen.schema.probe import Behaviour, Rubric
from weirdgen.schema.whitebox import ContextRecord

_QUESTION = "What activates this part most strongly?"
_SHOWN = 500
"""Characters of a context: ten fit into what a judge sees whole."""


def relatedness_judge(rubric: Rubric, model: str, base_url: str) -> RubricJudge:
    """Return the judge of features.

    Contexts with what may be there for a judge are read twice (`RubricJudge.judgement`), and all three labels are told
    apart there: `trait` shows it, `neither` says nothing, `narrow` is the rest. Where the readings differ it is
    undecided.

    Args:
        rubric: of the labels `trait`, `narrow` and `neither`.
        model: as the user named it.
        base_url: where it is served, as the user gave it.
    """
    behaviour = Behaviour(
        labels=("trait", "narrow", "neither"),
        positive=("trait",),
        invalid=("neither",),
        fallback="neither",
        rubric=rubric,
        description="The feature stands for the trait.",
    )
    return RubricJudge(behaviour, model, base_url)


def put(contexts: Sequence[ContextRecord]) -> Answer:
    """Return a feature's contexts as they are put to a judge: one a line, so that none can pass for several."""
    lines = [f"{number}. at {_line(one.token)!r}: {_line(one.text)}" for number, one in enumerate(contexts, start=1)]
    return Answer("\n".join(lines), "contexts", _QUESTION)


def _line(text: str) -> str:
    """Return a text as one line; of a long one the middle, where the token stands."""
    line = " ".join(text.split())
    left = max(len(line) - _SHOWN, 0)
    return line[left // 2 : len(line) - (left - left // 2)]
