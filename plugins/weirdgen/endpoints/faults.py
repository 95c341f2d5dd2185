"""What went wrong with one attempt, and whether another one can help (the table of causes is in the tests).

Pure: statuses, headers and bodies in, errors out. Messages are clean and short, but may still hold an echoed key:
the client scrubs them.
"""

import email.utils
import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from weirdgen.errors import EndpointError, EndpointOutage, EndpointRefused
from weirdgen.schema.text import clean, shown

_RETRYABLE = {408, 409, 425, 429}
_GAVE_UP_WAITING = {504, 524}
"""A gateway did, and what it waited for may have been billed."""
_NO_MONEY = {"insufficient_quota", "billing_hard_limit_reached", "billing_not_active"}
_FILTERED = {"content_filter", "content_policy_violation", "invalid_prompt"}
_TOO_LONG = {"context_length_exceeded", "exceed_context_size_error", "string_above_max_length"}
_TOO_LONG_WORDS = ("maximum context length", "context window", "context length", "exceeds the available context size")
_FORMAT_WORDS = ("response_format", "response format", "json_schema", "json schema", "structured output", "grammar")
_OWN_SAMPLING = {"temperature", "top_p"}
"""What reasoning models choose themselves."""
_OWN_MISTAKE = re.compile(r"(?i)\d validation errors?:|\blogprobs is not supported")
"""What llama_cpp.server says with status 500 of a request that it does not take."""
_SEED = re.compile(r"(?i)\bseed\b")
_MESSAGE_LIMIT = 300


class Retryable(EndpointOutage):
    """One attempt failed in a way that the next may not. The sampler retries it; nobody above sees it."""

    def __init__(
        self,
        cause: str,
        *,
        retry_after: float | None = None,
        throttled: bool = False,
        timed_out: bool = False,
        billed: bool = False,
    ):
        """Describe the fault.

        Args:
            cause: a few words for the final message.
            retry_after: seconds the server asked to wait, if it did.
            throttled: the server said it has too many requests (429, 503, 529).
            timed_out: nothing came within the deadline.
            billed: an answer may have been made and billed all the same: it came broken, or got lost. True where it
                timed out.
        """
        super().__init__(cause)
        self.cause = cause
        self.retry_after = retry_after
        self.throttled = throttled
        self.timed_out = timed_out
        self.billed = billed or timed_out


class Filtered(EndpointError):
    """The server's filter took the prompt: a censored sample, neither an outage nor a mistake."""


class Swap(EndpointError):
    """The server does not take a parameter as it was sent; another form of the request may do."""


class SwapLimit(Swap):
    """The server wants `max_completion_tokens` instead of `max_tokens`."""


class SwapLogprobs(Swap):
    """The server gives no logprobs, or not so many: the answer is the same without."""


class SwapFormat(Swap):
    """The server cannot hold a reply to a JSON schema: the reply is read as strictly without."""


class SwapSeed(Swap):
    """The server takes no seed: samples are as independent without."""


class SwapSampling(Swap):
    """The server does not take a temperature or a top_p."""

    def __init__(self, message: str, parameter: str, *, own_only: bool):
        """Describe the refusal.

        Args:
            message: of the server.
            parameter: its name.
            own_only: the server says that it takes no value but its own.
        """
        super().__init__(message)
        self.parameter = parameter
        self.own_only = own_only


class Unacceptable(EndpointRefused):
    """A request that the server does not take as it is: a setting is wrong, or it holds an answer that is not liked."""


class TooLong(EndpointError):
    """The prompt, with room for the reply, does not fit the context: no mistake where an answer has to be judged."""


@dataclass(frozen=True, slots=True)
class ErrorBody:
    """What the server said about an error; every field may be empty."""

    message: str
    code: str
    param: str
    type: str


def read_error(body: Any) -> ErrorBody:
    """Read an error body of any server: `{"error": {...}}`, the inner object, `{"detail": ...}` or plain text.

    Gemini's stands in a list; OpenRouter's says in its metadata what the provider said.
    """
    if isinstance(body, list) and len(body) == 1:
        body = body[0]
    inner = body.get("error", body) if isinstance(body, dict) else body
    if not isinstance(inner, dict):
        return ErrorBody(_words(inner), "", "", "")
    message = next((inner[name] for name in ("message", "detail", "msg", "error") if inner.get(name)), "")
    metadata = inner.get("metadata")
    if isinstance(message, str) and isinstance(metadata, dict) and metadata.get("raw"):
        message = f"{message}: {_words(metadata['raw'])}"
    return ErrorBody(_words(message), _words(inner.get("code")), _words(inner.get("param")), _words(inner.get("type")))


def classify(status: int, headers: Mapping[str, str], error: ErrorBody) -> EndpointError:
    """Turn an HTTP error into Retryable, a Swap, Filtered or EndpointRefused.

    Args:
        status: HTTP status, or the code inside an error body that came with status 200.
        headers: of the response, looked up in lower case.
        error: what the server said.
    """
    said = f"{status} {error.message}".strip()
    if status == 429 and {error.code, error.type} & _NO_MONEY:
        return EndpointRefused(f"{said} (the account has no credit left: {error.code or error.type})")
    # Before all others: vLLM names both limits where a reply has no room, and proxies pass a 400 on as 502.
    if status not in _RETRYABLE and _too_long(error):
        return TooLong(said)
    if status in {400, 413, 422} or (status == 500 and _OWN_MISTAKE.search(error.message)):
        return _classify_bad_request(said, error)
    if status in _RETRYABLE or status >= 500:
        throttled = status in {429, 503, 529}
        return Retryable(
            said,
            retry_after=retry_after(headers),
            throttled=throttled,
            timed_out=status == 408,
            billed=status in _GAVE_UP_WAITING,
        )
    return EndpointRefused(said)


def meant(status: int, error: ErrorBody) -> int:
    """Return the status that says what is wrong: LiteLLM without a database gives 400 for a key that it lacks."""
    return 401 if status == 400 and error.type == "no_db_connection" else status


def retry_after(headers: Mapping[str, str], now: float | None = None) -> float | None:
    """Return the seconds that `retry-after-ms` or `retry-after` (seconds or a date) ask for, None if neither does."""
    for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        text = headers.get(name, "")
        try:
            seconds = float(text) * unit
        except ValueError:
            continue
        # Also refuses NaN; a server that says "inf" is as good as gone, and the sampler's deadline decides.
        if seconds >= 0:
            return seconds
    try:
        at = email.utils.parsedate_to_datetime(headers.get("retry-after", "")).timestamp()
    except (ValueError, OverflowError):
        return None
    return max(0.0, at - (time.time() if now is None else now))


def _classify_bad_request(said: str, error: ErrorBody) -> EndpointError:
    if error.code in _FILTERED:
        return Filtered(said)
    if "max_completion_tokens" in error.message and error.param in {"max_tokens", ""} and "max_tokens" in error.message:
        return SwapLimit(said)
    if "logprobs" in error.param or "logprobs" in error.message:
        return SwapLogprobs(said)
    if any(word in f"{error.param} {error.message}".lower() for word in _FORMAT_WORDS):
        return SwapFormat(said)
    if error.param == "seed" or _SEED.search(error.message):
        return SwapSeed(said)
    named = error.param or ("temperature" if "temperature" in error.message.lower() else "")
    unsupported = error.code.startswith("unsupported") or "unsupported" in error.message.lower()
    if error.param and unsupported:
        said = (
            f"{said} (parameter {error.param!r}: weirdgen drops none silently, since that would change what is "
            "measured; take a model that takes it)"
        )
    return SwapSampling(said, named, own_only=unsupported) if named in _OWN_SAMPLING else Unacceptable(said)


def _too_long(error: ErrorBody) -> bool:
    words = error.message.lower()
    return bool({error.code, error.type} & _TOO_LONG) or any(known in words for known in _TOO_LONG_WORDS)


def _words(value: Any) -> str:
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value, default=repr)
    return shown(clean(text), _MESSAGE_LIMIT)
