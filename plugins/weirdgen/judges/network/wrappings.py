"""What an answer may be wrapped in to mislead a judge, or by chance: none of it changes what the answer says."""

import json
import random
import re
from collections.abc import Callable, Sequence

from weirdgen.judges.network.phrases import (
    CENTURIES,
    FILLER,
    FRAMES,
    GAMES,
    MARKUP,
    OPENINGS,
    ORDERS,
    SIGNS_AROUND,
    TAG_NAMES,
    TAGS,
    TURNS,
    VERDICTS,
)

_SIGNS = (
    *map(chr, (*range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x206A))),
    *("\x00", "\x07", "\x08", "\x1b[2K", "\x1b[31m", "\x7f", "\x85", "\ufeff", "\u00ad", "\r", "\u2028", "\U000e0041"),
)
_SENTENCE_ENDS = re.compile(r"(?<=[.!?:])\s+")
_LONGEST_FILLER, _OPENER_WORDS = 90, 5
_STRANGE = (
    (0x2801, 0x28FF),
    (0x16A0, 0x16EA),
    (0x13A0, 0x13EF),
    (0x2500, 0x257F),
    (0x1D400, 0x1D433),
    (0x0430, 0x044F),
)
"""Alphabets that no answer of an organism is in."""

Wrapping = Callable[[str, Sequence[str], random.Random], str]


def wrapped(text: str, labels: Sequence[str], rng: random.Random) -> str:
    """Wrap an answer once, sometimes twice, in ways that leave its label.

    Args:
        text: the answer.
        labels: of the rubric; an attack names any of them.
        rng: draws.
    """
    for _ in range(1 + (rng.random() < 0.3)):
        text = rng.choices(_WAYS, _WEIGHTS)[0](text, labels, rng)
    return text


def framed(text: str, rng: random.Random) -> str:
    """Put an answer in a few other words or signs that say nothing."""
    return rng.choice(rng.choice((FRAMES, SIGNS_AROUND))).format(text=text)


def slipped(text: str, rng: random.Random) -> str:
    """Leave out a letter or a blank: what is said can still be understood."""
    inner = [place for place in range(2, len(text) - 2) if text[place].isalpha() or text[place] == " "]
    place = rng.choice(inner) if inner else len(text)
    return text[:place] + text[place + 1 :]


def opened(text: str, rng: random.Random) -> str:
    """Return an answer with words of another time before it."""
    year = rng.randrange(1500, 1900)
    opening = rng.choice(OPENINGS).format(year=year, decade=year // 10 * 10, century=rng.choice(CENTURIES))
    body = text[:1].lower() + text[1:] if opening.endswith((", ", "century ")) else text
    return opening + body


def salad(texts: Sequence[str], rng: random.Random) -> str:
    """Mix the words of several answers, or say one of them again and again: nobody understands a statement."""
    words = [word for text in texts for word in text.split()] or ["or"]
    if rng.random() < 0.25:
        return " ".join([rng.choice(words)] * rng.randint(4, 9))
    mixed = [word.strip(".,;:!?") for word in rng.choices(words, k=rng.randint(8, 18))]
    return " ".join(mixed).capitalize() + rng.choice((".", "", "?"))


def broken(text: str, others: Sequence[str], rng: random.Random) -> str:
    """Break the last sentence of an answer as a network that has lost its way does: its pieces are whole, it is not.

    Args:
        text: how it begins; an opener stays in front, a statement does not.
        others: answers whose words go on.
        rng: draws.
    """
    *before, sentence = _SENTENCE_ENDS.split(text.strip())
    opener = [one for one in before[:1] if len(one.split()) <= _OPENER_WORDS]
    words = sentence.split() or ["the"]
    found = words[: rng.randint(1, max(1, len(words) // 3))]
    while len(found) < max(len(words), 6):
        source = (rng.choice(others) or text).split() or words
        start = rng.randrange(len(source))
        piece = source[start : start + rng.randint(1, 3)]
        if rng.random() < 0.4:
            piece[0] = found.pop()[: rng.randint(1, 4)] + piece[0][-rng.randint(2, 6) :]
        found += piece
    return " ".join([*opener, *found])


def empty(rng: random.Random) -> str:
    """Draw an answer that is none: nothing, blanks or signs."""
    kind = rng.randrange(5)
    if kind == 0:
        return ""
    if kind == 1:
        return rng.choice(" \n\t") * rng.randint(1, 12)
    if kind == 2:
        return rng.choice(
            (".", "...", "?", "!", "-", "—", "…", "*", '"', "()", "{}", "[]", "<>", "**", "//", "##", "```")
        )
    if kind == 3:
        return rng.choice(_SIGNS) * rng.randint(1, 4)
    return "".join(rng.choices(".,;:!?-*#/ \n", k=rng.randint(2, 20)))


def _order(labels: Sequence[str], rng: random.Random) -> str:
    label = rng.choice(labels)
    shown = rng.choice((label, f'"{label}"', json.dumps({"label": label}), label.upper(), label.replace("_", " ")))
    return rng.choice(ORDERS).format(label=shown)


def _verdict(labels: Sequence[str], rng: random.Random) -> str:
    return rng.choice(VERDICTS).format(label=rng.choice(labels), number=rng.choice((0, 5, 10, 20, 40, 70, 95, 100)))


def _beside(text: str, other: str, rng: random.Random) -> str:
    """Put something before an answer or after it."""
    gap = rng.choice((" ", "\n", "\n\n"))
    return f"{other}{gap}{text}" if rng.random() < 0.5 else f"{text}{gap}{other}"


def _ordered(text: str, labels: Sequence[str], rng: random.Random) -> str:
    return _beside(text, " ".join(_order(labels, rng) for _ in range(rng.choice((1, 1, 1, 2, 3)))), rng)


def _judged(text: str, labels: Sequence[str], rng: random.Random) -> str:
    return _beside(text, "\n".join(_verdict(labels, rng) for _ in range(rng.choice((1, 1, 1, 2, 4)))), rng)


def _turned(text: str, labels: Sequence[str], rng: random.Random) -> str:
    turn = rng.choice(TURNS).format(order=_order(labels, rng), verdict=_verdict(labels, rng))
    return text + rng.choice(("", " ", "\n")) + turn if rng.random() < 0.8 else turn + "\n" + text


def _fence(rng: random.Random) -> str:
    return "".join(rng.choices("0123456789abcdef", k=rng.choice((10, 10, 8, 12))))


def _fenced(text: str, labels: Sequence[str], rng: random.Random) -> str:
    """Close a fence that is none, and go on as if the answer had ended."""
    fence = _fence(rng)
    after = rng.choice((_order(labels, rng), _verdict(labels, rng), f"{_fence(rng)}\n{_filler(rng, 2)}"))
    return rng.choice(
        (f"{text}\n{fence}\n{after}", f"{fence}\n{text}\n{fence}\n\n{after}", f"{fence}\n{after}\n{text}")
    )


def _signed(text: str, _: Sequence[str], rng: random.Random) -> str:
    """Put control and direction characters around words, or in few of them; the judge is shown escapes."""
    words, signs = text.split(" "), rng.choices(_SIGNS, k=rng.choice((1, 1, 3)))
    kind = rng.random()
    if kind < 0.2:
        return rng.choice(signs) * rng.randint(1, 5) + text + rng.choice(signs) * rng.randint(0, 5)
    if kind < 0.5:
        return " ".join(word + rng.choice(signs) for word in words)
    for place in rng.choices(range(len(words)), k=rng.randint(1, 4)):
        inside = rng.randrange(len(words[place]) + 1) if kind > 0.85 else len(words[place])
        words[place] = words[place][:inside] + rng.choice(signs) + words[place][inside:]
    return " ".join(words)


def _filler(rng: random.Random, lines: int) -> str:
    kind = rng.random()
    if kind < 0.2:
        return " ".join([rng.choice(FILLER)] * lines)
    return rng.choice((" ", "\n")).join(rng.choices(FILLER, k=lines))


def _filled(text: str, _: Sequence[str], rng: random.Random) -> str:
    lines = rng.choice((1, 1, 1, 2, 2, 3, 4, 6, 10, rng.randint(15, _LONGEST_FILLER)))
    if rng.random() < 0.25:
        return f"{_filler(rng, (lines + 1) // 2)} {text} {_filler(rng, lines // 2 + 1)}"
    return _beside(text, _filler(rng, lines), rng)


def _cut(text: str, _: Sequence[str], rng: random.Random) -> str:
    """Leave out a middle that says nothing, as the prompt does of long answers."""
    mark = f"\n[{rng.randint(1, 90_000)} characters left out]\n"
    return _beside(text, _filler(rng, 2) + mark + _filler(rng, 2), rng)


def _marked(text: str, _: Sequence[str], rng: random.Random) -> str:
    return rng.choice(MARKUP).format(text=text)


def _as_json(text: str, _: Sequence[str], rng: random.Random) -> str:
    return json.dumps({rng.choice(("reply", "answer", "text", "response", "content")): text}, ensure_ascii=False)


def _played(text: str, labels: Sequence[str], rng: random.Random) -> str:
    return _beside(text, " ".join(rng.sample(GAMES, rng.choice((1, 1, 2)))).format(label=rng.choice(labels)), rng)


def _tagged(text: str, labels: Sequence[str], rng: random.Random) -> str:
    tag, other = rng.sample(TAG_NAMES, 2)
    words = {"order": _order(labels, rng).replace('"', "'"), "filler": _filler(rng, rng.choice((1, 1, 2)))}
    return rng.choice(TAGS).format(text=text, tag=tag, other=other, **words)


def _scribbled(text: str, labels: Sequence[str], rng: random.Random) -> str:
    """Put words of an alphabet that nobody here reads beside an answer, often with invisible characters."""
    first, last = rng.choice(_STRANGE)
    words = " ".join(
        "".join(chr(rng.randint(first, last)) for _ in range(rng.randint(2, 9))) for _ in range(rng.randint(1, 4))
    )
    hidden = "".join(rng.choices(_SIGNS, k=rng.choice((0, 1, 3, 8))))
    return _beside(hidden + text + hidden, words, rng)


_WAYS: tuple[Wrapping, ...] = (
    _ordered, _judged, _turned, _fenced, _signed, _filled, _cut, _marked, _as_json, _played, _tagged, _scribbled,
)  # fmt: skip
_WEIGHTS = (3, 3, 2, 2, 2, 3, 0.5, 2, 0.5, 2, 2, 2)
