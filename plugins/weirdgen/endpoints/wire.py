"""Bytes of a chat completion -> clean answers. Model output is hostile: shapes are checked, strings cleaned.

Reads the bytes itself instead of the client's objects, which are built without validation: there a missing `choices`
is None, a page of HTML is a `str`, and a list as content passes through.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from weirdgen.endpoints.faults import Retryable, classify, read_error
from weirdgen.errors import EndpointError, EndpointRefused
from weirdgen.schema.sample import Usage
from weirdgen.schema.text import clean

_BROKEN_OFF = {"error", "network_error", "insufficient_system_resource", "content_filter_error", ""}
"""Finish reasons of servers that gave up midway; a real answer never has them."""
_THINK = "<think>", "</think>"


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer, every string clean."""

    text: str
    raw: str
    """JSON string of the answer before cleaning and with thoughts, empty if that is the text."""
    stop_reason: str
    refused: bool
    usage: Usage
    model: str
    fingerprint: str
    response_id: str
    """Of one choice among several with its number behind it: each is a draw of its own."""
    logprobs: str
    """JSON, of the first tokens only; empty if the server gave none."""
    thoughts: str = ""
    """What the model thought before it answered: a leading ``<think>`` block, or the server's own field for it."""


class Choices(NamedTuple):
    """The answers of one response."""

    replies: list[Reply]
    """At least one; those that broke off are not among them."""
    given: int
    """Choices in the response: a server that ignores `n` gives one."""


def read_completion(body: bytes, headers: Mapping[str, str], logprobs_of: int = 1) -> Choices:
    """Read the body of a 200 answer.

    The tokens of the prompt are the first reply's; those of the answers, of which servers give the sum, are shared out.

    Args:
        body: of the answer.
        headers: of the answer.
        logprobs_of: tokens of which logprobs are kept: all of a long answer would be megabytes.

    Raises:
        EndpointRefused: it is a page for people, so the address is wrong.
        Retryable: broken JSON or UTF-8, no choices, an error inside, no generation that did not break off.
    """
    data = read_json(body, headers)
    _raise_error_inside(data, headers)
    choices = data.get("choices")
    if not isinstance(choices, list) or not choices:
        raise Retryable("200 without choices", billed=True)
    response_id = _string(data.get("id"))
    sound: list[tuple[int, dict[str, Any], dict[str, Any]]] = []
    fault: EndpointError | None = None
    for number, choice in enumerate(choices):
        try:
            sound.append((number, choice, _message(choice, headers)))
        except EndpointError as error:
            fault = fault or error
    if fault and not sound:
        raise fault
    usages = _shared_out(_usage(data.get("usage")), len(sound))
    replies = []
    for (number, choice, message), usage in zip(sound, usages, strict=True):
        answer, refused = _answer(message)
        said, thought = _apart(answer)
        text = clean(said)
        reply = Reply(
            text=text,
            raw=json.dumps(answer) if text != answer else "",
            stop_reason=_string(choice.get("finish_reason")),
            refused=refused,
            usage=usage,
            model=_string(data.get("model")),
            fingerprint=_backend(data),
            response_id=f"{response_id}#{number}" if response_id and len(choices) > 1 else response_id,
            logprobs=_first_logprobs(choice.get("logprobs"), logprobs_of),
            thoughts=clean(thought or _reasoning(message)),
        )
        replies.append(reply)
    return Choices(replies, len(choices))


def _message(choice: Any, headers: Mapping[str, str]) -> dict[str, Any]:
    """Return a choice's message.

    Raises:
        EndpointError: there is none, or its generation broke off.
    """
    if not isinstance(choice, dict):
        raise Retryable("200 without choices", billed=True)
    _raise_error_inside(choice, headers)
    if _string(choice.get("finish_reason")) in _BROKEN_OFF:
        raise Retryable(f"generation broke off (finish_reason {choice.get('finish_reason')!r:.60})", billed=True)
    message = choice.get("message")
    if not isinstance(message, dict):
        raise Retryable("200 with a choice without message", billed=True)
    return message


def _shared_out(usage: Usage, replies: int) -> list[Usage]:
    each, rest = divmod(usage.completion_tokens, replies)
    first = Usage(prompt_tokens=usage.prompt_tokens, completion_tokens=each + rest)
    return [first] + [Usage(completion_tokens=each)] * (replies - 1)


def _first_logprobs(logprobs: Any, tokens: int) -> str:
    """Return what was told of the first tokens, of which a choice is read."""
    content = logprobs.get("content") if isinstance(logprobs, dict) else None
    return json.dumps({"content": content[:tokens]}) if isinstance(content, list) and content else ""


def read_json(body: bytes, headers: Mapping[str, str]) -> dict[str, Any]:
    """Read a JSON object.

    Raises:
        EndpointRefused: the body is HTML.
        Retryable: it is not UTF-8, not JSON (or nested beyond reading), or no object.
    """
    if "text/html" in headers.get("content-type", "").lower() or body[:200].lstrip().lower().startswith(
        (b"<!doctype", b"<html")
    ):
        raise EndpointRefused("answered with a web page instead of JSON: is the base URL right, with /v1 at its end?")
    try:
        data = json.loads(body.decode("utf-8"))
    except UnicodeDecodeError:
        raise Retryable("200 with invalid UTF-8", billed=True) from None
    except (ValueError, RecursionError):
        raise Retryable("200 with broken JSON", billed=True) from None
    if not isinstance(data, dict):
        raise Retryable(f"200 with a JSON {type(data).__name__} instead of an object", billed=True)
    return data


def _raise_error_inside(data: dict[str, Any], headers: Mapping[str, str]) -> None:
    if not data.get("error"):
        return
    error = read_error(data)
    if error.code.isascii() and error.code.isdigit() and 400 <= int(error.code[:4]) < 600:
        raise classify(int(error.code[:4]), headers, error)
    raise Retryable(f"200 with an error inside: {error.message}", billed=True)


def _backend(data: dict[str, Any]) -> str:
    """Return what names the backend: its fingerprint, at a gateway (OpenRouter) the provider that it chose as well."""
    provider = data.get("provider")
    told = provider if isinstance(provider, str) else "", data.get("system_fingerprint")
    return " ".join(filter(None, map(_string, told)))


def _answer(message: dict[str, Any]) -> tuple[str, bool]:
    content, refusal = message.get("content"), message.get("refusal")
    if isinstance(refusal, str) and refusal and not content:
        return refusal, True
    if isinstance(content, list):
        texts = [part.get("text") if isinstance(part, dict) else part for part in content]
        text = "".join(part for part in texts if isinstance(part, str))
        refusals = [part.get("refusal") for part in content if isinstance(part, dict)]
        refusal = "".join(part for part in refusals if isinstance(part, str))
        return text or refusal, bool(refusal and not text)
    if content is None:
        return "", False
    return (content if isinstance(content, str) else json.dumps(content)), False


def _apart(answer: str) -> tuple[str, str]:
    """Return an answer without the block of thoughts that it begins with, and the thoughts.

    A block that has no end is all there is. Thoughts that the prompt's template opened cannot be told from an answer
    and stay part of it.
    """
    head, ended, rest = answer.partition(_THINK[1])
    if not head.lstrip().startswith(_THINK[0]):
        return answer, ""
    return (rest.lstrip() if ended else ""), head.lstrip().removeprefix(_THINK[0]).strip()


def _reasoning(message: dict[str, Any]) -> str:
    """Return the thoughts that a server gives in a field of their own."""
    found = message.get("reasoning_content") or message.get("reasoning")
    return found if isinstance(found, str) else ""


def _usage(usage: Any) -> Usage:
    counts = usage if isinstance(usage, dict) else {}
    return Usage(
        prompt_tokens=_count(counts.get("prompt_tokens")),
        completion_tokens=_count(counts.get("completion_tokens")),
    )


def _count(value: Any) -> int:
    return value if type(value) is int and 0 <= value < 2**53 else 0


def _string(value: Any) -> str:
    return clean(value) if isinstance(value, str) else "" if value is None else json.dumps(value)
