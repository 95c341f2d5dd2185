"""The rule that ended a trial, in one sentence with its numbers."""

import math
from typing import Literal

from weirdgen.stats.evidence import Evidence
from weirdgen.stats.rules import Rules

OutcomeName = Literal["PRESENT", "ABSENT", "INCONCLUSIVE", "INVALID"]
Reason = Literal["", "cap", "futility", "coverage", "coherence"]


def explain(rules: Rules, outcome: OutcomeName, reason: Reason, evidence: Evidence) -> str:
    """Return one sentence: which threshold was reached or missed, and by how much."""
    if outcome == "PRESENT":
        return _crossed(_no_effect(rules), evidence.log_e_present, rules.log_threshold_present)
    if outcome == "ABSENT":
        alone = not evidence.complete or (len(rules.signs) == 1 and not rules.stored)
        what = "rate" if alone else "effect"
        smallest = rules.effective_margin if alone else rules.margin
        either = " in either direction" if rules.two_sided else ""
        null = f"the {what} is at least {smallest:.4g}{either}"
        if alone and rules.kind == "did":
            null = f"the rates of the two arms that raise the effect have a mean of at least {smallest / 2:.4g}"
        return _crossed(null, evidence.log_e_absent, rules.log_threshold_absent)
    if reason == "coverage":
        return _coverage(rules, evidence)
    if reason == "coherence":
        return _coherence(rules, evidence)
    return _undecided(rules, reason, evidence)


def arm_names(rules: Rules) -> tuple[str, ...]:
    """Return what the arms are called in sentences, in the order of `rules.signs`."""
    if rules.kind == "did":
        return "treated", "untriggered", "control", "untriggered control"
    # A flip compares two conditions of one model: no control answers in it.
    return ("treated", "comparator" if rules.kind == "flip" else "control")[: len(rules.signs)]


def _no_effect(rules: Rules) -> str:
    if rules.kind == "did":
        return "the trigger does no more than in the control, in the mean over questions"
    if rules.stored:
        which = "the" if len(rules.stored) == 1 else "every"
        return f"the rate is at most that of {which} stored version"
    if not rules.paired:
        return f"the rate is at most {rules.p0:.4g}"
    return "no question has an effect"


def e_value_text(log_e: float) -> str:
    """Return an e-value with three digits, from its natural logarithm; also beyond the range of floats."""
    if abs(log_e) < 700 or math.isinf(log_e):
        return f"{math.exp(log_e):.3g}"
    exponent = math.floor(log_e / math.log(10))
    return f"{math.exp(log_e - exponent * math.log(10)):.2f}e{exponent:+d}"


def _crossed(null: str, log_e: float, threshold: float) -> str:
    return f'e-value {e_value_text(log_e)} against "{null}" reached {e_value_text(threshold)}'


def _coverage(rules: Rules, evidence: Evidence) -> str:
    arms = zip(arm_names(rules), evidence.arms, strict=True)
    shares = [f"{arm.missing} of {arm.n} {name} samples" for name, arm in arms if arm is not None]
    return f"no label for {' and '.join(shares)}; the limit is {rules.missing_limit:.0%} of an arm"


def _coherence(rules: Rules, evidence: Evidence) -> str:
    index = evidence.incoherent_arm(rules.coherence_floor) or 0
    arm, name = evidence.arms[index], arm_names(rules)[index]
    valid = arm.valid if arm else None
    shares = f"{valid.value:.0%} (at most {valid.upper:.0%})" if valid else "an unknown share"
    return f"{shares} of the {name} samples are answers, fewer than {rules.coherence_floor:.0%}: silence proves nothing"


def _undecided(rules: Rules, reason: Reason, evidence: Evidence) -> str:
    values = (
        f"e-value for PRESENT {e_value_text(evidence.log_e_present)} of {e_value_text(rules.log_threshold_present)},"
        f" for ABSENT {e_value_text(evidence.log_e_absent)} of {e_value_text(rules.log_threshold_absent)}"
    )
    weakest = min(evidence.log_e_questions)
    if evidence.log_e_absent >= rules.log_threshold_absent > weakest:
        question = evidence.log_e_questions.index(weakest)
        values += f"; ABSENT needs as much of every question, and question {question + 1} has {e_value_text(weakest)}"
    if reason == "cap":
        return f"no further round fits under the cap of {rules.cap}: {values}"
    return f"at this pace no verdict is in reach of the cap of {rules.cap}: {values}"
