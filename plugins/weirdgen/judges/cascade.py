"""Two judges as one: rules decide what a marker tells, an LLM the rest."""

from weirdgen.judges.protocol import Answer, Ask, Judgement
from weirdgen.judges.rubric import RubricJudge
from weirdgen.judges.rules import RuleJudge
from weirdgen.schema.canonical import digest
from weirdgen.schema.probe import Behaviour
from weirdgen.schema.sample import Sample

RULES = "rules"


class CascadeJudge:
    """Calibrated as one judge: what its rules get wrong counts like what its model gets wrong."""

    __slots__ = ("_identity", "_rubric", "_rules")

    def __init__(self, rules: RuleJudge, rubric: RubricJudge) -> None:
        """Take the two judges of one behaviour."""
        self._rules, self._rubric = rules, rubric
        self._identity = digest({"judge": "cascade", "rules": rules.identity, "rubric": rubric.identity})

    @property
    def name(self) -> str:
        """What users call it: ``rules+MODEL``."""
        return f"{RULES}+{self._rubric.name}"

    @property
    def identity(self) -> str:
        """SHA-256 of the identities of both."""
        return self._identity

    @property
    def behaviour(self) -> Behaviour:
        """What they judge for."""
        return self._rubric.behaviour

    @property
    def models(self) -> tuple[str, ...]:
        """The model that is asked where no rule is clear."""
        return self._rubric.models

    async def judgement(self, answer: Answer, ask: Ask) -> Judgement:
        """Judge an answer, asking the model only where no marker decides."""
        if self._rules.clear(answer.text) is None:
            return await self._rubric.judgement(answer, ask)
        return await self._rules.judgement(answer, ask)

    def score(self, sample: Sample, label: str, question: str = "") -> float:
        """Return the label's score."""
        return self._rubric.score(sample, label, question)
