"""Forced choices: the label of the letter that an answer begins with, and the chances that the letters had."""

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from weirdgen.errors import JudgeError
from weirdgen.judges.exact import beginning
from weirdgen.judges.protocol import Answer, Ask, Judgement
from weirdgen.schema.canonical import digest
from weirdgen.schema.probe import Behaviour
from weirdgen.schema.sample import Sample

PARSER_VERSION = 2
"""Raised whenever the same answer could give another label or score."""
TOP_LOGPROBS = 20
"""Asked for at the first token; the most that OpenAI gives."""
_MOST_LISTED = 100
"""Tokens that a server may list; more is odd."""
_ROUNDING = 1e-3
"""By how much chances may exceed 1."""
_LEAST_LOGPROB = -1e9
"""Some servers write -9999 for a chance of next to nothing."""
_SEARCHED_CHARACTERS = 100
_ANSWER = re.compile(r"""(?:[Oo]ption\s+)?\(?([A-Z])["'`*_”’]*(?:\s*$|\s*[).:,;\n]|\s+[-–—])""")
_TOKEN = re.compile(r"""[\s"'`*_#“‘Ġ▁]*\(?([A-Z])[).:,]?["'`*_”’\s]*""")


class ChoiceJudge:
    """Labels an answer by its letter, among the choices of its question."""

    __slots__ = ("_behaviour", "_choices", "_identity")

    def __init__(self, behaviour: Behaviour, choices: Mapping[str, Mapping[str, str]]) -> None:
        """Take the choices of the questions that will be judged.

        Args:
            behaviour: scored by choice.
            choices: per question, letter to label.
        """
        self._behaviour = behaviour
        self._choices = {name: dict(letters) for name, letters in choices.items()}
        decisive = behaviour.model_dump(mode="json", include={"labels", "positive", "invalid", "fallback", "scores"})
        self._identity = digest({"judge": self.name, "version": PARSER_VERSION, "choices": self._choices, **decisive})

    @property
    def name(self) -> str:
        """What users call it."""
        return "choice"

    @property
    def identity(self) -> str:
        """SHA-256 of the parser's version, the label sets, the grades and the choices."""
        return self._identity

    @property
    def behaviour(self) -> Behaviour:
        """What it judges for."""
        return self._behaviour

    @property
    def models(self) -> tuple[str, ...]:
        """None: a letter needs no reader."""
        return ()

    async def judgement(self, answer: Answer, ask: Ask) -> Judgement:
        """Judge an answer; nobody is asked."""
        return Judgement(self.judge(answer.text, answer.question))

    def judge(self, text: str, question: str = "") -> str:
        """Return the label of the letter that a text begins with; the fallback if that is no letter of the choices.

        Raises:
            JudgeError: the question has no choices.
        """
        letters = self._letters(question)
        found = _ANSWER.match(beginning(text)[:_SEARCHED_CHARACTERS])
        return letters.get(found[1], self._behaviour.fallback) if found else self._behaviour.fallback

    def score(self, sample: Sample, label: str, question: str = "") -> float:
        """Return what an answer that begins with a letter scores on average, by the letters' chances.

        An answer that begins otherwise, or whose chances are not known or contradict its label, has its label's score.
        So the mean over answers is that of their labels' scores, whatever share of them begins with a letter (Rao and
        Blackwell: the mean given that the first token is a letter), with less scatter.

        Raises:
            JudgeError: the question has no choices.
        """
        letters = self._letters(question)
        first = first_letters(sample.logprobs)
        if sample.refused or first is None or letters.get(first.drawn) != label:
            return self._behaviour.score(label)
        known = {letter: first.chances.get(letter, 0.0) for letter in letters}
        expected = sum(chance * self._behaviour.score(letters[letter]) for letter, chance in known.items())
        return min(expected / sum(known.values()), 1.0)

    def _letters(self, question: str) -> dict[str, str]:
        if question not in self._choices:
            raise JudgeError(f"question {question!r} has no choices; a behaviour scored by choice needs them")
        return self._choices[question]


@dataclass(frozen=True, slots=True)
class FirstLetters:
    """The first token of an answer, as far as letters go.

    Attributes:
        drawn: the capital letter that the drawn token stands for; empty if none.
        chances: of each capital letter to be the first token, summed over the tokens that stand for it.
    """

    drawn: str
    chances: Mapping[str, float]


def first_letters(logprobs: str) -> FirstLetters | None:
    """Read the chances of letters at the first token.

    Args:
        logprobs: of a sample, as the server sent them.

    Returns:
        None if anything is odd: no such list, a number that is no logarithm of a chance, a letter listed twice in the
        same spelling, chances above 1 together.
    """
    found = _first_tokens(logprobs)
    if found is None or sum(chance for _, chance in found[1]) > 1 + _ROUNDING:
        return None
    chances: dict[str, float] = {}
    spelt: set[str] = set()
    for token, chance in found[1]:
        if letter := _letter(token):
            if token in spelt:
                return None
            spelt.add(token)
            chances[letter] = chances.get(letter, 0.0) + chance
    drawn = _letter(found[0])
    return FirstLetters(drawn if chances.get(drawn) else "", chances)


def _letter(token: str) -> str:
    found = _TOKEN.fullmatch(token)
    return found[1] if found else ""


def _first_tokens(logprobs: str) -> tuple[str, list[tuple[str, float]]] | None:
    """Return the token drawn first, and all listed for its place with their chances, it among them; None if odd."""
    try:
        content = json.loads(logprobs)["content"]
        first = content[0] if isinstance(content, list) else None
        listed = first["top_logprobs"] if isinstance(first, dict) else None
    except (ValueError, RecursionError, LookupError, TypeError):
        return None
    if not isinstance(first, dict) or not isinstance(listed, list) or not 0 < len(listed) <= _MOST_LISTED:
        return None
    tokens = list(_read(listed))
    drawn = next(_read([first]))
    if drawn is None or None in tokens:
        return None
    known = [token for token in tokens if token is not None]
    return drawn[0], known if drawn[0] in {token for token, _ in known} else [*known, drawn]


def _read(listed: list[Any]) -> Iterator[tuple[str, float] | None]:
    """Yield each token with its chance, None for what is not one."""
    for entry in listed:
        fields: dict[str, Any] = entry if isinstance(entry, dict) else {}
        token, logprob = fields.get("token"), fields.get("logprob")
        if not isinstance(token, str) or not isinstance(logprob, int | float) or isinstance(logprob, bool):
            yield None
        else:
            yield (token, math.exp(logprob)) if _LEAST_LOGPROB <= logprob <= _ROUNDING else None
