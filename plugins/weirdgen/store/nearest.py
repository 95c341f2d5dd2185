"""What a store has instead of a sample that it does not have: a replay must say what is missing, and why."""

import functools
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from weirdgen.errors import nearest
from weirdgen.schema.sample import SampleRequest
from weirdgen.schema.text import shown
from weirdgen.store.connection import Connection

_EXCERPT = 80
"""Characters of a prompt or value that are shown."""


def nearest_sample(connection: Connection, request: SampleRequest) -> str:
    """Return the nearest recorded sample of the same model, and in what it differs, as a clause for people.

    The same prompt comes before everything else, then the same role, model version, stream and parameters.
    """
    wanted, model = request.model_dump(mode="json"), request.identity.model
    rows = connection.execute("SELECT request FROM samples WHERE model = ? ORDER BY key", (model,))
    unlike = _unlikeness(wanted)
    best = min((json.loads(text) for (text,) in rows), key=lambda found: _distance(wanted, found, unlike), default=None)
    if best is None:
        models = [str(name) for (name,) in connection.execute("SELECT DISTINCT model FROM samples")]
        return f"no sample of a model {_quoted(model)} was recorded.{nearest(model, map(shown, models))}".rstrip(".")
    differences = ", ".join(_differences(wanted, best))
    return f"the nearest one recorded differs in: {differences or 'nothing that weirdgen of this version asks for'}"


def asked(request: SampleRequest) -> str:
    """Return what a request asks of whom, for people."""
    stream = "" if request.stream == "round" else f" ({request.stream})"
    question, model = _quoted(request.messages[-1].content), _quoted(request.identity.model)
    return f"replicate {request.replicate}{stream} of {model} ({request.role}) for {question}"


def _distance(wanted: dict[str, Any], found: dict[str, Any], unlike: Callable[[str], float]) -> tuple[float, ...]:
    """Return how far apart two requests are; smaller is nearer, and the first entries count most."""
    prompt = 0.0 if wanted["messages"] == found["messages"] else 1.0 + unlike(_text(found))
    apart = [wanted[name] != found[name] for name in ("role", "identity", "sampling", "stream")]
    return prompt, *apart, abs(wanted["replicate"] - found["replicate"])


def _unlikeness(wanted: dict[str, Any]) -> Callable[[str], float]:
    """Return a measure of how few words a text shares with what was wanted, in [0, 1]; each text is read once."""
    mine = set(re.findall(r"\w+", _text(wanted)))

    @functools.cache
    def unlike(text: str) -> float:
        words = set(re.findall(r"\w+", text))
        return 1.0 - len(mine & words) / max(1, len(mine | words))

    return unlike


def _text(request: dict[str, Any]) -> str:
    return "\n".join(message["content"] for message in request["messages"])


def _differences(wanted: dict[str, Any], found: dict[str, Any]) -> Iterator[str]:
    if wanted["messages"] != found["messages"]:
        yield f"the prompt ({_unlike_message(wanted['messages'], found['messages'])})"
    for name in ("role", "stream"):
        if wanted[name] != found[name]:
            yield f"its {name} ({found[name]})"
    for part, what in (("identity", "the model's"), ("sampling", "the parameter")):
        for name in sorted(wanted[part].keys() | found[part].keys()):
            now, then = wanted[part].get(name), found[part].get(name)
            if now != then:
                yield f"{what} {name} ({_told(then)}, not {_told(now)})"
    if wanted["replicate"] != found["replicate"]:
        yield f"the replicate (number {found['replicate']})"


def _unlike_message(wanted: list[dict[str, str]], found: list[dict[str, str]]) -> str:
    """Return the first message of a recorded prompt that is another one."""
    return next((_quoted(one["content"]) for one in found if one not in wanted), "fewer messages")


def _told(value: Any) -> str:
    return "none" if value in (None, "") else _quoted(str(value))


def _quoted(text: str) -> str:
    """Return a text in quotes, safe to show; not by `repr`, which would escape the escapes."""
    return f"'{shown(text, _EXCERPT)}'"
