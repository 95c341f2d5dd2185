"""One model at one server, through the official client: one call is one attempt, with one deadline.

Every way in which an attempt can end (research: the table in tests/endpoints/test_endpoints_client.py) becomes a
Sample, EndpointRefused or Retryable. Retries, concurrency and storage belong to the sampler.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from weirdgen.endpoints.connection import CONNECT_SECONDS, Connections, post, unreachable
from weirdgen.endpoints.faults import Filtered, Retryable, Swap, TooLong, Unacceptable, classify, meant, read_error
from weirdgen.endpoints.keys import NO_KEY, api_key, scrub, without_key
from weirdgen.endpoints.listing import Listing, read_listing
from weirdgen.endpoints.models import OPENAI_URL, Target
from weirdgen.endpoints.parameters import Parameters, Spelling, body
from weirdgen.endpoints.wire import Reply, read_completion, read_json
from weirdgen.errors import EndpointError, EndpointRefused, UsageMistake, nearest
from weirdgen.schema.sample import Message, Sample, SampleRequest, Sampling, Usage
from weirdgen.schema.text import clean, shown

_LONG_LIST = 300
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
    ) -> None:
        """Name the endpoint; nothing is sent or imported yet.

        Args:
            target: which model, in which role.
            url: what `/chat/completions` lies under. Empty: as the target says; an organism needs its server's.
            key: sent as bearer token. None: from the environment, see `keys.api_key`.
            attempt_seconds: total deadline of one attempt. The client's own time-outs are per socket operation,
                which a trickling server outlives (6 s with `timeout=1.0`, measured).
            preset: see `presets.PRESETS`; sent wherever answers are sampled.

        Raises:
            EndpointRefused: a remote server and no key.
            UsageMistake: an organism without its server's URL.
        """
        if target.kind == "organism" and not url:
            raise UsageMistake(f"model {target.label!r}: give the URL of the embedded server that answers for it")
        self.target = target
        self.url = url.rstrip("/") or target.base_url or OPENAI_URL
        self.requests = 0
        """Completions asked for so far, failed ones included."""
        self.billed = Usage()
        """Tokens of all answers so far, as the server counted them."""
        self._key = api_key(target, self.url) if key is None else key
        self._attempt_seconds = attempt_seconds
        self._spelling = Spelling()
        self._spelling.preset = preset
        self._connections = Connections(
            self.url,
            self._key,
            attempt_seconds=attempt_seconds,
            main_account="OPENAI_API_KEY" in target.key_env,
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

    async def complete(self, request: SampleRequest) -> Sample:
        """Ask once for one sample.

        Raises:
            EndpointRefused: it will never answer this; the message says what to change.
            Retryable: it may answer later.
        """
        started, clock = time.time(), time.monotonic()
        sent: Parameters = {}
        try:
            reply = await self._reply(request, sent)
        except Filtered:
            reply = _nothing("content_filter")
        except TooLong as fault:
            if request.role != "judge":
                raise self._refusal(str(fault)) from None
            # An answer that does not fit the judge must not end the gate for all others.
            reply = _nothing("context_length")
        except Unacceptable:
            # Nor one that the judge's server takes offence at, once it has taken others.
            if request.role != "judge" or not self._has_answered:
                raise
            reply = _nothing("refused_request")
        else:
            self._has_answered = True
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
            parameters=sent,
            logprobs=reply.logprobs,
            started_at=started,
            seconds=time.monotonic() - clock,
        )

    async def ask(
        self,
        messages: Sequence[Message],
        sampling: Sampling,
        *,
        seed: int | None = None,
        model: str | None = None,
        sent: Parameters | None = None,
        logprobs_of: int = 1,
    ) -> Reply:
        """Send one request, and another one in the server's spelling if it refuses that: see `parameters.Spelling`.

        Args:
            messages: the conversation.
            sampling: temperature, top_p and length limit, all three always sent, but where a server takes no value but
                its own (see `parameters.Spelling`); logprobs and a closed set of labels where they are asked for.
            seed: sent if not None.
            model: another name than the target's.
            sent: filled with the parameters of the last request.
            logprobs_of: tokens of which logprobs are kept.

        Raises:
            EndpointRefused: see `complete`.
            Retryable: see `complete`.
            Filtered: the server's filter took the prompt.
            TooLong: the prompt does not fit the context.
        """
        words = [{"role": message.role, "content": message.content} for message in messages]
        sent = {} if sent is None else sent
        try:
            async with asyncio.timeout(self._attempt_seconds):
                while True:
                    sent.clear()
                    sent |= self._spelling.of(model or self.target.model, sampling, seed)
                    try:
                        return await self._send(words, sent, logprobs_of)
                    except Swap as fault:
                        if not self._spelling.learn(fault, sent):
                            raise self._refusal(str(fault)) from None
        except TimeoutError:
            raise Retryable(f"no answer within {self._attempt_seconds:g} s", timed_out=True) from None

    async def listing(self) -> Listing | None:
        """Return what the server says of its models, or None where it does not say.

        Raises:
            EndpointRefused: nothing can be reached at the URL.
        """
        import openai

        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                with self._connections.client() as client:
                    raw = await client.models.with_raw_response.list()
            self._listing = read_listing(read_json(raw.content, raw.headers))
        except openai.APIConnectionError as error:
            if unreachable(error):
                raise self._refusal(
                    f"cannot reach it: {self._cause(error)}; is the server up and the URL right?"
                ) from None
            return None
        except (openai.OpenAIError, EndpointError, TimeoutError):
            return None
        return self._listing

    async def aclose(self) -> None:
        """Close the connections; closing twice is fine."""
        await self._connections.aclose()

    async def _reply(self, request: SampleRequest, sent: Parameters) -> Reply:
        """Ask; a judge once more for a short reply where there is no room for thoughts as well.

        vLLM refuses whatever might not fit, of a model that never thinks, too.
        """
        try:
            return await self.ask(request.messages, request.sampling, seed=request.seed, sent=sent)
        except TooLong:
            if request.role != "judge" or request.sampling.max_tokens <= _SHORT_REPLY:
                raise
        short = request.sampling.model_copy(update={"max_tokens": _SHORT_REPLY})
        return await self.ask(request.messages, short, seed=request.seed, sent=sent)

    async def _send(self, words: list[dict[str, str]], parameters: Parameters, logprobs_of: int) -> Reply:
        import openai

        self.requests += 1
        arguments: dict[str, Any] = {"messages": words, **body(parameters)}
        try:
            with self._connections.client() as client:
                raw = await post(client, "/chat/completions", arguments)
            reply = self._without_key(read_completion(raw.content, raw.headers, logprobs_of))
        except openai.APITimeoutError as error:
            # A connection that was never made has cost nothing and may be retried like any other.
            waited = type(error.__cause__).__name__ != "ConnectTimeout"
            kind = "time-out" if waited else "connection failed"
            raise Retryable(f"{kind}: {self._cause(error)}", timed_out=waited) from None
        except openai.APIConnectionError as error:
            raise Retryable(f"connection failed: {self._cause(error)}") from None
        except openai.APIStatusError as error:
            said = read_error(error.body)
            fault = classify(error.status_code, error.response.headers, said)
            raise await self._explained(fault, meant(error.status_code, said)) from None
        except openai.OpenAIError as error:
            raise Retryable(f"{type(error).__name__}: {self._scrubbed(str(error))}") from None
        except EndpointError as fault:
            raise await self._explained(fault, 200) from None
        except ValueError as error:
            raise self._refusal(f"the request cannot be sent: {error}") from None
        except RecursionError:
            raise Retryable("200 with JSON nested beyond reading") from None
        self.billed = self.billed.plus(reply.usage)
        return reply

    async def _explained(self, fault: EndpointError, status: int) -> EndpointError:
        """Return the fault without the key and, if it is final, with what to do about it."""
        if isinstance(fault, EndpointRefused):
            refusal = self._refusal(f"{fault}{await self._remedy(status)}")
            return Unacceptable(str(refusal)) if isinstance(fault, Unacceptable) else refusal
        if isinstance(fault, Retryable):
            return Retryable(
                self._scrubbed(fault.cause),
                retry_after=fault.retry_after,
                throttled=fault.throttled,
                timed_out=fault.timed_out,
            )
        fault.args = (self._scrubbed(str(fault)),)
        return fault

    async def _remedy(self, status: int) -> str:
        variables = " or ".join(self.target.key_env)
        if status == 401:
            without = "no key was sent" if self._key == NO_KEY else "the key was refused"
            return f" ({without}; check the environment variable {variables})" if variables else f" ({without})"
        if status == 403:
            return f" (the key in {variables} may not use this model)" if variables else ""
        if status == 404:
            return await self._nearest_model()
        return ""

    async def _nearest_model(self) -> str:
        listing = self._listing or await self.listing()
        if listing is None:
            return " Is the base URL right, with /v1 at its end?"
        known = listing.created
        if self.target.model in known:
            return ""
        hint = nearest(self.target.model, [shown(name, 80) for name in known])
        return hint if len(hint) < _LONG_LIST else f" The server names its {len(known)} models at {self.url}/models."

    def _refusal(self, message: str) -> EndpointRefused:
        return EndpointRefused(f"model {self.target.label!r} at {self.url}: {self._scrubbed(message)}")

    def _without_key(self, reply: Reply) -> Reply:
        return replace(
            reply,
            text=without_key(reply.text, self._key),
            raw=without_key(reply.raw, self._key),
            thoughts=without_key(reply.thoughts, self._key),
            model=without_key(reply.model, self._key),
            fingerprint=without_key(reply.fingerprint, self._key),
            response_id=without_key(reply.response_id, self._key),
            logprobs=without_key(reply.logprobs, self._key),
        )

    def _scrubbed(self, text: str) -> str:
        return scrub(shown(clean(text), 1000), self._key)

    def _cause(self, error: Exception) -> str:
        cause = error.__cause__ or error
        words = f"{type(cause).__name__}: {cause}" if str(cause) else type(cause).__name__
        return self._scrubbed(words)[:200]


def _nothing(stop_reason: str) -> Reply:
    return Reply("", "", stop_reason, False, Usage(), "", "", "", "")
