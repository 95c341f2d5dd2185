"""The scorer of readings: the mean projection that an activation has on some features, put on the behaviour's scale.

A reading is the canonical JSON that `whitebox/` writes: the activation's norm, and per set of features the projections
on each of them. It is an answer like any other, so that stores, replays and bundles hold it.
"""

import json
import math
from collections.abc import Mapping

from weirdgen.judges.protocol import Answer, Ask, Judgement
from weirdgen.schema.canonical import digest
from weirdgen.schema.probe import Behaviour, FeatureSet
from weirdgen.schema.sample import Sample

PARSER_VERSION = 1
"""Raised whenever the same reading could give another score."""
NORM = "norm"
_ROUNDED = 1.001
"""How far above the activation's length a projection on a unit direction may be written: five digits are."""


class ReadingJudge:
    """Labels a reading by whether it reaches the middle of its scale, and scores it by its place there."""

    __slots__ = ("_behaviour", "_identity", "_reads", "_weak")

    def __init__(self, behaviour: Behaviour, reads: FeatureSet) -> None:
        """Take the set of features that is read.

        Args:
            behaviour: scored by reading.
            reads: name of the set.
        """
        self._behaviour = behaviour
        self._reads = reads
        named = {*behaviour.positive, *behaviour.invalid}
        self._weak = next(label for label in behaviour.labels if label not in named)
        decisive = behaviour.model_dump(mode="json", include={"labels", "positive", "invalid", "fallback", "scale"})
        self._identity = digest({"judge": self.name, "version": PARSER_VERSION, "reads": reads, **decisive})

    @property
    def name(self) -> str:
        """What users call it."""
        return "reading"

    @property
    def identity(self) -> str:
        """SHA-256 of the parser's version, the set that is read, the label sets and the scale."""
        return self._identity

    @property
    def behaviour(self) -> Behaviour:
        """What it judges for."""
        return self._behaviour

    @property
    def models(self) -> tuple[str, ...]:
        """None: a number needs no reader."""
        return ()

    async def judgement(self, answer: Answer, ask: Ask) -> Judgement:
        """Judge a reading; nobody is asked."""
        return Judgement(self.judge(answer.text))

    def judge(self, text: str, question: str = "") -> str:
        """Return the positive label from the middle of the scale on, else the other; the fallback for no reading."""
        place = self._place(text)
        if place is None:
            return self._behaviour.fallback
        return self._behaviour.positive[0] if place >= 0.5 else self._weak

    def score(self, sample: Sample, label: str, question: str = "") -> float:
        """Return a reading's place on the scale, in [0, 1]; 0 for what is none."""
        return self._place(sample.text) or 0.0

    def _place(self, text: str) -> float | None:
        reading = read(text)
        if reading is None or self._reads not in reading.projections:
            return None
        low, high = self._behaviour.scale
        return min(max((reading.share(self._reads) - low) / (high - low), 0.0), 1.0)


class Reading:
    """One activation, as far as a gate sees it.

    Attributes:
        norm: Euclidean length of the activation, above 0.
        projections: per set of features those on each of them, in the set's order.
    """

    __slots__ = ("norm", "projections")

    def __init__(self, norm: float, projections: Mapping[str, tuple[float, ...]]) -> None:
        self.norm = norm
        self.projections = projections

    def share(self, name: str) -> float:
        """Return the mean projection on a set as a share of the activation's norm, in [-1, 1]."""
        values = self.projections[name]
        return math.fsum(values) / len(values) / self.norm


def read(text: str) -> Reading | None:
    """Return the reading that a text is; None for anything else.

    Numbers that are not finite, and projections longer than what is projected, are none.
    """
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict) or not _is_number(found.get(NORM)) or found[NORM] <= 0:
        return None
    sets = {name: values for name, values in found.items() if name != NORM}
    if not all(isinstance(values, list) and values and all(map(_is_number, values)) for values in sets.values()):
        return None
    longest = float(found[NORM]) * _ROUNDED
    if any(abs(value) > longest for values in sets.values() for value in values):
        return None
    return Reading(float(found[NORM]), {name: tuple(map(float, values)) for name, values in sets.items()})


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
