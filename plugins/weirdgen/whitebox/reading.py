"""Readings: what a network's activation on a prompt reaches along features, as an answer that can be stored."""

import json
from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np

from weirdgen.organisms.choice import Answer
from weirdgen.organisms.wire import ChatRequest
from weirdgen.schema.sample import Message
from weirdgen.whitebox.directions import Doubles, unit
from weirdgen.whitebox.features import NAMED, Named, Study
from weirdgen.whitebox.identity import READ
from weirdgen.whitebox.networks import Network

DIGITS = 5
"""Significant digits of a reading: processors differ in the last bits, and readings are compared as texts."""


def read_directions(study: Study) -> dict[Named, Doubles]:
    """Return the unit directions that are read, (features, width) per set."""
    return {named: unit(study.ablation(named).directions) for named in NAMED if named in READ}


def reading(activation: Doubles, directions: Mapping[Named, Doubles]) -> str:
    """Return what an activation (width,) reaches along directions, as canonical JSON."""
    told: dict[str, object] = {"norm": _rounded(float(np.linalg.norm(activation)))}
    told |= {named: [_rounded(value) for value in (rows @ activation).tolist()] for named, rows in directions.items()}
    return json.dumps(told, sort_keys=True, separators=(",", ":"))


def _rounded(value: float) -> float:
    return float(f"{value:.{DIGITS - 1}e}")


class Reader:
    """Answers prompts with readings."""

    def __init__(self, network: Network, study: Study, fingerprint: str) -> None:
        """Take what is read.

        Args:
            network: that the study is of.
            study: names features, layer and position.
            fingerprint: of its answers.
        """
        self.fingerprint = fingerprint
        self.requests = self.choices = 0
        self._network, self._study = network, study
        self._directions = read_directions(study)

    def answer(self, request: ChatRequest) -> Answer:
        """Return the reading of a request's prompt.

        Raises:
            UsageMistake: the prompt is longer than the context.
        """
        messages = [Message(role=_role(one.role), content=one.content) for one in request.messages]
        return Answer(self.read(messages), True, 0, None)

    def read(self, messages: Sequence[Message]) -> str:
        """Return the reading of a prompt."""
        rows = self._network.activations([messages], self._study.dictionary.layer, self._study.position)
        return reading(rows[0], self._directions)


def _role(role: str) -> Literal["system", "user", "assistant"]:
    return "system" if role in ("system", "developer") else "assistant" if role == "assistant" else "user"
