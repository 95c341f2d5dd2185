"""Who really answers: asked once before the first sample, with the cheapest requests that can tell.

The identity is part of every sample's key, so it must be the same for all workers of a run: ask once, share it.
"""

import asyncio
import time
from collections.abc import Sequence
from typing import NamedTuple

from weirdgen.endpoints.client import ChatEndpoint
from weirdgen.endpoints.faults import Filtered, Retryable, TooLong, Unacceptable
from weirdgen.endpoints.listing import Listing
from weirdgen.endpoints.presets import preset_of
from weirdgen.endpoints.wire import Reply
from weirdgen.errors import EndpointOutage, EndpointRefused
from weirdgen.schema.sample import Identity, Message, Sampling
from weirdgen.schema.text import shown

PREFLIGHT = (Message(role="user", content="Say OK."),)
PREFLIGHT_SAMPLING = Sampling(max_tokens=16)
"""Temperature and top_p as the samples have them, so that a server that refuses them says so before any sample."""
_JUDGE_SAMPLING = Sampling(max_tokens=16, temperature=0.0)
UNKNOWN_MODEL = "weirdgen-no-such-model"
_UNKNOWN_SECONDS = 10.0
_WAITS = (0.5, 1.0, 2.0)
"""Seconds before each retry of the first request."""
_LONGEST_WAIT = 20.0
_SETTLED = 3600.0
"""Seconds. vLLM and llama-server give the time of the request as `created`: younger than this, it names nothing."""


class Identified(NamedTuple):
    """An identity and what the user should know about its server."""

    identity: Identity
    warnings: tuple[str, ...] = ()
    any_name: bool = False
    """Whether the server answers under a name that no model has."""


async def identify(endpoint: ChatEndpoint, *, organism_digest: str, generation: str) -> Identified:
    """Find out who answers. An organism, or a network in a folder, is its files: nothing is sent.

    Args:
        endpoint: whom to ask.
        organism_digest: SHA-256 of its files; used for organisms and networks only.
        generation: token of the gate that draws the samples; used only where the model behind a name may change.

    Raises:
        EndpointRefused: unreachable, wrong key, unknown model, unsupported parameter; within 5 s.
        EndpointOutage: it did not answer, after a few retries.
        ValueError: an organism without a digest.
    """
    target = endpoint.target
    if target.kind == "organism" or target.kind == "network":
        if not organism_digest:
            raise ValueError(f"{target.kind} {target.label!r}: its digest is its identity, got ''")
        return Identified(Identity(kind=target.kind, model=target.model, digest=organism_digest))
    listing = await endpoint.listing() or Listing()
    reply = await _first_reply(endpoint, listing)
    if target.kind == "finetune":
        # Not the fingerprint: under an immutable name it changes only with the infrastructure.
        identity = Identity(kind="finetune", model=target.model, base_url=endpoint.url, served=reply.model)
        return Identified(identity)
    created = listing.created.get(target.model)
    identity = Identity(
        kind="endpoint",
        model=target.model,
        base_url=endpoint.url,
        served=reply.model,
        fingerprint=reply.fingerprint,
        created=created if created is not None and created < time.time() - _SETTLED else None,
        generation=generation,
    )
    any_name = await accepts_unknown_model(endpoint) is True
    return Identified(identity, (_nameless(endpoint, listing),) if any_name else (), any_name)


async def accepts_unknown_model(endpoint: ChatEndpoint) -> bool | None:
    """Ask for a model that does not exist: True if the server answers all the same, None if it did not say."""
    try:
        async with asyncio.timeout(_UNKNOWN_SECONDS):
            await endpoint.ask(PREFLIGHT, Sampling(max_tokens=1), model=UNKNOWN_MODEL)
    except (EndpointRefused, Filtered, TooLong):
        return False
    except (Retryable, TimeoutError):
        return None
    return True


async def _first_reply(endpoint: ChatEndpoint, listing: Listing) -> Reply:
    """Ask for the first time, with what switches this kind of server's truncation off, if it takes that."""
    endpoint.preset = preset_of(listing.owner_of(endpoint.target.model))
    try:
        return await _greeted(endpoint)
    except Unacceptable:
        if not endpoint.preset:
            raise
    endpoint.preset = ""
    return await _greeted(endpoint)


async def _greeted(endpoint: ChatEndpoint) -> Reply:
    judge = endpoint.target.role == "judge"
    return await first_answer(endpoint, PREFLIGHT, _JUDGE_SAMPLING if judge else PREFLIGHT_SAMPLING)


async def first_answer(
    endpoint: ChatEndpoint, messages: Sequence[Message], sampling: Sampling, logprobs_of: int = 1
) -> Reply:
    """Ask something before there is an engine; a few times, where the server is busy or still loading.

    Args:
        endpoint: whom to ask.
        messages: a short question.
        sampling: of the answer.
        logprobs_of: tokens of which logprobs are kept.

    Raises:
        EndpointRefused: it takes no such request.
        EndpointOutage: it did not answer.
    """
    where, cause = f"model {endpoint.target.label!r} at {endpoint.url}", ""
    for wait in (*_WAITS, 0.0):
        try:
            return await endpoint.ask(messages, sampling, logprobs_of=logprobs_of)
        except Filtered as fault:
            raise EndpointRefused(f"{where}: filters even a greeting: {fault}") from None
        except TooLong as fault:
            raise EndpointRefused(f"{where}: has no room for a greeting: {fault}") from None
        except Retryable as fault:
            cause = fault.cause
            if fault.timed_out:
                break
            await asyncio.sleep(wait and min(_LONGEST_WAIT, fault.retry_after or wait))
    raise EndpointOutage(f"{where}: the first request got no answer: {cause}; try again later")


def _nameless(endpoint: ChatEndpoint, listing: Listing) -> str:
    model = shown(endpoint.target.label, 80)
    listed = "" if endpoint.target.model in listing.created else f", and {model} is not in its list of models"
    return (
        f"{endpoint.url} answers under any model name{listed}: "
        f"nothing shows that the answers come from {model}. Check which model the server has loaded."
    )
