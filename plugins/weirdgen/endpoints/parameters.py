"""What is sent with every request, in the spelling that a server takes: learned from what it refuses, then kept."""

import json
from dataclasses import dataclass, field
from typing import Any

from weirdgen.endpoints.faults import Swap, SwapFormat, SwapLimit, SwapSampling, SwapSeed
from weirdgen.endpoints.presets import PRESETS
from weirdgen.schema.sample import Sampling

Parameters = dict[str, str | int | float | bool | None]
FORMAT = "response_format"
"""Held as JSON text, so that what was sent can be kept beside every sample; `body` turns it into an object."""
_OWN = frozenset(
    {"model", "temperature", "top_p", "seed", "n", "max_tokens", "max_completion_tokens", "logprobs", "top_logprobs"}
)
"""What the client takes by name; a preset's parameters go into the body beside them."""
_LOGPROBS = (20, 5, 0)
"""How many alternatives per token servers give: OpenAI, smaller ones, those that tell nothing."""


@dataclass(slots=True)
class Sent:
    """What was sent to get an answer, filled while that is under way."""

    parameters: Parameters = field(default_factory=dict)
    """Of the last request."""
    requests: int = 0
    """That reached the server: more than one where it refused a parameter at first."""


class Spelling:
    """How one server wants the length limit called, and what it may be asked for."""

    def __init__(self) -> None:
        self.preset = ""
        """Name of the preset that is sent along where answers are sampled."""
        self._limit_name = "max_tokens"
        self._most_logprobs = _LOGPROBS[0]
        self._takes_schema = True
        self._takes_zero = True
        self._takes_seed = True
        self._fixed_at_one: set[str] = set()

    def of(self, model: str, sampling: Sampling, seed: int | None, choices: int = 1) -> Parameters:
        """Return the parameters of a request; a seed only if there is one, `n` only for more than one choice."""
        parameters: Parameters = {"model": model, "temperature": sampling.temperature, "top_p": sampling.top_p}
        if sampling.temperature == 0 and not self._takes_zero:
            parameters = {"model": model}
        for name in self._fixed_at_one:
            if parameters.get(name) == 1:
                del parameters[name]
        if sampling.temperature > 0 and self.preset:
            parameters |= PRESETS[self.preset]
        parameters |= {"seed": seed} if seed is not None and self._takes_seed else {}
        parameters |= {"n": choices} if choices > 1 else {}
        parameters[self._limit_name] = sampling.max_tokens
        if logprobs := min(sampling.top_logprobs, self._most_logprobs):
            parameters |= {"logprobs": True, "top_logprobs": logprobs}
        if sampling.labels and self._takes_schema:
            parameters[FORMAT] = _schema(sampling.labels)
        return parameters

    def learn(self, fault: Swap, sent: Parameters) -> bool:
        """Take a refusal into account; return whether another request can do better.

        Args:
            fault: what the server did not take.
            sent: the parameters of the refused request: requests in flight may learn the same twice.
        """
        if isinstance(fault, SwapLimit):
            self._limit_name = "max_completion_tokens"
            return "max_completion_tokens" not in sent
        if isinstance(fault, SwapFormat):
            self._takes_schema = False
            return FORMAT in sent
        if isinstance(fault, SwapSeed):
            self._takes_seed = False
            return "seed" in sent
        if isinstance(fault, SwapSampling):
            return self._learn_sampling(fault, sent)
        asked = sent.get("top_logprobs", 0)
        if not isinstance(asked, int) or not asked:
            return False
        fewer = next(number for number in _LOGPROBS if number < asked)
        self._most_logprobs = min(self._most_logprobs, fewer)
        return True

    def _learn_sampling(self, fault: SwapSampling, sent: Parameters) -> bool:
        """Leave out what the server chooses itself, where that changes nothing that is measured.

        Of a judge, the only one that asks for temperature 0, all of it. Of a gated model what is 1 anyway, and only
        where the server says that it takes no value at all: one that wants less than 1 would take its own, lower one.
        """
        name = fault.parameter
        if sent.get("temperature") == 0:
            self._takes_zero = False
            return True
        fixed = fault.own_only and sent.get(name) == 1
        self._fixed_at_one |= {name} if fixed else set()
        return fixed


def body(parameters: Parameters) -> dict[str, Any]:
    """Return what is given to the client: the format as an object, and what it has no name for apart."""
    own = {name: value for name, value in parameters.items() if name in _OWN}
    extra = {name: value for name, value in parameters.items() if name not in _OWN and name != FORMAT}
    text = parameters.get(FORMAT)
    shaped = {FORMAT: json.loads(text)} if isinstance(text, str) else {}
    return {**own, **shaped, **({"extra_body": extra} if extra else {})}


def _schema(labels: tuple[str, ...]) -> str:
    """Return the format that holds a judge to ``{"label": one of labels}``."""
    shape = {
        "type": "object",
        "properties": {"label": {"type": "string", "enum": list(labels)}},
        "required": ["label"],
        "additionalProperties": False,
    }
    return json.dumps({"type": "json_schema", "json_schema": {"name": "label", "strict": True, "schema": shape}})
