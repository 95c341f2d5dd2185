"""One model at one server, through the official client: one call is one attempt, with one deadline.

Every way in which an attempt can end (research: the table in tests/endpoints/test_endpoints_client.py) becomes a
Sample, EndpointRefused or Retryable. Retries, concurrency and storage belong to the sampler.
"""

import asyncio
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from weirdgen.endpoints.azure import is_azure
from weirdgen.endpoints.connection import Connections, post, unreachable
from weirdgen.endpoints.faults import Filtered, Retryable, Swap, TooLong, Unacceptable, classify, meant, read_error
from weirdgen.endpoints.keys import api_key, secrets_of
from weirdgen.endpoints.listing import Listing, read_listing
from weirdgen.endpoints.models import OPENAI_URL, Target
from weirdgen.endpoints.parameters import Parameters, Sent, Spelling, body
from weirdgen.endpoints.wire import Choices, Reply, read_completion, read_json
from weirdgen.endpoints.words import Words
from weirdgen.errors import EndpointError, UsageMistake
from weirdgen.schema.sample import Message, Sample, SampleRequest, Sampling, Usage

if TYPE_CHECKING:
    from openai import APIConnectionError

_LISTING_SECONDS = 20.0
"""A busy vLLM took more than 4 (measured); without its list a server's kind and the age of its model stay unknown."""
_SHORT_REPLY = 256
"""Tokens that hold the label of a judge that does not think."""


class ChatEndpoint:
    """A model at a server. Belongs to the event loop of its first request; close it there."""

    def __init__(
        self,
        target: Target,
        url: str = "",
        key: str | None = None,
        *,
        attempt_seconds: float = 120.0,
        preset: str = "",
        choices: int = 1,
        shutdown_date: str = "",
    ) -> None:
        """Name the endpoint; nothing is sent or imported yet.

        Args:
            target: which model, in which role.
            url: what `/chat/completions` lies under. Empty: as the target says; an organism needs its server's.
            key: sent as bearer token. None: from the environment, see `keys.api_key`.
            attempt_seconds: total deadline of one attempt. The client's own time-outs are per socket operation,
                which a trickling server outlives (6 s with `timeout=1.0`, measured).
            preset: see `presets.PRESETS`; sent wherever answers are sampled.
            choices: that one response may hold, at most.
            shutdown_date: of the model, kept with each sample.

        Raises:
            EndpointRefused: a remote server and no key, or Azure and no version of its API.
            UsageMistake: an organism without its server's URL.
        """
        if target.kind in ("organism", "network") and not url:
            raise UsageMistake(f"model {target.label!r}: give the URL of the embedded server that answers for it")
        self.target = target
        self.url = url.rstrip("/") or target.base_url or OPENAI_URL
        self.requests = 0
        """Completions asked for so far, failed ones included."""
        self.choices = choices
        """That one response may hold; fewer once the server gave fewer or refused so many."""
        self.fingerprints: set[str] = set()
        """`system_fingerprint` of all answers so far."""
        self._shutdown_date = shutdown_date
        self._key = api_key(target, self.url) if key is None else key
        self._words = Words(target, self.url, self._key, secrets_of(self._key))
        self._attempt_seconds = attempt_seconds
        self._spelling = Spelling()
        self._spelling.preset = preset
        self._connections = Connections(
            self.url,
            self._key,
            attempt_seconds=attempt_seconds,
            main_account="OPENAI_API_KEY" in target.key_env and not is_azure(self.url),
        )
        self._listing: Listing | None = None
        self._has_answered = False

    @property
    def preset(self) -> str:
        """Name of the parameters that switch the server's own truncation off; empty: none are sent."""
        return self._spelling.preset

    @preset.setter
    def preset(self, name: str) -> None:
        self._spelling.preset = name

    async def complete(self, *requests: SampleRequest) -> list[Sample]:
        """Ask once for samples of the same messages, as choices of one response.

        Args:
            requests: that differ only in what they are drawn for; at most `choices`.

        Returns:
            The samples of the first of them: all, or as many as the server gave.

        Raises:
            EndpointRefused: it will never answer this; the message says what to change.
            Retryable: it may answer later.
        """
        started, clock = time.time(), time.monotonic()
        sent = Sent()
        replies = await self._replies(requests, sent)
        seconds = time.monotonic() - clock
        return [
            sample_of(
                request,
                reply,
                sent.parameters,
                self.shutdown_date,
                started=started,
                seconds=seconds,
                attempts=sent.requests,
            )
            for request, reply in zip(requests, replies, strict=False)
        ]

    async def _replies(self, requests: Sequence[SampleRequest], sent: Sent) -> list[Reply]:
        """Return at least one reply; to a prompt that is not answered, one that says so."""
        judge = requests[0].role == "judge"
        try:
            replies = await self._asked(requests, sent)
        except Filtered:
            return [nothing_said("content_filter")] * len(requests)
        except TooLong as fault:
            if not judge:
                raise self._words.refusal(str(fault)) from None
            # An answer that does not fit the judge must not end the gate for all others.
            return [nothing_said("context_length")]
        except Unacceptable:
            # Nor one that the judge's server takes offence at, once it has taken others.
            if not judge or not self._has_answered:
                raise
            return [nothing_said("refused_request")]
        self._has_answered = True
        return replies

    async def ask(
        self,
        messages: Sequence[Message],
        sampling: Sampling,
        *,
        model: str | None = None,
        logprobs_of: int = 1,
    ) -> Reply:
        """Send one request; see `ask_all`."""
        return (await self.ask_all(messages, sampling, model=model, logprobs_of=logprobs_of))[0]

    async def ask_all(
        self,
        messages: Sequence[Message],
        sampling: Sampling,
        *,
        choices: int = 1,
        seed: int | None = None,
        model: str | None = None,
        sent: Sent | None = None,
        logprobs_of: int = 1,
    ) -> list[Reply]:
        """Send one request, and another one in the server's spelling if it refuses that: see `parameters.Spelling`.

        Args:
            messages: the conversation.
            sampling: temperature, top_p and length limit, all three always sent, but where a server takes no value but
                its own (see `parameters.Spelling`); logprobs and a closed set of labels where they are asked for.
            choices: replies asked for. A server may give fewer; `choices` of this endpoint then says so from now on.
            seed: sent if not None.
            model: another name than the target's.
            sent: filled with what was sent; what it holds is added to.
            logprobs_of: tokens of which logprobs are kept.

        Raises:
            EndpointRefused: see `complete`.
            Retryable: see `complete`.
            Filtered: the server's filter took the prompt.
            TooLong: the prompt does not fit the context.
        """
        words = [{"role": message.role, "content": message.content} for message in messages]
        sent = sent or Sent()
        try:
            async with asyncio.timeout(self._attempt_seconds):
                while True:
                    sent.parameters = self._spelling.of(model or self.target.model, sampling, seed, choices)
                    try:
                        found = await self._send(words, sent, logprobs_of)
                    except Swap as fault:
                        if not self._spelling.learn(fault, sent.parameters):
                            raise self._words.refusal(str(fault)) from None
                    except Unacceptable:
                        # Servers word it in too many ways: fewer choices are tried whatever is said.
                        if choices == 1:
                            raise
                        choices //= 2
                        self.choices = min(self.choices, choices)
                    else:
                        self.choices = min(self.choices, found.given) if found.given < choices else self.choices
                        return found.replies
        except TimeoutError:
            raise _counted(Retryable(f"no answer within {self._attempt_seconds:g} s", timed_out=True), sent) from None
        except EndpointError as fault:
            raise _counted(fault, sent) from None

    async def listing(self) -> Listing | None:
        """Return what the server says of its models, or None where it does not say.

        Raises:
            EndpointRefused: nothing can be reached at the URL.
        """
        import openai

        try:
            async with asyncio.timeout(_LISTING_SECONDS):
                with self._connections.client() as client:
                    raw = await client.models.with_raw_response.list()
            # Azure lists models, and is asked for deployments.
            self._listing = Listing() if is_azure(self.url) else read_listing(read_json(raw.content, raw.headers))
        except openai.APIConnectionError as error:
            if unreachable(error):
                raise self._words.refusal(
                    f"cannot reach it: {self._words.cause(error)}; is the server up and the URL right?"
                ) from None
            return None
        except (openai.OpenAIError, EndpointError, TimeoutError):
            return None
        return self._listing

    @property
    def shutdown_date(self) -> str:
        """When the server stops to serve the model, if its list said so."""
        told = self._listing.shutdowns.get(self.target.model, "") if self._listing else self._shutdown_date
        return self._words.scrubbed(told)

    async def aclose(self) -> None:
        """Close the connections; closing twice is fine."""
        await self._connections.aclose()

    async def _asked(self, requests: Sequence[SampleRequest], sent: Sent) -> list[Reply]:
        """Ask; a judge once more for a short reply where there is no room for thoughts as well.

        vLLM refuses whatever might not fit, of a model that never thinks, too.
        """
        first, many = requests[0], len(requests)
        try:
            return await self.ask_all(first.messages, first.sampling, choices=many, seed=first.seed, sent=sent)
        except TooLong:
            if first.role != "judge" or first.sampling.max_tokens <= _SHORT_REPLY:
                raise
        short = first.sampling.model_copy(update={"max_tokens": _SHORT_REPLY})
        return await self.ask_all(first.messages, short, choices=many, seed=first.seed, sent=sent)

    async def _send(self, words: list[dict[str, str]], sent: Sent, logprobs_of: int) -> Choices:
        import openai

        self.requests += 1
        sent.requests += 1
        arguments: dict[str, Any] = {"messages": words, **body(sent.parameters)}
        try:
            with self._connections.client() as client:
                raw = await post(client, "/chat/completions", arguments)
            found = read_completion(raw.content, raw.headers, logprobs_of)
            replies = [self._words.without_key(reply) for reply in found.replies]
            self.fingerprints.update(reply.fingerprint for reply in replies if reply.fingerprint)
            return found._replace(replies=replies)
        except openai.APIConnectionError as error:
            raise self._broken(error, sent) from None
        except openai.APIStatusError as error:
            said = read_error(error.body)
            fault = classify(error.status_code, error.response.headers, said)
            raise await self._explained(fault, meant(error.status_code, said)) from None
        except openai.OpenAIError as error:
            raise Retryable(f"{type(error).__name__}: {self._words.scrubbed(str(error))}", billed=True) from None
        except EndpointError as fault:
            raise await self._explained(fault, 200) from None
        except ValueError as error:
            sent.requests -= 1
            raise self._words.refusal(f"the request cannot be sent: {error}") from None
        except RecursionError:
            raise Retryable("200 with JSON nested beyond reading", billed=True) from None

    def _broken(self, error: "APIConnectionError", sent: Sent) -> Retryable:
        """Return the fault of a connection. One that was never made has cost nothing, and no server saw a request."""
        import openai

        reached = not unreachable(error) and type(error.__cause__).__name__ != "PoolTimeout"
        sent.requests -= not reached
        # Over aiohttp a connection that broke off is called ConnectTimeout, too.
        timed_out = isinstance(error, openai.APITimeoutError) and type(error.__cause__).__name__ != "ConnectTimeout"
        words = "time-out" if timed_out else "connection failed"
        return Retryable(f"{words}: {self._words.cause(error)}", timed_out=timed_out, billed=reached)

    async def _explained(self, fault: EndpointError, status: int) -> EndpointError:
        listing = (self._listing or await self.listing()) if status == 404 else None
        return self._words.explained(fault, status, listing)


def sample_of(
    request: SampleRequest,
    reply: Reply,
    parameters: Parameters,
    shutdown_date: str,
    *,
    started: float,
    seconds: float,
    attempts: int = 1,
    batch: str = "",
) -> Sample:
    """Return an answer as the sample of a request; see `Sample` for what is given."""
    return Sample(
        key=request.key,
        text=reply.text,
        raw=reply.raw,
        thoughts=reply.thoughts,
        stop_reason=reply.stop_reason,
        refused=reply.refused,
        usage=reply.usage,
        served_model=reply.model,
        fingerprint=reply.fingerprint,
        response_id=reply.response_id,
        shutdown_date=shutdown_date,
        parameters=parameters,
        logprobs=reply.logprobs,
        started_at=started,
        seconds=seconds,
        attempts=attempts,
        batch=batch,
    )


def _counted(fault: EndpointError, sent: Sent) -> EndpointError:
    fault.requests = sent.requests
    return fault


def nothing_said(stop_reason: str) -> Reply:
    """Return what stands for the answer to a prompt that is not answered."""
    return Reply("", "", stop_reason, False, Usage(), "", "", "", "")
