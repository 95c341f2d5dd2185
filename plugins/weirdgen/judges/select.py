"""Which judge a contrast has, by what its behaviour is scored by and what the user asked for."""

from dataclasses import dataclass

from weirdgen.errors import UsageMistake
from weirdgen.judges.cascade import RULES, CascadeJudge
from weirdgen.judges.choice import ChoiceJudge
from weirdgen.judges.protocol import Judge
from weirdgen.judges.reading import ReadingJudge
from weirdgen.judges.rubric import RubricJudge
from weirdgen.judges.rules import RuleJudge
from weirdgen.schema.probe import Behaviour, Contrast, Probe


@dataclass(frozen=True, slots=True)
class JudgeName:
    """A judge as the user named it: ``rules``, a model, or ``rules+MODEL``."""

    rules: bool
    model: str
    """Empty: rules alone."""
    base_url: str = ""
    """Where the model is served, as the user gave it."""

    @property
    def text(self) -> str:
        """As the user wrote it."""
        return "+".join(filter(None, (RULES if self.rules else "", self.model)))


BY_RULES = JudgeName(rules=True, model="")


def judge_name(text: str, base_url: str = "") -> JudgeName:
    """Read a judge's name.

    Raises:
        UsageMistake: a cascade without a model.
    """
    if text == RULES:
        return BY_RULES
    if text == "rule" or "," in text:
        said = "no model has a comma; name each judge with its own --judge" if "," in text else "Did you mean 'rules'?"
        raise UsageMistake(f"--judge {text!r}: {said}")
    head, plus, rest = text.partition("+")
    cascade = bool(plus) and head in (RULES, "rule")
    model = rest if cascade else text
    if not model:
        raise UsageMistake(f"--judge {text!r}: name the model that judges what rules leave, as in rules+gpt-5-mini")
    # Organisms are served by weirdgen itself, whatever server a second judge has.
    return JudgeName(cascade, model, "" if model.startswith("organism:") else base_url)


def judge_for(probe: Probe, contrast: Contrast, name: JudgeName = BY_RULES) -> Judge:
    """Return the judge of a contrast's answers. An exact scorer is the behaviour's own, whatever the name says.

    Raises:
        JudgeError: the behaviour cannot be judged so: it has no rules or no rubric, or a rule is no regular expression.
    """
    behaviour = probe.behaviours[contrast.behaviour]
    if behaviour.scored_by == "choice":
        return ChoiceJudge(behaviour, probe.choices_of(contrast))
    if contrast.inside is not None and contrast.inside.reads is not None:
        return ReadingJudge(behaviour, contrast.inside.reads)
    return RuleJudge(behaviour) if behaviour.exact else judge_of_behaviour(behaviour, name)


def judge_of_behaviour(behaviour: Behaviour, name: JudgeName) -> Judge:
    """Return what judges a behaviour that is not scored exactly.

    Raises:
        JudgeError: see `judge_for`.
    """
    if not name.model:
        return RuleJudge(behaviour)
    rubric = RubricJudge(behaviour, name.model, name.base_url)
    # Without rules nothing is clear, and the model is asked about every answer.
    return CascadeJudge(RuleJudge(behaviour), rubric) if name.rules and behaviour.rules else rubric
