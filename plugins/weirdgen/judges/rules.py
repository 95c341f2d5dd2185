"""The rule judge: ordered patterns from the probe file, nothing else, so that evidence can be judged again offline."""

import re

from weirdgen.errors import JudgeError
from weirdgen.judges.exact import beginning
from weirdgen.judges.protocol import Answer, Ask, Judgement
from weirdgen.schema.canonical import digest
from weirdgen.schema.probe import Behaviour
from weirdgen.schema.sample import Sample

PARSER_VERSION = 2
"""Raised whenever the same rules could give another label."""
SEARCHED_CHARACTERS = 20_000
"""Patterns see only the beginning of an answer: a hostile answer of megabytes must not stall the gate."""


class RuleJudge:
    """Labels an answer by the first rule whose pattern is found in its first 20,000 characters.

    Of a behaviour scored by prefix the pattern must begin where the answer begins, all its alternatives included.
    """

    __slots__ = ("_behaviour", "_identity", "_rules")

    def __init__(self, behaviour: Behaviour) -> None:
        """Compile the rules of a behaviour.

        Raises:
            JudgeError: it has no rules, or one of them is not a regular expression.
        """
        if not behaviour.rules:
            raise JudgeError(
                f"no rules for the labels {behaviour.labels!r}; give the behaviour rules in its probe file"
            )
        self._behaviour = behaviour
        self._rules = tuple((rule.label, _compiled(rule.pattern)) for rule in behaviour.rules)
        decisive = behaviour.model_dump(mode="json", include={"labels", "positive", "invalid", "fallback", "rules"})
        self._identity = digest({"judge": self.name, "version": PARSER_VERSION, **decisive})

    @property
    def name(self) -> str:
        """What users call it."""
        return "prefix" if self._behaviour.exact else "rules"

    @property
    def identity(self) -> str:
        """SHA-256 of the scorer, the parser's version, the label sets, the fallback and the rules in order."""
        return self._identity

    @property
    def behaviour(self) -> Behaviour:
        """What it judges for."""
        return self._behaviour

    @property
    def models(self) -> tuple[str, ...]:
        """None: rules ask nobody."""
        return ()

    def judge(self, text: str, question: str = "") -> str:
        """Return the label of any text; the fallback if no rule finds anything."""
        deciding = self._deciding(text)
        return self._behaviour.fallback if deciding is None else self._rules[deciding][0]

    def clear(self, text: str) -> str | None:
        """Return the label of a text that a marker decides; None where only the last rule, or none, finds anything.

        Rules stand in order of precedence, so that the last one is what catches all that no marker told.
        """
        deciding = self._deciding(text)
        return None if deciding is None or deciding == len(self._rules) - 1 else self._rules[deciding][0]

    async def judgement(self, answer: Answer, ask: Ask) -> Judgement:
        """Judge an answer; nobody is asked. What the rules did not read to its end is never said to show nothing."""
        label = self.judge(answer.text, answer.question)
        unread = len(answer.text) > SEARCHED_CHARACTERS and not self._behaviour.exact
        return Judgement(None if unread and label not in self._behaviour.positive else label)

    def _deciding(self, text: str) -> int | None:
        """Return the place of the first rule that finds its pattern."""
        exact = self._behaviour.exact
        head = (beginning(text) if exact else text)[:SEARCHED_CHARACTERS]
        found = (i for i, (_, rule) in enumerate(self._rules) if (rule.match(head) if exact else rule.search(head)))
        return next(found, None)

    def score(self, sample: Sample, label: str, question: str = "") -> float:
        """Return the label's score."""
        return self._behaviour.score(label)


def _compiled(pattern: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        raise JudgeError(f"rule pattern {pattern!r} is not a Python regular expression: {error}") from None
