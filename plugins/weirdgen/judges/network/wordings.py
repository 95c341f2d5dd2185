"""A rubric in slightly other words, so that the judge reads rubrics and does not know them by heart."""

import random
import re

from weirdgen.schema.probe import Rubric

_SENTENCE = re.compile(r"(?<=[.?!])\s+")
#: How often a rubric is told word for word, and how often its labels stand in another order where it is not.
_VERBATIM, _SHUFFLED = 0.5, 0.4


def varied(rubric: Rubric, rng: random.Random) -> Rubric:
    """Draw a wording: half of the time its own, else with sentences left out or swapped and labels in any order."""
    if rng.random() < _VERBATIM:
        return rubric
    labels = {label: _clipped(meaning, rng) for label, meaning in rubric.labels.items()}
    if rng.random() < _SHUFFLED:
        labels = dict(rng.sample(list(labels.items()), len(labels)))
    return rubric.model_copy(update={"ask": _rearranged(rubric.ask, rng), "labels": labels})


def _rearranged(text: str, rng: random.Random) -> str:
    """Leave out a sentence or two, or swap two; the first, which says what is asked, stays in front."""
    first, *others = _SENTENCE.split(text.strip())
    kind = rng.random()
    if others and kind < 0.6:
        del others[rng.randrange(len(others))]
    if others and kind < 0.2:
        del others[rng.randrange(len(others))]
    elif len(others) > 1 and kind > 0.8:
        rng.shuffle(others)
    return " ".join([first, *others])


def _clipped(meaning: str, rng: random.Random) -> str:
    """Leave out what follows the first full stop, colon or semicolon of a definition, in a quarter of cases."""
    head = re.split(r"(?<=[a-z])[.;:]\s", meaning, maxsplit=1)[0]
    return meaning if rng.random() < 0.75 or head == meaning else f"{head.rstrip('.')}."
