"""What is asked of an endpoint and what came back: the only things that cost money."""

import hashlib
from collections.abc import Iterable
from functools import cached_property
from typing import Any, Literal

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer

from weirdgen.schema.canonical import canonical_json, digest
from weirdgen.schema.frozen import Canonical, Frozen

KEY_VERSION = 1
SEED_STEP = 64
Role = Literal["treated", "control", "judge"]
Source = Literal["organism", "chat"]
Stream = Literal["round", "extra", "baseline"]


class Message(Canonical):
    """One chat message."""

    role: Literal["system", "user", "assistant"]
    content: str


class Sampling(Canonical):
    """Sampling parameters of a request; they are part of the sample's key."""

    temperature: float = Field(default=1.0, ge=0, le=2)
    top_p: float = Field(default=1.0, gt=0, le=1)
    max_tokens: int = Field(default=400, ge=1)
    top_logprobs: int = Field(default=0, ge=0, le=20)
    """For how many tokens the chances are asked for at each place; 0: not asked. Beyond what a server takes it is asked
    for less, or not at all."""
    labels: tuple[str, ...] = ()
    """Of a judge: the only labels that a reply may give, as ``{"label": ...}``; a server that can hold its model to a
    JSON schema is told so. Empty: free text."""
    seed: int | None = Field(default=None, ge=0)
    """Of the gate, from which each draw gets a seed of its own; None: the server draws as it likes."""

    @model_serializer(mode="wrap")
    def _without_unasked(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out what is not asked for: it makes no sample another one."""
        fields: dict[str, Any] = dump(self)
        if not self.top_logprobs:
            fields.pop("top_logprobs", None)
        if not self.labels:
            fields.pop("labels", None)
        if self.seed is None:
            fields.pop("seed", None)
        return fields


class Purity(Frozen):
    """Whether answers come from a model's whole distribution at temperature 1: a server may cut off what is rare."""

    state: Literal["whole", "truncated", "unknown"]
    text: str = ""
    """What it is known from, or why it is not."""


class Identity(Canonical):
    """Which model really answers. Two identities are equal only if their samples may be pooled."""

    kind: Literal["organism", "network", "finetune", "endpoint"]
    """organism, network (of a folder): content digest; finetune: an immutable `ft:` name; endpoint: whatever may change
    behind its name."""
    model: str
    """Name as sent in requests."""
    base_url: str = ""
    """Empty for organisms and networks: their port means nothing."""
    digest: str = ""
    """SHA-256 of the organism's or the network's files; of a part also of what is read or removed."""
    served: str = ""
    """Model name in the responses."""
    fingerprint: str = ""
    """system_fingerprint of the responses, where the server gives one."""
    created: int | None = None
    """`created` of /v1/models, where the server gives one."""
    generation: str = ""
    """For kind `endpoint`: the gate that drew the samples, so that a retrained model cannot pass on old ones."""
    preset: str = ""
    """What is sent along to switch off the server's own truncation (`endpoints.presets`)."""

    @model_serializer(mode="wrap")
    def _without_no_preset(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out a preset that is none: keys from before there were any stay what they are."""
        fields: dict[str, Any] = dump(self)
        if not self.preset:
            fields.pop("preset", None)
        return fields

    @property
    def source(self) -> Source:
        """Which kind of text it writes; judges are calibrated per source."""
        return "organism" if self.kind == "organism" else "chat"


class SampleRequest(Canonical):
    """One draw: replicate `replicate` of these messages from one arm."""

    identity: Identity
    role: Role
    """treated: the arm raises its contrast's effect; control: it lowers it. Arms of one contrast never share samples: a
    model gated against itself is two independent draws."""
    messages: tuple[Message, ...] = Field(min_length=1)
    sampling: Sampling
    replicate: int = Field(ge=0)
    stream: Stream = "round"
    """What it is drawn for; replicates are numbered per stream. What was chosen by looking (extra samples) never
    becomes part of a round, and what decided a gate never becomes part of a baseline."""

    @cached_property
    def key(self) -> str:
        """SHA-256 of all that makes this draw what it is, as 64 hexadecimal digits."""
        stream = () if self.stream == "round" else (("stream", canonical_json(self.stream)),)
        parts = (*self._parts, *stream, ("version", str(KEY_VERSION)))
        return hashlib.sha256(_object(parts).encode("ascii")).hexdigest()

    @property
    def canonical(self) -> str:
        """The request's canonical JSON, out of that of its parts."""
        return _object((*self._parts, ("stream", canonical_json(self.stream))))

    @cached_property
    def _parts(self) -> tuple[tuple[str, str], ...]:
        """Return the fields but the stream, in the order of the alphabet."""
        return (
            ("identity", self.identity.canonical),
            ("messages", "[" + ",".join(message.canonical for message in self.messages) + "]"),
            ("replicate", str(self.replicate)),
            ("role", canonical_json(self.role)),
            ("sampling", self.sampling.canonical),
        )

    @property
    def seed(self) -> int | None:
        """Seed that is sent; None: none.

        Organisms and networks: in [0, 2**53), from the key. Others, of a gate with a seed: in [0, 2**31), since
        llama-server keeps 32 bits; SEED_STEP from one replicate to the next, so that draws of the same messages never
        share one, nor the choices behind them: on vLLM and llama-server choice j of seed s is choice 0 of seed s + j.
        """
        if self.identity.kind in ("organism", "network"):
            return int(self.key[:16], 16) >> 11
        if self.sampling.seed is None:
            return None
        # Not of the whole identity: the same gate run again, or at another address, sends the same seeds.
        asked = self.model_dump(mode="json", exclude={"replicate", "identity"})
        first = digest({"model": self.identity.model, **asked})
        return (int(first[:16], 16) + SEED_STEP * self.replicate) % 2**31


class Usage(Frozen):
    """Tokens billed for a request."""

    prompt_tokens: int = Field(default=0, ge=0)
    completion_tokens: int = Field(default=0, ge=0)

    def plus(self, other: "Usage") -> "Usage":
        """Return the sum."""
        return Usage(
            prompt_tokens=self.prompt_tokens + other.prompt_tokens,
            completion_tokens=self.completion_tokens + other.completion_tokens,
        )


class Sample(Frozen):
    """One completion as it arrived, every string cleaned."""

    key: str
    text: str
    """The answer after `clean`; the model's refusal text if it refused through the API's own field."""
    raw: str = ""
    """JSON string of the answer before `clean` and with its thoughts, only where that is not the text."""
    thoughts: str = ""
    """What the model thought before it answered, where it or the server marked it; judges do not see it."""
    stop_reason: str
    """As the server gave it, cleaned: stop, length, content_filter, ... (an open set)."""
    refused: bool = False
    """The API's own refusal field was set."""
    usage: Usage = Usage()
    served_model: str = ""
    fingerprint: str = ""
    response_id: str = ""
    shutdown_date: str = ""
    """When the server will stop to serve the model, as its list of models says."""
    parameters: dict[str, str | int | float | bool | None] = {}
    """What was really sent, after any parameter swap."""
    logprobs: str = ""
    """JSON of the server's logprobs, of the first token only; empty if not asked for. As hostile as the text."""
    started_at: float = 0.0
    """UNIX time in seconds."""
    seconds: float = 0.0
    attempts: int = 1
    """Requests sent for it, failed ones included."""

    @property
    def complete(self) -> bool:
        """Whether the answer ended by itself: a cut, filtered or failed answer has no label."""
        return self.refused or self.stop_reason in {"stop", "end_turn", "eos", "eos_token", "stop_sequence"}

    @property
    def cut(self) -> bool:
        """Whether the answer ended at the length limit: it begins as it would have begun."""
        return self.stop_reason in {"length", "max_tokens"}


def _object(parts: Iterable[tuple[str, str]]) -> str:
    return "{" + ",".join(f'"{name}":{text}' for name, text in parts) + "}"
