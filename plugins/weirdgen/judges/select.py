"""Which judge a contrast has, by what its behaviour is scored by."""

from weirdgen.judges.choice import ChoiceJudge
from weirdgen.judges.protocol import Judge
from weirdgen.judges.rules import RuleJudge
from weirdgen.schema.probe import Contrast, Probe


def judge_for(probe: Probe, contrast: Contrast) -> Judge:
    """Return the judge of a contrast's answers.

    Raises:
        JudgeError: the behaviour cannot be judged: it has no rules, or one of them is no regular expression.
    """
    behaviour = probe.behaviours[contrast.behaviour]
    if behaviour.scored_by == "choice":
        return ChoiceJudge(behaviour, probe.choices_of(contrast))
    return RuleJudge(behaviour)
