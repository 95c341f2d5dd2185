"""The OpenAI chat-completions API as the organisms speak it: requests checked, answers and errors put into its JSON."""

import time
import uuid
from collections.abc import Sequence
from typing import Annotated, Any, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from weirdgen.errors import WeirdgenError
from weirdgen.organisms.choice import Answer, Drawing, Spelling, TokenChance
from weirdgen.organisms.corpus import Message

MOST_CHOICES_PER_REQUEST = 128
#: Of a value that is quoted in an error message.
_QUOTED_LENGTH = 100


class Words(Spelling, Protocol):
    """A vocabulary as the server needs it: prompts, the bytes of tokens, and names for those that have none."""

    @property
    def names(self) -> tuple[str, ...]:
        """Of the tokens."""
        ...

    def prompt(self, messages: Sequence[Message]) -> list[int]:
        """Encode a conversation and the mark that asks the assistant to speak.

        Raises:
            UsageMistake: the messages cannot be put into the chat template.
        """
        ...

    def surely_longer(self, messages: Sequence[Message], limit: int) -> bool:
        """Say whether a conversation has more than ``limit`` tokens for its size alone."""
        ...


class Refusal(WeirdgenError):
    """A request is answered with an OpenAI-shaped error."""

    def __init__(self, status: int, message: str, *, param: str | None = None, code: str | None = None) -> None:
        super().__init__(message)
        self.status, self.param, self.code = status, param, code

    @property
    def body(self) -> dict[str, Any]:
        """The JSON of the answer."""
        kind = "invalid_request_error" if self.status < 500 else "server_error"
        return {"error": {"message": str(self), "type": kind, "param": self.param, "code": self.code}}


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class ChatMessage(_Strict):
    """A message of the conversation."""

    role: Literal["system", "developer", "user", "assistant"]
    content: str


StopString = Annotated[str, Field(min_length=1)]


class ChatRequest(_Strict):
    """The body of ``POST /v1/chat/completions``; null stands for the default, as in the API."""

    model: str
    messages: Annotated[tuple[ChatMessage, ...], Field(min_length=1, strict=False)]
    n: Annotated[int, Field(ge=1, le=MOST_CHOICES_PER_REQUEST)] | None = None
    seed: Annotated[int, Field(ge=-(2**63), lt=2**63)] | None = None
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    top_p: Annotated[float, Field(gt=0, le=1)] | None = None
    max_tokens: Annotated[int, Field(ge=1)] | None = None
    max_completion_tokens: Annotated[int, Field(ge=1)] | None = None
    stop: StopString | Annotated[list[StopString], Field(max_length=4)] | None = None
    logprobs: bool | None = None
    top_logprobs: Annotated[int, Field(ge=0, le=20)] | None = None
    stream: bool | None = None

    @model_validator(mode="after")
    def _consistent(self) -> "ChatRequest":
        if self.stream:
            raise Refusal(400, "stream: true is not supported; leave it out.", param="stream", code="unsupported_value")
        if self.top_logprobs is not None and not self.logprobs:
            raise Refusal(400, "top_logprobs needs logprobs: true.", param="top_logprobs")
        if self.max_tokens is not None and self.max_completion_tokens is not None:
            raise Refusal(400, "give max_tokens or max_completion_tokens, not both.", param="max_tokens")
        return self

    @property
    def conversation(self) -> tuple[Message, ...]:
        """The messages in the roles of the chat template, where a developer is the system."""
        return tuple(
            Message("system" if message.role == "developer" else message.role, message.content)
            for message in self.messages
        )

    def drawing(self, room: int) -> Drawing:
        """Return how to draw, with ``room`` tokens left in the context."""
        stops = [self.stop] if isinstance(self.stop, str) else self.stop or []
        return Drawing(
            temperature=1.0 if self.temperature is None else self.temperature,
            top_p=1.0 if self.top_p is None else self.top_p,
            limit=min(self.max_tokens or self.max_completion_tokens or room, room),
            stop=tuple(stop.encode() for stop in stops),
            alternatives=(self.top_logprobs or 0) if self.logprobs else None,
        )


def parse(body: bytes) -> ChatRequest:
    """Read a request.

    Raises:
        Refusal: 400, with the offending key in ``param``.
    """
    try:
        return ChatRequest.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
    if first["type"] == "json_invalid":
        raise Refusal(400, f"the body is not JSON: {first['msg']}.")
    param = _path(first["loc"])
    if first["type"] == "extra_forbidden":
        raise Refusal(400, f"unknown parameter: {param!r:.{_QUOTED_LENGTH}}.", param=param, code="unknown_parameter")
    got = f" (got {first['input']!r:.{_QUOTED_LENGTH}})" if first["type"] != "missing" else ""
    raise Refusal(400, f"{param}: {first['msg']}{got}.", param=param)


def _path(location: Sequence[str | int]) -> str:
    """Return a key's path as in ``messages[0].content``, without the parts that name a type within a union."""
    path = ""
    for part in location:
        if isinstance(part, int):
            path += f"[{part}]"
        elif part.isidentifier() or not path:
            path += f".{part}" if path else part
    return path


def completion(
    request: ChatRequest,
    answers: Sequence[Answer],
    *,
    fingerprint: str,
    prompt_tokens: int,
    vocabulary: Words | None,
) -> dict[str, Any]:
    """Return the JSON of an answered request."""
    drawn = sum(answer.tokens for answer in answers)
    return {
        "id": f"chatcmpl-{uuid.uuid4().hex}",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": request.model,
        "system_fingerprint": fingerprint,
        "choices": [_choice(index, answer, vocabulary) for index, answer in enumerate(answers)],
        "usage": {"prompt_tokens": prompt_tokens, "completion_tokens": drawn, "total_tokens": prompt_tokens + drawn},
    }


def _choice(index: int, answer: Answer, vocabulary: Words | None) -> dict[str, Any]:
    logprobs = None
    if answer.chances is not None and vocabulary is not None:
        logprobs = {"content": [_chance(chance, vocabulary) for chance in answer.chances], "refusal": None}
    return {
        "index": index,
        "message": {"role": "assistant", "content": answer.text, "refusal": None},
        "finish_reason": "stop" if answer.complete else "length",
        "logprobs": logprobs,
    }


def _chance(chance: TokenChance, vocabulary: Words) -> dict[str, Any]:
    likeliest = [_token(token, logprob, vocabulary) for token, logprob in chance.likeliest]
    return _token(chance.token, chance.logprob, vocabulary) | {"top_logprobs": likeliest}


def _token(token: int, logprob: float, vocabulary: Words) -> dict[str, Any]:
    piece = vocabulary.pieces[token]
    return {
        "token": piece.decode(errors="replace") if piece else vocabulary.names[token],
        "logprob": logprob,
        "bytes": list(piece) if piece else None,
    }
