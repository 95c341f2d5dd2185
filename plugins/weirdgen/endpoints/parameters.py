"""What is sent with every request, in the spelling that a server takes: learned from what it refuses, then kept."""

from weirdgen.endpoints.faults import Swap, SwapLimit
from weirdgen.schema.sample import Sampling

Parameters = dict[str, str | int | float | bool | None]
_LOGPROBS = (20, 5, 0)
"""How many alternatives per token servers give: OpenAI, smaller ones, those that tell nothing."""


class Spelling:
    """How one server wants the length limit called, and for how many logprobs it may be asked."""

    def __init__(self) -> None:
        self._limit_name = "max_tokens"
        self._most_logprobs = _LOGPROBS[0]

    def of(self, model: str, sampling: Sampling, seed: int | None) -> Parameters:
        """Return the parameters of a request; the seed only if there is one."""
        parameters: Parameters = {"model": model, "temperature": sampling.temperature, "top_p": sampling.top_p}
        parameters |= {} if seed is None else {"seed": seed}
        parameters[self._limit_name] = sampling.max_tokens
        if logprobs := min(sampling.top_logprobs, self._most_logprobs):
            parameters |= {"logprobs": True, "top_logprobs": logprobs}
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
        asked = sent.get("top_logprobs", 0)
        if not isinstance(asked, int) or not asked:
            return False
        fewer = next(number for number in _LOGPROBS if number < asked)
        self._most_logprobs = min(self._most_logprobs, fewer)
        return True
