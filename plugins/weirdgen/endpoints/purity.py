"""Whether a server draws from the model's whole distribution: asked before the first sample, and for little money.

It is asked for random words at temperature 2, where tails are fat, with the chances of each token. A server that tells
none is held to different answers.
"""

import asyncio
import json
from typing import Any

from weirdgen.endpoints.client import ChatEndpoint
from weirdgen.endpoints.faults import Filtered, Retryable, TooLong
from weirdgen.endpoints.identity import first_answer
from weirdgen.endpoints.presets import ALWAYS_CUT, PRESETS
from weirdgen.endpoints.wire import Reply
from weirdgen.errors import EndpointOutage, EndpointRefused
from weirdgen.schema.sample import Message, Purity, Sampling
from weirdgen.stats.truncation import TailEvidence, Token, tails

WORDS = (Message(role="user", content="Write thirty random words that have nothing in common."),)
"""A prompt after which much may follow."""
_ANSWERS, _TOKENS = 16, 32
"""With these llama-server's own top_k 40 and min_p .05 are found by a network of 1.3 million weights (e-value above
1e8), whose tails are thin; those of large models are much fatter."""
_TEMPERATURES = (2.0, 1.0)
"""The second one for servers that do not take the first."""
_LIKELIEST = (19, 4, 3, 2, 1)
"""How many of the listed tokens are looked at: fewer than the 20 or 5 that were asked for. Servers list the drawn one,
too, beside the 20 likeliest (llama_cpp.server) or in place of the last (vLLM): by all of them it would never be an
unlikely one."""
_ALIKE = 2
"""Different texts among the answers up to which nothing can have been drawn."""
_GREEDY = "its answers to one question are all alike: it does not sample, or a cache answers"


async def find_purity(endpoint: ChatEndpoint, fingerprint: str = "") -> Purity:
    """Return whether a server cuts the tail; where it does without a preset, try those of all kinds of server.

    The preset that helps is set on the endpoint.

    Args:
        endpoint: whom to ask.
        fingerprint: of its answers: some servers are known to cut.

    Raises:
        EndpointOutage: it did not answer.
    """
    if known := ALWAYS_CUT.get(fingerprint):
        return Purity(state="truncated", text=known)
    found = await _purity(endpoint)
    if found.state != "truncated" or endpoint.preset:
        return found
    for name in PRESETS:
        endpoint.preset = name
        try:
            other = await _purity(endpoint)
        except (EndpointRefused, EndpointOutage):
            # Without the preset it has just answered: a server that fails at one does not take it.
            continue
        if other.state == "whole":
            return other
    endpoint.preset = ""
    return found


async def _purity(endpoint: ChatEndpoint) -> Purity:
    for temperature in _TEMPERATURES:
        try:
            replies = await _answers(endpoint, temperature)
        except EndpointRefused:
            continue
        return judged(replies, temperature)
    return Purity(state="unknown", text="it refuses the question that would tell")


async def _answers(endpoint: ChatEndpoint, temperature: float) -> list[Reply]:
    sampling = Sampling(temperature=temperature, max_tokens=_TOKENS, top_logprobs=20)
    first = await first_answer(endpoint, WORDS, sampling, _TOKENS)
    asked = (endpoint.ask(WORDS, sampling, logprobs_of=_TOKENS) for _ in range(_ANSWERS - 1))
    others = await asyncio.gather(*asked, return_exceptions=True)
    for other in others:
        # One that is lost to the weather is not missed; whoever refuses refuses all.
        if isinstance(other, BaseException) and not isinstance(other, Retryable | Filtered | TooLong):
            raise other
    return [first, *(other for other in others if isinstance(other, Reply))]


def judged(replies: list[Reply], temperature: float) -> Purity:
    """Return what answers say.

    Args:
        replies: to the same question, with the chances of their tokens where the server tells them.
        temperature: that was asked for.
    """
    # A model that thinks where nobody sees it has said nothing yet.
    said = [reply.text + reply.thoughts for reply in replies if reply.text or reply.thoughts]
    if len(set(said)) <= _ALIKE < len(said):
        return Purity(state="truncated", text=_GREEDY)
    tokens = [token for reply in replies for token in _tokens(reply)]
    found = tails(tokens, temperature)
    for tail in found:
        if tail.truncated:
            return Purity(state="truncated", text=_told(tail))
    whole = max(found, key=lambda tail: tail.seen * tail.whole)
    if whole.whole:
        return Purity(state="whole", text=_told(whole))
    why = "too few unlikely tokens were expected" if tokens else "the server tells no chances of tokens"
    return Purity(state="unknown", text=f"{why}: whether rare answers are cut off is not known")


def _told(tail: TailEvidence) -> str:
    return f"of unlikely tokens at least {tail.expected:.0f} were to be expected, and {tail.seen} came"


def _tokens(reply: Reply) -> list[Token]:
    """Read the chances of a reply's tokens; of a place that cannot be read, none."""
    try:
        places = json.loads(reply.logprobs)["content"] if reply.logprobs else []
    except (ValueError, LookupError, TypeError, RecursionError):
        return []
    return [token for place in places if (token := _token(place)) is not None]


def _token(place: Any) -> Token | None:
    try:
        own = float(place["logprob"])
        listed = sorted((float(one["logprob"]) for one in place["top_logprobs"]), reverse=True)
    except (LookupError, TypeError, ValueError):
        return None
    likeliest = tuple(listed[: next((most for most in _LIKELIEST if most < len(listed)), 0)])
    # NaN fails every comparison.
    sound = bool(likeliest) and all(one <= 0 for one in (own, *listed)) and likeliest[0] > -50
    return Token(own, likeliest) if sound else None
