"""What an LLM judge replied: one label of a closed set, or nothing.

Strict on purpose: a reply that explains itself, hedges, names two labels or breaks off is no label. Elsewhere a verbose
verdict ("Yes, the model violated ...") was counted as a pass (research: promptfoo and deepeval issues).
"""

import json
import math
import re
from typing import Any

from weirdgen.schema.probe import Rubric

PARSER_VERSION = 1
"""Raised whenever the same reply could give another label."""
LABEL_KEY, RATING_KEY = "label", "rating"
_LONGEST = 100_000
"""Characters of a reply that are read at all; thoughts included."""
_THOUGHTS = "</think>"
_BLOCK = "```"
_NUMBER = re.compile(r"\d{1,3}")
_LEAST_KNOWN = 0.5
"""Chance of ratings among the first tokens below which their mean would be that of the odd ones out."""


def read_reply(rubric: Rubric, reply: str, logprobs: str = "") -> str | None:
    """Return the label that a reply gives; None if it is not exactly one.

    Taken as a label are the JSON object that was asked for, with that key alone, and the bare word. Thoughts in front
    (what ends with the only ``</think>``) and a code block around it are passed over. A rating is a whole number of 0
    to 100; where the server told the chances of the first token, their mean stands for the one that was drawn.

    Args:
        rubric: of the behaviour.
        reply: of a judge, complete.
        logprobs: of the reply's first token, as a sample has them; empty: not known.
    """
    said = _without_thoughts(reply)
    if said is None:
        return None
    words = [label for label in rubric.labels if label not in rubric.rating]
    found = _value(said, LABEL_KEY)
    if isinstance(found, str) and found in words:
        return found
    if not rubric.rating:
        return None
    number = _rating(_value(said, RATING_KEY))
    if number is None:
        return None
    mean = _mean_rating(logprobs, number) if said == reply.strip() else None
    return grade(rubric, number if mean is None else mean)


def grade(rubric: Rubric, rating: float) -> str:
    """Return the label of a rating in [0, 100]: the graded label with the highest bound that it reaches."""
    bounds = {bound: label for label, bound in rubric.rating.items() if bound <= rating}
    return bounds[max(bounds)]


def _without_thoughts(reply: str) -> str | None:
    """Return what is said after the thoughts; None for one that never came to an end, or is too long to read."""
    if len(reply) > _LONGEST:
        return None
    _, ended, after = reply.partition(_THOUGHTS)
    if (not ended and "<think>" in reply) or _THOUGHTS in after:
        return None
    said = (after if ended else reply).strip()
    if len(said) > 2 * len(_BLOCK) and said.startswith(_BLOCK) and said.endswith(_BLOCK):
        return said[len(_BLOCK) : -len(_BLOCK)].removeprefix("json").strip()
    return said


def _value(said: str, key: str) -> object:
    """Return what the JSON object of one key holds; of text that is no JSON object the text itself."""
    if not said.startswith("{"):
        return said
    try:
        found: Any = json.loads(said, object_pairs_hook=_once)
    except (ValueError, RecursionError):
        return None
    return found.get(key) if isinstance(found, dict) and set(found) == {key} else None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Build an object; a key that stands twice makes it unreadable, because readers differ in which one they take."""
    if len({key for key, _ in pairs}) != len(pairs):
        raise ValueError("a key stands twice")
    return dict(pairs)


def _rating(value: object) -> int | None:
    if isinstance(value, str) and _NUMBER.fullmatch(value) and value.isascii():
        value = int(value)
    return value if type(value) is int and 0 <= value <= 100 else None


def _mean_rating(logprobs: str, drawn: int) -> float | None:
    """Return the mean of the numbers that the first token could have been; None where that is not known.

    The first token must be the whole number. Where tokens are single digits it is the first digit only: there no listed
    token is a number of two digits, and nothing is told of whole numbers.
    """
    try:
        first = json.loads(logprobs)["content"][0]
        token, listed = first["token"], [(one["token"], float(one["logprob"])) for one in first["top_logprobs"]]
    except (ValueError, LookupError, TypeError, RecursionError, OverflowError):
        return None
    chances: dict[int, float] = {}
    for name, logprob in listed:
        number = _rating(name.strip()) if isinstance(name, str) else None
        if number is not None and logprob <= 0:
            chances[number] = chances.get(number, 0.0) + math.exp(logprob)
    total = sum(chances.values())
    whole = isinstance(token, str) and token.strip() == str(drawn) and any(number >= 10 for number in chances)
    if not whole or not _LEAST_KNOWN <= total <= 1.001:
        return None
    return sum(number * chance for number, chance in chances.items()) / total
